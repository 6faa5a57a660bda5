package journal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Redacted stands where a secret stood.
const Redacted = "[redacted]"

// shortest is the length below which a secret is only taken out where it is the
// whole of a value: every text has an "ab" somewhere.
const shortest = 4

// A Redactor takes secrets out: those that it was told of, in every form that they take in a text (escaped, encoded),
// and what looks like one. Several may use it at a time.
type Redactor struct {
	mu    sync.RWMutex
	exact map[string]bool // whole values
	forms map[string]bool // parts of values
	swap  *strings.Replacer
}

// NewRedactor returns a redactor that was told of these secrets.
func NewRedactor(secrets ...string) *Redactor {
	r := &Redactor{exact: map[string]bool{}, forms: map[string]bool{}}
	r.Add(secrets...)
	return r
}

// Add tells of secrets. A secret of several lines is also one line by line.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		r.exact[secret] = true
		r.addForms(secret)
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
				r.addForms(line)
			}
		}
	}
	longest := make([]string, 0, len(r.forms))
	for form := range r.forms {
		longest = append(longest, form)
	}
	// At one place the replacer takes the first that fits.
	slices.SortFunc(longest, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(longest))
	for _, form := range longest {
		pairs = append(pairs, form, Redacted)
	}
	r.swap = strings.NewReplacer(pairs...)
}

func (r *Redactor) addForms(secret string) {
	if len(secret) < shortest {
		return
	}
	for _, form := range forms(secret) {
		if len(form) >= shortest {
			r.forms[form] = true
		}
	}
}

// forms are the ways in which a secret stands in a text.
func forms(secret string) []string {
	printed := string([]rune(secret)) // as text shows bytes that are no UTF-8
	all := []string{secret, printed}
	escaped := all
	for range 3 { // JSON in JSON in JSON: an API's error body inside an error inside a log
		var again []string
		for _, s := range escaped {
			again = append(again, escapeJSON(s, false), escapeJSON(s, true))
		}
		slices.Sort(again)
		escaped = slices.Compact(again)
		all = append(all, escaped...)
	}
	all = append(all, url.QueryEscape(secret), url.PathEscape(secret))
	h := hex.EncodeToString([]byte(secret))
	all = append(all, h, strings.ToUpper(h))
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			all = append(all, encodedCore(encoding, secret, shift))
		}
	}
	return all
}

func escapeJSON(s string, html bool) string {
	b := []byte(nil)
	if html {
		b, _ = json.Marshal(s) // a string always can be
	} else {
		b, _ = canonical(s)
	}
	return string(b[1 : len(b)-1])
}

// encodedCore is what of the base64 of any text does not depend on what stands
// around the secret, when shift bytes (modulo 3) stand before it.
func encodedCore(encoding *base64.Encoding, secret string, shift int) string {
	encoded := encoding.EncodeToString(append(make([]byte, shift), secret...))
	first := (8*shift + 5) / 6
	last := 8 * (shift + len(secret)) / 6
	return encoded[first:last]
}

// String returns s without secrets.
func (r *Redactor) String(s string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.clean(s, 2)
}

// clean looks into base64 as many levels deep.
func (r *Redactor) clean(s string, levels int) string {
	if r.exact[s] {
		return Redacted
	}
	if r.swap != nil {
		s = r.swap.Replace(s)
	}
	s = patterns(s)
	if levels == 0 {
		return s
	}
	return encodedRun.ReplaceAllStringFunc(s, func(run string) string {
		for _, decoded := range decodings(run) {
			if r.clean(decoded, levels-1) != decoded {
				return Redacted
			}
		}
		return run
	})
}

// Value returns generic JSON without secrets in any string, key or number, at any depth. What a key such as "password"
// names is taken out whatever it is. Numbers directly in the outermost object stay: they are fields of ours.
func (r *Redactor) Value(v any) any {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.value(v, 0)
}

func (r *Redactor) value(v any, depth int) any {
	switch v := v.(type) {
	case string:
		return r.clean(v, 2)
	case json.Number:
		if depth > 1 && r.exact[v.String()] {
			return Redacted
		}
		return v
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.value(item, depth+1)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			item := v[key]
			name := r.clean(key, 2)
			for _, taken := object[name]; taken; _, taken = object[name] {
				name += "'" // two keys that differ in a secret only
			}
			if secretKey(key) && !empty(item) {
				object[name] = Redacted
			} else {
				object[name] = r.value(item, depth+1)
			}
		}
		return object
	}
	return v
}

func empty(v any) bool {
	_, flag := v.(bool)
	return v == nil || v == "" || flag
}

package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx3v9qLhYkQm1Qk4v\nq0Yk7c1JtQmF0sZl8Kq3VZ0yNw==\n-----END RSA PRIVATE " +
	"KEY-----\n"

// registered are secrets that the redactor is told of; found are those that it has to know by their looks.
var (
	registered = []string{"hunter22", `p"a\s<s>&` + "\n/wörd+1", "s3cr3t-with-a-much-longer-value/==",
		"multi-line-secret-one\nmulti-line-secret-two", "bin\xff\xfeary", "8812345677"}
	found = []string{
		"ya29.a0AfH6SMBx-planted_token", "sim-token.admin@example.com", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl",
		"AIzaSyPLANTEDplantedPLANTEDplanted12345", "1//0gPLANTEDplantedPLANTED", pem,
	}
)

// disguises are the ways in which a secret gets into a text.
var disguises = map[string]func(string) string{
	"plain":       func(s string) string { return s },
	"in words":    func(s string) string { return "403 for " + s + " at https://x/y?z=" + s },
	"json":        func(s string) string { b, _ := json.Marshal(map[string]string{"x": s}); return string(b) },
	"json twice":  func(s string) string { b, _ := json.Marshal(s); b, _ = json.Marshal(string(b)); return string(b) },
	"plain json":  func(s string) string { b, _ := canonical(s); return string(b) },
	"query":       func(s string) string { return "?x=" + url.QueryEscape(s) },
	"base64":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 url":  func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"basic auth":  func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+s)) },
	"base64 +1":   func(s string) string { return base64.StdEncoding.EncodeToString([]byte("a" + s + "b")) },
	"base64 +2":   func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte("ab" + s + "c")) },
	"base64 path": func(s string) string { return "p/" + base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 of base64": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	},
}

// traces are what of a secret must not be left, in the file as it is.
func traces(secret string) []string {
	all := []string{secret}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= 16 && !strings.HasPrefix(line, "-----") {
			all = append(all, line)
		}
	}
	for _, s := range slices.Clone(all) {
		all = append(all, string([]rune(s)), url.QueryEscape(s), hex.EncodeToString([]byte(s)))
		for escaped, depth := s, 0; depth < 4; depth++ {
			b, _ := json.Marshal(escaped)
			c, _ := canonical(escaped)
			all = append(all, string(b[1:len(b)-1]), string(c[1:len(c)-1]))
			escaped = string(c[1 : len(c)-1])
		}
		for shift := range 3 {
			for _, e := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				whole := e.EncodeToString([]byte("xx"[:shift] + s + "xyz"))
				all = append(all, whole[4:(len(whole)/4-2)*4])
			}
		}
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < 6 })
}

// plant fills every string of a payload, at any depth, with text.
func plant(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[time.Time]() {
			for i := range v.NumField() {
				plant(v.Field(i), text)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		plant(v.Index(0), text)
	case reflect.Map, reflect.Interface:
		deep := map[string]any{text: []any{map[string]any{"x": text, "bytes": []byte(text)}, text}}
		v.Set(reflect.ValueOf(deep))
	}
}

// A secret that is planted anywhere in any entry, in any disguise, is nowhere in the file.
func TestPlantedSecrets(t *testing.T) {
	for _, secret := range slices.Concat(registered, found) {
		var payloads []Payload
		for disguise, hide := range disguises {
			if isPattern := slices.Contains(found, secret); isPattern && strings.HasPrefix(disguise, "query") &&
				strings.ContainsAny(secret, "@/ \n") {
				continue // percent-encoded, a pattern is not told; what is known to be secret is registered
			}
			for _, p := range story[1:] {
				planted := reflect.New(reflect.TypeOf(p)).Elem()
				plant(planted, hide(secret))
				payloads = append(payloads, planted.Interface().(Payload))
			}
		}
		redactor := NewRedactor(registered...)
		text := content(t, write(t, Options{Redactor: redactor}, append([]Payload{story[0]}, payloads...)...))
		for _, trace := range traces(secret) {
			if at := bytes.Index(text, []byte(trace)); at >= 0 {
				t.Errorf("of %q, %q is in the file: %s", secret, trace, text[max(0, at-60):min(len(text), at+80)])
			}
		}
		for _, run := range regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`).FindAll(text, -1) {
			for _, decoded := range decodings(string(run)) {
				if strings.Contains(decoded, secret) {
					t.Fatalf("%q is in the file as %s", secret, run)
				}
			}
		}
		entries(t, text) // and it can be read
	}
}

func TestPatterns(t *testing.T) {
	kubeconfig := `apiVersion: v1
users:
- name: me
  user:
    client-key-data: UExBTlRFRA==
    client-certificate-data: cHVibGlj
    token: PLANTED
    password: 'PLANTED too'
`
	encodedPEM := base64.StdEncoding.EncodeToString([]byte(pem))
	r := NewRedactor()
	for in, want := range map[string]string{
		kubeconfig: strings.NewReplacer("UExBTlRFRA==", Redacted, "'PLANTED too'", Redacted, "PLANTED",
			Redacted).Replace(kubeconfig),
		"client-key-data: " + encodedPEM:         "client-key-data: " + Redacted,
		"see " + encodedPEM[:80]:                 "see " + Redacted,
		`{"token":"PLANTED"}`:                    `{"token":"` + Redacted + `"}`,
		`{\"token\": \"PLANTED\", \"a\": \"b\"}`: `{\"token\": \"` + Redacted + `\", \"a\": \"b\"}`,
		`user: {token: PLANTED, name: x}`:        `user: {token: ` + Redacted + `, name: x}`,
		"Authorization: Bearer abcdefghijklmnop": "Authorization: Bearer " + Redacted,
		"grant_type=x&refresh_token=PLANTED&y=1": "grant_type=x&refresh_token=" + Redacted + "&y=1",
		"a cut key: " + pem[:60]:                 "a cut key: " + Redacted,
		// What a reader at night needs stays.
		"the token: it is invalid, bearer token required":                         "the token: it is invalid, bearer token required",
		"projects/mesh-prod-1/locations/us-central1/memberships/cluster-1":        "projects/mesh-prod-1/locations/us-central1/memberships/cluster-1",
		"serviceAccount:service-1@gcp-sa-servicemesh.iam.gserviceaccount.com":     "serviceAccount:service-1@gcp-sa-servicemesh.iam.gserviceaccount.com",
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		"Revision(s) reporting unhealthy: asm-managed-rapid; Continue token expired (410)": "Revision(s) reporting unhealthy: " +
			"asm-managed-rapid; Continue token expired (410)",
	} {
		if got := r.String(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestShortSecretsAndNumbers(t *testing.T) {
	r := NewRedactor("abc", "12345", "")
	v, err := decode([]byte(`{"a":"abc","b":"abcd","fence":12345,"deep":{"n":12345,"m":123456,"text":"at 12345"},"password":7,"hasPassword":true,"token":""}`))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := canonical(r.Value(v))
	want := `{"a":"[redacted]","b":"abcd","deep":{"m":123456,"n":"[redacted]","text":"at [redacted]"},"fence":12345,"hasPassword":true,"password":"[redacted]","token":""}`
	if string(got) != want {
		t.Errorf("it is\n%s\nwant\n%s", got, want)
	}
	two := r.Value(map[string]any{"x 12345": 1, "x [redacted]": 2})
	if n := len(two.(map[string]any)); n != 2 {
		t.Errorf("of two keys %d are left", n)
	}
}

// Redacting a number deeper than that would leave a payload that cannot be read.
func TestNumbersStandDirectlyInPayloads(t *testing.T) {
	var look func(reflect.Type, int) error
	look = func(kind reflect.Type, depth int) error {
		switch kind.Kind() {
		case reflect.Struct:
			if kind == reflect.TypeFor[time.Time]() {
				return nil
			}
			for f := range kind.Fields() {
				if err := look(f.Type, depth+1); err != nil {
					return fmt.Errorf("%s: %w", f.Name, err)
				}
			}
		case reflect.Slice, reflect.Pointer:
			return look(kind.Elem(), depth+1)
		case reflect.Int, reflect.Int64, reflect.Float64:
			if depth > 1 {
				return fmt.Errorf("a number at depth %d", depth)
			}
		}
		return nil
	}
	for _, p := range append(slices.Clone(story), RunResumed{}, LockTakenOver{}, UndoOf{}, Note{}) {
		if err := look(reflect.TypeOf(p), 0); err != nil {
			t.Errorf("%s: %v", p.Kind(), err)
		}
	}
}

func FuzzRedactor(f *testing.F) {
	f.Add("hunter22", "the password is ", ".")
	f.Add("abab", "ab", "ab")
	f.Add(`a"b\`, `\\`, `"`)
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		if len(secret) < shortest || strings.Contains(Redacted, secret) || strings.Contains(secret, Redacted) ||
			len(secret)+len(before)+len(after) > 2000 {
			t.Skip()
		}
		r := NewRedactor(secret)
		if got := r.String(before + secret + after); strings.Contains(got, secret) && !strings.Contains(before+Redacted+after, secret) {
			t.Errorf("%q is still in %q", secret, got)
		}
		encoded := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
		if got := r.String(encoded); len(secret) >= 8 && strings.Contains(got, encodedCore(base64.RawStdEncoding, secret, len(before)%3)) {
			t.Errorf("%q is still in the base64 %q", secret, got)
		}
	})
}

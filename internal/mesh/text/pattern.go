package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Wording is one form of a message.
type Wording struct {
	Whole       *regexp.Regexp // the message and nothing else
	within      *regexp.Regexp // the message in a text
	key         string         // squeezed; its longest part without variables, by which it is found
	headed      bool           // the message begins with key, and within begins at the start
	Established bool           // Google published it
}

var placeholder = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

// CompileWording makes patterns from a message as Google prints it, with ${VARIABLES}. Blanks may be more, fewer or
// none; quotes, commas and full stops may be missing; a colon is kept, because it alone separates "name: X" from
// "namespace: X".
func CompileWording(template string, established bool) Wording {
	var b strings.Builder
	template = FoldMessage(template)
	w := Wording{Established: established}
	literal := func(text string, first bool) {
		for _, r := range text {
			switch {
			case r == ' ':
				b.WriteString(` *`)
			case r == '"', r == '.', r == ',':
				b.WriteString(` *` + regexp.QuoteMeta(string(r)) + `? *`)
			case r == ':':
				b.WriteString(` *: *`)
			case unicode.Is(unicode.Han, r): // no words are set apart: a blank may stand anywhere
				b.WriteString(` *` + string(r) + ` *`)
			default:
				b.WriteString(regexp.QuoteMeta(string(r)))
			}
		}
		parts := strings.FieldsFunc(text, func(r rune) bool { return r == '"' || r == '.' || r == ',' })
		for i, part := range parts {
			if key := Squeeze(part); utf8.RuneCountInString(key) > utf8.RuneCountInString(w.key) {
				w.key, w.headed = key, first && i == 0 && strings.HasPrefix(text, part)
			}
		}
	}
	rest, first := template, true
	last := ""
	for {
		at := placeholder.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		literal(rest[:at[0]], first)
		first = false
		last = rest[at[2]:at[3]]
		rest = rest[at[1]:]
		if rest != "" {
			b.WriteString(` *"?(?P<` + last + `>[^ "]*?)"? *`)
		}
	}
	literal(rest, first)
	w.Whole, w.within = regexp.MustCompile(`(?i)^ *`+b.String()+` *\.? *$`), regexp.MustCompile(`(?i)`+b.String())
	if rest == "" && last != "" { // only a blank ends the last variable
		w.Whole = regexp.MustCompile(`(?i)^ *` + b.String() + ` *"?(?P<` + last + `>[^ "]*?)"? *` + ` *\.? *$`)
		w.within = regexp.MustCompile(`(?i)` + b.String() + `(?: *"?(?P<` + last + `>[^ ",;)}\]<>]+))?`)
	}
	if w.headed {
		w.within = regexp.MustCompile(`^` + w.within.String())
	}
	return w
}

// reach is how far a message extends after its key, in bytes: webhooks' URLs are its longest variables.
const reach = 1500

// Find looks for w in p and returns the text that is it, its variables, and where
// it begins; found is false where it is not there.
func (w Wording) Find(p *Pasted) (evidence string, variables map[string]string, start int, found bool) {
	p.Hits(w.key, func(from, end int) bool {
		before := 0
		if !w.headed {
			before = 400
		}
		text := p.Window(from, before, end, reach)
		m := w.within.FindStringSubmatch(text)
		if m == nil {
			return true
		}
		evidence, variables, start, found = m[0], NamedGroups(w.within, m), from, true
		for name, v := range variables {
			variables[name] = strings.TrimRight(v, ".,")
		}
		return false
	})
	return evidence, variables, start, found
}

// NamedGroups returns the named groups of a match.
func NamedGroups(pattern *regexp.Regexp, m []string) map[string]string {
	variables := map[string]string{}
	for i, name := range pattern.SubexpNames() {
		if name != "" {
			variables[name] = m[i]
		}
	}
	return variables
}

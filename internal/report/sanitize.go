package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes one harmless line of text that came from an API or a log: it lets no control character reach a terminal,
// and no direction mark reverse a line, and XML can hold the result. Each removed character leaves a U+FFFD, so that a
// reader sees that something was removed.
func Clean(s string) string { return strings.Join(strings.Fields(CleanLines(s)), " ") }

// CleanLines is Clean for text that may have several lines.
func CleanLines(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		switch {
		case r == '\n' || r == '\u2028' || r == '\u2029':
			b.WriteByte('\n')
		case r == '\r':
			if i+1 == len(s) || s[i+1] != '\n' {
				b.WriteByte('\n')
			}
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || unicode.IsControl(r) || turnsText(r) || unicode.Is(unicode.Noncharacter_Code_Point, r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\n' || s[i] > '~' {
			return false
		}
	}
	return true
}

// turnsText reports whether r invisibly changes the direction of the text around
// it, or is a byte order mark (Unicode TR 36, section 3.2).
func turnsText(r rune) bool {
	return unicode.Is(unicode.Bidi_Control, r) || r == '\ufeff'
}

// Shorten cuts s after that many characters.
func Shorten(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// base is the last part of a resource name.
func base(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

package logfilter

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanString makes t the quoted string that begins at t.start.
func scanString(src string, t *token) error {
	t.kind = tokenString
	var text strings.Builder
	for pos := t.start + 1; pos < len(src); {
		switch src[pos] {
		case '"':
			t.text, t.end = text.String(), pos+1
			return nil
		case '\\':
			resolved, n := unescape(src[pos:])
			if n == 0 {
				if t.badEscape < 0 {
					t.badEscape = pos
				}
				resolved, n = `\`, 1
			}
			text.WriteString(resolved)
			pos += n
		default:
			text.WriteByte(src[pos])
			pos++
		}
	}
	return errorAt(src, t.start, len(src), `the closing " is missing`)
}

// unescape resolves the escape sequence that s begins with: \" \\ \n \t \r, \xHH and \OOO (a byte), \uHHHH
// (a character). It returns what it stands for and its length, which is 0 when it is none of these.
func unescape(s string) (string, int) {
	if len(s) < 2 {
		return "", 0
	}
	switch s[1] {
	case '"', '\\':
		return s[1:2], 2
	case 'n':
		return "\n", 2
	case 't':
		return "\t", 2
	case 'r':
		return "\r", 2
	case 'x':
		if v, ok := digits(s, 2, 4, 16); ok {
			return string([]byte{byte(v)}), 4
		}
	case 'u':
		if v, ok := digits(s, 2, 6, 16); ok {
			return string(rune(v)), 6
		}
	case '0', '1', '2', '3':
		if v, ok := digits(s, 1, 4, 8); ok {
			return string([]byte{byte(v)}), 4
		}
	}
	return "", 0
}

// digits reads s[from:to] as an unsigned number without a sign.
func digits(s string, from, to, base int) (uint64, bool) {
	if len(s) < to || strings.ContainsAny(s[from:to], "+-_") {
		return 0, false
	}
	v, err := strconv.ParseUint(s[from:to], base, 32)
	return v, err == nil
}

// fold returns s in a form in which strings that differ only in letter case are equal, as [strings.EqualFold] has it.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		if 'A' <= least && least <= 'Z' {
			return least + 'a' - 'A'
		}
		return least
	}, s)
}

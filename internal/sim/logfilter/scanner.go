package logfilter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind int

const (
	tokenEnd      tokenKind = iota
	tokenText               // unquoted text without a dot: resource, ERROR, 400, 2026-11-22
	tokenString             // "quoted"
	tokenDot                // .
	tokenOperator           // one of the comparison operators
	tokenOpen               // (
	tokenClose              // )
	tokenMinus              // - at the beginning of a term or of a number
	tokenStar               // *
)

// A token is a lexical element of a filter.
type token struct {
	kind       tokenKind
	text       string // what it stands for: of a string, the content with its escapes resolved
	start, end int    // where it is in the source, in bytes
	adjacent   bool   // there is no space between it and the token before

	// badEscape is the offset in the source of the first escape that the language does not have, or -1.
	// In a regular expression that is one of RE2's; elsewhere it is an error.
	badEscape int
}

// is reports whether the token is the given word, unquoted.
func (t token) is(word string) bool { return t.kind == tokenText && t.text == word }

// operators in the order in which they have to be tried.
var operators = []operator{opMatch, opNotMatch, opGreaterEqual, opLessEqual, opNotEqual, opEqual, opGreater, opLess, opHas}

// scan splits a filter into tokens, the last of which is tokenEnd.
func scan(src string) ([]token, error) {
	var tokens []token
	for pos := 0; ; {
		start := skipSpace(src, pos)
		t := token{start: start, end: start + 1, adjacent: start == pos && start > 0, badEscape: -1}
		if start == len(src) {
			t.end = start
			return append(tokens, t), nil
		}
		switch c := src[start]; {
		case c == '(':
			t.kind = tokenOpen
		case c == ')':
			t.kind = tokenClose
		case c == '.':
			t.kind = tokenDot
		case c == '*':
			t.kind = tokenStar
		case c == '-':
			t.kind = tokenMinus
		case c == '"':
			if err := scanString(src, &t); err != nil {
				return nil, err
			}
		case scanOperator(src, &t):
		default:
			n := textLength(src[start:])
			if n == 0 {
				_, size := utf8.DecodeRuneInString(src[start:])
				return nil, errorAt(src, start, start+size, "special characters must be in double quotes")
			}
			t.kind, t.end = tokenText, start+n
			t.text = src[start:t.end]
		}
		tokens = append(tokens, t)
		pos = t.end
	}
}

// skipSpace returns where the next token begins, past white space and comments ("--" to the end of the line).
func skipSpace(src string, pos int) int {
	for pos < len(src) {
		if strings.HasPrefix(src[pos:], "--") {
			n := strings.IndexByte(src[pos:], '\n')
			if n < 0 {
				return len(src)
			}
			pos += n
			continue
		}
		r, size := utf8.DecodeRuneInString(src[pos:])
		if !unicode.IsSpace(r) {
			return pos
		}
		pos += size
	}
	return pos
}

// scanOperator makes t the comparison operator that begins at t.start, if one does.
func scanOperator(src string, t *token) bool {
	for _, op := range operators {
		if strings.HasPrefix(src[t.start:], string(op)) {
			t.kind, t.text, t.end = tokenOperator, string(op), t.start+len(op)
			return true
		}
	}
	return false
}

// textLength returns how many bytes of unquoted text src begins with. Which characters must be quoted is
// documented under "Values and conversions"; a minus counts only at the beginning, and a plus is left to
// the parser's rule for the beginning of a value.
func textLength(src string) int {
	n := strings.IndexFunc(src, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`().:=<>!~,*"'\`+"`"+string(utf8.RuneError), r)
	})
	if n < 0 {
		n = len(src)
	}
	if strings.HasPrefix(src, "+") {
		return 0
	}
	return n
}

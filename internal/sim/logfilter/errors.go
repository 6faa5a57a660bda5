package logfilter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// An Error says where a filter cannot be understood, and why.
type Error struct {
	Line, Column int    // of the offending token, from 1; columns count characters
	Token        string // as written; empty at the end of the filter
	Reason       string
}

// Error returns the text for the message of the API's 400 INVALID_ARGUMENT. Its beginning up to the token
// follows the service's wording (inferred); the reason after it is ours.
func (e *Error) Error() string {
	return fmt.Sprintf("Unparseable filter: syntax error at line %d, column %d, token '%s': %s", e.Line, e.Column, e.Token, e.Reason)
}

// errorAt returns an Error for the token src[start:end].
func errorAt(src string, start, end int, reason string) *Error {
	before := src[:start]
	return &Error{
		Line:   1 + strings.Count(before, "\n"),
		Column: 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]),
		Token:  src[start:end],
		Reason: reason,
	}
}

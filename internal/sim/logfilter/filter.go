// Package logfilter understands the part of the Cloud Logging query language that clients of
// entries.list use in practice, and decides whether a log entry matches.
//
// The rules are those of https://cloud.google.com/logging/docs/view/logging-query-language:
//
//   - AND, OR and NOT are upper case; "-x" is NOT x; two terms side by side, on one line or on two, are
//     joined by AND. NOT binds tightest, then OR, then AND.
//   - Comparisons are = != > < >= <= : =~ !~. Strings compare without regard to letter case, except in
//     regular expressions. A value is first converted to the type of the field; where that fails, the
//     comparison is false.
//   - A field of a payload or a label that an entry does not have is missing: every comparison with it is
//     false, != and !~ included, so NOT f="x" and f!="x" differ. A field of LogEntry itself has its default
//     value instead. A field that LogEntry does not have is an error.
//   - A path through an array, or a comparison with one, holds when it holds for any element.
//
// Of the functions only log_id is known; SEARCH, sample, ip_in_net, cast, regexp_extract and source are
// refused by name. Strings are folded as strings.EqualFold folds them; the service also applies Unicode
// compatibility normalisation (NFKC), which no log of the simulator needs.
package logfilter

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// maxLength is the documented limit on a filter's length, in characters, comments included.
const maxLength = 20_000

// A Filter is a parsed query. It is immutable and safe for concurrent use.
type Filter struct {
	root     node // nil matches everything
	since    time.Time
	hasSince bool
}

// Parse reads a filter. The empty filter, and one of comments only, matches every entry.
//
// The error is always an [*Error].
func Parse(s string) (*Filter, error) {
	if n := utf8.RuneCountInString(s); n > maxLength {
		return nil, &Error{
			Line:   1,
			Column: maxLength + 1,
			Reason: fmt.Sprintf("the filter has %d characters, at most %d are allowed", n, maxLength),
		}
	}
	tokens, err := scan(s)
	if err != nil {
		return nil, err
	}
	p := &parser{src: s, tokens: tokens}
	root, err := p.filter()
	if err != nil {
		return nil, err
	}
	f := &Filter{root: root}
	f.since, f.hasSince = lowerBound(root)
	return f, nil
}

// Match reports whether the filter holds for a LogEntry that was decoded from JSON, so one made of
// map[string]any, []any, string, float64, bool and nil.
func (f *Filter) Match(entry map[string]any) bool {
	return f.root == nil || f.root.match(entry)
}

// Since returns the latest lower bound on timestamp that every matching entry is known to meet: the
// largest operand of the timestamp comparisons >=, > and = that are not below an OR or a NOT. No entry
// before it can match. It returns false when the filter has no such bound.
func (f *Filter) Since() (time.Time, bool) {
	return f.since, f.hasSince
}

// lowerBound finds the bound that [Filter.Since] describes.
func lowerBound(n node) (time.Time, bool) {
	switch n := n.(type) {
	case all:
		var latest time.Time
		var found bool
		for _, operand := range n {
			if t, ok := lowerBound(operand); ok && (!found || t.After(latest)) {
				latest, found = t, true
			}
		}
		return latest, found
	case comparison:
		// The type says timestamp for receiveTimestamp as well, which bounds nothing: an entry may be
		// received long after its timestamp.
		if n.field.name() != "timestamp" || n.value.time == nil {
			return time.Time{}, false
		}
		switch n.op {
		case opGreaterEqual, opGreater, opEqual:
			return *n.value.time, true
		}
	}
	return time.Time{}, false
}

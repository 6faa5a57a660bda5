package logfilter

import (
	"net/url"
	"regexp"
	"strings"
)

// A node is an expression of a filter.
type node interface {
	match(entry map[string]any) bool
}

// all holds when every operand does.
type all []node

func (n all) match(entry map[string]any) bool {
	for _, operand := range n {
		if !operand.match(entry) {
			return false
		}
	}
	return true
}

// some holds when any operand does.
type some []node

func (n some) match(entry map[string]any) bool {
	for _, operand := range n {
		if operand.match(entry) {
			return true
		}
	}
	return false
}

// not holds when its operand does not.
type not struct{ operand node }

func (n not) match(entry map[string]any) bool { return !n.operand.match(entry) }

// An operator compares a field with a value.
type operator string

const (
	opEqual        operator = "="
	opNotEqual     operator = "!="
	opGreater      operator = ">"
	opGreaterEqual operator = ">="
	opLess         operator = "<"
	opLessEqual    operator = "<="
	opHas          operator = ":"
	opMatch        operator = "=~"
	opNotMatch     operator = "!~"
)

// holds reports whether the operator is true of two operands that compare as order says: negative, zero or
// positive. For types without substrings, ":" is equality.
func (op operator) holds(order int) bool {
	switch op {
	case opNotEqual:
		return order != 0
	case opGreater:
		return order > 0
	case opGreaterEqual:
		return order >= 0
	case opLess:
		return order < 0
	case opLessEqual:
		return order <= 0
	default:
		return order == 0
	}
}

// comparison is "field op value".
type comparison struct {
	field field
	op    operator
	value value
}

func (n comparison) match(entry map[string]any) bool {
	return n.field.any(entry, func(actual any) bool { return n.value.compare(n.field.kind, actual, n.op) })
}

// matching is field =~ "pattern", or negated, !~. Only strings have patterns to match.
type matching struct {
	field   field
	pattern *regexp.Regexp
	negated bool
}

func (n matching) match(entry map[string]any) bool {
	switch n.field.kind {
	case kindString, kindOpen, kindStruct:
	default:
		return false
	}
	return n.field.any(entry, func(actual any) bool {
		s, ok := actual.(string)
		return ok && n.pattern.MatchString(s) != n.negated
	})
}

// exists is field:*, true when the entry has the field, whatever its value. An empty array is no value.
type exists struct{ field field }

func (n exists) match(entry map[string]any) bool {
	f := n.field
	f.defaulted = false
	return f.any(entry, func(any) bool { return true })
}

// anywhere is a bare value (a "global restriction"): some field of the entry has it.
type anywhere struct{ value value }

func (n anywhere) match(entry map[string]any) bool {
	for key, actual := range entry {
		k := kindStruct // fields below the first level compare by what they look like
		if s := logEntry.fields[key]; s.kind.scalar() {
			k = s.kind
		}
		if n.inside(k, actual) {
			return true
		}
	}
	return false
}

// inside looks for the value in actual and, where that is an array or an object, in its elements or values;
// keys are not searched.
func (n anywhere) inside(k kind, actual any) bool {
	matched, _ := visit(actual, nil, false, func(x any) bool {
		object, ok := x.(map[string]any)
		if !ok {
			return n.value.compare(k, x, opHas)
		}
		for _, child := range object {
			if n.inside(kindStruct, child) {
				return true
			}
		}
		return false
	})
	return matched
}

// logID is log_id("ID"): the last part of logName, which is URL-encoded there, is ID.
type logID string // folded

func (n logID) match(entry map[string]any) bool {
	name, _ := entry["logName"].(string)
	_, encoded, ok := strings.Cut(name, "/logs/")
	if !ok {
		return false
	}
	id, err := url.PathUnescape(encoded)
	return err == nil && fold(id) == string(n)
}

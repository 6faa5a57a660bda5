package logfilter

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// A value is the right-hand side of a comparison, with every type that its text can be converted to.
type value struct {
	text   string
	folded string

	null     bool // NULL_VALUE, unquoted
	number   *float64
	integer  *int64
	boolean  *bool
	time     *time.Time
	duration *time.Duration
	severity *int
}

func newValue(text string, quoted bool) value {
	v := value{text: text, folded: fold(text), null: !quoted && text == "NULL_VALUE"}
	if n, ok := parseNumber(text); ok {
		v.number = &n
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		v.integer = &n
	}
	if b, ok := parseBool(v.folded); ok {
		v.boolean = &b
	}
	if t, ok := parseTime(text); ok {
		v.time = &t
	}
	if d, ok := parseDuration(text); ok {
		v.duration = &d
	}
	if s, ok := parseSeverity(text); ok {
		v.severity = &s
	}
	return v
}

// parseNumber accepts what the documentation gives for double: a number with or without sign and exponent,
// NaN and Infinity.
func parseNumber(s string) (float64, bool) {
	switch strings.ToLower(strings.TrimPrefix(s, "-")) {
	case "nan", "infinity":
	default:
		// Go's own syntax also has hexadecimal numbers, underscores and "inf".
		if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func parseBool(folded string) (b, ok bool) {
	switch folded {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// timeLayouts are RFC 3339 and the forms of ISO 8601 that the documentation mentions ("2014-10-02"), or that
// it does not exclude (inferred: without a zone, which is then UTC, and without seconds).
var timeLayouts = []string{
	time.RFC3339, // accepts a fraction as well
	time.DateOnly,
	"2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
}

func parseTime(s string) (time.Time, bool) {
	if len(s) < len(time.DateOnly) {
		return time.Time{}, false
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, strings.ToUpper(s)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseDuration accepts one signed decimal number with a unit. Go's "1h2m" is two.
func parseDuration(s string) (time.Duration, bool) {
	unit := strings.TrimLeft(s, "+-0123456789.")
	switch unit {
	case "ns", "us", "ms", "s", "m", "h":
	default:
		return 0, false
	}
	d, err := time.ParseDuration(s)
	return d, err == nil
}

// severities are the values of LogSeverity.
var severities = map[string]int{
	"DEFAULT":   0,
	"DEBUG":     100,
	"INFO":      200,
	"NOTICE":    300,
	"WARNING":   400,
	"ERROR":     500,
	"CRITICAL":  600,
	"ALERT":     700,
	"EMERGENCY": 800,
}

func parseSeverity(s string) (int, bool) {
	if n, ok := severities[strings.ToUpper(s)]; ok {
		return n, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// compare reports whether "actual op v" holds for a field of the kind k.
func (v value) compare(k kind, actual any, op operator) bool {
	if actual == nil {
		return v.null && (op == opEqual || op == opHas)
	}
	switch k {
	case kindString:
		s, ok := actual.(string)
		return ok && v.compareString(s, op)
	case kindBool:
		b, ok := actual.(bool)
		return ok && v.compareBool(b, op)
	case kindNumber:
		return v.compareNumber(actual, op)
	case kindTimestamp:
		s, _ := actual.(string)
		t, ok := parseTime(s)
		return ok && v.time != nil && op.holds(t.Compare(*v.time))
	case kindDuration:
		s, _ := actual.(string)
		d, ok := parseDuration(s)
		return ok && v.duration != nil && op.holds(cmp.Compare(d, *v.duration))
	case kindSeverity:
		var n int
		var ok bool
		switch actual := actual.(type) {
		case string:
			n, ok = parseSeverity(actual)
		case float64:
			n, ok = int(actual), true
		}
		return ok && v.severity != nil && op.holds(cmp.Compare(n, *v.severity))
	}
	return v.compareJSON(k, actual, op)
}

// compareJSON compares with a field whose type is known from its value only: one in jsonPayload, whose
// types the service infers as well, or one in protoPayload.
func (v value) compareJSON(k kind, actual any, op operator) bool {
	switch actual := actual.(type) {
	case string:
		if k == kindOpen && op != opHas {
			// In the JSON of a protocol buffer message, timestamps and 64-bit integers are strings.
			if t, ok := parseTime(actual); ok && v.time != nil {
				return op.holds(t.Compare(*v.time))
			}
			if n, err := strconv.ParseInt(actual, 10, 64); err == nil && v.integer != nil {
				return op.holds(cmp.Compare(n, *v.integer))
			}
		}
		return v.compareString(actual, op)
	case bool:
		return v.compareBool(actual, op)
	case map[string]any:
		return op == opHas && v.within(k, actual)
	}
	return v.compareNumber(actual, op)
}

func (v value) compareString(actual string, op operator) bool {
	folded := fold(actual)
	if op == opHas {
		return strings.Contains(folded, v.folded)
	}
	return op.holds(strings.Compare(folded, v.folded))
}

func (v value) compareBool(actual bool, op operator) bool {
	if v.boolean == nil {
		return false
	}
	switch {
	case actual == *v.boolean:
		return op.holds(0)
	case actual: // true > false
		return op.holds(1)
	default:
		return op.holds(-1)
	}
}

// compareNumber compares as integers when it can: 64-bit integers do not fit a float64.
func (v value) compareNumber(actual any, op operator) bool {
	switch actual := actual.(type) {
	case float64:
		return v.compareFloat(actual, op)
	case int:
		return v.compareFloat(float64(actual), op)
	case json.Number:
		return v.compareNumber(actual.String(), op)
	case string:
		if n, err := strconv.ParseInt(actual, 10, 64); err == nil && v.integer != nil {
			return op.holds(cmp.Compare(n, *v.integer))
		}
		n, ok := parseNumber(actual)
		return ok && v.compareFloat(n, op)
	}
	return false
}

func (v value) compareFloat(actual float64, op operator) bool {
	if v.number == nil {
		return false
	}
	switch expected := *v.number; op {
	case opNotEqual:
		return actual != expected
	case opGreater:
		return actual > expected
	case opGreaterEqual:
		return actual >= expected
	case opLess:
		return actual < expected
	case opLessEqual:
		return actual <= expected
	default: // written out because cmp.Compare takes NaN for equal to itself
		return actual == expected
	}
}

// within reports whether an object has v as a key (AIP-160), or has it in any of its values (as the
// documentation's example jsonPayload:"/score called" wants it).
func (v value) within(k kind, object map[string]any) bool {
	for key, child := range object {
		if strings.EqualFold(key, v.text) {
			return true
		}
		if matched, _ := visit(child, nil, false, func(x any) bool { return v.compare(k, x, opHas) }); matched {
			return true
		}
	}
	return false
}

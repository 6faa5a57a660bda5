package prereq

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Standing says what became of a change since it was made.
type Standing string

// The standings.
const (
	AsChanged    Standing = "as-changed"    // what is there is what the change left
	AsBefore     Standing = "as-before"     // it is taken back already, or never happened
	ChangedSince Standing = "changed-since" // neither: somebody else was there
)

// Stands compares what is there with what a change left and with what it found,
// field by field of its pre-image. The change may have been read back from JSON.
// why says how each field differs from what the change left. A state without
// fields has nothing to compare: what was done to it stands.
func Stands(s State, c Change) (standing Standing, why []string) {
	now := s.Fields()
	if len(c.Before) == 0 {
		return AsBefore, nil
	}
	if len(now) == 0 {
		return AsChanged, nil
	}
	before := true
	for _, field := range slices.Sorted(maps.Keys(c.Before)) {
		before = before && equal(now[field], c.Before[field])
		if !equal(now[field], c.After[field]) {
			why = append(why, fmt.Sprintf("%s is %s, the change left %s", field, inWords(now[field]), inWords(c.After[field])))
		}
	}
	switch {
	case before: // also of a change that asked again for what was asked for
		return AsBefore, why
	case len(why) == 0:
		return AsChanged, nil
	}
	return ChangedSince, why
}

// equal compares values of which either may have been read back from JSON.
func equal(a, b any) bool { return reflect.DeepEqual(normal(a), normal(b)) }

// normal is a value as JSON would bring it back. One that JSON cannot write is
// compared as it is.
func normal(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var back any
	if json.Unmarshal(raw, &back) != nil {
		return v
	}
	return back
}

// inWords is a field's value for a sentence.
func inWords(v any) string {
	switch v := v.(type) {
	case nil:
		return "not there"
	case string:
		if v == "" {
			return "not set"
		}
		return v
	case bool:
		return fmt.Sprint(v)
	}
	return "an object"
}

// KeptError is returned by Undo for a change that cannot be taken back and stays.
type KeptError struct{ Subject, Why string }

func (e *KeptError) Error() string { return e.Subject + " stays as it is: " + e.Why }

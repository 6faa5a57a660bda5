package prereq

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// ChangeStatus is whether a change is still as it was made.
type ChangeStatus string

// The statuses of a change.
const (
	AsChanged    ChangeStatus = "as-changed"    // the fields are as the change left them
	AsBefore     ChangeStatus = "as-before"     // they are as before it: it was undone, or never happened
	ChangedSince ChangeStatus = "changed-since" // neither: something else changed them
)

// StatusOf compares a state with what a change left and with what it found, field by field of its pre-image. The change
// may have been read back from JSON. why says how each field differs from what the change left. A state without fields
// has nothing to compare: what was done to it is as the change left it.
func StatusOf(s State, c Change) (status ChangeStatus, why []string) {
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

// ChangedByOthers says which fields are neither as the change left them nor as before it: Undo leaves them.
func ChangedByOthers(s State, c Change) (all []string) {
	now := s.Fields()
	for _, field := range slices.Sorted(maps.Keys(c.Before)) {
		if !equal(now[field], c.Before[field]) && !equal(now[field], c.After[field]) {
			all = append(all, fmt.Sprintf("%s is %s; it was %s before this changed it to %s", field, inWords(now[field]),
				inWords(c.Before[field]), inWords(c.After[field])))
		}
	}
	return all
}

// equal compares values of which either may have been read back from JSON.
func equal(a, b any) bool { return reflect.DeepEqual(normal(a), normal(b)) }

// normal is a value as JSON would bring it back. One that JSON cannot write is compared as it is.
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

// KeptError is returned by Undo for a change that cannot be undone and stays.
type KeptError struct{ Subject, Why string }

func (e *KeptError) Error() string { return e.Subject + " stays as it is: " + e.Why }

package guard

import "slices"

// change is what a plan would do to one resource, or to a deposed object of it.
type change struct {
	address, kind string
	deposed       string
	actions       []string
	before, after value
	// Of an object in a manifest: its kind, where its semantics are documented, and what to write instead, in place of the
	// row's and the effect's.
	object, source, instead string
	// index orders the changes of a plan.
	index int
}

// step is one part of a change: a replacement has two.
type step int

const (
	deletes step = iota
	creates
	updates
	// unlisted is an action that this version does not know.
	unlisted
)

// steps are what the change does to the object, in their order. What is only read, forgotten or left is nothing.
func (c *change) steps() []step {
	var all []step
	for _, a := range c.actions {
		switch a {
		case "delete":
			all = append(all, deletes)
		case "create":
			all = append(all, creates)
		case "update":
			all = append(all, updates)
		case "no-op", "read", "forget":
		default:
			all = append(all, unlisted)
		}
	}
	return all
}

// replaces reports whether the change deletes an object and creates one in its place.
func (c *change) replaces() bool {
	return slices.Contains(c.actions, "delete") && slices.Contains(c.actions, "create")
}

// rests reports whether the change leaves the object as it is.
func (c *change) rests() bool { return len(c.steps()) == 0 }

// kept reports whether a delete of the object would in truth leave it: deletion_policy ABANDON forgets it, and PREVENT
// makes the apply fail. It counts as it stands in the state, not in the configuration.
func (c *change) kept() bool {
	switch c.before.get("deletion_policy").text() {
	case "ABANDON", "PREVENT":
		return true
	}
	return false
}

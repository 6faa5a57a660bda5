// Package engine plans and runs runbooks on one target: it reads the target, says what it would change, asks for
// approval where it should, changes that and no more, verifies each change with the check that found it missing, and
// records everything in a journal. From that a run that was killed is resumed, and a run that was a mistake is undone.
package engine

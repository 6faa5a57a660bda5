// Package runbook plans and runs runbooks: it reads what is there, says what it
// would change, asks where it should, changes that and no more, verifies each
// change with the check that found it, and leaves a journal from which a run that
// was killed goes on and a run that was a mistake is taken back.
//
// A runbook (package lang) is made of what the catalogue has (package kinds). A
// Plan is what it comes to on one target at one time. A run of a plan holds the
// lock on its target and writes its journal (packages store and journal).
package runbook

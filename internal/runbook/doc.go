// Package runbook has the documents of runbooks: the library of those that there are, the plan of one on a target, its
// approval, the result of a run and the report of several. They are what is saved, shown and sent elsewhere.
//
// Package engine plans and runs on one target, package fleet on many. A runbook
// (package lang) is made of what the catalogue has (package kinds). A run holds the
// lock on its target and writes its journal (packages store and journal).
package runbook

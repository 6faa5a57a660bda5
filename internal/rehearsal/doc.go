// Package rehearsal runs tests of runbooks: files NAME.test.hcl beside the runbooks NAME.hcl. A test starts a simulated
// Google Cloud (package sim), switches faults on in it, runs the runbook there, and compares the result with what the
// test expects: the plan, the outcome, every write that the simulation saw, and what a diagnosis finds afterwards.
// Nothing leaves the machine, and waits take no time.
//
// WriteReference writes the language of the files.
package rehearsal

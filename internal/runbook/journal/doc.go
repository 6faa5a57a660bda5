// Package journal is what a run of a runbook leaves behind: who did what, when and why, what was there before and
// after, one entry a line, each chained to the one before by its hash. A run that was killed is resumed from it, and a
// run that was a mistake is taken back from it.
//
// A line is a JSON object in canonical form: keys sorted, no space, nothing escaped that need not be. Its hash is the
// SHA-256 of the line without the field "hash". The chain shows that an entry was changed, moved, added or taken out.
// It cannot show that the last entries were cut off, nor stop somebody who writes the whole chain anew: keep the hash
// of the last entry elsewhere for that.
//
// The order of entries is that of their numbers. Times are for people: a machine's clock may move backwards.
package journal

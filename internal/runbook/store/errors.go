package store

import "fmt"

// HeldError is the error of asking for a lock that somebody holds.
type HeldError struct {
	Target string
	By     Holder
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is locked by %s since %s, until %s unless that is renewed\n\n"+
		"One run at a time works on a target. Wait until it has ended; \"runbook show %s\" shows what it does. "+
		"When its process is gone, the lock is free by itself: at once on the same machine, else at the time above.",
		e.Target, e.By.Owner, stamp(e.By.Since), stamp(e.By.Until), e.By.Run)
}

// LostError is the error of an executor whose lock was taken over.
type LostError struct {
	Target string
	Mine   Holder
	By     *Holder // who has it now, or nil when nobody has, or the record is gone
}

func (e *LostError) Error() string {
	now := "nobody holds it now"
	if e.By != nil {
		now = fmt.Sprintf("%s holds it since %s", e.By.Owner, stamp(e.By.Since))
	}
	return fmt.Sprintf("the lock on %s was taken from run %s (fence %d), which had it until %s: %s\n\n"+
		"This executor was silent for longer than its lease, and writes nothing any more. "+
		"Look at what its successor does before you resume the run.",
		e.Target, e.Mine.Run, e.Mine.Fence, stamp(e.Mine.Until), now)
}

// OvertakenError is the error of writing to a journal to which another has
// written since, or that another has closed to this executor.
type OvertakenError struct{ Journal string }

func (e *OvertakenError) Error() string {
	return fmt.Sprintf("another executor has written to %s, or taken over its target\n\n"+
		"This executor writes nothing any more. Look at what its successor does before you resume the run.", e.Journal)
}

// NoRunError is the error of asking for a run that is not there.
type NoRunError struct {
	Run    string // or ""
	Target string // or ""
	Where  string
}

func (e *NoRunError) Error() string {
	if e.Run == "" {
		return fmt.Sprintf("no run on %s is kept in %s", e.Target, e.Where)
	}
	return fmt.Sprintf("there is no run %s in %s; \"runbook history\" lists those that are there", e.Run, e.Where)
}

// UnfinishedError is the refusal to delete a run that has not ended.
type UnfinishedError struct{ Run string }

func (e *UnfinishedError) Error() string {
	return fmt.Sprintf("run %s has not ended, so it is kept: its journal is what it is resumed and taken back from", e.Run)
}

package store

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Info is what a list of runs says of each, read from its first and last entry.
type Info struct {
	Run     string          `json:"run"`
	Runbook string          `json:"runbook,omitempty"`
	Target  string          `json:"target,omitempty"`
	User    string          `json:"user,omitempty"`
	Host    string          `json:"host,omitempty"`
	Reason  string          `json:"reason,omitempty"`
	UndoOf  string          `json:"undo_of,omitempty"`
	Job     string          `json:"job,omitempty"`
	Fence   int64           `json:"fence,omitempty"`
	Started time.Time       `json:"started,omitzero"`
	Last    time.Time       `json:"last,omitzero"` // entry
	Outcome journal.Outcome `json:"outcome,omitempty"`
	// Broken says why the run cannot be read; then only its name is known.
	Broken string `json:"broken,omitempty"`
}

// Finished reports that the run has come to its end.
func (i Info) Finished() bool { return i.Outcome != "" }

// Filter lets through the runs that fit all that is set.
type Filter struct {
	Target     string
	Runbook    string
	Job        string
	Outcome    journal.Outcome
	Unfinished bool      // only what can be resumed: what has not ended, waits for an approval, failed or was stopped
	Since      time.Time // of the start
	Limit      int       // the newest so many
}

func (f Filter) lets(i Info) bool {
	switch {
	case f.Target != "" && f.Target != i.Target,
		f.Runbook != "" && f.Runbook != i.Runbook,
		f.Job != "" && f.Job != i.Job,
		f.Outcome != "" && f.Outcome != i.Outcome,
		f.Unfinished && i.Outcome == journal.Succeeded,
		i.Started.Before(f.Since):
		return false
	}
	return true
}

// pick filters and sorts. What cannot be read is kept unless the filter asks for something that nobody can say of it.
func (f Filter) pick(all []Info) []Info {
	all = slices.DeleteFunc(all, func(i Info) bool { return !f.lets(i) })
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(b.Run, a.Run) })
	// The fence orders the runs of one target, however its machines' clocks went: they share the places that they have.
	places := map[string][]int{}
	for at, i := range all {
		places[i.Target] = append(places[i.Target], at)
	}
	for _, at := range places {
		var runs []Info
		for _, i := range at {
			runs = append(runs, all[i])
		}
		slices.SortStableFunc(runs, func(a, b Info) int { return cmp.Compare(b.Fence, a.Fence) })
		for n, i := range at {
			all[i] = runs[n]
		}
	}
	if f.Limit > 0 && len(all) > f.Limit {
		all = all[:f.Limit]
	}
	return all
}

func latest(all []Info, target, where string) (Info, error) {
	all = Filter{Target: target}.pick(all)
	if len(all) == 0 {
		return Info{}, &NoRunError{Target: target, Where: where}
	}
	return all[0], nil
}

func infoOf(first, last journal.Entry) (Info, error) {
	start, ok := first.Data.(journal.RunStarted)
	if !ok {
		return Info{}, errors.New("its first entry does not say what was started")
	}
	i := Info{
		Run: start.Run, Runbook: start.Runbook, Target: start.Target, User: start.By.User, Host: start.By.Host,
		Reason: start.Reason, UndoOf: start.UndoOf, Job: start.Job, Fence: start.Fence, Started: first.Time, Last: last.Time,
	}
	if finish, ok := last.Data.(journal.RunFinished); ok {
		i.Outcome = finish.Outcome
	}
	return i, nil
}

package store

import (
	"context"
	"sync"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// latestIndex remembers which run on each target was the latest when the runs were listed. A fleet asks for thousands of
// targets: it lists once, and what was started since is noted with each target's lock.
type latestIndex struct {
	mu    sync.Mutex
	runs  map[string]string // by target; nil until they are listed
	since string            // an id of the moment when they were listed: those of later runs are greater
}

// of returns the run that was the latest on a target when the runs were listed, or "", and when that was.
func (x *latestIndex) of(
	ctx context.Context, clock wait.Clock, target string, list func(context.Context, Filter) ([]Info, error),
) (run, since string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.runs == nil {
		x.since = journal.NewID(clock.Now())
		all, err := list(ctx, Filter{})
		if err != nil {
			return "", "", err
		}
		x.runs = map[string]string{}
		for _, i := range all {
			if _, later := x.runs[i.Target]; !later && i.Broken == "" {
				x.runs[i.Target] = i.Run
			}
		}
	}
	return x.runs[target], x.since, nil
}

// forget has the runs listed again, because one that it names is gone.
func (x *latestIndex) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.runs = nil
}

// newest returns the run that was started last on a target: the one in the index, or one of those that were noted since.
// read returns false for a run that cannot be read, or is gone.
func (x *latestIndex) newest(
	ctx context.Context, clock wait.Clock, target, where string, list func(context.Context, Filter) ([]Info, error), noted []string,
	read func(run string) (Info, bool, error),
) (Info, error) {
	for again := false; ; again = true {
		known, since, err := x.of(ctx, clock, target, list)
		if err != nil {
			return Info{}, err
		}
		candidates := append([]string{known}, noted...)
		if again { // the list has all that there is
			candidates = candidates[:1]
		}
		var found []Info
		complete := true
		seen := map[string]bool{"": true}
		for _, run := range candidates {
			if seen[run] {
				continue
			}
			seen[run] = true
			info, readable, err := read(run)
			if err != nil {
				return Info{}, err
			}
			// A noted run that the list had to have, and that is not there, was removed before: nothing is missed.
			complete = complete && (readable || run != known && run < since)
			if readable {
				found = append(found, info)
			}
		}
		if complete || again {
			return latest(found, target, where)
		}
		x.forget()
	}
}

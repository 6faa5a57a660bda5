package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// Merge joins the results of a job on all of its targets, whichever executors ran them: of each target its latest run
// of that job. A job without a run and without a target is an error: it is probably misspelt. Targets without a run are
// listed as not run; only their executor knows why. A run that has not ended is reported as stopped, with the command that resumes it.
func Merge(ctx context.Context, e *engine.Engine, job string, targets []runbook.Target) (*runbook.Report, error) {
	runs, err := e.Store.List(ctx, store.Filter{Job: job})
	if err != nil {
		return nil, err
	}
	results, notRun := []runbook.Result{}, []string(nil)
	seen := map[string]bool{}
	for _, info := range runs { // the newest of each target first
		if seen[info.Target] || info.UndoOf != "" {
			continue
		}
		seen[info.Target] = true
		one, err := storedResult(ctx, e, info)
		if err != nil {
			return nil, err
		}
		results = append(results, *one)
	}
	for _, t := range targets {
		if !seen[t.Name] {
			seen[t.Name] = true
			notRun = append(notRun, t.Name)
		}
	}
	if len(results) == 0 && len(targets) == 0 {
		return nil, fmt.Errorf("no run of the job %q is kept here: look whether the job's name and the store are those of its runs", job)
	}
	slices.SortFunc(results, func(a, b runbook.Result) int { return strings.Compare(a.Target, b.Target) })
	slices.Sort(notRun)
	return runbook.Join(e.Tool(), job, results, notRun), nil
}

// storedResult is the result of a run that is or was run elsewhere. A journal that is broken is the result's error.
func storedResult(ctx context.Context, e *engine.Engine, info store.Info) (*runbook.Result, error) {
	_, entries, err := e.History(ctx, info.Run)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	var r *runbook.Result
	if err == nil {
		r, err = runbook.ResultOf(entries)
	}
	if err != nil {
		return &runbook.Result{
			Run: info.Run, Runbook: info.Runbook, Target: info.Target, Outcome: journal.Failed, Error: err.Error(),
			Next: "terraform-provider-asm runbook audit " + info.Run, Started: info.Started, Finished: info.Last, Steps: []runbook.StepResult{},
		}, nil
	}
	if r.Outcome != "" {
		return r, nil
	}
	r.Outcome, r.Error = journal.Stopped, fmt.Sprintf("its executor ended without a word after %s", r.Finished.UTC().Format(time.RFC3339))
	r.AddNext()
	holder, held, err := e.Store.Holder(ctx, info.Target)
	if err != nil {
		return nil, err
	}
	if held && holder.Run == info.Run {
		r.Error = fmt.Sprintf("it is still at work, by %s", holder.Owner)
		r.Next = "terraform-provider-asm runbook show " + info.Run
	}
	return r, nil
}

package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Resume resumes a run that was interrupted, that failed, or that waits for a person. What was in flight is checked
// before anything is done again, and a step that ended is checked again and not done again. given are the run's
// sensitive inputs, which no journal has.
func (e *Engine) Resume(ctx context.Context, id string, given map[string]cty.Value, approvals Approvals) (*runbook.Result, error) {
	state, entries, err := e.History(ctx, id)
	if err != nil {
		return nil, err
	}
	if state.Outcome == journal.Succeeded {
		return nil, fmt.Errorf("run %s has succeeded: there is nothing to resume", state.Run)
	}
	p, err := e.planAgain(ctx, state, entries[0], given)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", state.Run, err)
	}
	if err := e.checkNames(p); err != nil {
		return nil, fmt.Errorf("run %s: %w", state.Run, err)
	}
	lock, unlocked, err := e.lock(ctx, p.Target, state.Run)
	if err != nil {
		return nil, err
	}
	r := &run{engine: e, plan: p, approvals: approvals, id: state.Run, entries: entries, unlocked: unlocked}
	return r.underLock(ctx, lock, func(ctx context.Context) error {
		w, entries, err := e.Store.Open(ctx, lock, state.Run, journal.RunResumed{By: e.executor(), Reason: e.Reason})
		if err != nil {
			return err
		}
		r.writer = w
		if r.state, err = journal.Fold(entries); err != nil {
			return err
		}
		r.adopt(entries, resumedPart(entries))
		if len(r.state.Plan) == 0 {
			return r.planNow(ctx)
		}
		return nil
	})
}

// planNow plans a run whose executor ended before it had recorded its plan. An approval that was given beforehand counts
// only when the plan is the one that the run was started with.
func (r *run) planNow(ctx context.Context) error {
	if r.plan.evaluation != nil {
		p, err := r.engine.Plan(ctx, r.plan.job)
		if err != nil {
			return err
		}
		p.evaluation.env.Run = r.id
		r.plan = p
	}
	r.unseen = r.plan.Fingerprint != r.state.Fingerprint
	_, err := r.write(ctx, r.plan.JournalEntry())
	return err
}

// resumedPart are the entries that the executor that just resumed a run wrote.
func resumedPart(entries []journal.Entry) []journal.Entry {
	for i := len(entries) - 1; i > 0; i-- {
		if entries[i].Kind == journal.KindRunResumed {
			return entries[i:]
		}
	}
	return nil
}

// History reads and checks the journal of a run. With the error of a *journal.BrokenError it returns what is intact.
func (e *Engine) History(ctx context.Context, id string) (*journal.State, []journal.Entry, error) {
	reader, err := e.Store.Read(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	defer reader.Close()
	entries, err := reader.ReadAll()
	var broken *journal.BrokenError
	if errors.As(err, &broken) && len(entries) > 0 {
		state, unreadable := journal.Fold(entries)
		return state, entries, errors.Join(unreadable, fmt.Errorf("the journal of run %s: %w\n\n%s", id, err,
			"The run can be neither resumed nor undone, because what it did afterwards is not known; \"runbook show\" prints the intact part. "+
				"Run the runbook again: it checks what is there and changes only what is missing. "+
				"To undo, restore by hand the values before that \"runbook show\" prints."))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the journal of run %s: %w", id, err)
	}
	if len(entries) == 0 {
		return nil, nil, fmt.Errorf("the journal of run %s is empty: nothing was started", id)
	}
	state, err := journal.Fold(entries)
	return state, entries, err
}

// planAgain prepares the plan of a run again, as its journal has it.
func (e *Engine) planAgain(ctx context.Context, state *journal.State, first journal.Entry, given map[string]cty.Value) (*Prepared, error) {
	start, ok := first.Data.(journal.RunStarted)
	if !ok {
		return nil, errors.New("its journal does not begin with its start")
	}
	if state.UndoOf != "" {
		p, _, err := e.planUndo(ctx, state.UndoOf)
		return p, err
	}
	if runbook.Digest([]byte(start.Source)) != start.Digest {
		return nil, errors.New("the journal does not have the text of its runbook as it was run, because " +
			"that looked like it held a secret: run the runbook again instead")
	}
	r, file, err := runbook.Load(state.Runbook+".hcl", []byte(start.Source), state.Runbook)
	if err != nil {
		return nil, err
	}
	inputs, err := runbook.ReadInputs(r, state.Inputs, given)
	if err != nil {
		return nil, err
	}
	target, err := runbook.ParseTarget(r.Target, state.Target, start.Fleet)
	if err != nil {
		return nil, err
	}
	v, err := e.evaluate(ctx, runbook.Job{Runbook: r, File: file, Inputs: inputs, Target: target, Name: state.Job})
	if err != nil {
		return nil, err
	}
	v.env.Run = state.Run
	return &Prepared{job: v.job, evaluation: v, Plan: &runbook.Plan{
		Schema: runbook.PlanSchema, Tool: e.Tool(), Made: first.Time, Runbook: state.Runbook, Title: r.Title, File: file.Name,
		Source: start.Source, Digest: start.Digest, Target: target, Inputs: state.Inputs, Fingerprint: state.Fingerprint,
		Steps: runbook.StepsOf(state.Plan),
	}}, nil
}

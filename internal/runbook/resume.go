package runbook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// Resume goes on with a run that was interrupted, that failed, or that waits for
// somebody. What was under way is looked at before anything is done again; a step
// that ended is checked again, and not done again. given are the run's sensitive
// inputs, which no journal has.
func (e *Engine) Resume(ctx context.Context, id string, given map[string]cty.Value, approvals Approvals) (*Result, error) {
	state, entries, err := e.History(ctx, id)
	if err != nil {
		return nil, err
	}
	if state.Outcome == journal.Succeeded {
		return nil, fmt.Errorf("run %s has come to its end: there is nothing to resume", state.Run)
	}
	p, err := e.planOf(ctx, state, entries[0], given)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", state.Run, err)
	}
	r := &run{engine: e, plan: p, approvals: approvals, id: state.Run, result: &Result{
		Run: state.Run, Runbook: p.Runbook, Target: p.Target.Name, UndoOf: p.UndoOf, Started: e.clock().Now().UTC(),
	}}
	lock, err := e.Store.Acquire(ctx, state.Target, store.Me(state.Run), e.lease())
	if err != nil {
		return nil, err
	}
	return r.locked(ctx, lock, func(ctx context.Context) error {
		w, entries, err := e.Store.Open(ctx, lock, state.Run, journal.RunResumed{By: e.executor(), Reason: e.Reason})
		if err != nil {
			return err
		}
		r.writer = w
		if r.state, err = journal.Fold(entries); err != nil {
			return err
		}
		if p.undo != nil {
			p.undo.state = r.state
		}
		r.emit(w.Last())
		return nil
	})
}

// History reads and checks the journal of a run.
func (e *Engine) History(ctx context.Context, id string) (*journal.State, []journal.Entry, error) {
	reader, err := e.Store.Read(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	defer reader.Close()
	var entries []journal.Entry
	for {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("the journal of run %s: %w", id, err)
		}
		entries = append(entries, entry)
	}
	if len(entries) == 0 {
		return nil, nil, fmt.Errorf("the journal of run %s is empty: nothing was begun", id)
	}
	state, err := journal.Fold(entries)
	return state, entries, err
}

// planOf makes the plan in force of a run anew from its journal.
func (e *Engine) planOf(ctx context.Context, state *journal.State, first journal.Entry, given map[string]cty.Value) (*Plan, error) {
	start, ok := first.Data.(journal.RunStarted)
	if !ok {
		return nil, errors.New("its journal does not begin with what was started")
	}
	if state.UndoOf != "" {
		return e.planUndo(ctx, state.UndoOf, state)
	}
	if digest([]byte(start.Source)) != start.Digest {
		return nil, errors.New("the text of its runbook is not in the journal as it was run, for it looked like it held a secret: run the runbook again instead")
	}
	r, file, err := Load(state.Runbook+".hcl", []byte(start.Source), state.Runbook)
	if err != nil {
		return nil, err
	}
	inputs, err := readInputs(r, state.Inputs, given)
	if err != nil {
		return nil, err
	}
	target, err := ParseTarget(r.Target, state.Target, start.Fleet)
	if err != nil {
		return nil, err
	}
	s, err := e.session(ctx, Job{Runbook: r, File: file, Inputs: inputs, Target: target, Name: state.Job})
	if err != nil {
		return nil, err
	}
	s.env.Run, s.env.Started = state.Run, state.Started.Truncate(time.Second)
	p := &Plan{
		Schema: PlanSchema, Tool: e.tool(), Made: first.Time, Runbook: state.Runbook, Title: r.Title, File: file.Name, Source: start.Source, Digest: start.Digest,
		Target: target, Inputs: state.Inputs, Fingerprint: state.Fingerprint, job: s.job, session: s,
	}
	for _, step := range state.Plan {
		p.Steps = append(p.Steps, plannedOf(step))
	}
	return p, nil
}

func plannedOf(step journal.PlannedStep) PlannedStep {
	p := PlannedStep{
		Step: step.Step, Action: lang.ActionKind(step.Kind), Kind: step.What, Subject: step.Subject, Current: step.Current, Desired: step.Desired,
		Approval: step.Approval, Status: Later,
	}
	switch {
	case step.Satisfied:
		p.Status = Satisfied
	case len(step.Desired) > 0:
		p.Status = Change
	case p.Action == lang.Approve:
		p.Status = Gate
	case p.Action == lang.Instruct:
		p.Status = Person
	case p.Action == lang.Assert || p.Action == lang.Wait:
		p.Status = Awaits
	}
	return p
}

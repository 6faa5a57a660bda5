package runbook

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

// Merge joins what became of a job on all of its targets, whoever ran its parts:
// of each target the run of that job that was begun last. targets are those that
// the job is about; of those without a run it was not begun, or what kept it from
// being begun is known to its executor alone. A run without an end is told as
// stopped, with the command that goes on with it.
func (e *Engine) Merge(ctx context.Context, job string, targets []Target) (*Report, error) {
	runs, err := e.Store.List(ctx, store.Filter{Job: job})
	if err != nil {
		return nil, err
	}
	results, notRun := []Result{}, []string(nil)
	begun := map[string]bool{}
	for _, info := range runs { // the newest of each target first
		if begun[info.Target] || info.UndoOf != "" {
			continue
		}
		begun[info.Target] = true
		one, err := e.became(ctx, info)
		if err != nil {
			return nil, err
		}
		results = append(results, *one)
	}
	for _, t := range targets {
		if !begun[t.Name] {
			begun[t.Name] = true
			notRun = append(notRun, t.Name)
		}
	}
	slices.SortFunc(results, func(a, b Result) int { return strings.Compare(a.Target, b.Target) })
	slices.Sort(notRun)
	return Join(e.tool(), job, results, notRun), nil
}

// became is what became of a run, as its journal has it. A journal that is broken
// is the result's error.
func (e *Engine) became(ctx context.Context, info store.Info) (*Result, error) {
	state, entries, err := e.History(ctx, info.Run)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return &Result{
			Run: info.Run, Runbook: info.Runbook, Target: info.Target, Outcome: journal.Failed, Error: err.Error(), Started: info.Started, Finished: info.Last,
			Next: "terraform-provider-asm runbook audit " + info.Run, Steps: []StepResult{},
		}, nil
	}
	r := resultOf(state, entries)
	if state.Outcome != "" {
		return r, nil
	}
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

// resultOf is the result of a run as its journal has it.
func resultOf(state *journal.State, entries []journal.Entry) *Result {
	r := &Result{
		Run: state.Run, Runbook: state.Runbook, Target: state.Target, UndoOf: state.UndoOf, Outcome: state.Outcome, Error: state.Reason,
		Started: state.Started, Finished: entries[len(entries)-1].Time, Steps: []StepResult{},
	}
	if r.Outcome == "" {
		r.Outcome, r.Error = journal.Stopped, fmt.Sprintf("its executor ended without a word after %s", r.Finished.UTC().Format(time.RFC3339))
	}
	h := newTold(state, entries)
	for _, s := range state.Steps() {
		if base, placeholder := strings.CutSuffix(s.Step, "[...]"); placeholder && h.has(base) {
			continue
		}
		done := h.step(s)
		r.Steps = append(r.Steps, done)
		if done.Status == StepWaits && r.Outcome == journal.NeedsApprove {
			r.Gates = append(r.Gates, s.Step)
		}
	}
	r.conclude()
	return r
}

// told is what the entries of a journal tell of its steps beside its state.
type told struct {
	state  *journal.State
	words  map[string]string // of who verified or skipped a step
	next   map[string]string
	begin  map[string]time.Time
	end    map[string]time.Time
	action map[string]journal.PlannedStep
	made   map[string]journal.Change // the last change of a step that was seen to end
}

func newTold(state *journal.State, entries []journal.Entry) *told {
	h := &told{
		state: state, words: map[string]string{}, next: map[string]string{}, begin: map[string]time.Time{}, end: map[string]time.Time{},
		action: map[string]journal.PlannedStep{}, made: map[string]journal.Change{},
	}
	for _, p := range state.Plan {
		h.action[p.Step] = p
	}
	for _, m := range state.ToUndo() { // the last first
		if _, have := h.made[m.Step]; !have && !m.Doubtful {
			h.made[m.Step] = m.Change
		}
	}
	for _, e := range entries {
		switch p := e.Data.(type) {
		case journal.StepStarted:
			if h.begin[p.Step].IsZero() {
				h.begin[p.Step] = e.Time
			}
		case journal.StepVerified:
			h.words[p.Step], h.end[p.Step] = p.Found, e.Time
		case journal.StepSkipped:
			h.words[p.Step] = p.Why
		case journal.StepFailed:
			h.next[p.Step], h.end[p.Step] = p.Next, e.Time
		}
	}
	return h
}

// has reports that something became of a step or of an instance of it.
func (h *told) has(base string) bool {
	return slices.ContainsFunc(h.state.Steps(), func(s journal.StepState) bool {
		return baseName(s.Step) == base && !strings.HasSuffix(s.Step, "[...]")
	})
}

// planned is what the plan says of a step, or of it and its siblings while they
// were not known.
func (h *told) planned(step string) journal.PlannedStep {
	if p, found := h.action[step]; found {
		return p
	}
	return h.action[baseName(step)+"[...]"]
}

func (h *told) step(s journal.StepState) StepResult {
	planned, change := h.planned(s.Step), h.made[s.Step]
	r := StepResult{Step: s.Step, Subject: planned.Subject, Text: h.words[s.Step], Before: change.Before, After: change.After}
	if change.Subject != "" {
		r.Subject = change.Subject
	}
	if begin, end := h.begin[s.Step], h.end[s.Step]; end.After(begin) && !begin.IsZero() {
		r.Seconds = end.Sub(begin).Seconds()
	}
	if s.Status == journal.Verified || s.Status == journal.Broken {
		if def := kinds.Find(lang.Ensure, planned.What); def != nil && lang.ActionKind(planned.Kind) == lang.Ensure {
			r.Risk = def.Risk
		}
	}
	switch s.Status {
	case journal.Verified:
		r.Status = StepAlready
		switch {
		case len(change.After) > 0:
			r.Status = StepChanged
		case planned.Kind != "" && lang.ActionKind(planned.Kind) != lang.Ensure:
			r.Status = StepPassed
		}
	case journal.Skipped:
		r.Status = StepSkipped
	case journal.Broken:
		r.Status, r.Error, r.Next = StepFailed, s.Error, h.next[s.Step]
	case journal.Waits:
		r.Status, r.Text = StepWaits, s.For
	case journal.Pending:
		r.Status = StepNotRun
	default:
		r.Status, r.Text, r.Error = StepNotRun, "it was under way when the run was interrupted", s.Error
	}
	return r
}

package runbook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// ResultOf returns the result of a run, as the entries of its journal have it. The outcome is "" while the journal does
// not say how the run ended. It returns an error for entries that this version does not know.
func ResultOf(entries []journal.Entry) (*Result, error) {
	state, err := journal.Fold(entries)
	if err != nil {
		return nil, err
	}
	f := &resultFold{
		state: state, ended: map[string]*StepResult{}, started: map[string]time.Time{}, changes: map[string]journal.FieldChange{},
		bySeq: map[int64]journal.FieldChange{}, undoes: map[string]journal.FieldChange{},
	}
	for _, m := range state.Changes() { // the last change of a step first
		if _, have := f.changes[m.Step]; !have && !m.Doubtful {
			f.changes[m.Step] = m.Change
		}
	}
	for _, e := range entries {
		f.add(e)
	}
	r := &Result{
		Run: state.Run, Runbook: state.Runbook, Target: state.Target, UndoOf: state.UndoOf, Outcome: state.Outcome, Error: state.Reason,
		Started: state.Started, Finished: entries[len(entries)-1].Time, Steps: f.steps(),
	}
	for _, s := range r.Steps {
		if s.Status == StepWaits && r.Outcome == journal.NeedsApprove {
			r.Gates = append(r.Gates, s.Step)
		}
	}
	r.AddNext()
	return r, nil
}

// resultFold collects the results of the steps of one run from its journal.
type resultFold struct {
	state   *journal.State
	order   []string               // steps in which they were run first
	ended   map[string]*StepResult // nil for a step that is under way
	started map[string]time.Time
	changes map[string]journal.FieldChange // the last change of a step that is known to have happened
	bySeq   map[int64]journal.FieldChange
	undoes  map[string]journal.FieldChange // by the step that undoes it, of this run's own changes
}

func (f *resultFold) add(e journal.Entry) {
	switch p := e.Data.(type) {
	case journal.RunResumed:
		for _, s := range f.ended {
			if s != nil && s.Status == StepWaits {
				f.ended[s.Step] = nil
			}
		}
	case journal.StepStarted:
		if p.Attempt == 1 {
			f.started[p.Step] = e.Time
		}
		f.set(p.Step, nil)
	case journal.ActIntended:
		f.bySeq[e.Seq] = p.Change
	case journal.ActDone:
		f.bySeq[e.Seq] = p.Change
	case journal.ActFailed:
		f.bySeq[e.Seq] = p.Change
	case journal.UndoOf:
		if p.Run == f.state.Run {
			f.undoes[p.Step] = f.bySeq[p.Seq]
		}
	case journal.StepVerified:
		s := f.end(e, p.Step, f.success(p.Step))
		s.Text, s.Risk = p.Found, f.risk(p.Step)
	case journal.StepSkipped:
		f.end(e, p.Step, StepSkipped).Text = p.Why
	case journal.StepFailed:
		s := f.end(e, p.Step, StepFailed)
		s.Error, s.Next, s.Risk = p.Error, p.Next, f.risk(p.Step)
	case journal.Waiting:
		if p.Until.IsZero() { // for a person; a wait has an end
			s := f.end(e, p.Step, StepWaits)
			s.Text, s.Error = p.For, p.Why
		}
	}
}

// set notes the result of a step, or that it is under way.
func (f *resultFold) set(step string, s *StepResult) {
	if !slices.Contains(f.order, step) {
		f.order = append(f.order, step)
	}
	f.ended[step] = s
	if isInstance(step) { // the step as a whole was left out or failed by an earlier executor
		delete(f.ended, BaseName(step))
	}
}

func (f *resultFold) end(e journal.Entry, step string, status StepOutcome) *StepResult {
	planned, change := f.planned(step), f.changes[step]
	s := &StepResult{Step: step, Status: status, Subject: planned.Subject, Before: change.Before, After: change.After}
	if s.Subject == "" {
		s.Subject = f.undoes[step].Subject
	}
	if change.Subject != "" {
		s.Subject = change.Subject
	}
	if started := f.started[step]; !started.IsZero() {
		s.Seconds = max(0, e.Time.Sub(started).Seconds()) // a machine's clock may go backwards
	}
	f.set(step, s)
	return s
}

// success is how a step ended that its check found in order.
func (f *resultFold) success(step string) StepOutcome {
	kind := f.planned(step).Kind
	switch {
	case len(f.changes[step].After) > 0:
		return StepChanged
	case kind != "" && lang.ActionKind(kind) != lang.Ensure:
		return StepPassed
	}
	return StepAlready
}

// risk is that of an ensure. Older journals do not have it.
func (f *resultFold) risk(step string) lang.Risk {
	p := f.planned(step)
	if lang.ActionKind(p.Kind) != lang.Ensure {
		return ""
	}
	if p.Risk == "" {
		if def := kinds.Find(lang.Ensure, p.What); def != nil {
			return def.Risk
		}
	}
	return lang.Risk(p.Risk)
}

// planned is what the plan says of a step. The plan may have had its instances in one, or only siblings of it.
func (f *resultFold) planned(step string) journal.PlannedStep {
	var like journal.PlannedStep
	for _, p := range f.state.Plan {
		switch {
		case p.Step == step:
			return p
		case !isInstance(step) || BaseName(p.Step) != BaseName(step):
		case isPlaceholder(p.Step):
			like = p
		case like.Kind == "":
			like = journal.PlannedStep{Kind: p.Kind, What: p.What, Risk: p.Risk}
		}
	}
	return like
}

// steps are the results in the order in which the steps were run, and then the steps that were not.
func (f *resultFold) steps() []StepResult {
	all, instances := []StepResult{}, map[string]bool{}
	for _, step := range f.order {
		s, have := f.ended[step]
		if !have {
			continue
		}
		instances[BaseName(step)] = true
		if s == nil {
			s = &StepResult{
				Step: step, Status: StepNotRun, Subject: f.planned(step).Subject, Text: "it was under way when the run was interrupted",
				Error: f.state.Step(step).Error,
			}
		}
		all = append(all, *s)
	}
	for _, p := range f.state.Plan {
		_, ran := f.ended[p.Step]
		_, whole := f.ended[BaseName(p.Step)]
		if !ran && !whole && (!isPlaceholder(p.Step) || !instances[BaseName(p.Step)]) {
			all = append(all, StepResult{Step: p.Step, Status: StepNotRun, Subject: p.Subject})
		}
	}
	return all
}

// isPlaceholder reports a step of a plan whose instances were not known.
func isPlaceholder(step string) bool { return strings.HasSuffix(step, "[...]") }

// isInstance reports a step with an instance, such as restart["web"].
func isInstance(step string) bool { return strings.HasSuffix(step, "]") && !isPlaceholder(step) }

// AddNext adds what the reader does next, and the first failure where nothing else is the reason of the outcome.
func (r *Result) AddNext() {
	resume := "terraform-provider-asm runbook resume " + r.Run
	switch r.Outcome {
	case "":
		return
	case journal.NeedsApprove:
		for _, g := range r.Gates {
			resume += " --approve " + ShellWord(g)
		}
		r.Next = resume
	case journal.Failed, journal.Stopped:
		r.Next = resume
	}
	for _, s := range r.Steps {
		if s.Status == StepFailed && r.Error == "" {
			r.Error = fmt.Sprintf("step %s: %s", s.Step, s.Error)
		}
	}
}

// CleanResult is the result of a plan in which nothing is to be done.
func (p *Plan) CleanResult(at time.Time) *Result {
	r := &Result{Runbook: p.Runbook, Target: p.Target.Name, UndoOf: p.UndoOf, Outcome: journal.Succeeded, Started: at, Finished: at}
	for _, s := range p.Steps {
		status := StepAlready
		switch {
		case s.Status == StatusSkipped || s.Status == StatusStays:
			status = StepSkipped
		case s.Action != lang.Ensure:
			status = StepPassed
		}
		r.Steps = append(r.Steps, StepResult{Step: s.Step, Status: status, Subject: s.Subject, Text: s.Text})
	}
	return r
}

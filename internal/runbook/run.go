package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Run runs a plan that Plan or PlanUndo just made. The error is of what kept it
// from being begun or recorded: of a target that somebody else works on, a
// *store.HeldError. How a run that was begun ended is in its result.
func (e *Engine) Run(ctx context.Context, p *Plan, approvals Approvals) (*Result, error) {
	if p.session == nil && p.undo == nil {
		return nil, errors.New("this plan was read from a file: plan again, and compare the two")
	}
	r := &run{engine: e, plan: p, approvals: approvals, result: &Result{Runbook: p.Runbook, Target: p.Target.Name, UndoOf: p.UndoOf, Started: e.clock().Now().UTC()}}
	if p.Clean() && !p.job.Keep {
		r.nothing()
		return r.result, nil
	}
	id := journal.NewID(e.clock().Now())
	lock, err := e.Store.Acquire(ctx, p.Target.Name, store.Me(id), e.lease())
	if err != nil {
		return nil, err
	}
	return r.locked(ctx, lock, func(ctx context.Context) error {
		start := journal.RunStarted{
			Run: id, Runbook: p.Runbook, Digest: p.Digest, Source: p.Source, Fleet: p.Target.Fleet, Job: p.job.Name, By: e.executor(), Reason: e.Reason,
			Inputs: p.Inputs, Fingerprint: p.Fingerprint, UndoOf: p.UndoOf,
		}
		if p.UndoOf != "" {
			start.Source = ""
		}
		w, err := e.Store.Create(ctx, lock, start)
		if err != nil {
			return err
		}
		r.id, r.writer, r.state, r.result.Run = id, w, &journal.State{}, id
		r.emit(w.Last())
		if p.session != nil {
			p.session.env.Run, p.session.env.Started = id, w.Last().Time.Truncate(time.Second)
		}
		_, err = r.write(ctx, p.entry())
		return err
	})
}

// run is one executor's part in a run.
type run struct {
	engine    *Engine
	plan      *Plan
	approvals Approvals
	id        string
	writer    *journal.Writer
	state     *journal.State // as the journal had it when this executor began
	result    *Result
	failed    map[string]bool // steps that failed, or were not run because of one
	stopping  bool
	done      map[string]bool // steps that have a result
}

// errStop ends the steps: the result says why.
var errStop = errors.New("stopped")

// locked does the run under its lock: begin writes the first entries.
func (r *run) locked(ctx context.Context, lock store.Lock, begin func(context.Context) error) (*Result, error) {
	kept, stop := store.Keep(ctx, wait.Real, lock, r.engine.lease())
	err := begin(kept)
	if err == nil {
		err = r.work(kept)
	}
	if r.writer != nil {
		if closed := r.writer.Close(); err == nil {
			err = closed
		}
	}
	stop()
	// How the run ended is recorded by now. A lock that cannot be given back ends with
	// its lease, and with this process.
	_ = lock.Release(context.WithoutCancel(ctx))
	r.result.Finished = r.engine.clock().Now().UTC()
	if err != nil && r.id != "" {
		err = fmt.Errorf("run %s: %w", r.id, err)
	}
	return r.result, err
}

// work does the steps, and writes how the run ended.
func (r *run) work(ctx context.Context) error {
	r.failed, r.done = map[string]bool{}, map[string]bool{}
	do := r.steps
	if r.plan.undo != nil {
		do = r.undo
	}
	err := do(ctx)
	if err != nil && !errors.Is(err, errStop) {
		if cause := context.Cause(ctx); ctx.Err() != nil && !isRecordTrouble(err) {
			r.result.Outcome, r.result.Error = journal.Stopped, "stopped: "+plainly(cause)
		} else {
			return err // what cannot be recorded is not done, not even its end
		}
	}
	r.finishSteps()
	if r.result.Outcome == "" {
		r.result.Outcome = journal.Succeeded
		if len(r.failed) > 0 {
			r.result.Outcome = journal.Failed
		}
	}
	r.result.conclude()
	_, err = r.write(ctx, journal.RunFinished{Outcome: r.result.Outcome, Reason: r.result.Error})
	return err
}

func isRecordTrouble(err error) bool {
	var trouble *journal.AppendError
	return errors.As(err, &trouble) && !errors.Is(err, context.Canceled)
}

// conclude says what the reader does next.
func (r *Result) conclude() {
	resume := "terraform-provider-asm runbook resume " + r.Run
	switch r.Outcome {
	case journal.NeedsApprove:
		for _, g := range r.Gates {
			resume += fmt.Sprintf(" --approve %s", quoted(g))
		}
		r.Next = resume
	case journal.Failed, journal.Stopped:
		r.Next = resume
	}
	if r.Error == "" {
		for _, s := range r.Steps {
			if s.Status == StepFailed {
				r.Error = fmt.Sprintf("step %s: %s", s.Step, s.Error)
				break
			}
		}
	}
}

func quoted(step string) string {
	if strings.ContainsAny(step, `["' `) {
		return "'" + step + "'"
	}
	return step
}

// nothing is the result of a plan in which nothing is to be done.
func (r *run) nothing() {
	r.result.Outcome, r.result.Finished = journal.Succeeded, r.result.Started
	for _, s := range r.plan.Steps {
		status := StepAlready
		switch {
		case s.Status == Skips || s.Status == Stays:
			status = StepSkipped
		case s.Action != lang.Ensure:
			status = StepPassed
		}
		r.result.Steps = append(r.result.Steps, StepResult{Step: s.Step, Status: status, Subject: s.Subject, Text: s.Text})
	}
}

// write appends an entry and tells of it.
func (r *run) write(ctx context.Context, p journal.Payload) (journal.Entry, error) {
	e, err := r.writer.Append(ctx, p)
	if err == nil {
		r.emit(e)
	}
	return e, err
}

func (r *run) emit(e journal.Entry) {
	r.engine.tell(Event{Run: r.id, Runbook: r.plan.Runbook, Target: r.plan.Target.Name, Entry: e})
}

func (r *run) saw(step, text string) {
	r.engine.tell(Event{Run: r.id, Runbook: r.plan.Runbook, Target: r.plan.Target.Name, Step: step, Seen: r.engine.words(text)})
}

// steps does the steps of the runbook in their order.
func (r *run) steps(ctx context.Context) error {
	for _, st := range r.plan.session.job.Runbook.Steps {
		if r.stopping {
			return errStop
		}
		if err := r.step(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) step(ctx context.Context, st *lang.Step) error {
	s := r.plan.session
	for _, needed := range st.Needs {
		if r.failed[needed] {
			r.failed[st.Name] = true
			return r.skip(ctx, st, lang.Instance{}, fmt.Sprintf("step %s, which it needs, failed", needed), true)
		}
	}
	if err := s.learn(ctx, st); err != nil && s.blind(st) {
		return r.fail(ctx, st, lang.Instance{}, st.Name, err)
	}
	instances, diags := st.Instances(s.scope)
	if err := s.mistakes(diags); err != nil {
		return r.fail(ctx, st, lang.Instance{}, st.Name, err)
	}
	if !instances.Known {
		return r.fail(ctx, st, lang.Instance{}, st.Name, errors.New("for_each is not known: something of the target could not be read"))
	}
	for _, i := range instances.List {
		if r.stopping {
			return errStop
		}
		if err := r.instance(ctx, st, i); err != nil {
			return err
		}
	}
	return nil
}

// blind reports that something that a step needs to know of the target is not
// known.
func (s *session) blind(st *lang.Step) bool {
	for _, name := range s.job.Runbook.TargetReads(st) {
		if _, known := s.subject.known[name]; !known {
			return true
		}
	}
	return false
}

func (r *run) instance(ctx context.Context, st *lang.Step, i lang.Instance) error {
	s, name := r.plan.session, stepName(st, i)
	when, diags := st.RunsWhen(s.scope, i)
	if err := s.mistakes(diags); err != nil {
		return r.fail(ctx, st, i, name, err)
	}
	if !when.IsKnown() {
		return r.fail(ctx, st, i, name, errors.New("its condition is not known: something of the target could not be read"))
	}
	if when.False() {
		return r.skip(ctx, st, i, "its condition does not hold", false)
	}
	set, diags := st.Settings(s.scope)
	if err := s.mistakes(diags); err != nil {
		return r.fail(ctx, st, i, name, err)
	}
	w := &work{run: r, session: s, step: st, instance: i, name: name, set: set, started: r.engine.clock().Now()}
	switch st.Action.Kind {
	case lang.Ensure:
		return w.ensure(ctx)
	case lang.Assert:
		return w.assert(ctx)
	case lang.Wait:
		return w.wait(ctx)
	case lang.Approve:
		return w.approve(ctx)
	}
	return w.instruct(ctx)
}

// work is one instance of a step that is being done.
type work struct {
	*run
	session  *session
	step     *lang.Step
	instance lang.Instance
	name     string
	set      lang.Settings
	started  time.Time
	attempt  int
}

func (w *work) begin(ctx context.Context) error {
	w.attempt++
	_, err := w.write(ctx, journal.StepStarted{Step: w.name, Attempt: w.attempt})
	return err
}

// verified ends a step well.
func (w *work) verified(ctx context.Context, status StepOutcome, found string, changed bool, value cty.Value, done StepResult) error {
	found = w.engine.words(found)
	result, err := plain(value)
	if err != nil {
		return err
	}
	if _, err := w.write(ctx, journal.StepVerified{Step: w.name, Found: found, Result: result}); err != nil {
		return err
	}
	done.Step, done.Status, done.Text, done.Seconds = w.name, status, found, w.seconds()
	w.result.Steps = append(w.result.Steps, done)
	w.done[w.name] = true
	return w.session.record(w.step, w.instance, lang.Done, changed, value)
}

func (w *work) seconds() float64 { return w.engine.clock().Now().Sub(w.started).Seconds() }

// skip leaves a step out.
func (r *run) skip(ctx context.Context, st *lang.Step, i lang.Instance, why string, whole bool) error {
	name := stepName(st, i)
	if whole {
		name = st.Name
	}
	if _, err := r.write(ctx, journal.StepSkipped{Step: name, Why: why}); err != nil {
		return err
	}
	r.result.Steps = append(r.result.Steps, StepResult{Step: name, Status: StepSkipped, Text: why})
	r.done[name] = true
	if whole {
		return nil
	}
	return r.plan.session.record(st, i, lang.Skipped, false, cty.NilVal)
}

// fail ends a step badly, and does what the step says is done then. The error that
// it returns is of what could not be recorded alone.
func (r *run) fail(ctx context.Context, st *lang.Step, i lang.Instance, name string, cause error) error {
	return r.broke(ctx, st, i, StepResult{Step: name}, cause)
}

func (r *run) broke(ctx context.Context, st *lang.Step, i lang.Instance, done StepResult, cause error) error {
	done.Status, done.Error, done.Next = StepFailed, r.engine.words(plainly(cause)), r.engine.words(nextStep(cause))
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, err := r.write(ctx, journal.StepFailed{Step: done.Step, Error: done.Error, Next: done.Next}); err != nil {
		return err
	}
	r.result.Steps = append(r.result.Steps, done)
	r.done[done.Step], r.failed[st.Name] = true, true
	if done.Step == stepName(st, i) {
		if err := r.plan.session.record(st, i, lang.Failed, false, cty.NilVal); err != nil {
			return err
		}
	}
	switch st.OnFailure {
	case lang.Continue:
		return nil
	case lang.Undo:
		if err := r.takeBack(ctx); err != nil {
			return err
		}
	}
	r.stopping = true
	return errStop
}

// stopHere ends the run because somebody has to do something first.
func (w *work) stopHere(ctx context.Context, text, why string) error {
	if _, err := w.write(ctx, journal.Waiting{Step: w.name, For: text}); err != nil {
		return err
	}
	w.result.Steps = append(w.result.Steps, StepResult{Step: w.name, Status: StepWaits, Text: text, Error: why, Seconds: w.seconds()})
	w.done[w.name] = true
	w.result.Outcome = journal.NeedsApprove
	w.result.Gates = append(w.result.Gates, w.name)
	w.result.Error = fmt.Sprintf("step %s waits: %s", w.name, text)
	if why != "" {
		w.result.Error += " (" + why + ")"
	}
	w.stopping = true
	return errStop
}

// finishSteps lists the steps of the plan that were not come to.
func (r *run) finishSteps() {
	for _, s := range r.plan.Steps {
		base := baseName(s.Step)
		if r.done[s.Step] || r.done[base] || slices.ContainsFunc(r.result.Steps, func(d StepResult) bool { return baseName(d.Step) == base && strings.HasSuffix(s.Step, "[...]") }) {
			continue
		}
		r.result.Steps = append(r.result.Steps, StepResult{Step: s.Step, Status: StepNotRun, Subject: s.Subject})
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// steps runs the steps of the runbook in their order.
func (r *run) steps(ctx context.Context) error {
	for _, st := range r.plan.evaluation.job.Runbook.Steps {
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
	v := r.plan.evaluation
	for _, needed := range st.Needs {
		if r.failed[needed] {
			r.failed[st.Name] = true
			_, err := r.write(ctx, journal.StepSkipped{Step: st.Name, Why: fmt.Sprintf("step %s, which it needs, failed", needed)})
			return err
		}
	}
	if err := v.readTarget(ctx, st); err != nil && v.lacksFacts(st) {
		return r.fail(ctx, st, nil, err)
	}
	instances, diags := st.Instances(v.scope)
	if err := v.mistakes(diags); err != nil {
		return r.fail(ctx, st, nil, err)
	}
	if !instances.Known {
		return r.fail(ctx, st, nil, errors.New("for_each is not known: something of the target could not be read"))
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

func (r *run) instance(ctx context.Context, st *lang.Step, i lang.Instance) error {
	v := r.plan.evaluation
	s := &stepRun{run: r, evaluation: v, step: st, instance: i, name: stepName(st, i), started: r.engine.WaitClock().Now()}
	when, diags := st.RunsWhen(v.scope, i)
	if err := v.mistakes(diags); err != nil {
		return s.fail(ctx, err)
	}
	if !when.IsKnown() {
		return s.fail(ctx, errors.New("its condition is not known: something of the target could not be read"))
	}
	if when.False() {
		return s.skip(ctx, "its condition does not hold")
	}
	if s.settings, diags = st.Settings(v.scope); diags.HasErrors() {
		return s.fail(ctx, v.mistakes(diags))
	}
	switch st.Action.Kind {
	case lang.Ensure:
		return s.ensure(ctx)
	case lang.Assert:
		return s.assert(ctx)
	case lang.Wait:
		return s.wait(ctx)
	case lang.Approve:
		return s.approve(ctx)
	}
	return s.instruct(ctx)
}

// stepRun is one instance of a step while it is run.
type stepRun struct {
	*run
	evaluation *evaluation
	step       *lang.Step
	instance   lang.Instance
	name       string
	settings   lang.Settings
	started    time.Time
	attempt    int
	asked      time.Duration // how long persons took to answer; 0 while none was asked
}

// start records that the step is tried, or tried again.
func (s *stepRun) start(ctx context.Context) error {
	s.attempt++
	_, err := s.write(ctx, journal.StepStarted{Step: s.name, Attempt: s.attempt})
	return err
}

// succeed ends the step. value is what later steps can read of it.
func (s *stepRun) succeed(ctx context.Context, found string, changed bool, value cty.Value) error {
	result, err := jsonValue(value)
	if err != nil {
		return err
	}
	if _, err := s.write(ctx, journal.StepVerified{Step: s.name, Found: s.engine.Redact(found), Result: result}); err != nil {
		return err
	}
	return s.evaluation.record(s.step, s.instance, lang.Done, changed, value)
}

// skip leaves the step out.
func (s *stepRun) skip(ctx context.Context, why string) error {
	if _, err := s.write(ctx, journal.StepSkipped{Step: s.name, Why: why}); err != nil {
		return err
	}
	return s.evaluation.record(s.step, s.instance, lang.Skipped, false, cty.NilVal)
}

func (s *stepRun) fail(ctx context.Context, cause error) error {
	return s.run.fail(ctx, s.step, &s.instance, cause)
}

// fail ends a step, or an instance of it, and does what the step's on_failure says. It returns errStop when the run
// ends here, or why the failure could not be recorded.
func (r *run) fail(ctx context.Context, st *lang.Step, i *lang.Instance, cause error) error {
	name := st.Name
	if i == nil && st.ForEach == nil {
		i = &lang.Instance{}
	}
	if i != nil {
		name = stepName(st, *i)
	}
	if err := r.recordFailure(ctx, name, st.Name, cause); err != nil {
		return err
	}
	if i != nil {
		if err := r.plan.evaluation.record(st, *i, lang.Failed, false, cty.NilVal); err != nil {
			return err
		}
	}
	switch st.OnFailure {
	case lang.Continue:
		return nil
	case lang.Undo:
		if err := r.undoOwnChanges(ctx); err != nil {
			return err
		}
	}
	r.stopping = true
	return errStop
}

// recordFailure writes that a step failed. step is its name without its instance.
func (r *run) recordFailure(ctx context.Context, name, step string, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	text := r.engine.Redact(ErrorText(cause))
	if _, err := r.write(ctx, journal.StepFailed{Step: name, Error: text, Next: r.engine.Redact(NextStep(cause))}); err != nil {
		return err
	}
	r.failed[step] = true
	if r.reason == "" {
		r.reason = fmt.Sprintf("step %s: %s", name, text)
	}
	return nil
}

// awaitPerson ends the run because a person has to approve or do something first.
// why says why an approval that was given does not count.
func (s *stepRun) awaitPerson(ctx context.Context, text, why string) error {
	if _, err := s.write(ctx, journal.Waiting{Step: s.name, For: text, Why: why}); err != nil {
		return err
	}
	s.outcome, s.reason = journal.NeedsApprove, fmt.Sprintf("step %s waits: %s", s.name, text)
	if why != "" {
		s.reason += " (" + why + ")"
	}
	s.stopping = true
	return errStop
}

package runbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// grace is how long a resumed run waits for the end of an act that was under way
// when its executor died, before it is done again.
const grace = 20 * time.Second

// ensure brings a thing about: it checks, changes what is missing, and checks
// again until the check is satisfied.
func (w *work) ensure(ctx context.Context) error {
	args, known, err := w.session.args(w.step.Action, w.instance)
	if err == nil && !known {
		err = errors.New("its arguments are not known: something of the target could not be read")
	}
	if err != nil {
		return w.fail(ctx, w.step, w.instance, w.name, err)
	}
	def, thing, err := w.session.thing(w.step.Action, args)
	if err != nil {
		return w.fail(ctx, w.step, w.instance, w.name, err)
	}
	a := &act{work: w, def: def, thing: thing, deadline: w.engine.clock().Now().Add(orElse(w.set.Timeout, defaultTimeout))}
	if a.args, err = argMap(args); err != nil {
		return err
	}
	changed := w.changedBefore()
	for {
		err := a.attempt(ctx)
		switch {
		case err == nil:
			status := StepAlready
			if changed || len(a.made.After) > 0 {
				status = StepChanged
			}
			return w.verified(ctx, status, a.found, status == StepChanged, value(def, a.state), StepResult{Subject: w.engine.words(thing.Subject()), Risk: def.Risk, Before: w.engine.fields(a.made.Before), After: w.engine.fields(a.made.After)})
		case errors.Is(err, errStop) || isRecordTrouble(err):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !prereq.Retryable(err) || w.attempt >= a.attempts() || !w.engine.clock().Now().Before(a.deadline):
			return w.broke(ctx, w.step, w.instance, StepResult{
				Step: w.name, Subject: w.engine.words(thing.Subject()), Risk: def.Risk, Before: w.engine.fields(a.made.Before), After: w.engine.fields(a.made.After), Seconds: w.seconds(),
			}, err)
		}
		w.saw(w.name, "to be tried again: "+plainly(err))
		if err := wait.Sleep(ctx, w.engine.clock(), a.pause()); err != nil {
			return context.Cause(ctx)
		}
	}
}

// act is the change that an ensure makes.
type act struct {
	*work
	def      *kinds.Def
	thing    prereq.Prerequisite
	args     map[string]any
	deadline time.Time
	state    prereq.State  // as the last check saw it
	found    string        // by the check that ended the step
	made     prereq.Change // by this executor
	doubt    bool          // an earlier attempt may have happened
}

func (a *act) attempts() int {
	if a.set.Attempts > 0 {
		return a.set.Attempts
	}
	return defaultAttempts
}

func (a *act) pause() time.Duration {
	pause := orElse(a.set.Backoff, defaultBackoff)
	for range min(a.work.attempt-1, 6) {
		pause += pause / 2
	}
	return pause
}

// attempt does the step once. An error that is worth another attempt is
// prereq.Retryable.
func (a *act) attempt(ctx context.Context) error {
	if err := a.begin(ctx); err != nil {
		return err
	}
	if err := a.settle(ctx); err != nil {
		return err
	}
	var err error
	if a.state, err = a.thing.Check(ctx, true); err != nil {
		return err
	}
	if a.state.Met() {
		return a.already(ctx)
	}
	if a.unverified() {
		return a.verify(ctx)
	}
	before, after := a.state.Gap()
	if err := a.allowed(ctx, before, after); err != nil {
		return err
	}
	intended := journal.Change{Kind: a.def.Name, Subject: a.thing.Subject(), Before: before, After: after, Args: a.args}
	if _, err := a.write(ctx, journal.ActIntended{Step: a.name, Change: intended}); err != nil {
		return err
	}
	made, err := a.enforce(ctx)
	if len(made.After) > 0 {
		a.made = made
	}
	change := journal.Change{Kind: a.def.Name, Subject: a.thing.Subject(), Before: made.Before, After: made.After, Args: a.args}
	if err != nil {
		a.doubt = prereq.Doubtful(err) || ctx.Err() != nil
		if _, written := a.write(ctx, journal.ActFailed{Step: a.name, Change: change, Doubtful: a.doubt, Error: a.engine.words(plainly(err))}); written != nil {
			return written
		}
		return err
	}
	a.doubt = false
	if _, err := a.write(ctx, journal.ActDone{Step: a.name, Change: change}); err != nil {
		return err
	}
	return a.verify(ctx)
}

// enforce makes the change, for at most as long as the step has.
func (a *act) enforce(ctx context.Context) (prereq.Change, error) {
	bounded, cancel := wait.Deadline(ctx, a.engine.clock(), a.deadline, "step "+a.name)
	defer cancel()
	return a.thing.Enforce(bounded, a.state)
}

// already ends a step whose check was satisfied before anything was done. An act
// that was in flight has happened, as far as anybody can tell.
func (a *act) already(ctx context.Context) error {
	a.found = "it is so already"
	for _, act := range a.inFlight() {
		if _, err := a.write(ctx, journal.ActDone{Step: a.name, Act: act.Act, Change: act.Change}); err != nil {
			return err
		}
		a.made = prereq.Change{Before: act.Change.Before, After: act.Change.After}
		a.found = "the change that was under way when the run was interrupted has happened"
	}
	if len(a.made.After) > 0 && a.doubt {
		a.found = "the change of which no answer came has happened"
	}
	return nil
}

// unverified reports that an executor before this one made the change, and died
// before the check was satisfied: what is there is as that left it, so that only
// the check is left to be waited for.
func (a *act) unverified() bool {
	status := a.run.state.Step(a.name).Status
	if a.work.attempt > 1 || status != journal.Done && status != journal.Waits {
		return false
	}
	for _, m := range a.run.state.ToUndo() { // the last change first
		if m.Step != a.name {
			continue
		}
		standing, _ := prereq.Stands(a.state, prereqChange(m.Change))
		again := reflect.DeepEqual(normal(m.Change.Before), normal(m.Change.After))
		if standing == prereq.AsChanged || again {
			a.made = prereqChange(m.Change)
			return true
		}
		return false
	}
	return false
}

// inFlight are the acts of this step of which an earlier executor saw no end.
func (a *act) inFlight() []journal.ActIntended {
	if a.work.attempt > 1 {
		return nil
	}
	return a.run.state.Step(a.name).Acts
}

// settle waits for what an executor that died, or an answer that was lost, left
// under way: nothing is done twice because its end was not seen.
func (a *act) settle(ctx context.Context) error {
	if len(a.inFlight()) == 0 && !a.doubt {
		return nil
	}
	if s, can := a.thing.(prereq.Settler); can {
		bounded, cancel := wait.Deadline(ctx, a.engine.clock(), a.deadline, "step "+a.name)
		defer cancel()
		if err := s.Settle(bounded); err != nil {
			return err
		}
	}
	until := a.engine.clock().Now().Add(a.grace())
	for {
		state, err := a.thing.Check(ctx, true)
		if err == nil && state.Met() || !a.engine.clock().Now().Before(until) {
			return nil
		}
		if err := wait.Sleep(ctx, a.engine.clock(), 2*time.Second); err != nil {
			return context.Cause(ctx)
		}
	}
}

// grace is how long an act of which nobody saw the end may take to be seen. Where
// the act asks once more for what is asked for already, only its effect tells.
func (a *act) grace() time.Duration {
	for _, act := range a.inFlight() {
		if reflect.DeepEqual(normal(act.Change.Before), normal(act.Change.After)) {
			return max(grace, 2*a.def.UsualDuration)
		}
	}
	return grace
}

// allowed asks for the approval that the step needs.
func (a *act) allowed(ctx context.Context, before, after map[string]any) error {
	text, diags := a.step.ApprovalText(a.session.scope, a.instance)
	if err := a.session.mistakes(diags); err != nil {
		return err
	}
	why := gateText(text, a.def.Risk, a.thing.Subject())
	if why == "" {
		return nil
	}
	return a.gate(ctx, Question{Step: a.name, Why: why, Risk: a.def.Risk, Subject: a.thing.Subject(), Current: before, Desired: after})
}

// verify checks until the check is satisfied. A change whose check is not is a
// failure, whatever the answers to its calls were.
func (a *act) verify(ctx context.Context) error {
	clock := a.engine.clock()
	pauses := wait.Backoff{First: 500 * time.Millisecond, Max: defaultInterval}.Pauses()
	told := false
	for {
		state, err := a.thing.Check(ctx, true)
		switch {
		case err == nil && state.Met():
			a.state, a.found = state, "changed, and the check that found it is satisfied"
			return nil
		case err == nil:
			a.state = state
			a.saw(a.name, messages(state))
		case !prereq.Retryable(err):
			return fmt.Errorf("the change was made, and cannot be verified: %w", err)
		}
		if !clock.Now().Before(a.deadline) {
			seen := "its check could not be read"
			if err == nil {
				seen = messages(state)
			} else {
				seen += ": " + plainly(err)
			}
			return &VerificationError{Subject: a.thing.Subject(), Seen: seen, After: clock.Now().Sub(a.started).Round(time.Second)}
		}
		if !told {
			told = true
			if _, err := a.write(ctx, journal.Waiting{Step: a.name, For: "the change to be seen by the check that found it missing", Until: a.deadline.UTC()}); err != nil {
				return err
			}
		}
		if err := wait.Sleep(ctx, clock, pauses()); err != nil {
			return context.Cause(ctx)
		}
	}
}

// VerificationError is the failure of a change that was made without an error and
// that its own check does not see.
type VerificationError struct {
	Subject, Seen string
	After         time.Duration
}

func (e *VerificationError) Error() string {
	return fmt.Sprintf("the change to %s was made without an error, and %s later its check is still not satisfied: %s. Something takes it back, or it needs longer than the step's timeout", e.Subject, e.After, e.Seen)
}

// changedBefore reports whether this run has changed something in the step, by an
// executor before this one.
func (w *work) changedBefore() bool {
	for _, m := range w.state.ToUndo() {
		if m.Step == w.name && !m.Doubtful {
			return true
		}
	}
	return false
}

func argMap(args kinds.Args) (map[string]any, error) {
	raw, err := args.JSON()
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	return fields, json.Unmarshal(raw, &fields)
}

// plain is a step's result for the journal; nil where there is none.
func plain(v cty.Value) (any, error) {
	if v == cty.NilVal || v.IsNull() {
		return nil, nil
	}
	raw, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil, err
	}
	var back any
	return back, json.Unmarshal(raw, &back)
}

// gate lets a step go ahead when somebody agreed to it, and stops the run when
// nobody did. An approval counts for the plan that was shown: where the step now
// does something else, there is a new plan.
func (w *work) gate(ctx context.Context, q Question) error {
	q.Run, q.Runbook, q.Target, q.Subject, q.Why = w.id, w.plan.Runbook, w.plan.Target.Name, w.engine.words(q.Subject), w.engine.words(q.Why)
	q.Current, q.Desired = w.engine.fields(q.Current), w.engine.fields(q.Desired)
	planned := w.plan.step(w.name)
	seen := planned == nil || planned.Status != Change ||
		reflect.DeepEqual(normal(planned.Current), normal(q.Current)) && reflect.DeepEqual(normal(planned.Desired), normal(q.Desired))
	if !seen {
		planned.Current, planned.Desired = q.Current, q.Desired
		if err := w.plan.seal(); err != nil {
			return err
		}
		if _, err := w.write(ctx, w.plan.entry()); err != nil {
			return err
		}
	}
	now := w.engine.clock().Now()
	if _, ok := w.state.Approved(w.name, w.plan.Fingerprint, now); ok {
		return nil
	}
	approval, ok, why := w.approvals.given(gate{Question: q, fingerprint: w.plan.Fingerprint, seen: seen}, now)
	if !ok && w.approvals.Ask != nil {
		agreed, by, err := w.ask(ctx, q)
		if err != nil {
			return err
		}
		if !agreed {
			return w.stopHere(ctx, strings.TrimSpace(q.Why), "refused by "+by)
		}
		approval.Approver, approval.How, approval.Expires, ok = by, "terminal", w.engine.clock().Now().Add(w.approvals.valid()), true
	}
	if !ok {
		return w.stopHere(ctx, strings.TrimSpace(q.Why), why)
	}
	approval.Expires = approval.Expires.UTC()
	_, err := w.write(ctx, approval)
	return err
}

// ask asks one question at a time, whatever runs beside.
func (w *work) ask(ctx context.Context, q Question) (agreed bool, by string, err error) {
	w.engine.asking.Lock()
	defer w.engine.asking.Unlock()
	return w.approvals.Ask(ctx, q)
}

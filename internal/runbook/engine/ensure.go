package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// grace is how long a resumed run waits for the effect of an act that was in flight
// when its executor ended, before it does it again.
const grace = 20 * time.Second

// ensure makes a prerequisite so: it checks, changes what is missing, and checks again until the check is satisfied.
func (s *stepRun) ensure(ctx context.Context) error {
	args, known, err := s.evaluation.args(s.step.Action, s.instance)
	if err == nil && !known {
		err = errors.New("its arguments are not known: something of the target could not be read")
	}
	if err != nil {
		return s.fail(ctx, err)
	}
	def, prerequisite, err := s.evaluation.prerequisite(s.step.Action, args)
	if err != nil {
		return s.fail(ctx, err)
	}
	deadline := s.engine.WaitClock().Now().Add(orElse(s.settings.Timeout, defaultTimeout))
	a := &act{stepRun: s, def: def, prerequisite: prerequisite, deadline: deadline}
	a.announce(s.state.Step(s.name).Announced...)
	if a.args, err = argMap(kinds.NewArgs(withoutSecrets(args.Marked()))); err != nil {
		return err
	}
	changed := s.changedBefore()
	for {
		err := a.try(ctx)
		switch {
		case err == nil:
			return s.succeed(ctx, a.story(), changed || len(a.made.After) > 0, value(def, a.state))
		case errors.Is(err, errStop) || isRecordTrouble(err):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !apierr.Retryable(err) || s.attempt >= a.attempts() || !s.engine.WaitClock().Now().Before(a.deadline):
			return s.fail(ctx, err)
		}
		s.progress(s.name, "to be tried again: "+ErrorText(err))
		if err := wait.Sleep(ctx, s.engine.WaitClock(), a.pause()); err != nil {
			return context.Cause(ctx)
		}
	}
}

// act is the change that an ensure makes.
type act struct {
	*stepRun
	def          *kinds.Def
	prerequisite prereq.Prerequisite
	args         map[string]any // as the journal keeps them: without what is sensitive
	deadline     time.Time
	state        prereq.State  // as the last check saw it
	found        string        // by the check that ended the step
	made         prereq.Change // by this executor
	doubt        bool          // an earlier attempt may have happened
}

func (a *act) attempts() int {
	if a.settings.Attempts > 0 {
		return a.settings.Attempts
	}
	return defaultAttempts
}

func (a *act) pause() time.Duration {
	pause := orElse(a.settings.Backoff, defaultBackoff)
	for range min(a.attempt-1, 6) {
		pause += pause / 2
	}
	return pause
}

// try does the step once. An error that is worth another attempt is apierr.Retryable.
func (a *act) try(ctx context.Context) error {
	if err := a.start(ctx); err != nil {
		return err
	}
	if err := a.awaitEarlier(ctx); err != nil {
		return err
	}
	var err error
	if a.state, err = a.prerequisite.Check(ctx, true); err != nil {
		return err
	}
	if a.state.Met() {
		return a.alreadyMet(ctx)
	}
	if a.unverified() {
		return a.verify(ctx)
	}
	if err := prereq.Refusal(a.state); err != nil {
		return err
	}
	if err := a.checkAct(); err != nil {
		return err
	}
	before, after, err := a.agree(ctx)
	if err != nil {
		return err
	}
	if a.state.Met() { // while a person was asked
		return a.alreadyMet(ctx)
	}
	intended := journal.FieldChange{Kind: a.def.Name, Subject: a.prerequisite.Subject(), Before: before, After: after, Args: a.args}
	act := journal.ActIntended{Step: a.name, Change: intended}
	if err := journal.Fits("the change of step "+a.name, act); err != nil {
		return err
	}
	announced, err := a.write(ctx, act)
	if err != nil {
		return err
	}
	a.announce(announced.Time)
	made, err := a.enforce(ctx)
	if len(made.After) > 0 {
		a.made = made
	}
	change := journal.FieldChange{Kind: a.def.Name, Subject: a.prerequisite.Subject(), Before: made.Before, After: made.After, Args: a.args}
	if err != nil {
		a.doubt = apierr.Ambiguous(err) || ctx.Err() != nil
		failed := journal.ActFailed{Step: a.name, Change: change, Doubtful: a.doubt, Error: a.engine.Redact(ErrorText(err))}
		if _, written := a.write(ctx, failed); written != nil {
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

// announce tells a prerequisite that marks its changes when they were announced.
func (a *act) announce(at ...time.Time) {
	if p, marks := a.prerequisite.(prereq.Announcer); marks {
		for _, t := range at {
			p.Announce(t)
		}
	}
}

// enforce makes the change, for at most as long as the step has.
func (a *act) enforce(ctx context.Context) (prereq.Change, error) {
	bounded, cancel := wait.Deadline(ctx, a.engine.WaitClock(), a.deadline, "step "+a.name)
	defer cancel()
	return a.prerequisite.Enforce(bounded, a.state)
}

// story is how the step ended, with what the check still finds: that is left to a person.
func (a *act) story() string {
	if left := messages(a.state); left != "" {
		return a.found + "; left to a person: " + left
	}
	return a.found
}

// alreadyMet ends a step whose check was satisfied before this attempt changed
// anything. An act that was in flight has happened: nothing says otherwise.
func (a *act) alreadyMet(ctx context.Context) error {
	a.found = "it is so already"
	for _, act := range a.inFlight() {
		if _, err := a.write(ctx, journal.ActDone{Step: a.name, Act: act.Act, Change: act.Change}); err != nil {
			return err
		}
		a.made = prereq.Change{Before: act.Change.Before, After: act.Change.After}
		a.found = "the change that was under way when the run was interrupted has happened"
	}
	if len(a.made.After) > 0 && a.doubt {
		a.found = "the change that got no answer has happened"
	}
	return nil
}

// unverified reports that an earlier executor made the change and ended before the check was satisfied. The
// prerequisite is as that executor left it, so only the check remains.
func (a *act) unverified() bool {
	status := a.run.state.Step(a.name).Status
	if a.attempt > 1 || status != journal.Done && status != journal.Waits {
		return false
	}
	for _, m := range a.run.state.ToUndo() { // the last change first
		if m.Step != a.name {
			continue
		}
		status, _ := prereq.StatusOf(a.state, prereqChange(m.Change))
		again := reflect.DeepEqual(runbook.Normalize(m.Change.Before), runbook.Normalize(m.Change.After))
		if status == prereq.AsChanged || again {
			a.made = prereqChange(m.Change)
			return true
		}
		return false
	}
	return false
}

// inFlight are the acts of this step that an earlier executor started and did not see the end of.
func (a *act) inFlight() []journal.ActIntended {
	if a.attempt > 1 {
		return nil
	}
	return a.run.state.Step(a.name).Acts
}

// awaitEarlier waits for an act that an earlier executor, or an attempt whose answer
// was lost, left in flight, so that it is not done twice.
func (a *act) awaitEarlier(ctx context.Context) error {
	if len(a.inFlight()) == 0 && !a.doubt {
		return nil
	}
	if s, can := a.prerequisite.(prereq.OperationWaiter); can {
		bounded, cancel := wait.Deadline(ctx, a.engine.WaitClock(), a.deadline, "step "+a.name)
		defer cancel()
		if err := s.WaitForOperations(bounded); err != nil {
			return err
		}
	}
	until := a.engine.WaitClock().Now().Add(a.grace())
	for {
		state, err := a.prerequisite.Check(ctx, true)
		if err == nil && state.Met() || !a.engine.WaitClock().Now().Before(until) {
			return nil
		}
		if err := wait.Sleep(ctx, a.engine.WaitClock(), 2*time.Second); err != nil {
			return context.Cause(ctx)
		}
	}
}

// grace is how long the effect of an act in flight may take to be seen. An act that
// asks again for what is configured already can be seen only by its effect.
func (a *act) grace() time.Duration {
	for _, act := range a.inFlight() {
		if reflect.DeepEqual(runbook.Normalize(act.Change.Before), runbook.Normalize(act.Change.After)) {
			return max(grace, 2*a.def.UsualDuration)
		}
	}
	return grace
}

// agree gets the approval of what the act changes. A person takes time to answer, in which others may change it: then it
// is checked again, and asked again when it differs. That time is not the step's.
func (a *act) agree(ctx context.Context) (before, after map[string]any, err error) {
	for {
		before, after = a.state.Gap()
		took := a.asked
		if err := a.allowed(ctx, before, after); err != nil || a.asked == took {
			return before, after, err
		}
		a.deadline = a.deadline.Add(a.asked - took)
		if a.state, err = a.prerequisite.Check(ctx, true); err != nil || a.state.Met() {
			return before, after, err
		}
		nowBefore, nowAfter := a.state.Gap()
		if reflect.DeepEqual(runbook.Normalize(before), runbook.Normalize(nowBefore)) &&
			reflect.DeepEqual(runbook.Normalize(after), runbook.Normalize(nowAfter)) {
			return before, after, nil
		}
	}
}

// allowed asks for the approval that the step needs.
func (a *act) allowed(ctx context.Context, before, after map[string]any) error {
	text, diags := a.step.ApprovalText(a.evaluation.scope, a.instance)
	if err := a.evaluation.mistakes(diags); err != nil {
		return err
	}
	why := gateText(text, a.def.Risk, a.prerequisite.Subject())
	if why == "" {
		return nil
	}
	return a.gate(ctx, Question{Why: why, Risk: a.def.Risk, Subject: a.prerequisite.Subject(), Current: before, Desired: after})
}

// verify checks until the check is satisfied. A change whose check is not is a
// failure, whatever the answers to its calls were.
func (a *act) verify(ctx context.Context) error {
	clock := a.engine.WaitClock()
	pauses := wait.Backoff{First: 500 * time.Millisecond, Max: defaultInterval}.Pauses()
	recorded := false
	for {
		state, err := a.prerequisite.Check(ctx, true)
		switch {
		case err == nil && state.Met():
			a.state, a.found = state, "changed, and the check that found it is satisfied"
			return nil
		case err == nil:
			a.state = state
			a.progress(a.name, messages(state))
		case !apierr.Retryable(err):
			return fmt.Errorf("the change was made, and cannot be verified: %w", err)
		}
		if !clock.Now().Before(a.deadline) {
			seen := "its check could not be read"
			if err == nil {
				seen = messages(state)
			} else {
				seen += ": " + ErrorText(err)
			}
			return &VerificationError{Subject: a.prerequisite.Subject(), Seen: seen, After: clock.Now().Sub(a.started).Round(time.Second)}
		}
		if !recorded {
			recorded = true
			waiting := journal.Waiting{Step: a.name, For: "the change to be seen by the check that found it missing", Until: a.deadline.UTC()}
			if _, err := a.write(ctx, waiting); err != nil {
				return err
			}
		}
		if err := wait.Sleep(ctx, clock, pauses()); err != nil {
			return context.Cause(ctx)
		}
	}
}

// VerificationError is the failure of a change that was made without an error, and whose check is still not satisfied.
type VerificationError struct {
	Subject, Seen string
	After         time.Duration
}

func (e *VerificationError) Error() string {
	return fmt.Sprintf("the change to %s was made without an error, and %s later its check is still not satisfied: %s. "+
		"Something takes it back, or it needs longer than the step's timeout", e.Subject, e.After, e.Seen)
}

// changedBefore reports whether an earlier executor of this run changed something in the step.
func (s *stepRun) changedBefore() bool {
	for _, m := range s.state.ToUndo() {
		if m.Step == s.name && !m.Doubtful {
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

// jsonValue is a step's result for the journal; nil where there is none.
func jsonValue(v cty.Value) (any, error) {
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

package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

var errUnknown = errors.New("it is not known: something of the target could not be read")

// assert fails unless something is so.
func (w *work) assert(ctx context.Context) error {
	for {
		if err := w.begin(ctx); err != nil {
			return err
		}
		seen, good, known, err := w.session.judge(ctx, w.step.Action, w.instance)
		attempts := w.set.Attempts
		if err != nil && attempts == 0 && prereq.Retryable(err) {
			attempts = defaultAttempts
		}
		switch {
		case err == nil && !known:
			return w.fail(ctx, w.step, w.instance, w.name, errUnknown)
		case err == nil && good:
			return w.verified(ctx, StepPassed, seen.Message, false, seen.Result, StepResult{})
		case err == nil:
			err = errors.New(seen.Message)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if w.attempt >= max(1, attempts) {
			return w.fail(ctx, w.step, w.instance, w.name, err)
		}
		w.saw(w.name, "to be looked at again: "+plainly(err))
		if err := wait.Sleep(ctx, w.engine.clock(), orElse(w.set.Backoff, defaultBackoff)); err != nil {
			return context.Cause(ctx)
		}
	}
}

// wait looks until something is so as often in a row as it has to be, or until a
// state from which it cannot become so, or until its time is over.
func (w *work) wait(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	def := kinds.Find(lang.Wait, w.step.Action.Name)
	clock := w.engine.clock()
	deadline := clock.Now().Add(orElse(w.set.WaitTimeout, orElse(w.set.Timeout, defaultWait)))
	inRow, last, told := 0, "", false
	for {
		seen, good, known, err := w.session.judge(ctx, w.step.Action, w.instance)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !prereq.Retryable(err) && !unreadable(err):
			return w.fail(ctx, w.step, w.instance, w.name, err)
		case err != nil:
			inRow, last = 0, plainly(err)
		case !known:
			return w.fail(ctx, w.step, w.instance, w.name, errUnknown)
		case slices.Contains(def.Failure, seen.State):
			return w.fail(ctx, w.step, w.instance, w.name, fmt.Errorf("it is %s, from which it does not become %s by waiting: %s", seen.State, strings.Join(def.Success, " or "), seen.Message))
		case good:
			if inRow++; inRow >= max(1, w.set.WaitConsecutive) {
				return w.verified(ctx, StepPassed, seen.Message, false, seen.Result, StepResult{})
			}
			last = fmt.Sprintf("%s, seen %d of %d times in a row", seen.Message, inRow, w.set.WaitConsecutive)
		default:
			inRow, last = 0, strings.TrimSpace(seen.State+": "+seen.Message)
		}
		w.saw(w.name, last)
		if !clock.Now().Before(deadline) {
			return w.fail(ctx, w.step, w.instance, w.name, fmt.Errorf("gave up waiting after %s; last seen: %s", clock.Now().Sub(w.started).Round(time.Second), last))
		}
		if !told {
			told = true
			if _, err := w.write(ctx, journal.Waiting{Step: w.name, For: w.engine.words(w.waitsFor(def, last)), Until: deadline.UTC()}); err != nil {
				return err
			}
		}
		if err := wait.Sleep(ctx, clock, min(orElse(w.set.WaitInterval, defaultInterval), max(0, deadline.Sub(clock.Now()))+time.Millisecond)); err != nil {
			return context.Cause(ctx)
		}
	}
}

// unreadable reports that a failed read is no mistake of the runbook, so that a
// wait may read again.
func unreadable(err error) bool {
	var mistakes *Mistakes
	var gone *prereq.GoneError
	return !errors.As(err, &mistakes) && !errors.As(err, &gone)
}

func (w *work) waitsFor(def *kinds.Def, seen string) string {
	return fmt.Sprintf("%s to be %s; now %s", strings.ReplaceAll(def.Name, "_", " "), strings.Join(def.Success, " or "), seen)
}

// approve stops until somebody agrees to what comes behind it, unless nothing is
// left to be done there.
func (w *work) approve(ctx context.Context) error {
	idle, err := w.nothingBehind(ctx)
	if err != nil {
		return err
	}
	if idle {
		return w.skip(ctx, w.step, w.instance, "nothing behind it is left to be done", false)
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	message, diags := w.step.Action.Prose(w.session.scope, w.instance)
	if err := w.session.mistakes(diags); err != nil {
		return w.fail(ctx, w.step, w.instance, w.name, err)
	}
	if err := w.gate(ctx, Question{Step: w.name, Why: gateText(message, w.step.Action.Risk, "what follows"), Risk: w.step.Action.Risk}); err != nil {
		return err
	}
	return w.verified(ctx, StepPassed, "approved", false, cty.NilVal, StepResult{})
}

// nothingBehind plans the steps behind this one with what is known by now, and
// reports that none of them has anything to do.
func (w *work) nothingBehind(ctx context.Context) (bool, error) {
	behind, l, here := w.session.behind(w.step.Name), &planner{session: w.session, stirs: map[string]bool{}}, false
	for _, st := range w.session.job.Runbook.Steps {
		if st == w.step {
			here = true
			continue
		}
		if !here || len(behind) > 0 && !behind[st.Name] {
			continue
		}
		steps, err := l.step(ctx, st)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(steps, acts) {
			return false, nil
		}
	}
	return true, nil
}

// instruct tells a person what to do, and stops until the verification says that
// it is done; where there is none, the person's word is taken.
func (w *work) instruct(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return err
	}
	text, diags := w.step.Action.Prose(w.session.scope, w.instance)
	if err := w.session.mistakes(diags); err != nil {
		return w.fail(ctx, w.step, w.instance, w.name, err)
	}
	what := ""
	if text.IsKnown() && !text.IsNull() {
		what = strings.TrimSpace(text.AsString())
	}
	q := Question{Step: w.name, Why: what, Risk: lang.NoRisk, Person: true}
	if w.step.Action.Verify == nil {
		if err := w.gate(ctx, q); err != nil {
			return err
		}
		return w.verified(ctx, StepPassed, "taken as done: nothing verifies it", false, cty.NilVal, StepResult{Text: what})
	}
	for {
		seen, good, known, err := w.session.judge(ctx, w.step.Action.Verify, w.instance)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && known && good:
			return w.verified(ctx, StepPassed, seen.Message, false, cty.NilVal, StepResult{})
		case err != nil:
			seen.Message = plainly(err)
		case !known:
			return w.fail(ctx, w.step, w.instance, w.name, errUnknown)
		}
		if w.approvals.Ask == nil {
			return w.stopHere(ctx, what, "not done yet: "+seen.Message)
		}
		q.Why = what + "\n\nNot done yet: " + seen.Message
		agreed, by, err := w.ask(ctx, q)
		if err != nil {
			return err
		}
		if !agreed {
			return w.stopHere(ctx, what, "left by "+by)
		}
	}
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

var errUnknown = errors.New("it is not known: something of the target could not be read")

// assert fails the step unless its condition holds.
func (s *stepRun) assert(ctx context.Context) error {
	for {
		if err := s.start(ctx); err != nil {
			return err
		}
		seen, good, known, err := s.evaluation.judge(ctx, s.step.Action, s.instance)
		attempts := s.settings.Attempts
		if err != nil && attempts == 0 && apierr.Retryable(err) {
			attempts = defaultAttempts
		}
		switch {
		case err == nil && !known:
			return s.fail(ctx, errUnknown)
		case err == nil && good:
			return s.succeed(ctx, seen.Message, false, seen.Result)
		case err == nil:
			err = errors.New(seen.Message)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		if s.attempt >= max(1, attempts) {
			return s.fail(ctx, err)
		}
		s.progress(s.name, "to be looked at again: "+ErrorText(err))
		if err := wait.Sleep(ctx, s.engine.WaitClock(), orElse(s.settings.Backoff, defaultBackoff)); err != nil {
			return context.Cause(ctx)
		}
	}
}

// wait polls until a success state was seen as often in a row as the step asks, a
// failure state is seen, or its timeout is over.
func (s *stepRun) wait(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	def := kinds.Find(lang.Wait, s.step.Action.Name)
	clock := s.engine.WaitClock()
	deadline := clock.Now().Add(orElse(s.settings.WaitTimeout, orElse(s.settings.Timeout, defaultWait)))
	inRow, failing, last, recorded := 0, 0, "", false
	for {
		seen, good, known, err := s.evaluation.judge(ctx, s.step.Action, s.instance)
		if failing++; err != nil || !known || !slices.Contains(def.Failure, seen.State) {
			failing = 0
		}
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && !apierr.Retryable(err) && !unreadable(err):
			return s.fail(ctx, err)
		case err != nil:
			inRow, last = 0, ErrorText(err)
		case !known:
			return s.fail(ctx, errUnknown)
		case failing >= max(1, def.FailsAfter):
			return s.fail(ctx, fmt.Errorf("it is %s, which does not become %s by waiting: %s",
				seen.State, strings.Join(def.Success, " or "), seen.Message))
		case good:
			if inRow++; inRow >= max(1, s.settings.WaitConsecutive) {
				return s.succeed(ctx, seen.Message, false, seen.Result)
			}
			last = fmt.Sprintf("%s, seen %d of %d times in a row", seen.Message, inRow, s.settings.WaitConsecutive)
		default:
			inRow, last = 0, strings.TrimSpace(seen.State+": "+seen.Message)
		}
		s.progress(s.name, last)
		if !clock.Now().Before(deadline) {
			return s.fail(ctx, fmt.Errorf("gave up waiting after %s; last seen: %s", clock.Now().Sub(s.started).Round(time.Second), last))
		}
		if !recorded {
			recorded = true
			what := s.engine.Redact(waitsFor(def, last))
			if _, err := s.write(ctx, journal.Waiting{Step: s.name, For: what, Until: deadline.UTC()}); err != nil {
				return err
			}
		}
		left := max(0, deadline.Sub(clock.Now())) + time.Millisecond
		if err := wait.Sleep(ctx, clock, min(orElse(s.settings.WaitInterval, defaultInterval), left)); err != nil {
			return context.Cause(ctx)
		}
	}
}

// unreadable reports that a read failed for a reason that may pass, so that a wait reads again.
func unreadable(err error) bool {
	var mistakes *runbook.Mistakes
	var gone *prereq.GoneError
	return !errors.As(err, &mistakes) && !errors.As(err, &gone)
}

func waitsFor(def *kinds.Def, seen string) string {
	return fmt.Sprintf("%s to be %s; now %s", strings.ReplaceAll(def.Name, "_", " "), strings.Join(def.Success, " or "), seen)
}

// approve ends the run until a person approves the steps behind this one, unless none of them has anything to do.
func (s *stepRun) approve(ctx context.Context) error {
	idle, err := s.nothingBehind(ctx)
	if err != nil {
		return err
	}
	if idle {
		return s.skip(ctx, "nothing behind it is left to be done")
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	message, diags := s.step.Action.Prose(s.evaluation.scope, s.instance)
	if err := s.evaluation.mistakes(diags); err != nil {
		return s.fail(ctx, err)
	}
	if err := s.gate(ctx, Question{Why: gateText(message, s.step.Action.Risk, "what follows"), Risk: s.step.Action.Risk}); err != nil {
		return err
	}
	return s.succeed(ctx, "approved", false, cty.NilVal)
}

// nothingBehind plans the steps behind this one with what is known by now, and
// reports that none of them has anything to do.
func (s *stepRun) nothingBehind(ctx context.Context) (bool, error) {
	behind, l, here := s.evaluation.behind(s.step.Name), newPlanner(s.evaluation), false
	for _, st := range s.evaluation.job.Runbook.Steps {
		if st == s.step {
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

// instruct asks a person to do something, and ends the run until its verification
// finds that done. Without a verification the person's word is taken.
func (s *stepRun) instruct(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		return err
	}
	text, diags := s.step.Action.Prose(s.evaluation.scope, s.instance)
	if err := s.evaluation.mistakes(diags); err != nil {
		return s.fail(ctx, err)
	}
	what := ""
	if text.IsKnown() && !text.IsNull() {
		what = strings.TrimSpace(text.AsString())
	}
	q := Question{Step: s.name, Why: what, Risk: lang.NoRisk, Person: true}
	if s.step.Action.Verify == nil {
		if err := s.gate(ctx, q); err != nil {
			return err
		}
		return s.succeed(ctx, "taken as done: nothing verifies it", false, cty.NilVal)
	}
	for {
		seen, good, known, err := s.evaluation.judge(ctx, s.step.Action.Verify, s.instance)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && known && good:
			return s.succeed(ctx, seen.Message, false, cty.NilVal)
		case err != nil:
			seen.Message = ErrorText(err)
		case !known:
			return s.fail(ctx, errUnknown)
		}
		if s.approvals.Ask == nil {
			return s.awaitPerson(ctx, what, "not done yet: "+seen.Message)
		}
		q.Why = what + "\n\nNot done yet: " + seen.Message
		agreed, by, err := s.ask(ctx, q)
		if err != nil {
			return err
		}
		if !agreed {
			return s.awaitPerson(ctx, what, "left by "+by)
		}
	}
}

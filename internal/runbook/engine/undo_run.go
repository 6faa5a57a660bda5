package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// undo undoes the changes of another run.
func (r *run) undo(ctx context.Context) error {
	for _, item := range r.plan.undo.items {
		if err := r.undoChange(ctx, r.plan.undo.run, item); err != nil {
			return err
		}
	}
	return nil
}

// undoOwnChanges undoes what this run has changed, by this executor or an earlier
// one, after a step failed whose on_failure asks for that.
func (r *run) undoOwnChanges(ctx context.Context) error {
	state, _, err := r.engine.History(ctx, r.id)
	if err != nil {
		return err
	}
	u := &undoPlan{run: r.id, env: r.plan.evaluation.env}
	r.approvals.All = true // the runbook asks for it, and the person who started the run has read that
	for _, m := range state.ToUndo() {
		item, planned, why := r.engine.planItem(ctx, u, m)
		if why != "" || planned.Status == runbook.StatusStays {
			if _, err := r.write(ctx, journal.Note{Step: m.Step, Text: "not taken back: " + why + planned.Text}); err != nil {
				return err
			}
			continue
		}
		if err := r.undoChange(ctx, r.id, item); err != nil {
			return err
		}
	}
	return nil
}

// undoChange undoes one change of a run, and records how that ended.
func (r *run) undoChange(ctx context.Context, of string, item undoItem) error {
	if item.refused != "" {
		if err := r.recordFailure(ctx, item.step, item.step, errors.New(item.refused)); err != nil {
			return err
		}
		r.stopping = true
		return errStop
	}
	if kept, stays := item.prerequisite.(prereq.Irreversible); stays {
		_, err := r.write(ctx, journal.StepSkipped{Step: item.step, Why: kept.WhyIrreversible()})
		return err
	}
	if _, err := r.write(ctx, journal.UndoOf{Run: of, Seq: item.made.Seq, Step: item.step}); err != nil {
		return err
	}
	u := &undoRun{stepRun: &stepRun{run: r, name: item.step, started: r.engine.WaitClock().Now()}, item: item, of: of}
	if err := u.start(ctx); err != nil {
		return err
	}
	found, err := u.restore(ctx)
	var kept *prereq.KeptError
	switch {
	case errors.Is(err, errStop) || isRecordTrouble(err):
		return err
	case errors.As(err, &kept):
		_, err = r.write(ctx, journal.StepSkipped{Step: item.step, Why: kept.Why})
		return err
	case err != nil:
		if err := r.recordFailure(ctx, item.step, item.step, err); err != nil {
			return err
		}
		r.stopping = true
		return errStop
	}
	_, err = r.write(ctx, journal.StepVerified{Step: item.step, Found: found})
	return err
}

// undoRun is one change while it is undone.
type undoRun struct {
	*stepRun
	item undoItem
	of   string // the run that made it
}

// restore brings back what was there before the change, and verifies that. found says what it found in the end.
func (u *undoRun) restore(ctx context.Context) (found string, err error) {
	if s, can := u.item.prerequisite.(prereq.OperationWaiter); can {
		if err := s.WaitForOperations(ctx); err != nil {
			return "", err
		}
	}
	change := u.item.change()
	if err := u.awaitEarlier(ctx, change); err != nil {
		return "", err
	}
	state, err := u.item.prerequisite.Check(ctx, true)
	if err != nil {
		return "", err
	}
	switch status, differences := prereq.StatusOf(state, change); status {
	case prereq.AsBefore:
		return asBefore, nil
	case prereq.ChangedSince:
		return "", leftAlone(change, differences)
	}
	err = u.gate(ctx, Question{
		Why: u.item.why, Risk: undoRisk(u.item.def), Subject: change.Subject, Current: change.After, Desired: change.Before,
	})
	if err != nil {
		return "", err
	}
	if u.asked > 0 { // a person takes time to answer, in which others may change it
		u.started = u.started.Add(u.asked)
		if state, err = u.item.prerequisite.Check(ctx, true); err != nil {
			return "", err
		}
		switch status, differences := prereq.StatusOf(state, change); status {
		case prereq.AsBefore:
			return asBefore, nil
		case prereq.ChangedSince:
			return "", leftAlone(change, differences)
		}
	}
	if err := u.act(ctx, change); err != nil {
		return "", err
	}
	return "what was there before is there again", u.awaitBefore(ctx, change)
}

// awaitEarlier waits for the effect of an act that an earlier executor left in flight, so that it is not done twice.
func (u *undoRun) awaitEarlier(ctx context.Context, change prereq.Change) error {
	if len(u.state.Step(u.name).Acts) == 0 {
		return nil
	}
	clock := u.engine.WaitClock()
	for until := clock.Now().Add(grace); clock.Now().Before(until); {
		if state, err := u.item.prerequisite.Check(ctx, true); err == nil {
			if status, _ := prereq.StatusOf(state, change); status == prereq.AsBefore {
				return nil
			}
		}
		if err := wait.Sleep(ctx, clock, 2*time.Second); err != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func leftAlone(change prereq.Change, differences []string) error {
	return fmt.Errorf("%s is not as the run left it, so it is left alone: %s", change.Subject, strings.Join(differences, "; "))
}

// act undoes the change, with a record before and after.
func (u *undoRun) act(ctx context.Context, change prereq.Change) error {
	kind := u.item.made.Change.Kind
	back := journal.FieldChange{Kind: kind, Subject: change.Subject, Before: change.After, After: change.Before, Args: u.item.made.Change.Args}
	if _, err := u.write(ctx, journal.ActIntended{Step: u.name, Change: back}); err != nil {
		return err
	}
	bounded, cancel := wait.Deadline(ctx, u.engine.WaitClock(), u.started.Add(defaultTimeout), "step "+u.name)
	err := u.item.prerequisite.Undo(bounded, change)
	cancel()
	if err == nil {
		_, err = u.write(ctx, journal.ActDone{Step: u.name, Change: back})
		return err
	}
	var kept *prereq.KeptError
	failed := journal.ActFailed{
		Step: u.name, Change: journal.FieldChange{Kind: kind, Subject: back.Subject}, Error: u.engine.Redact(ErrorText(err)),
		Doubtful: !errors.As(err, &kept) && (apierr.Ambiguous(err) || ctx.Err() != nil),
	}
	if _, written := u.write(ctx, failed); written != nil {
		return written
	}
	return err
}

// awaitBefore checks until what was there before the change is there again.
func (u *undoRun) awaitBefore(ctx context.Context, change prereq.Change) error {
	clock := u.engine.WaitClock()
	deadline := u.started.Add(defaultTimeout)
	pauses := wait.Backoff{First: 500 * time.Millisecond, Max: defaultInterval}.Pauses()
	for {
		state, err := u.item.prerequisite.Check(ctx, true)
		if err == nil {
			if status, _ := prereq.StatusOf(state, change); status == prereq.AsBefore {
				return nil
			}
			err = &VerificationError{Subject: change.Subject, Seen: messages(state), After: clock.Now().Sub(u.started).Round(time.Second)}
		} else if !apierr.Retryable(err) {
			return fmt.Errorf("it was taken back, and that cannot be verified: %w", err)
		}
		if !clock.Now().Before(deadline) {
			return err
		}
		if err := wait.Sleep(ctx, clock, pauses()); err != nil {
			return context.Cause(ctx)
		}
	}
}

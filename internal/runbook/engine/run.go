package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Run runs a plan. It returns an error when the run cannot be started or recorded:
// a *store.HeldError when another run holds the lock on the target. How a run that was started ended is in its result.
func (e *Engine) Run(ctx context.Context, p *Prepared, approvals Approvals) (*runbook.Result, error) {
	if p.Clean() && !p.job.Keep {
		return p.CleanResult(e.WaitClock().Now().UTC()), nil
	}
	if err := e.checkNames(p); err != nil {
		return nil, err
	}
	if err := journal.Fits("the plan of runbook "+p.Runbook+" on "+p.Target.Name, p.JournalEntry()); err != nil {
		return nil, err
	}
	id := journal.NewID(e.WaitClock().Now())
	lock, unlocked, err := e.lock(ctx, p.Target, id)
	if err != nil {
		return nil, err
	}
	r := &run{engine: e, plan: p, approvals: approvals, id: id, unlocked: unlocked}
	return r.underLock(ctx, lock, func(ctx context.Context) error {
		w, entries, err := e.Store.Create(ctx, lock, journal.RunStarted{
			Run: id, Runbook: p.Runbook, Digest: p.Digest, Source: p.Source, Fleet: p.Target.Fleet, Job: p.job.Name, By: e.executor(),
			Reason: e.Reason, Inputs: p.Inputs, Fingerprint: p.Fingerprint, UndoOf: p.UndoOf,
		})
		if err != nil {
			return err
		}
		r.writer, r.state = w, &journal.State{}
		r.adopt(entries, entries)
		if p.evaluation != nil {
			p.evaluation.env.Run = id
		}
		_, err = r.write(ctx, p.JournalEntry())
		return err
	})
}

// run is one executor's part in a run.
type run struct {
	engine    *Engine
	plan      *Prepared
	approvals Approvals
	id        string
	unlocked  string // why the target's cluster is not locked, or ""
	writer    *journal.Writer
	entries   []journal.Entry // of the whole journal; the result is made of them
	state     *journal.State  // as the journal had it when this executor started
	failed    map[string]bool // steps that failed, or were not run because one did
	unseen    bool            // nobody was shown the plan
	stopping  bool
	outcome   journal.Outcome // "" until something other than the steps decides it
	reason    string          // of the outcome: the first failure, or what is waited for
}

// errStop ends the steps: the journal says why.
var errStop = errors.New("stopped")

// underLock performs the run and returns its result, as the journal has it. start writes the executor's first entries.
func (r *run) underLock(ctx context.Context, lock *targetLock, start func(context.Context) error) (*runbook.Result, error) {
	kept, stop := store.Keep(ctx, wait.Real, lock, r.engine.LeaseTime())
	kept, lost := context.WithCancelCause(kept)
	defer lost(context.Canceled)
	kept = wait.WithGuard(kept, func(ctx context.Context) error {
		err := lock.mayWrite(ctx, r.engine.LeaseTime())
		if gone := (*store.LostError)(nil); errors.As(err, &gone) {
			lost(err) // and nothing else is begun
		}
		return err
	})
	err := start(kept)
	if err == nil && r.unlocked != "" {
		_, err = r.write(kept, journal.Note{Text: r.unlocked})
	}
	if err == nil {
		err = r.perform(kept)
	}
	if r.writer != nil {
		if closed := r.writer.Close(); err == nil {
			err = closed
		}
	}
	stop()
	// How the run ended is recorded by now. A lock that cannot be released expires
	// with its lease, and with this process.
	_ = lock.Release(context.WithoutCancel(ctx))
	if len(r.entries) == 0 {
		return nil, err
	}
	result, unreadable := runbook.ResultOf(r.entries)
	if unreadable != nil {
		return nil, errors.Join(err, unreadable)
	}
	if err != nil {
		result.Outcome, result.Error, result.Next = "", "", "" // not known, or of an earlier executor
		return result, fmt.Errorf("run %s: %w", r.id, err)
	}
	return result, nil
}

// perform runs the steps, and records how the run ended.
func (r *run) perform(ctx context.Context) error {
	r.failed = map[string]bool{}
	steps := r.steps
	if r.plan.undo != nil {
		steps = r.undo
	}
	if err := steps(ctx); err != nil && !errors.Is(err, errStop) {
		if ctx.Err() == nil || isRecordTrouble(err) {
			return err // what cannot be recorded is not done, not even its end
		}
		r.outcome, r.reason = journal.Stopped, "stopped: "+ErrorText(context.Cause(ctx))
	}
	if r.outcome == "" {
		r.outcome = journal.Succeeded
		if len(r.failed) > 0 {
			r.outcome = journal.Failed
		}
	}
	_, err := r.write(ctx, journal.RunFinished{Outcome: r.outcome, Reason: r.reason})
	return err
}

func isRecordTrouble(err error) bool {
	var trouble *journal.AppendError
	return errors.As(err, &trouble) && !errors.Is(err, context.Canceled)
}

// adopt takes over the entries of a journal that was created or opened; fresh are those that this executor wrote.
func (r *run) adopt(all, fresh []journal.Entry) {
	r.entries = all
	for _, e := range fresh {
		r.emit(e)
	}
}

// write appends an entry to the journal and publishes it as an event.
func (r *run) write(ctx context.Context, p journal.Payload) (journal.Entry, error) {
	e, err := r.writer.Append(ctx, p)
	if err == nil {
		r.entries = append(r.entries, e)
		r.emit(e)
	}
	return e, err
}

func (r *run) emit(e journal.Entry) {
	r.engine.Emit(Event{Run: r.id, Runbook: r.plan.Runbook, Target: r.plan.Target.Name, Entry: e})
}

// progress publishes what a step that waits sees.
func (r *run) progress(step, text string) {
	r.engine.Emit(Event{Run: r.id, Runbook: r.plan.Runbook, Target: r.plan.Target.Name, Step: step, Seen: r.engine.Redact(text)})
}

package fleet

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Continue runs one target of a job that several executors share, each of them some targets. Where an earlier executor
// left a run of the same job, runbook and inputs on the target that has not succeeded, that run is resumed: the
// replacement of an executor that was killed goes on where it was. Else the runbook is planned and run. A run of the
// job that has succeeded, and after which nothing is left to do, is the result. A run that ended more than sameJob ago
// belongs to an earlier job of the same name, such as yesterday's of a CronJob, and is left as it is.
//
// The lock of an executor that is gone lasts as long as its lease. Continue waits
// for that to expire, and returns a *store.HeldError when the lock is renewed
// meanwhile.
//
// A job without a name shares nothing: it is planned and run.
func Continue(ctx context.Context, e *engine.Engine, job runbook.Job, approvals engine.Approvals) (*runbook.Result, error) {
	var err error
	if job.Target, err = e.Canonical(ctx, job.Target); err != nil {
		return nil, err
	}
	for {
		r, err := resumeOrRun(ctx, e, job, approvals)
		var held *store.HeldError
		if job.Name == "" || !errors.As(err, &held) {
			return r, err
		}
		if expired, waited := awaitExpiry(ctx, e, held); waited != nil {
			return r, waited
		} else if !expired {
			return r, err
		}
	}
}

// sameJob is how long after the end of a run an executor of the same job continues with it.
const sameJob = 6 * time.Hour

// resumeOrRun does what Continue does while the lock is free.
func resumeOrRun(ctx context.Context, e *engine.Engine, job runbook.Job, approvals engine.Approvals) (*runbook.Result, error) {
	var before *runbook.Result
	if job.Name != "" {
		state, entries, err := previousRun(ctx, e, job)
		if err != nil {
			return nil, err
		}
		if state != nil && state.Outcome != journal.Succeeded {
			return e.Resume(ctx, state.Run, job.SensitiveInputs(state.Inputs), approvals)
		}
		if state != nil {
			if before, err = runbook.ResultOf(entries); err != nil {
				return nil, err
			}
		}
	}
	p, err := e.Plan(ctx, job)
	if err != nil {
		return nil, err
	}
	if before != nil && p.Clean() {
		return before, nil
	}
	return e.Run(ctx, p, approvals)
}

// previousRun is the latest run on the target, when it is of the same job, runbook and inputs; else nil.
func previousRun(ctx context.Context, e *engine.Engine, job runbook.Job) (*journal.State, []journal.Entry, error) {
	info, err := e.Store.Latest(ctx, job.Target.Name)
	var none *store.NoRunError
	switch {
	case errors.As(err, &none):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	case info.Job != job.Name || info.Runbook != job.Runbook.Name || info.UndoOf != "",
		info.Finished() && wait.Real.Now().Sub(info.Last) > sameJob:
		return nil, nil, nil
	}
	state, entries, err := e.History(ctx, info.Run)
	if err != nil {
		return nil, nil, err
	}
	inputs, err := job.ShownInputs()
	if err != nil {
		return nil, nil, err
	}
	// A journal that lost the runbook's text to the redactor cannot be resumed.
	for _, text := range []string{string(job.File.Bytes), state.Source} {
		if runbook.Digest([]byte(text)) != state.Digest {
			return nil, nil, nil
		}
	}
	if !reflect.DeepEqual(runbook.Normalize(state.Inputs), runbook.Normalize(e.RedactFields(inputs))) {
		return nil, nil, nil
	}
	return state, entries, nil
}

// awaitExpiry waits until the lease of a lock expires, and reports false as soon as its holder renews it. It does not
// wait for a lease that is far longer than its own.
func awaitExpiry(ctx context.Context, e *engine.Engine, held *store.HeldError) (expired bool, err error) {
	clock := wait.Real // as that of locks, and not the one of the waits of runs
	end := held.By.Until.Add(e.LeaseTime())
	if end.After(clock.Now().Add(3 * e.LeaseTime())) {
		return false, nil
	}
	for clock.Now().Before(end) {
		now, live, err := e.Store.Holder(ctx, held.Target)
		switch {
		case err != nil:
			return false, err
		case !live:
			return true, nil
		case now.Nonce != held.By.Nonce || now.Until.After(held.By.Until):
			return false, nil
		}
		if err := wait.Sleep(ctx, clock, max(e.LeaseTime()/10, 50*time.Millisecond)); err != nil {
			return false, context.Cause(ctx)
		}
	}
	return false, nil
}

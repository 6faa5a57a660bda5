package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Canonical is a target under the id of its project: locks and journals go by the name, and a project's number would be
// a second name. A target that is named by id costs no request. The error is of a number whose id cannot be read.
func (e *Engine) Canonical(ctx context.Context, t runbook.Target) (runbook.Target, error) {
	id, err := e.Client.ProjectID(ctx, t.Project())
	if err != nil {
		return t, fmt.Errorf("the target %s names its project by number, and runs are locked and kept by its id, which cannot be read: %w",
			t.Name, err)
	}
	t = t.InProject(id)
	if mesh.IsProjectNumber(t.Fleet) {
		if id, err := e.Client.ProjectID(ctx, t.Fleet); err == nil { // only a second spelling of the same plan otherwise
			t.Fleet = id
		}
	}
	return t, nil
}

// lock takes the lock on a target. A run that was recorded under the number of its project locks the id, too, and a
// membership locks its GKE cluster, so that no run on the cluster itself works beside it. unlocked says why the cluster
// is not locked where it cannot be read: the run may be what makes it readable.
func (e *Engine) lock(ctx context.Context, t runbook.Target, run string) (lock *targetLock, unlocked string, err error) {
	names := []string{t.Name}
	canonical, err := e.Canonical(ctx, t)
	if err != nil {
		return nil, "", err
	}
	names = append(names, canonical.Name)
	facts, err := newTargetFacts(e, canonical)
	if err != nil {
		return nil, "", err
	}
	if facts.membership != nil {
		gke, err := facts.gke(ctx)
		switch {
		case err != nil:
			unlocked = "the cluster of the membership cannot be read, so a run on the cluster itself is not kept off: " + ErrorText(err)
		case gke != nil:
			names = append(names, gke.String())
		}
	}
	held := &targetLock{}
	for _, name := range slices.Compact(names) {
		one, err := e.Store.Acquire(ctx, name, store.Me(run), e.LeaseTime())
		switch {
		case err != nil && held.Lock == nil:
			return nil, "", err
		case err != nil:
			return nil, "", errors.Join(err, held.Release(context.WithoutCancel(ctx)))
		case held.Lock == nil:
			held.Lock = one
		default:
			held.others = append(held.others, one)
		}
	}
	return held, unlocked, nil
}

// targetLock is the lock on the target that a journal is written under, with those on its other names.
type targetLock struct {
	store.Lock
	others []store.Lock
}

// mayWrite looks whether the locks are this executor's still, and renews one of which less than half of the lease is
// left, so that the lease outlasts the request that follows. A request that is on its way when the process is
// suspended can still arrive after the lease: only the API could refuse that.
func (l *targetLock) mayWrite(ctx context.Context, lease time.Duration) error {
	for _, one := range append([]store.Lock{l.Lock}, l.others...) {
		if one.Holder().Until.Sub(wait.Real.Now()) < lease/2 {
			if err := one.Renew(ctx); err != nil {
				return err
			}
		}
		if err := one.Guard(ctx, func(context.Context) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Renew implements store.Lock.
func (l *targetLock) Renew(ctx context.Context) error {
	err := l.Lock.Renew(ctx)
	for _, other := range l.others {
		if err == nil {
			err = other.Renew(ctx)
		}
	}
	return err
}

// Release implements store.Lock.
func (l *targetLock) Release(ctx context.Context) error {
	var failed []error
	for _, other := range slices.Backward(l.others) {
		failed = append(failed, other.Release(ctx))
	}
	return errors.Join(append(failed, l.Lock.Release(ctx))...)
}

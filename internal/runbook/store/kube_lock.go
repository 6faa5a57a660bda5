package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// kubeLease is what the Lease of a target says in an annotation. Its spec says
// the same, as far as it can, to who looks with kubectl.
type kubeLease struct {
	lease
	// Closing are runs of former holders whose journals are not closed to them yet.
	Closing []string `json:"closing,omitempty"`
	// Last is the newest run that had the lock, which need not be that of the holder: an old run can be resumed or removed.
	Last string `json:"last,omitempty"`
}

type kubeLock struct {
	k     *Kube
	name  string
	what  string
	lease time.Duration
	taken Takeover

	mu sync.Mutex
	me Holder
}

// Acquire takes the lock on a target.
func (k *Kube) Acquire(ctx context.Context, target string, owner Owner, length time.Duration) (Lock, error) {
	lock := &kubeLock{k: k, name: "asm-lock-" + short(target), what: target, lease: length}
	nonce := uuid.NewString()
	var closing []string
	var newest string // ids of runs begin with the time
	err := k.retry(ctx, "lock "+target, func(ctx context.Context) error {
		for {
			object, was, err := lock.read(ctx)
			if err != nil {
				return err
			}
			if was != nil && was.Holder.Nonce == nonce { // ours, of a call whose answer was lost
				return nil
			}
			now := k.o.Clock.Now()
			me := Holder{Owner: owner.redacted(k.o.Redactor), Fence: 1, Since: now.UTC().Round(0),
				Until: now.Add(length).UTC().Round(0), Nonce: nonce}
			lock.taken, closing, newest = Takeover{}, nil, owner.Run
			if was != nil {
				me.Fence, closing, newest = was.Holder.Fence+1, was.Closing, max(owner.Run, was.Last, was.Holder.Run)
			}
			if was != nil && !was.Released {
				if now.Before(was.Holder.Until) {
					return &HeldError{Target: target, By: was.Holder}
				}
				lock.taken = Takeover{From: was.Holder, Why: expired(was.Holder)}
				if run, err := journal.ParseID(was.Holder.Run); err == nil {
					closing = append(closing, run)
				}
			}
			lock.me = me
			err = lock.write(ctx, object, kubeLease{lease{Target: target, Holder: me, Length: length}, closing, newest})
			if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if err := lock.close(ctx, closing); err != nil {
		_ = lock.Release(context.WithoutCancel(ctx))
		return nil, err
	}
	return lock, nil
}

// close shuts the journals of former holders before anything is done under this
// lock. The Lease remembers them until it is done, should this process die now.
func (l *kubeLock) close(ctx context.Context, runs []string) error {
	if len(runs) == 0 {
		return nil
	}
	for _, run := range runs {
		if err := l.k.shut(ctx, run, l.what, l.Holder().Fence); err != nil {
			return err
		}
	}
	return l.change(ctx, "lock "+l.what, func(is *kubeLease) { is.Closing = nil })
}

// Holder says who holds the lock on a target.
func (k *Kube) Holder(ctx context.Context, target string) (h Holder, held bool, err error) {
	lock := &kubeLock{k: k, name: "asm-lock-" + short(target), what: target}
	err = k.retry(ctx, "read who holds the lock on "+target, func(ctx context.Context) error {
		_, is, err := lock.read(ctx)
		if err == nil && is != nil && !is.Released {
			h, held = is.Holder, k.o.Clock.Now().Before(is.Holder.Until)
		}
		return err
	})
	return h, held, err
}

// read returns the Lease and what it says; nil twice when there is none.
func (l *kubeLock) read(ctx context.Context) (*coordinationv1.Lease, *kubeLease, error) {
	object, err := l.k.client.CoordinationV1().Leases(l.k.namespace).Get(ctx, l.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	var is kubeLease
	if err := json.Unmarshal([]byte(object.Annotations[leaseNote]), &is); err != nil {
		return nil, nil, &alienError{fmt.Errorf("the Lease %s does not say who holds it as this program writes it: %w; "+
			"when no run works on %s, delete the Lease", l.name, err, l.what)}
	}
	// A person who frees the lock by hand empties the field that kubectl shows.
	if object.Spec.HolderIdentity == nil || *object.Spec.HolderIdentity == "" {
		is.Released = true
	}
	return object, &is, nil
}

// write puts a lease in the place of object, or makes it when that is nil.
func (l *kubeLock) write(ctx context.Context, object *coordinationv1.Lease, is kubeLease) error {
	note, err := json.Marshal(is)
	if err != nil {
		return err
	}
	made := object == nil
	if made {
		object = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Name: l.name, Namespace: l.k.namespace,
			Labels: map[string]string{managedBy: manager, targetLabel: short(l.what)},
		}}
	}
	if object.Annotations == nil {
		object.Annotations = map[string]string{}
	}
	object.Annotations[leaseNote] = string(note)
	who := ""
	if !is.Released {
		who = is.Holder.String()
	}
	seconds, transitions := max(1, int32(is.Length/time.Second)), int32(is.Holder.Fence)
	since, renewed := metav1.NewMicroTime(is.Holder.Since), metav1.NewMicroTime(is.Holder.Until.Add(-is.Length))
	object.Spec = coordinationv1.LeaseSpec{
		HolderIdentity: &who, LeaseDurationSeconds: &seconds, LeaseTransitions: &transitions,
		AcquireTime: &since, RenewTime: &renewed,
	}
	leases := l.k.client.CoordinationV1().Leases(l.k.namespace)
	if made {
		_, err = leases.Create(ctx, object, metav1.CreateOptions{FieldManager: manager})
	} else {
		_, err = leases.Update(ctx, object, metav1.UpdateOptions{FieldManager: manager}) // of that resourceVersion only
	}
	return err
}

// change reads the lease, and writes it changed if it still is this executor's.
func (l *kubeLock) change(ctx context.Context, doing string, edit func(*kubeLease)) error {
	return l.k.retry(ctx, doing, func(ctx context.Context) error {
		for {
			object, is, err := l.mine(ctx)
			if err != nil {
				return err
			}
			edit(is)
			err = l.write(ctx, object, *is)
			if apierrors.IsConflict(err) {
				continue
			}
			if err == nil {
				l.mu.Lock()
				l.me = is.Holder
				l.mu.Unlock()
			}
			return err
		}
	})
}

// mine reads the lease. The error is a *LostError unless it is this executor's.
func (l *kubeLock) mine(ctx context.Context) (*coordinationv1.Lease, *kubeLease, error) {
	object, is, err := l.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	me := l.Holder()
	switch {
	case is == nil, is.Released && is.Holder.same(me):
		return nil, nil, &LostError{Target: l.what, Mine: me}
	case !is.Holder.same(me):
		lost := &LostError{Target: l.what, Mine: me}
		if !is.Released {
			lost.By = &is.Holder
		}
		return nil, nil, lost
	}
	return object, is, nil
}

// Target is what is locked.
func (l *kubeLock) Target() string { return l.what }

// TakenOver is from whom.
func (l *kubeLock) TakenOver() Takeover { return l.taken }

// Holder is this executor.
func (l *kubeLock) Holder() Holder {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.me
}

// Guard looks at the lease and calls write. Who takes the lock over between the
// two closes the journal first, so that the write is refused where it arrives.
func (l *kubeLock) Guard(ctx context.Context, write func(context.Context) error) error {
	err := l.k.retry(ctx, "look at the lock on "+l.what, func(ctx context.Context) error {
		_, _, err := l.mine(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return write(ctx)
}

// Renew moves the end of the lease.
func (l *kubeLock) Renew(ctx context.Context) error {
	return l.change(ctx, "renew the lock on "+l.what, func(is *kubeLease) {
		is.Holder.Until = l.k.o.Clock.Now().Add(l.lease).UTC().Round(0)
	})
}

// Release gives the lock back.
func (l *kubeLock) Release(ctx context.Context) error {
	return l.change(ctx, "release the lock on "+l.what, func(is *kubeLease) { is.Released = true })
}

// alienError is the error of an object that this program did not write.
type alienError struct{ error }

func (e *alienError) Unwrap() error { return errors.Unwrap(e.error) }

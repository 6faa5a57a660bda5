package store

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Store keeps runs and locks.
type Store interface {
	Runs
	Locks
}

// Runs keeps journals, one for each run.
type Runs interface {
	// Create makes the journal of a new run, and writes and returns its first
	// entries: start, and whose lock was taken over. Run, target and fence are taken
	// from the lock. When it fails, nothing was recorded and nothing may be changed.
	Create(ctx context.Context, lock Lock, start journal.RunStarted) (*journal.Writer, []journal.Entry, error)
	// Open resumes a run under a lock on its target, and records that. The entries
	// are all of the journal, those that it wrote included.
	Open(ctx context.Context, lock Lock, run string, resumed journal.RunResumed) (*journal.Writer, []journal.Entry, error)
	// Read reads the journal of a run, which may be growing. The caller closes it.
	Read(ctx context.Context, run string) (*Reader, error)
	// List returns the runs that f lets through, the newest first.
	List(ctx context.Context, f Filter) ([]Info, error)
	// Latest returns the run that was started last on a target. The error is a
	// *NoRunError when there is none.
	Latest(ctx context.Context, target string) (Info, error)
	// Delete removes a run that has ended, under a lock on its target, so that nobody goes on with it meanwhile. The
	// error is an *UnfinishedError when it has not ended.
	Delete(ctx context.Context, lock Lock, run string) error
}

// Locks keeps one lock for each target.
type Locks interface {
	// Acquire takes the lock on a target, for as long as lease unless it is renewed. The lock of an owner who is dead,
	// or whose lease has run out, is taken over. The error is a *HeldError when somebody holds it.
	Acquire(ctx context.Context, target string, owner Owner, lease time.Duration) (Lock, error)
	// Holder says who holds the lock on a target, if anybody does.
	Holder(ctx context.Context, target string) (Holder, bool, error)
}

// A Lock is held on a target until it is released, or until another takes it
// over. As a journal.Guard it lets nothing be written once it was taken over.
type Lock interface {
	journal.Guard
	// Target is what it locks, and Holder who holds it: this executor.
	Target() string
	Holder() Holder
	// TakenOver is from whom it was taken over, and why; the zero Takeover when it was free.
	TakenOver() Takeover
	// Renew makes the lease last for its whole length from now on. The error is a
	// *LostError when the lock was taken over.
	Renew(ctx context.Context) error
	// Release lets the next have it. The fence goes on from where it is.
	Release(ctx context.Context) error
}

// Options of a store.
type Options struct {
	Clock    wait.Clock        // wait.Real when nil
	Redactor *journal.Redactor // one that knows patterns only when nil
}

func (o Options) orDefault() Options {
	if o.Clock == nil {
		o.Clock = wait.Real
	}
	if o.Redactor == nil {
		o.Redactor = journal.NewRedactor()
	}
	return o
}

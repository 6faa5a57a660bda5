package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/uuid"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// The folder of a target's lock holds four files:
//
//	mutex    locked by whoever looks at the lease to change it or to write under it
//	lease    who has the lock until when, as JSON; also who had it last, for the fence
//	alive-N  locked for as long as the owner with the fence N lives
//	last     the run that was started last
//
// A process that ends, however it ends, leaves its locks on files to the next.
const (
	mutexName   = "mutex"
	leaseName   = "lease.json"
	aliveStem   = "alive-"
	lastName    = "last"
	mutexPeriod = 10 * time.Second // in which a process that lives is done with the mutex
)

// lease is what is known of a target's lock.
type lease struct {
	Target   string        `json:"target"`
	Holder   Holder        `json:"holder"`
	Length   time.Duration `json:"length_ns"`
	Released bool          `json:"released,omitempty"`
}

type localLock struct {
	store *Local
	dir   string
	lease time.Duration
	taken Takeover
	what  string

	mu    sync.Mutex
	me    Holder
	alive *flock.Flock
}

// Acquire takes the lock on a target.
func (l *Local) Acquire(ctx context.Context, target string, owner Owner, length time.Duration) (Lock, error) {
	dir := l.lockDir(target)
	if err := makeDir(dir); err != nil {
		return nil, err
	}
	lock := &localLock{store: l, dir: dir, lease: length, what: target}
	err := l.underMutex(ctx, dir, func() error {
		was, err := readLease(dir)
		if err != nil {
			return err
		}
		now := l.o.Clock.Now()
		if was != nil && !was.Released {
			why := l.gone(dir, was.Holder, owner, now)
			if why == "" {
				return &HeldError{Target: target, By: was.Holder}
			}
			lock.taken = Takeover{From: was.Holder, Why: why}
		}
		lock.me = Holder{Owner: owner.redacted(l.o.Redactor), Fence: 1, Since: now.UTC().Round(0),
			Until: now.Add(length).UTC().Round(0), Nonce: uuid.NewString()}
		if was != nil {
			lock.me.Fence = was.Holder.Fence + 1
		}
		// Alive first: a lease without a life would be free for anybody.
		lock.alive = flock.New(lock.alivePath(lock.me.Fence), flock.SetPermissions(0o600))
		if held, err := lock.alive.TryLock(); err != nil || !held {
			return fmt.Errorf("cannot lock %s, which says that this process lives: %w", lock.alive.Path(), err)
		}
		if err := writeLease(dir, lease{Target: target, Holder: lock.me, Length: length}); err != nil {
			lock.alive.Close()
			return err
		}
		if was != nil {
			_ = os.Remove(lock.alivePath(was.Holder.Fence)) // who is frozen keeps the file that has no name any more
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lock, nil
}

// gone says why a holder has lost its claim, or "".
func (l *Local) gone(dir string, h Holder, asking Owner, now time.Time) string {
	// Only within one kernel do the locks on files tell whether a process lives, on any file system.
	if h.Host == asking.Host && h.Machine == asking.Machine && !lives(aliveFile(dir, h.Fence)) {
		return fmt.Sprintf("its process %d is gone", h.PID)
	}
	if now.Before(h.Until) {
		return ""
	}
	return expired(h)
}

// lives reports whether a process holds the lock on that file.
func lives(path string) bool {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false
	}
	probe := flock.New(path, flock.SetPermissions(0o600))
	defer probe.Close()
	held, err := probe.TryLock()
	return err != nil || !held // who cannot tell lets it live
}

// Holder says who holds the lock on a target.
func (l *Local) Holder(_ context.Context, target string) (Holder, bool, error) {
	dir := l.lockDir(target)
	is, err := readLease(dir)
	if err != nil || is == nil || is.Released {
		return Holder{}, false, err
	}
	return is.Holder, l.gone(dir, is.Holder, Me(""), l.o.Clock.Now()) == "", nil
}

func (l *Local) lockDir(target string) string { return filepath.Join(l.dir, "locks", short(target)) }

func aliveFile(dir string, fence int64) string {
	return filepath.Join(dir, aliveStem+strconv.FormatInt(fence, 10))
}

func (k *localLock) alivePath(fence int64) string { return aliveFile(k.dir, fence) }

// underMutex calls do while no other process looks at the lease.
func (l *Local) underMutex(ctx context.Context, dir string, do func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, mutexPeriod, errStuck)
	defer cancel()
	mutex := flock.New(filepath.Join(dir, mutexName), flock.SetPermissions(0o600))
	defer mutex.Close()
	// Not the store's clock: this is not about leases but about other processes getting on.
	err := wait.Until(ctx, wait.Backoff{First: time.Millisecond, Max: 20 * time.Millisecond}, "the file "+mutex.Path(),
		func(context.Context) (bool, string, error) {
			held, err := mutex.TryLock()
			return held, "", err
		})
	if err != nil {
		who := ""
		if is, leaseErr := readLease(dir); leaseErr == nil && is != nil && !is.Released {
			who = fmt.Sprintf("\n\nThe lock on the target is that of %s. "+
				"If that process is suspended in the middle of a write, end it or let it continue.", is.Holder.Owner)
		}
		return fmt.Errorf("cannot look at the lock in %s: %w%s", dir, err, who)
	}
	return do()
}

var errStuck = errors.New("a process that holds it does not get on")

// Target is what is locked.
func (k *localLock) Target() string { return k.what }

// TakenOver is from whom.
func (k *localLock) TakenOver() Takeover { return k.taken }

// Holder is this executor.
func (k *localLock) Holder() Holder {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.me
}

// Guard calls write under the mutex, so that nobody takes the lock over in the
// meantime. A lease that has run out does no harm while nobody took it over.
func (k *localLock) Guard(ctx context.Context, write func(context.Context) error) error {
	return k.store.underMutex(ctx, k.dir, func() error {
		if err := k.mine(); err != nil {
			return err
		}
		return write(ctx)
	})
}

// mine returns a *LostError unless the lease is this executor's.
func (k *localLock) mine() error {
	is, err := readLease(k.dir)
	if err != nil {
		return err
	}
	me := k.Holder()
	switch {
	case is == nil, is.Released && is.Holder.same(me):
		return &LostError{Target: k.what, Mine: me}
	case !is.Holder.same(me):
		lost := &LostError{Target: k.what, Mine: me}
		if !is.Released {
			lost.By = &is.Holder
		}
		return lost
	}
	return nil
}

// Renew moves the end of the lease.
func (k *localLock) Renew(ctx context.Context) error {
	return k.store.underMutex(ctx, k.dir, func() error {
		if err := k.mine(); err != nil {
			return err
		}
		me := k.Holder()
		me.Until = k.store.o.Clock.Now().Add(k.lease).UTC().Round(0)
		if err := writeLease(k.dir, lease{Target: k.what, Holder: me, Length: k.lease}); err != nil {
			return err
		}
		k.mu.Lock()
		k.me = me
		k.mu.Unlock()
		return nil
	})
}

// Release gives the lock back.
func (k *localLock) Release(ctx context.Context) error {
	defer k.alive.Close()
	return k.store.underMutex(ctx, k.dir, func() error {
		if err := k.mine(); err != nil {
			return err
		}
		me := k.Holder()
		if err := writeLease(k.dir, lease{Target: k.what, Holder: me, Length: k.lease, Released: true}); err != nil {
			return err
		}
		_ = os.Remove(k.alivePath(me.Fence))
		return nil
	})
}

// readLease returns nil when nobody ever had the lock.
func readLease(dir string) (*lease, error) {
	path := filepath.Join(dir, leaseName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read who holds the lock: %w", err)
	}
	var is lease
	if err := json.Unmarshal(text, &is); err != nil {
		return nil, fmt.Errorf("cannot tell who holds the lock, because %s is not what this program writes: %w\n\n%s", path, err,
			"When no run works on the target, delete the file.")
	}
	return &is, nil
}

// writeLease puts the whole lease in the place of the one before: no reader, and no crash, sees half of it.
func writeLease(dir string, is lease) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("cannot write who holds the lock: %w\n\n%s", err, needsFolder)
		}
	}()
	text, err := json.Marshal(is)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, leaseName+".*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is none
	_, err = file.Write(append(text, '\n'))
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Join(dir, leaseName)); err != nil {
		return err
	}
	return journal.SyncDir(dir)
}

package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Local keeps runs in a folder: a file RUN.jsonl for each, and a folder for the lock of each target in locks. Executors
// on one machine share it, and those on several where the file system passes locks on, as NFS does.
type Local struct {
	dir    string
	o      Options
	latest latestIndex
}

var _ Store = (*Local)(nil)

const suffix = ".jsonl"

// DefaultDir is where runs are kept unless somebody says otherwise:
// $XDG_STATE_HOME/terraform-provider-asm/runs, with ~/.local/state as the XDG
// Base Directory Specification has it when the variable is not an absolute path.
func DefaultDir() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("cannot tell where to keep runs: %w; set XDG_STATE_HOME", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "terraform-provider-asm", "runs"), nil
}

// ApprovalSigner signs approvals with this user's key, which is beside DefaultDir and not in a folder of runs.
func ApprovalSigner() *journal.Signer {
	dir, err := DefaultDir()
	if err != nil {
		dir = ""
	}
	return journal.DefaultSigner(dir)
}

// NewLocal keeps runs in dir, which is made when the first is.
func NewLocal(dir string, o Options) *Local { return &Local{dir: dir, o: o.orDefault()} }

func (l *Local) path(run string) string { return filepath.Join(l.dir, run+suffix) }

// Create makes the file of a run.
func (l *Local) Create(ctx context.Context, lock Lock, start journal.RunStarted) (*journal.Writer, []journal.Entry, error) {
	run, err := journal.ParseID(lock.Holder().Run)
	if err != nil {
		return nil, nil, err
	}
	if err := makeDir(l.dir); err != nil {
		return nil, nil, err
	}
	file, err := journal.CreateFile(l.path(run))
	if err != nil {
		return nil, nil, err
	}
	var w *journal.Writer
	var entries []journal.Entry
	if err = l.note(lock.Target(), run); err == nil {
		w, entries, err = begin(ctx, file, l.o, lock, start)
	}
	if err != nil {
		file.Close()
		// Without an entry the file says nothing. With one, it says what was started.
		if info, statErr := os.Stat(l.path(run)); statErr == nil && info.Size() == 0 {
			_ = os.Remove(l.path(run))
		}
		return nil, nil, err
	}
	return w, entries, nil
}

// Open resumes a run. What a crash left of a last write is cut off.
func (l *Local) Open(
	ctx context.Context, lock Lock, run string, resumed journal.RunResumed,
) (w *journal.Writer, entries []journal.Entry, err error) {
	if run, err = journal.ParseID(run); err != nil {
		return nil, nil, err
	}
	var file *journal.File
	var torn int64
	// Healing is writing, so it stands under the guard as every write does.
	err = lock.Guard(ctx, func(ctx context.Context) error {
		if err := l.fits(ctx, lock, run); err != nil {
			return err
		}
		file, entries, torn, err = journal.OpenFile(l.path(run))
		return err
	})
	if err != nil {
		return nil, entries, err
	}
	w, entries, err = reopen(ctx, file, l.o, lock, entries, torn, resumed)
	if err != nil {
		file.Close()
	}
	return w, entries, err
}

// fits looks at the first entry only, before anything is healed.
func (l *Local) fits(ctx context.Context, lock Lock, run string) error {
	r, err := l.Read(ctx, run)
	if err != nil {
		return err
	}
	defer r.Close()
	first, err := r.Next()
	switch {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s: %w", l.path(run), journal.ErrNotStarted)
	case err != nil:
		return fmt.Errorf("%s: %w", l.path(run), err)
	}
	return fits([]journal.Entry{first}, run, lock)
}

// Read reads the file of a run.
func (l *Local) Read(_ context.Context, run string) (*Reader, error) {
	run, err := journal.ParseID(run)
	if err != nil {
		return nil, err
	}
	if err := l.exists(run); err != nil {
		return nil, err
	}
	file, err := os.Open(l.path(run))
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal of the run: %w", err)
	}
	return &Reader{Reader: journal.NewReader(file), closer: file}, nil
}

func (l *Local) exists(run string) error {
	if _, err := os.Stat(l.path(run)); errors.Is(err, fs.ErrNotExist) {
		return &NoRunError{Run: run, Where: l.dir}
	}
	return nil
}

// List reads the first and the last entry of each run.
func (l *Local) List(ctx context.Context, f Filter) ([]Info, error) {
	names, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot list the runs: %w", err)
	}
	var all []Info
	for _, name := range names {
		run, ok := strings.CutSuffix(name.Name(), suffix)
		if !ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		info, err := peek(l.path(run))
		if err != nil {
			info = Info{Run: run, Broken: err.Error()}
		}
		all = append(all, info)
	}
	return f.pick(all), nil
}

// Latest returns the run that was started last on a target.
func (l *Local) Latest(ctx context.Context, target string) (Info, error) {
	var noted []string
	if run, err := os.ReadFile(filepath.Join(l.lockDir(target), lastName)); err == nil {
		noted = append(noted, strings.TrimSpace(string(run)))
	}
	return l.latest.newest(ctx, l.o.Clock, target, l.dir, l.List, noted, func(run string) (Info, bool, error) {
		id, err := journal.ParseID(run)
		if err != nil {
			return Info{}, false, nil
		}
		info, err := peek(l.path(id))
		return info, err == nil, nil
	})
}

// note remembers the run that was started last with the lock on its target. It need not outlast a crash: every process
// lists the runs once.
func (l *Local) note(target, run string) error {
	if err := os.WriteFile(filepath.Join(l.lockDir(target), lastName), []byte(run+"\n"), 0o600); err != nil {
		return fmt.Errorf("cannot note the run with the lock on its target: %w\n\n%s", err, needsFolder)
	}
	return nil
}

// Delete removes the file of a run.
func (l *Local) Delete(ctx context.Context, lock Lock, run string) error {
	run, err := journal.ParseID(run)
	if err != nil {
		return err
	}
	return lock.Guard(ctx, func(context.Context) error {
		if err := l.exists(run); err != nil {
			return err
		}
		info, err := peek(l.path(run))
		if err != nil {
			return fmt.Errorf("cannot tell whether run %s has ended, so it is kept: %w", run, err)
		}
		if err := mayGo(info, lock); err != nil {
			return err
		}
		if err := os.Remove(l.path(run)); err != nil {
			return fmt.Errorf("cannot remove the journal of the run: %w", err)
		}
		return journal.SyncDir(l.dir)
	})
}

const needsFolder = "Nothing was changed by this. The folder has to be writable and have room; set XDG_STATE_HOME to one that is."

// makeDir makes a folder that only its owner may look into, with all above it.
func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder that runs are kept in: %w\n\n%s", err, needsFolder)
	}
	return nil
}

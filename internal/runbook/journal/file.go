package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File keeps a journal in a file, a line for each entry. Who writes to it holds a lock elsewhere.
type File struct {
	path   string
	disk   disk
	file   handle
	size   int64
	nameAt string // folder whose names are not durable yet, or ""
}

var _ Sink = (*File)(nil)

// CreateFile makes a new journal. It is durable once it has its first entry.
func CreateFile(path string) (*File, error) { return createFile(realDisk{}, path) }

func createFile(d disk, path string) (*File, error) {
	file, err := d.open(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, cannotOpen(err, "make", path)
	}
	return &File{path: path, disk: d, file: file, nameAt: filepath.Dir(path)}, nil
}

// OpenFile opens a journal to append to it, and returns its entries. Torn is how many bytes it cut off, of a write that
// a crash cut short; tell of it in a Note. Anything else that is not as it was written is a *BrokenError, and nothing
// is changed.
func OpenFile(path string) (f *File, entries []Entry, torn int64, err error) {
	return openFile(realDisk{}, path)
}

func openFile(d disk, path string) (f *File, entries []Entry, torn int64, err error) {
	file, err := d.open(path, os.O_RDWR|os.O_APPEND)
	if err != nil {
		return nil, nil, 0, cannotOpen(err, "open", path)
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	r := NewReader(file)
	if entries, err = r.ReadAll(); err != nil {
		return nil, entries, 0, fmt.Errorf("%s: %w", path, err)
	}
	if len(entries) == 0 {
		return nil, nil, 0, fmt.Errorf("%s: %w", path, ErrNotStarted)
	}
	if r.Torn() > 0 {
		if err = file.Truncate(r.size); err != nil {
			return nil, entries, 0, fmt.Errorf("cannot cut %d bytes off %s that a crash left behind its last entry: %w", r.Torn(), path, err)
		}
		if err = file.Sync(); err != nil {
			return nil, entries, 0, fmt.Errorf("cannot cut %d bytes off %s that a crash left behind its last entry: %w", r.Torn(), path, err)
		}
	}
	return &File{path: path, disk: d, file: file, size: r.size, nameAt: filepath.Dir(path)}, entries, r.Torn(), nil
}

// ErrNotStarted is the error of a journal without an entry: the executor ended
// before it had recorded anything, and so before it changed anything.
var ErrNotStarted = errors.New("the run ended before its first entry was stored, so it changed nothing: start it again")

func cannotOpen(err error, verb, path string) error {
	err = fmt.Errorf("cannot %s the journal of the run: %w", verb, err)
	if next := remedy(err); next != "" {
		return fmt.Errorf("%w\n\nNothing was changed. %s", err, next)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w\n\n%s", err, "There is no such run, or the folder is gone.")
	}
	return err
}

// Name is the path.
func (f *File) Name() string { return f.path }

// Append adds a line and syncs it, and with the first line also the file's name.
// It does not look at ctx: a write to a disk cannot be taken back half way.
func (f *File) Append(_ context.Context, _ Entry, line []byte) error {
	whole := append(line[:len(line):len(line)], '\n')
	n, err := f.file.Write(whole) // in one call, so that a crash tears at most this line
	if err == nil && n < len(whole) {
		err = io.ErrShortWrite
	}
	if err != nil {
		// So that the next who opens it has nothing to heal; if this fails too, it does.
		if n > 0 && f.file.Truncate(f.size) == nil {
			_ = f.file.Sync()
		}
		return err
	}
	if err := f.file.Sync(); err != nil {
		return err
	}
	if f.nameAt != "" {
		if err := f.disk.syncDir(f.nameAt); err != nil {
			return err
		}
		f.nameAt = ""
	}
	f.size += int64(len(whole))
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

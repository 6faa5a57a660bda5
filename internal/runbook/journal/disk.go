package journal

import (
	"io"
	"os"
	"runtime"
)

// disk is what a journal needs of a file system. Tests stand in between, to crash where a machine may.
type disk interface {
	open(path string, flag int) (handle, error)
	// syncDir makes the names in a folder outlast a crash.
	syncDir(path string) error
}

type handle interface {
	io.Reader
	io.Writer
	Sync() error
	Truncate(size int64) error
	Close() error
}

type realDisk struct{}

func (realDisk) open(path string, flag int) (handle, error) { return os.OpenFile(path, flag, 0o600) }

func (realDisk) syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil // it has no such call, and keeps names in its own journal
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// SyncDir makes the names in a folder outlast a crash.
func SyncDir(path string) error { return realDisk{}.syncDir(path) }

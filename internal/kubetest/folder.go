package kubetest

import (
	"os"
	"path/filepath"
	"time"
)

const (
	folderPrefix = "kubetest-"
	// lifetime is how long the certificate of a control plane is valid, so none is older.
	lifetime = 24 * time.Hour
)

// newFolder makes a folder for the files of one control plane. It removes those of control planes that
// were killed long ago: they take 64 MB each.
func newFolder() (string, error) {
	temp := os.TempDir()
	old, err := filepath.Glob(filepath.Join(temp, folderPrefix+"*"))
	if err != nil {
		return "", err
	}
	for _, folder := range old {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > 2*lifetime {
			_ = os.RemoveAll(folder) // it may be another user's
		}
	}
	return os.MkdirTemp(temp, folderPrefix)
}

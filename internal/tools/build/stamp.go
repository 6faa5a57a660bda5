package build

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A stamp says what a binary was built from. It is written after the binary and removed before the
// binary is replaced, so a stamp that is there speaks of the binary that is there.
type stamp struct {
	Key  string `json:"key"`
	Size int64  `json:"size"` // of the binary: a copy that was cut short is not taken for the whole
}

// fresh reports whether the binary is the one that key describes.
func fresh(binary, stampFile, key string) (bool, error) {
	data, err := os.ReadFile(stampFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var s stamp
	if json.Unmarshal(data, &s) != nil {
		return false, nil // a damaged stamp costs a build, not a failure
	}
	info, err := os.Lstat(binary)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return s.Key == key && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 && info.Size() == s.Size, nil
}

// install moves a built binary into place and stamps it.
func install(built, binary, stampFile, key string) error {
	info, err := os.Stat(built)
	if err != nil {
		return err
	}
	for _, dir := range []string{filepath.Dir(binary), filepath.Dir(stampFile)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.Remove(stampFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(built, binary); err != nil {
		return err
	}
	data, err := json.Marshal(stamp{Key: key, Size: info.Size()})
	if err != nil {
		return err
	}
	return writeFile(stampFile, data)
}

// link makes binary a symbolic link to target, in one step for those who look at it.
func link(target, binary string) error {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return err
	}
	beside := fmt.Sprintf("%s.%d", binary, os.Getpid())
	if err := os.Symlink(target, beside); err != nil {
		return err
	}
	return os.Rename(beside, binary)
}

// writeFile writes a file that is either the old one or the new one, never half of it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	beside := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(beside, data, 0o644); err != nil {
		return err
	}
	return os.Rename(beside, path)
}

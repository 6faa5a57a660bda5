package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// unpack puts the source of a tool that is pinned by its archive into dir, which must not exist.
// The archive is hashed here, so what is built is what the pin names.
func unpack(ctx context.Context, t Tool, dir string) error {
	archive, err := download(ctx, t)
	if err != nil {
		return err
	}
	if err := verify(archive, t.Sum); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	if err := zip.Unzip(dir, module.Version{Path: t.Module, Version: t.Version}, archive); err != nil {
		return fmt.Errorf("cannot unpack the source of %s: %w", t, err)
	}
	if t.Prepare == nil {
		return nil
	}
	if err := t.Prepare(dir); err != nil {
		return fmt.Errorf("cannot prepare the source of %s: %w", t, err)
	}
	return nil
}

// download returns where Go keeps the archive of the tool's module, fetching it when it is not there.
func download(ctx context.Context, t Tool) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", t.Module+"@"+t.Version)
	cmd.Env = append(os.Environ(), t.environment()...)
	out, err := cmd.Output()
	// The reason of a failure is in the output.
	var answer struct{ Zip, Error string }
	if jsonErr := json.Unmarshal(out, &answer); jsonErr != nil {
		return "", fmt.Errorf("cannot download the source of %s: %w", t, errors.Join(err, jsonErr))
	}
	if answer.Error != "" {
		return "", fmt.Errorf("cannot download the source of %s: %s\n%s", t, answer.Error, whenOffline)
	}
	if err != nil {
		return "", fmt.Errorf("cannot download the source of %s: %w", t, err)
	}
	return answer.Zip, nil
}

// verify fails unless the archive has the pinned hash.
func verify(archive, want string) error {
	got, err := dirhash.HashZip(archive, dirhash.Hash1)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("its source is not what was pinned: the archive hashes to %s, the pin says %s", got, want)
	}
	return nil
}

package contract

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
)

// Dir returns the folder of the module google.golang.org/api, in the version that the module of the working
// directory requires. It runs "go list" once, and returns an error when that fails, as it does outside a
// module and where there is no go command.
func Dir() (string, error) { return moduleDir() }

var moduleDir = sync.OnceValues(func() (string, error) {
	const module = "google.golang.org/api"
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return "", fmt.Errorf("finding the discovery documents in the module %s: go list: %w", module, err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", fmt.Errorf("finding the discovery documents: the module %s is not downloaded", module)
	}
	return dir, nil
})

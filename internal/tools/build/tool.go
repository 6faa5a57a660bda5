// Package build makes the development tools from the Go module proxy, and nothing from anywhere else.
package build

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// A Tool is one program that make tools leaves in .tools/bin.
type Tool struct {
	Name    string // of the binary
	Title   string // in messages
	Module  string // that it comes from
	Version string // of the module; read from Folder's go.mod when Folder is set
	Package string // its main package
	LDFlags string // besides -s -w; {version}, {major} and {minor} are those of the module

	// Folder, below internal/tools, is the Go module that pins the tool with a tool directive. Without
	// one, the tool is built inside its own source, from the archive whose hash is Sum.
	Folder string
	Sum    string

	// Prepare changes the unpacked archive before the build. Recipe is the text of what Prepare does:
	// a change in it makes the tool stale.
	Prepare func(dir string) error
	Recipe  string

	// OnPath is the oldest version on PATH that is used instead of building one; "" always builds.
	OnPath string

	// Asset says that the tool is one of the set that KUBEBUILDER_ASSETS may name: see assets.
	Asset bool

	// CPU is what a build with empty caches took, for the estimate that a user sees.
	CPU time.Duration
}

// Find returns the tools of the given names, or all of them when none is given.
func Find(names ...string) ([]Tool, error) {
	if len(names) == 0 {
		return All, nil
	}
	var found []Tool
	for _, name := range names {
		tool, ok := find(name)
		if !ok {
			return nil, fmt.Errorf("there is no tool named %q; there are: %s", name, strings.Join(allNames(), ", "))
		}
		found = append(found, tool)
	}
	return found, nil
}

func find(name string) (Tool, bool) {
	for _, tool := range All {
		if tool.Name == name {
			return tool, true
		}
	}
	return Tool{}, false
}

func allNames() []string {
	var names []string
	for _, tool := range All {
		names = append(names, tool.Name)
	}
	return names
}

// flags are what go build is given. How many packages compile at once and where the result goes are
// not among them, because they do not change the binary.
func (t Tool) flags() []string {
	major, minor, _ := strings.Cut(strings.TrimPrefix(semver.MajorMinor(t.Version), "v"), ".")
	// A release that is built from its module does not know its version: releases set it in this way too.
	known := strings.NewReplacer("{version}", t.Version, "{major}", major, "{minor}", minor)
	return []string{"-trimpath", "-buildvcs=false", "-ldflags", strings.TrimSpace("-s -w " + known.Replace(t.LDFlags))}
}

// environment is what the build fixes of its environment. GOFLAGS is set rather than emptied, because
// an empty one would let "go env -w" speak.
func (t Tool) environment() []string {
	return []string{"CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off"}
}

// resolved returns the tool with its Version filled in from the go.mod that pins it.
func (t Tool) resolved(pins string) (Tool, error) {
	if t.Folder == "" {
		return t, nil
	}
	path := filepath.Join(pins, t.Folder, "go.mod")
	data, err := os.ReadFile(path)
	if err != nil {
		return t, fmt.Errorf("cannot read the pin of %s: %w", t.Title, err)
	}
	mod, err := modfile.Parse(path, data, nil)
	if err != nil {
		return t, fmt.Errorf("cannot read the pin of %s: %w", t.Title, err)
	}
	for _, require := range mod.Require {
		if require.Mod.Path == t.Module {
			t.Version = require.Mod.Version
			return t, nil
		}
	}
	return t, fmt.Errorf("%s does not require %s, which %s is built from", path, t.Module, t.Title)
}

// key names everything that decides what the binary will be.
func (t Tool) key(pins string) (string, error) {
	sum := sha256.New()
	say := func(parts ...string) { fmt.Fprintf(sum, "%q\n", parts) }
	say(t.Name, t.Module, t.Version, t.Package, t.Sum, t.Recipe)
	say(runtime.Version(), runtime.GOOS, runtime.GOARCH)
	say(t.flags()...)
	say(t.environment()...)
	if t.Folder != "" {
		for _, name := range []string{"go.mod", "go.sum"} {
			data, err := os.ReadFile(filepath.Join(pins, t.Folder, name))
			if err != nil {
				return "", fmt.Errorf("cannot read the pin of %s: %w", t.Title, err)
			}
			say(name, string(data))
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

func (t Tool) String() string {
	return t.Title + " " + strings.TrimPrefix(t.Version, "v")
}

// expected says how long a build with empty caches takes on this machine, roughly.
func (t Tool) expected() time.Duration {
	wall := t.CPU / time.Duration(runtime.NumCPU())
	return max(wall.Round(10*time.Second), 10*time.Second)
}

// logf writes one line for the user.
func logf(w io.Writer, format string, args ...any) {
	fmt.Fprintf(w, format+"\n", args...)
}

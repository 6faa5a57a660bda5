package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	heartbeat = 30 * time.Second // how often a long build says that it lives
	lastLines = 15               // of the compiler's output in a failure
)

// whenOffline is the next step after the failure that is the likeliest by far.
const whenOffline = "When a module could not be fetched, look at the network and at what go env GOPROXY says. " +
	"Then run make tools again: what is compiled already is kept."

// compile runs go build in folder and says how it goes.
func (b *Builder) compile(ctx context.Context, t Tool, folder, binary string, cores int) error {
	logFile := b.log(t.Name)
	if err := os.MkdirAll(filepath.Dir(logFile), 0o755); err != nil {
		return err
	}
	out, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer out.Close()

	args := append([]string{"build", "-v", "-p", strconv.Itoa(cores), "-o", binary}, t.flags()...)
	cmd := exec.CommandContext(ctx, "go", append(args, t.Package)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), t.environment()...)
	// An interrupt lets go build stop its compilers and remove its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	packages := &lineCounter{w: out}
	cmd.Stdout, cmd.Stderr = packages, packages

	logf(b.out, "%s: building %s; about %s with empty caches.", t.Name, t, t.expected())
	start := time.Now()
	err = b.runWithHeartbeat(cmd, t, packages, start)
	if err == nil {
		spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		logf(b.out, "%s: built in %s (%s of CPU).", t.Name, since(start), spent.Round(time.Second))
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("building %s was stopped after %s: %w", t, since(start), ctx.Err())
	}
	return fmt.Errorf("building %s failed after %s: %w\n%s\n"+
		"All of its output is in %s.\n%s", t, since(start), err, tail(logFile), b.relative(logFile), whenOffline)
}

func (b *Builder) runWithHeartbeat(cmd *exec.Cmd, t Tool, packages *lineCounter, start time.Time) error {
	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-ticker.C:
			logf(b.out, "%s: still building after %s, %d packages compiled.", t.Name, since(start), packages.lines.Load())
		}
	}
}

// relative names a file of the checkout as the user sees it.
func (b *Builder) relative(file string) string {
	if rel, err := filepath.Rel(b.root, file); err == nil {
		return rel
	}
	return file
}

// tail returns the last lines of a file, indented.
func tail(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return "    (" + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines = lines[max(0, len(lines)-lastLines):]
	return "    " + strings.Join(lines, "\n    ")
}

// lineCounter counts the lines that pass through it: go build -v prints one per package.
type lineCounter struct {
	w     io.Writer
	lines atomic.Int64
}

func (c *lineCounter) Write(p []byte) (int, error) {
	c.lines.Add(int64(strings.Count(string(p), "\n")))
	return c.w.Write(p)
}

package build

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// A Builder makes the tools of one checkout.
type Builder struct {
	root string // the repository
	out  io.Writer
}

// New returns a builder for the repository at root, which logs to out.
func New(root string, out io.Writer) (*Builder, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	return &Builder{root: root, out: out}, nil
}

// Bin is where the tool of that name is.
func (b *Builder) Bin(name string) string { return filepath.Join(b.dir(), "bin", name) }

func (b *Builder) pins() string             { return filepath.Join(b.root, "internal", "tools") }
func (b *Builder) dir() string              { return filepath.Join(b.root, ".tools") }
func (b *Builder) stamp(name string) string { return filepath.Join(b.dir(), "stamps", name) }
func (b *Builder) log(name string) string   { return filepath.Join(b.dir(), "logs", name+".log") }
func (b *Builder) scratch() string          { return filepath.Join(b.dir(), "tmp") }

// Ensure leaves the tools in .tools/bin. Those that are there and up to date cost a look at their
// stamps. Builders in other processes wait for each other. It returns how many it had to build.
func (b *Builder) Ensure(ctx context.Context, tools []Tool) (int, error) {
	stale, err := b.stale(ctx, tools)
	if err != nil || len(stale) == 0 {
		return 0, err
	}
	unlock, err := b.lock(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	// Another process may have built them while this one waited.
	stale, err = b.stale(ctx, tools)
	if err != nil || len(stale) == 0 {
		return 0, err
	}
	// Under the lock, whatever is in the scratch folder was left by a process that was killed.
	_ = os.RemoveAll(b.scratch()) // what cannot be removed now is removed the next time
	return len(stale), b.buildAll(ctx, stale)
}

// stale returns the tools that have to be built. One that the machine has already is linked here.
func (b *Builder) stale(ctx context.Context, tools []Tool) ([]Tool, error) {
	var stale []Tool
	for _, tool := range tools {
		linked, err := b.linkFromPath(ctx, tool)
		if err == nil && !linked {
			linked, err = b.linkFromAssets(tool)
		}
		if err != nil {
			return nil, err
		}
		if linked {
			continue
		}
		tool, err = tool.resolved(b.pins())
		if err != nil {
			return nil, err
		}
		key, err := tool.key(b.pins())
		if err != nil {
			return nil, err
		}
		ok, err := fresh(b.Bin(tool.Name), b.stamp(tool.Name), key)
		if err != nil {
			return nil, err
		}
		if !ok {
			stale = append(stale, tool)
		}
	}
	return stale, nil
}

// linkFromPath links .tools/bin/NAME to the one on PATH when that is new enough.
func (b *Builder) linkFromPath(ctx context.Context, t Tool) (bool, error) {
	if t.OnPath == "" {
		return false, nil
	}
	cli, ok := b.onPath(ctx, t.Name, t.OnPath)
	if !ok {
		return false, nil
	}
	if target, err := os.Readlink(b.Bin(t.Name)); err == nil && target == cli.Path {
		return true, nil
	}
	logf(b.out, "%s: using %s %s, which is on PATH.", t.Name, t.Title, cli.number())
	return true, link(cli.Path, b.Bin(t.Name))
}

func (b *Builder) lock(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(b.dir(), 0o755); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(b.dir(), "lock"))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		logf(b.out, "Another process is building the tools; waiting for it.")
		_, err = lock.TryLockContext(ctx, 250*time.Millisecond)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", lock.Path(), err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// buildAll builds several tools. One go build already uses several cores, and only its last step,
// linking, uses one; so two at a time are worth it only where there are cores to spare.
func (b *Builder) buildAll(ctx context.Context, tools []Tool) error {
	cores := runtime.NumCPU()
	atOnce := min(max(cores/4, 1), len(tools))

	var total time.Duration
	for _, tool := range tools {
		total += tool.expected()
	}
	logf(b.out, "Building %s from the Go module proxy: up to %s with empty caches, seconds with full ones.",
		count(len(tools), "tool"), total)

	start := time.Now()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan Tool, len(tools))
	for _, tool := range tools {
		queue <- tool
	}
	close(queue)

	errs := make([]error, atOnce)
	var workers sync.WaitGroup
	for worker := range atOnce {
		workers.Go(func() {
			for tool := range queue {
				if errs[worker] = ctx.Err(); errs[worker] != nil {
					return
				}
				if err := b.buildOne(ctx, tool, cores/atOnce); err != nil {
					errs[worker] = err
					cancel() // the first failure is the one to read
					return
				}
			}
		})
	}
	workers.Wait()
	if err := firstFailure(errs); err != nil {
		return err
	}
	logf(b.out, "%s in .tools/bin after %s.", count(len(tools), "new tool"), since(start))
	return nil
}

// buildOne builds one tool with the given number of cores and puts it into place.
func (b *Builder) buildOne(ctx context.Context, t Tool, cores int) error {
	if err := os.MkdirAll(b.scratch(), 0o755); err != nil {
		return err
	}
	// Of its own name, because the compiler of a process that was killed may still be writing to the old one.
	scratch, err := os.MkdirTemp(b.scratch(), t.Name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	// The key is taken first: a pin that is edited during the build leaves a stale binary, not a wrong stamp.
	key, err := t.key(b.pins())
	if err != nil {
		return err
	}
	if t.OnPath != "" {
		logf(b.out, "%s: there is none from %s on PATH.", t.Name, strings.TrimPrefix(t.OnPath, "v"))
	}
	b.whyNoAssets(t)
	folder := filepath.Join(b.pins(), t.Folder)
	if t.Folder == "" {
		logf(b.out, "%s: fetching and checking the source of %s.", t.Name, t)
		folder = filepath.Join(scratch, "source")
		if err := unpack(ctx, t, folder); err != nil {
			return err
		}
	}
	binary := filepath.Join(scratch, t.Name)
	if err := b.compile(ctx, t, folder, binary, cores); err != nil {
		return err
	}
	return install(binary, b.Bin(t.Name), b.stamp(t.Name), key)
}

// firstFailure prefers a failure to the cancellations that it caused.
func firstFailure(errs []error) error {
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func since(start time.Time) time.Duration {
	return time.Since(start).Round(time.Second)
}

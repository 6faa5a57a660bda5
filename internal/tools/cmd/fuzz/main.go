// Command fuzz runs every fuzz target of the repository for a while, one after the other.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

type target struct{ pkg, name string }

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	root := flags.String("root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	each := flags.Duration("time", 20*time.Second, "how long each target is fuzzed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	targets, err := list(ctx, *root)
	if err != nil {
		return err
	}
	fmt.Printf("Fuzz targets: %d, %s each: about %s.\n", len(targets), *each, time.Duration(len(targets))**each)
	var failed []error
	for _, t := range targets {
		fmt.Printf("\n==> %s %s\n", t.pkg, t.name)
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), t.pkg)
		cmd.Dir = *root
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		cmd.WaitDelay = 10 * time.Second
		if err := cmd.Run(); err != nil {
			failed = append(failed, fmt.Errorf("%s %s: %w", t.pkg, t.name, err))
		}
		if ctx.Err() != nil {
			return errors.Join(append(failed, ctx.Err())...)
		}
	}
	fmt.Printf("\nFuzz targets that ran: %d, that failed: %d.\n", len(targets), len(failed))
	return errors.Join(failed...)
}

// list asks go test for the fuzz targets, so that it is the compiler who decides what is one.
func list(ctx context.Context, root string) ([]target, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-json", "-list", "^Fuzz", "./...")
	cmd.Dir = root
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	targets := parse(out)
	if err != nil {
		return nil, fmt.Errorf("cannot list the fuzz targets; go vet ./... says why: %w", err)
	}
	return targets, nil
}

func parse(out []byte) []target {
	var targets []target
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		var event struct{ Action, Package, Output string }
		if json.Unmarshal(lines.Bytes(), &event) != nil || event.Action != "output" {
			continue
		}
		if name := strings.TrimSpace(event.Output); strings.HasPrefix(name, "Fuzz") {
			targets = append(targets, target{event.Package, name})
		}
	}
	return targets
}

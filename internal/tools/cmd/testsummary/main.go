// Command testsummary runs checks, then every run of go test under one gotestsum, and ends with the line "N passed, N
// failed, N skipped". It fails when anything failed, did not build, or should have run and did not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/managed-mesh/terraform-provider-asm/internal/tools/summary"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Stdout, os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errFailed): // its reasons were printed
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, "testsummary:", err)
		os.Exit(2)
	}
}

var errFailed = errors.New("not everything passed")

type options struct {
	root      string
	suites    string
	gotestsum string
	modules   pairs // without a value
	checks    pairs
	env       pairs
	also      [][]string // of more runs of go test
	args      []string   // of go test
}

func run(ctx context.Context, out io.Writer, args []string) error {
	opts, err := parse(args)
	if err != nil {
		return err
	}
	module, err := modulePath(opts.root)
	if err != nil {
		return err
	}
	var suites []summary.Suite
	if opts.suites != "" {
		text, err := os.ReadFile(filepath.Join(opts.root, opts.suites))
		if err != nil {
			return err
		}
		if suites, err = summary.ParseSuites(opts.suites, string(text)); err != nil {
			return err
		}
	}

	result := summary.New(module)
	runChecks(ctx, out, opts, result)
	for _, variable := range opts.env {
		value, err := output(ctx, opts.root, variable.value)
		if err != nil {
			result.Check("finding a value for "+variable.name, err)
			continue
		}
		if err := os.Setenv(variable.name, value); err != nil {
			return err
		}
	}
	if err := runTests(ctx, out, opts, result); err != nil {
		result.Check("gotestsum", err)
	}
	if err := ctx.Err(); err != nil {
		result.Check("stopped", err)
	}
	if !result.Finish(out, suites) {
		return errFailed
	}
	return nil
}

func runChecks(ctx context.Context, out io.Writer, opts options, result *summary.Summary) {
	for _, check := range opts.checks {
		fmt.Fprintf(out, "==> %s\n", check.name)
		start := time.Now()
		cmd := shell(ctx, opts.root, check.value)
		cmd.Stdout = out
		err := cmd.Run()
		result.Check("the check "+check.name, err)
		fmt.Fprintf(out, "%s %s after %s\n\n", check.name, outcome(err), time.Since(start).Round(100*time.Millisecond))
	}
}

// runTests runs gotestsum and reads what it recorded. Failing tests are in the result; the error is that
// of gotestsum or go test itself.
func runTests(ctx context.Context, out io.Writer, opts options, result *summary.Summary) error {
	bin, err := filepath.Abs(filepath.Join(opts.root, opts.gotestsum))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "testsummary-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	stream := filepath.Join(dir, "stream.json")
	cmd := exec.CommandContext(ctx, bin, "--format=standard-quiet", "--jsonfile="+stream, "--ignore-non-json-output-lines",
		"--raw-command", "--", "sh", "-c", opts.script())
	cmd.Dir, cmd.Stdout, cmd.Stderr = opts.root, out, os.Stderr
	interruptible(cmd)
	ran := cmd.Run()
	file, err := os.Open(stream)
	if err != nil {
		return errors.Join(ran, err)
	}
	defer file.Close()
	if err := result.Read(file); err != nil {
		return errors.Join(ran, err)
	}
	if result.Failed() && errors.As(ran, new(*exec.ExitError)) {
		return nil // the exit status repeats that a test failed
	}
	return ran
}

// script is the shell script of all runs of go test. One that fails does not stop those after it.
func (o options) script() string {
	var lines []string
	add := func(dir string, args []string) {
		lines = append(lines, "go test -C "+quote(dir)+" -json "+quote(args...)+" || failed=1")
	}
	add(".", o.args)
	for _, module := range o.modules {
		add(module.name, o.args)
	}
	for _, args := range o.also {
		add(".", args)
	}
	return strings.Join(append(lines, "exit ${failed:-0}"), "\n")
}

// quote writes words for the shell.
func quote(words ...string) string {
	var out []string
	for _, w := range words {
		out = append(out, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
	}
	return strings.Join(out, " ")
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("testsummary", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: testsummary [flags] -- [go test arguments]")
		flags.PrintDefaults()
	}
	flags.StringVar(&opts.root, "root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	flags.StringVar(&opts.gotestsum, "gotestsum", filepath.Join(".tools", "bin", "gotestsum"), "the gotestsum `BINARY`, below the root")
	flags.StringVar(&opts.suites, "suites", "", "`FILE` below the root that lists what has to run")
	flags.Var(&opts.modules, "module", "`FOLDER` of another Go module below the root to test as well; may be repeated")
	flags.Var(&opts.checks, "check", "`NAME=COMMAND` for the shell to run before the tests, counted as one test; may be repeated")
	flags.Var(&opts.env, "setenv", "`NAME=COMMAND` whose output becomes an environment variable of the tests; may be repeated")
	also := "`ARGUMENTS` of go test for one more run after the others, such as one without the race detector; may be repeated"
	flags.Func("also", also, func(text string) error {
		opts.also = append(opts.also, strings.Fields(text))
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.args = flags.Args()
	return opts, nil
}

func shell(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	interruptible(cmd)
	return cmd
}

// interruptible lets a cancelled command stop what it started: an interrupt, and time to answer it.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
}

func output(ctx context.Context, dir, command string) (string, error) {
	out, err := shell(ctx, dir, command).Output()
	return strings.TrimSpace(string(out)), err
}

func modulePath(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	return modfile.ModulePath(data), nil
}

func outcome(err error) string {
	if err != nil {
		return "failed"
	}
	return "passed"
}

// pairs is a repeatable flag of the form NAME or NAME=VALUE.
type pairs []struct{ name, value string }

func (p *pairs) String() string { return "" }

func (p *pairs) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	if name == "" {
		return errors.New("the name is missing")
	}
	*p = append(*p, struct{ name, value string }{name, value})
	return nil
}

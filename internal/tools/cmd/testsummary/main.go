// Command testsummary runs checks and go test, and ends with the line "N passed, N failed, N skipped".
// It fails when anything failed, did not build, or should have run and did not.
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
	root    string
	suites  string
	modules pairs // without a value
	checks  pairs
	env     pairs
	also    [][]string // of more runs of go test
	args    []string   // of go test
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

	result := summary.New(out, module)
	for _, check := range opts.checks {
		fmt.Fprintf(out, "==> %s\n", check.name)
		start := time.Now()
		cmd := shell(ctx, opts.root, check.value)
		cmd.Stdout = out
		err := cmd.Run()
		result.Check("the check "+check.name, err)
		fmt.Fprintf(out, "%s %s after %s\n\n", check.name, outcome(err), time.Since(start).Round(100*time.Millisecond))
	}
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
	fmt.Fprintln(out, "==> go test", strings.Join(opts.args, " "))
	for _, dir := range append(pairs{{name: "."}}, opts.modules...) {
		if err := goTest(ctx, filepath.Join(opts.root, dir.name), opts.args, result); err != nil {
			result.Check("go test in "+dir.name, err)
		}
	}
	for _, args := range opts.also {
		fmt.Fprintln(out, "==> go test", strings.Join(args, " "))
		if err := goTest(ctx, opts.root, args, result); err != nil {
			result.Check("go test "+strings.Join(args, " "), err)
		}
	}
	if err := ctx.Err(); err != nil {
		result.Check("stopped", err)
	}
	if !result.Finish(suites) {
		return errFailed
	}
	return nil
}

func parse(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("testsummary", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: testsummary [flags] -- [go test arguments]")
		flags.PrintDefaults()
	}
	flags.StringVar(&opts.root, "root", filepath.Join("..", ".."), "the repository; go run -C internal/tools is two folders below it")
	flags.StringVar(&opts.suites, "suites", "", "`FILE` below the root that lists what has to run")
	flags.Var(&opts.modules, "module", "`FOLDER` of another Go module below the root to test as well; may be repeated")
	flags.Var(&opts.checks, "check", "`NAME=COMMAND` for the shell to run before the tests, counted as one test; may be repeated")
	flags.Var(&opts.env, "setenv", "`NAME=COMMAND` whose output becomes an environment variable of the tests; may be repeated")
	flags.Func("also", "`ARGUMENTS` of go test for one more run after the others, such as one without the race detector; may be repeated", func(text string) error {
		opts.also = append(opts.also, strings.Fields(text))
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	opts.args = flags.Args()
	return opts, nil
}

// goTest runs the tests of one module. Failing tests are in the result; the error is go test's own.
func goTest(ctx context.Context, dir string, args []string, result *summary.Summary) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	// An interrupt, and time to answer it, lets tests stop what they started.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failedBefore := result.Failures()
	err = errors.Join(result.Read(out), cmd.Wait())
	if result.Failures() > failedBefore && errors.As(err, new(*exec.ExitError)) {
		return nil // it only says once more that a test failed
	}
	return err
}

func shell(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
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

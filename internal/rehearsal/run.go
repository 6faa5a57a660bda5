package rehearsal

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say which tests run, and how.
type Options struct {
	Run      *regexp.Regexp // tests whose name matches; nil: all
	Parallel int            // tests at a time; 0: as many as there are processors
	// Timeout is how long one test may take, in time of this machine; 0: five minutes.
	Timeout time.Duration
	Version string // of this program
	// Done is called with each result when its test ends; calls do not overlap.
	Done func(Result)
}

// Result is the result of a test.
type Result struct {
	File     string
	Test     string
	Line     int // where the test begins
	Runbook  string
	Failures []Failure // none: it passed
	Story    []string  // what happened, line by line
	Duration time.Duration
}

// Passed reports whether the test found no difference.
func (r *Result) Passed() bool { return len(r.Failures) == 0 }

// Failure is a difference from what a test expects.
type Failure struct {
	Line int    // in the test's file
	Text string // what it is about, with the difference in further lines
}

// Report is the result of several tests.
type Report struct {
	Results  []Result // in the order of the files
	Duration time.Duration
}

// Failed counts the tests that failed.
func (r *Report) Failed() (n int) {
	for i := range r.Results {
		if !r.Results[i].Passed() {
			n++
		}
	}
	return n
}

// Run runs tests. It returns an error only if the context ends; failures of tests are in the report.
func Run(ctx context.Context, files []*File, o Options) (*Report, error) {
	var tests []*Test
	for _, f := range files {
		for _, t := range f.Tests {
			if o.Run == nil || o.Run.MatchString(t.Name) {
				tests = append(tests, t)
			}
		}
	}
	began := time.Now()
	r := &Report{Results: make([]Result, len(tests))}
	var doneMutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(cmp.Or(max(o.Parallel, 0), runtime.GOMAXPROCS(0)))
	for i, t := range tests {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			r.Results[i] = t.run(ctx, o)
			if o.Done != nil && ctx.Err() == nil {
				doneMutex.Lock()
				defer doneMutex.Unlock()
				o.Done(r.Results[i])
			}
			return nil
		})
	}
	err := group.Wait()
	r.Duration = time.Since(began)
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	return r, err
}

// run runs one test.
func (t *Test) run(ctx context.Context, o Options) Result {
	began := time.Now()
	limit := cmp.Or(max(o.Timeout, 0), 5*time.Minute)
	ctx, end := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the test took longer than %s", limit))
	defer end()
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	r := &rehearsal{
		test:    t,
		version: cmp.Or(o.Version, "dev"),
		result:  Result{File: t.File, Test: t.Name, Line: t.Line, Runbook: t.Runbook.Name},
	}
	if err := r.run(ctx, lost); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		r.failAt(r.line, "%s", err)
	}
	slices.SortStableFunc(r.result.Failures, func(a, b Failure) int { return a.Line - b.Line })
	r.result.Duration = time.Since(began)
	return r.result
}

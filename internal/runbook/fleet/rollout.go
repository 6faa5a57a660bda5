package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Rollout says how a runbook is run on several targets.
type Rollout struct {
	Concurrency int // targets at once; 0: 8
	// Canary is how many targets are run first, one after the other, and must succeed
	// before the rest is begun; 0: none.
	Canary      int
	MaxFailures Threshold // more failed targets than this, and no other is begun
}

// Threshold is a number of targets, or a share of them in percent.
type Threshold struct {
	Count   int
	Percent float64 // where not 0, Count does not count
}

// ParseThreshold reads 3 or 10%.
func ParseThreshold(text string) (Threshold, error) {
	if number, is := strings.CutSuffix(text, "%"); is {
		p, err := strconv.ParseFloat(number, 64)
		if err != nil || !(p >= 0 && p <= 100) { // NaN is neither
			return Threshold{}, fmt.Errorf("%q is not a share from 0%% to 100%%", text)
		}
		return Threshold{Percent: p}, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return Threshold{}, fmt.Errorf("%q is neither a number of targets, such as 3, nor a share of them, such as 10%%", text)
	}
	return Threshold{Count: n}, nil
}

func (t Threshold) exceeded(failed, total int) bool {
	if t.Percent > 0 {
		return float64(failed) > t.Percent*float64(total)/100
	}
	return failed > t.Count
}

func (t Threshold) String() string {
	if t.Percent > 0 {
		return strconv.FormatFloat(t.Percent, 'f', -1, 64) + "%"
	}
	return strconv.Itoa(t.Count)
}

// TargetFunc plans and runs on one target, and returns the results of its runs.
type TargetFunc func(ctx context.Context) ([]runbook.Result, error)

// RunAll runs on targets, the canary first. When too many targets have failed, those under way are finished and no
// other is started. An error of a target is in its result; RunAll returns an error only for a cancelled context.
func RunAll(
	ctx context.Context, e *engine.Engine, job string, targets []string, rollout Rollout, on func(target string) TargetFunc,
) (*runbook.Report, error) {
	r := &runbook.Report{Schema: runbook.ReportSchema, Tool: e.Tool(), Job: job, Started: e.WaitClock().Now().UTC()}
	e.Client.Forget()
	defer e.ShareReads()()
	var mu sync.Mutex
	results := make([][]runbook.Result, len(targets))
	failed := 0
	do := func(ctx context.Context, i int) {
		got, err := on(targets[i])(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			got = failedWith(got, targets[i], err, e)
		}
		results[i] = got
		if slices.ContainsFunc(got, func(one runbook.Result) bool {
			return one.Outcome != journal.Succeeded && one.Outcome != journal.NeedsApprove
		}) {
			failed++
		}
	}
	stopped := func() string {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return engine.ErrorText(context.Cause(ctx))
		case rollout.MaxFailures.exceeded(failed, len(targets)):
			return fmt.Sprintf("%d of %d targets failed, more than --max-failures %s allows", failed, len(targets), rollout.MaxFailures)
		}
		return ""
	}
	next := 0
	for ; next < min(rollout.Canary, len(targets)); next++ {
		do(ctx, next)
		if failed > 0 && next+1 < len(targets) {
			r.Stopped = fmt.Sprintf("%s, of the %d that go first, failed; the rest was not begun", targets[next], rollout.Canary)
			if ctx.Err() != nil {
				r.Stopped = stopped()
			}
			next++
			break
		}
	}
	waits := func(one runbook.Result) bool { return one.Outcome == journal.NeedsApprove }
	if r.Stopped == "" && next < len(targets) && slices.ContainsFunc(slices.Concat(results[:next]...), waits) {
		r.Stopped = "what goes first waits for somebody; the rest was not begun"
	}
	if r.Stopped == "" {
		var group errgroup.Group
		slots := make(chan struct{}, max(1, orNumber(rollout.Concurrency, 8)))
		for ; next < len(targets); next++ {
			slots <- struct{}{} // how the targets before ended is known only when a slot is free
			if stopped() != "" {
				break
			}
			i := next
			group.Go(func() error {
				defer func() { <-slots }()
				do(ctx, i)
				return nil
			})
		}
		_ = group.Wait() // what went wrong is in the results
		if next < len(targets) {
			r.Stopped = stopped()
		}
	}
	for i, got := range results {
		if got == nil && i >= next {
			r.NotRun = append(r.NotRun, targets[i])
		}
		r.Results = append(r.Results, got...)
	}
	r.Finished, r.Interrupted = e.WaitClock().Now().UTC(), ctx.Err() != nil
	r.Summarize()
	if err := ctx.Err(); err != nil {
		return r, context.Cause(ctx)
	}
	return r, nil
}

func orNumber(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

// failedWith are the results of a target with what kept it from being run.
func failedWith(got []runbook.Result, target string, err error, e *engine.Engine) []runbook.Result {
	var mistakes *runbook.Mistakes
	text := engine.ErrorText(err)
	if errors.As(err, &mistakes) {
		text = mistakes.Error()
	}
	next := engine.NextStep(err)
	if n := len(got); n > 0 && got[n-1].Outcome == "" {
		got[n-1].Outcome, got[n-1].Error, got[n-1].Next = journal.Failed, e.Redact(text), next
		return got
	}
	now := e.WaitClock().Now().UTC().Truncate(time.Millisecond)
	return append(got, runbook.Result{
		Target: target, Outcome: journal.Failed, Error: e.Redact(text), Next: next, Started: now, Finished: now, Steps: []runbook.StepResult{},
	})
}

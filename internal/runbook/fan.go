package runbook

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

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Fan says how a runbook is run on several targets.
type Fan struct {
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
		if err != nil || p < 0 || p > 100 {
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

// Work is what is done on one target: it plans and runs, and answers for it.
type Work func(ctx context.Context) ([]Result, error)

// RunAll does work on targets, the canary first. Work that is under way when too
// much has failed is finished, and no other is begun. An error of a target is in
// its result; the error is of the context alone.
func RunAll(ctx context.Context, e *Engine, job string, targets []string, fan Fan, work func(target string) Work) (*Report, error) {
	r := &Report{Schema: ReportSchema, Tool: e.Tool(), Job: job, Started: e.clock().Now().UTC()}
	e.Client.Forget()
	defer e.ShareReads()()
	var mu sync.Mutex
	results := make([][]Result, len(targets))
	failed := 0
	do := func(ctx context.Context, i int) {
		got, err := work(targets[i])(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			got = failedWith(got, targets[i], err, e)
		}
		results[i] = got
		if slices.ContainsFunc(got, func(one Result) bool { return one.Outcome != journal.Succeeded && one.Outcome != journal.NeedsApprove }) {
			failed++
		}
	}
	stopped := func() string {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return "stopped: " + errorText(context.Cause(ctx))
		case fan.MaxFailures.exceeded(failed, len(targets)):
			return fmt.Sprintf("%d of %d targets failed, more than --max-failures %s allows", failed, len(targets), fan.MaxFailures)
		}
		return ""
	}
	next := 0
	for ; next < min(fan.Canary, len(targets)); next++ {
		do(ctx, next)
		if failed > 0 && next+1 < len(targets) {
			r.Stopped = fmt.Sprintf("%s, of the %d that go first, failed; the rest was not begun", targets[next], fan.Canary)
			if ctx.Err() != nil {
				r.Stopped = stopped()
			}
			next++
			break
		}
	}
	if waits := slices.ContainsFunc(slices.Concat(results[:next]...), func(one Result) bool { return one.Outcome == journal.NeedsApprove }); waits && r.Stopped == "" && next < len(targets) {
		r.Stopped = "what goes first waits for somebody; the rest was not begun"
	}
	if r.Stopped == "" {
		var group errgroup.Group
		group.SetLimit(max(1, orNumber(fan.Concurrency, 8)))
		for ; next < len(targets); next++ {
			if why := stopped(); why != "" {
				break
			}
			i := next
			group.Go(func() error { do(ctx, i); return nil })
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
	r.Finished, r.Interrupted = e.clock().Now().UTC(), ctx.Err() != nil
	r.summarize()
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
func failedWith(got []Result, target string, err error, e *Engine) []Result {
	var mistakes *Mistakes
	text := errorText(err)
	if errors.As(err, &mistakes) {
		text = mistakes.Error()
	}
	next := nextStep(err)
	if n := len(got); n > 0 && got[n-1].Outcome == "" {
		got[n-1].Outcome, got[n-1].Error, got[n-1].Next = journal.Failed, e.redact(text), next
		return got
	}
	now := e.clock().Now().UTC().Truncate(time.Millisecond)
	return append(got, Result{Target: target, Outcome: journal.Failed, Error: e.redact(text), Next: next, Started: now, Finished: now, Steps: []StepResult{}})
}

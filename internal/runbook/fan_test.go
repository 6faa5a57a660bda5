package runbook_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func TestFanStopsWhereItShould(t *testing.T) {
	targets := make([]string, 20)
	for i := range targets {
		targets[i] = fmt.Sprintf("t%02d", i)
	}
	for _, c := range []struct {
		name   string
		fan    fleet.Rollout
		ends   map[string]journal.Outcome // others succeed
		exit   int
		begun  int // at most
		notRun int // at least
	}{
		{name: "all well", fan: fleet.Rollout{Canary: 1}, exit: 0, begun: 20},
		{name: "canary fails", fan: fleet.Rollout{Canary: 1}, ends: map[string]journal.Outcome{"t00": journal.Failed}, exit: 7, begun: 1,
			notRun: 19},
		{name: "second canary fails", fan: fleet.Rollout{Canary: 3}, ends: map[string]journal.Outcome{"t01": journal.Failed}, exit: 7, begun: 2,
			notRun: 18},
		{name: "canary waits for somebody", fan: fleet.Rollout{Canary: 1}, ends: map[string]journal.Outcome{"t00": journal.NeedsApprove},
			exit: 5, begun: 1, notRun: 19},
		{name: "one fails, none may", fan: fleet.Rollout{Concurrency: 1}, ends: map[string]journal.Outcome{"t05": journal.Failed}, exit: 7,
			begun: 6, notRun: 14},
		{name: "the last but one fails, none may", fan: fleet.Rollout{Concurrency: 1}, ends: map[string]journal.Outcome{"t18": journal.Failed},
			exit: 7, begun: 19, notRun: 1},
		{
			name: "one fails, one may", fan: fleet.Rollout{Concurrency: 1, MaxFailures: fleet.Threshold{Count: 1}},
			ends: map[string]journal.Outcome{"t05": journal.Failed}, exit: 6, begun: 20,
		},
		{
			name: "three fail, a tenth may", fan: fleet.Rollout{Concurrency: 1, MaxFailures: fleet.Threshold{Percent: 10}},
			ends: map[string]journal.Outcome{"t01": journal.Failed, "t03": journal.Failed, "t05": journal.Failed}, exit: 7, begun: 6, notRun: 14,
		},
		{name: "the last fails", fan: fleet.Rollout{Concurrency: 1}, ends: map[string]journal.Outcome{"t19": journal.Failed}, exit: 6, begun: 20},
		{name: "one waits for somebody", fan: fleet.Rollout{}, ends: map[string]journal.Outcome{"t07": journal.NeedsApprove}, exit: 5, begun: 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newWorld(t, sim.Options{}).engine(runs(t))
			var mu sync.Mutex
			var begun []string
			r, err := fleet.RunAll(t.Context(), e, "job", targets, c.fan, func(target string) fleet.TargetFunc {
				return func(context.Context) ([]runbook.Result, error) {
					mu.Lock()
					defer mu.Unlock()
					begun = append(begun, target)
					outcome := c.ends[target]
					if outcome == "" {
						outcome = journal.Succeeded
					}
					return []runbook.Result{{Target: target, Outcome: outcome}}, nil
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode() != c.exit || len(begun) > c.begun || len(r.NotRun) < c.notRun || len(r.NotRun)+len(begun) != len(targets) {
				t.Errorf("exit code %d, begun %q, not begun %q: %s", r.ExitCode(), begun, r.NotRun, r.Stopped)
			}
			for _, target := range r.NotRun {
				if slices.Contains(begun, target) {
					t.Errorf("%s was begun and is told not to be", target)
				}
			}
			if (c.exit == 7 || c.name == "canary waits for somebody") != (r.Stopped != "") {
				t.Errorf("it says %q", r.Stopped)
			}
		})
	}
}

func TestFanThatIsInterruptedIsNoThreshold(t *testing.T) {
	e := newWorld(t, sim.Options{}).engine(runs(t))
	ctx, cancel := context.WithCancelCause(t.Context())
	r, err := fleet.RunAll(ctx, e, "job", []string{"a", "b", "c"}, fleet.Rollout{Concurrency: 1}, func(target string) fleet.TargetFunc {
		return func(context.Context) ([]runbook.Result, error) {
			cancel(errors.New("somebody pressed Ctrl-C"))
			return []runbook.Result{{Target: target, Outcome: journal.Stopped}}, nil
		}
	})
	if err == nil || r.ExitCode() != runbook.ExitFailed || !r.Interrupted || len(r.NotRun) == 0 {
		t.Errorf("%v, exit code %d, %+v", err, r.ExitCode(), r)
	}
}

func TestThresholdsAreNumbersOrShares(t *testing.T) {
	for text, want := range map[string]string{"0": "0", "3": "3", "10%": "10%", "2.5%": "2.5%"} {
		if got, err := fleet.ParseThreshold(text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "-1", "1.5", "101%", "-1%", "%", "NaN%", "nan%", "Inf%"} {
		if got, err := fleet.ParseThreshold(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

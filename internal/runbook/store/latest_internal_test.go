package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// TestOrderOfRunsDoesNotDependOnTheirListing has runs of one target whose machines' clocks differ, and of another.
func TestOrderOfRunsDoesNotDependOnTheirListing(t *testing.T) {
	runs := []Info{
		{Run: "20260101-000003-a", Target: "a", Fence: 1}, {Run: "20260101-000001-a", Target: "a", Fence: 2},
		{Run: "20260101-000002-b", Target: "b", Fence: 1},
	}
	want := ""
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var all []Info
		for _, i := range order {
			all = append(all, runs[i])
		}
		got := fmt.Sprint(Filter{}.pick(all))
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("listed as %v: %s, and before %s", order, got, want)
		}
		if i := slices.IndexFunc(all, func(i Info) bool { return i.Target == "a" }); all[i].Fence != 2 {
			t.Errorf("listed as %v, the older run of the target is first: %v", order, all)
		}
	}
}

// record starts a run on a target, ends it at once and returns its id.
func record(t *testing.T, s Store, target string, at time.Time) string {
	t.Helper()
	lock, err := s.Acquire(t.Context(), target, Me(journal.NewID(at)), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	w, _, err := s.Create(t.Context(), lock, journal.RunStarted{Runbook: "restore"})
	if err == nil {
		_, err = w.Append(t.Context(), journal.RunFinished{Outcome: journal.Succeeded})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	return lock.Holder().Run
}

// TestLatestListsOnce asks for the latest run on many targets, while others start runs.
func TestLatestListsOnce(t *testing.T) {
	dir := t.TempDir()
	clock := wait.NewManual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s, other := NewLocal(dir, Options{Clock: clock}), NewLocal(dir, Options{Clock: clock})
	before := record(t, other, "old", clock.Now())
	latestOf := func(target string) string {
		t.Helper()
		i, err := s.Latest(t.Context(), target)
		if err != nil {
			return ""
		}
		return i.Run
	}
	if got := latestOf("old"); got != before {
		t.Fatalf("the latest is %s, want %s", got, before)
	}
	lists := 0
	list := func(ctx context.Context, f Filter) ([]Info, error) { lists++; return s.List(ctx, f) }
	for i := range 50 {
		clock.Advance(time.Minute)
		target := fmt.Sprintf("t%d", i)
		if i%2 == 0 {
			target = "old"
		}
		started := record(t, other, target, clock.Now())
		if got := latestOf(target); got != started {
			t.Errorf("%s: the latest is %s, want %s", target, got, started)
		}
		if _, err := s.latest.newest(t.Context(), clock, "none", dir, list, nil, nil); err == nil {
			t.Error("there is a run on a target that none worked on")
		}
	}
	if lists > 0 {
		t.Errorf("all runs were listed %d times again", lists)
	}
	// One that was removed uncovers the one before.
	was, now := record(t, other, "two", clock.Now()), ""
	clock.Advance(time.Minute)
	now = record(t, other, "two", clock.Now())
	if err := os.Remove(filepath.Join(dir, now+suffix)); err != nil {
		t.Fatal(err)
	}
	if got := latestOf("two"); got != was {
		t.Errorf("the latest is %q, want %s", got, was)
	}
}

package kinds_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

func TestRestartTellsWhatItRestarted(t *testing.T) {
	w := newWorld(t, "proxies-failed")
	restart := given{"membership": member, "ignore_budgets": true}
	d, planned := w.thing("rolling_restart", restart)
	before, err := planned.Check(t.Context(), true)
	if err != nil || before.Met() {
		t.Fatalf("%v, met %t", err, before.Met())
	}
	_, thing := w.thing("rolling_restart", restart)
	announced := w.Clock.Now()
	thing.(prereq.Announcer).Announce(announced)
	if state, err := thing.Check(t.Context(), true); err != nil || attribute(d.ResultValue(state), "restarted") != "[]" {
		t.Errorf("before anything was restarted: %v, %s", err, attribute(d.ResultValue(state), "restarted"))
	}
	w.Forget()
	change, err := thing.Enforce(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	restarted := w.wrote()
	if len(restarted) == 0 || len(restarted) != len(change.After) {
		t.Errorf("it wrote %q for %v", restarted, change.After)
	}
	w.Advance(time.Minute)
	after, err := thing.Check(t.Context(), true)
	if err != nil || !after.Met() {
		t.Fatalf("%v, %+v", err, after)
	}
	told := attribute(d.ResultValue(after), "restarted")
	for owner := range change.After {
		if !strings.Contains(told, owner) {
			t.Errorf("%s is not among %s", owner, told)
		}
	}
	// An executor that takes over tells the same, and restarts nothing.
	_, resumed := w.thing("rolling_restart", restart)
	resumed.(prereq.Announcer).Announce(announced)
	state, err := resumed.Check(t.Context(), true)
	if err != nil || !state.Met() || attribute(d.ResultValue(state), "restarted") != told {
		t.Errorf("resumed: %v, %s", err, attribute(d.ResultValue(state), "restarted"))
	}
	var kept *prereq.KeptError
	if err := thing.Undo(t.Context(), change); !errors.As(err, &kept) {
		t.Errorf("undo: %v", err)
	}
	// The next run did not restart them.
	w.Advance(time.Hour)
	_, next := w.thing("rolling_restart", restart)
	next.(prereq.Announcer).Announce(w.Clock.Now())
	if state, err := next.Check(t.Context(), true); err != nil || attribute(d.ResultValue(state), "restarted") != "[]" {
		t.Errorf("the next run: %v, %s", err, attribute(d.ResultValue(state), "restarted"))
	}
}

// No namespaces given is all, an empty set is none.
func TestRestartOfNoNamespaces(t *testing.T) {
	w := newWorld(t, "proxies-failed")
	for _, c := range []struct {
		namespaces any
		met        bool
	}{{nil, false}, {[]string{"shop"}, false}, {[]string{}, true}} {
		_, thing := w.thing("rolling_restart", given{"membership": member, "namespaces": c.namespaces})
		if state, err := thing.Check(t.Context(), true); err != nil || state.Met() != c.met {
			t.Errorf("%v: %v, met %t", c.namespaces, err, state.Met())
		}
	}
}

// What was restarted is asked for only where a restart was announced.
func TestPlanningARestartOfNothingAsksOnce(t *testing.T) {
	w := newWorld(t)
	asks := func(announced ...time.Time) int {
		t.Helper()
		_, thing := w.thing("rolling_restart", ofMember)
		for _, at := range announced {
			thing.(prereq.Announcer).Announce(at)
		}
		w.Forget()
		if state, err := thing.Check(t.Context(), true); err != nil || !state.Met() {
			t.Fatalf("%v, met %t", err, state.Met())
		}
		return len(w.Lines())
	}
	planning := asks()
	if running := asks(w.Clock.Now()); running <= planning {
		t.Errorf("planning asks %d times, running %d", planning, running)
	}
}

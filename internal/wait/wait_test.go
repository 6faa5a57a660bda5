package wait_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestUntilPausesLongerEachTimeUpToTheMaximum(t *testing.T) {
	clock := wait.NewJumping(newYear)
	calls := 0
	err := wait.Until(t.Context(), wait.Backoff{First: 100 * time.Millisecond, Max: time.Second, Clock: clock}, "it",
		func(context.Context) (bool, string, error) { calls++; return calls == 12, "", nil })
	if err != nil {
		t.Fatal(err)
	}
	pauses := clock.Pauses()
	if len(pauses) != 11 {
		t.Fatalf("%d pauses, want 11", len(pauses))
	}
	if first := pauses[0]; first < 75*time.Millisecond || first > 125*time.Millisecond {
		t.Errorf("first pause %s, want 100ms give or take a quarter", first)
	}
	for i, p := range pauses {
		if p > 1250*time.Millisecond {
			t.Errorf("pause %d is %s, over the maximum", i, p)
		}
	}
	if last := pauses[10]; last < 750*time.Millisecond {
		t.Errorf("last pause %s, want about a second", last)
	}
}

func TestUntilStopsAtAnError(t *testing.T) {
	boom := errors.New("boom")
	calls := 0
	err := wait.Until(t.Context(), wait.Backoff{First: time.Hour, Max: time.Hour, Clock: wait.NewJumping(newYear)}, "it",
		func(context.Context) (bool, string, error) { calls++; return false, "", boom })
	if !errors.Is(err, boom) || calls != 1 {
		t.Errorf("got %v after %d calls, want boom after 1", err, calls)
	}
}

func TestUntilEndsWithItsContextAndSaysWhatItSaw(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := wait.Until(ctx, wait.Backoff{First: time.Hour, Max: time.Hour}, "the cluster",
		func(context.Context) (bool, string, error) { cancel(); return false, "status RECONCILING", nil })
	var expired *wait.Expired
	if !errors.As(err, &expired) || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want an Expired that wraps context.Canceled", err)
	}
	for _, want := range []string{"the cluster", "status RECONCILING"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestSleepDoesNotStartUnderAnEndedContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	clock := wait.NewJumping(newYear)
	if err := wait.Sleep(ctx, clock, time.Second); !errors.Is(err, context.Canceled) || len(clock.Pauses()) != 0 {
		t.Errorf("got %v and pauses %v, want a cancelled context and none", err, clock.Pauses())
	}
}

// What has come is not reported as given up, even if the context ended in the same moment.
func TestUntilBelievesWhatHasCome(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := wait.Until(ctx, wait.Backoff{}, "it", func(context.Context) (bool, string, error) {
		cancel()
		return true, "", nil
	})
	if err != nil {
		t.Error(err)
	}
}

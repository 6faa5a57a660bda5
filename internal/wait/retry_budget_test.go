package wait_test

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestRetryBudget(t *testing.T) {
	clock := wait.NewJumping(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	start := clock.Now()
	ctx := wait.WithRetryBudget(t.Context(), clock, 30*time.Second)
	attempts := func(pause time.Duration) (n int) {
		retry := wait.Retry{Backoff: wait.Backoff{First: time.Second, Max: 5 * time.Second, Clock: clock}, For: time.Minute}
		if err := retry.Do(ctx, func(int) (bool, time.Duration) { n++; return true, pause }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := attempts(0); n < 2 || clock.Now().Sub(start) > 30*time.Second {
		t.Errorf("%d attempts in %s", n, clock.Now().Sub(start))
	}
	clock.Advance(start.Add(30 * time.Second).Sub(clock.Now()))
	if n := attempts(0); n != 1 {
		t.Errorf("%d attempts after the budget", n)
	}
	if got := wait.AttemptTimeout(ctx, time.Minute); got != 5*time.Second {
		t.Errorf("an attempt after the budget may take %s", got)
	}
	if got := wait.AttemptTimeout(t.Context(), time.Minute); got != time.Minute {
		t.Errorf("an attempt without a budget may take %s", got)
	}
	ctx = wait.WithRetryBudget(t.Context(), clock, 30*time.Second)
	if n := attempts(time.Minute); n != 1 {
		t.Errorf("%d attempts although the server asks for a pause beyond the budget", n)
	}
	if got := wait.AttemptTimeout(ctx, time.Minute); got != 30*time.Second {
		t.Errorf("an attempt within the budget may take %s", got)
	}
}

package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestDeadlineFollowsTheClock(t *testing.T) {
	clock := wait.NewManual(newYear)
	ctx, cancel := wait.Deadline(t.Context(), wait.Real, time.Now().Add(time.Hour), "the work")
	if ctx.Err() != nil {
		t.Error("it ended at once")
	}
	cancel()
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("cancelled, the cause is %v", context.Cause(ctx))
	}
	past, cancel := wait.Deadline(t.Context(), clock, newYear.Add(-time.Second), "the work")
	defer cancel()
	select {
	case <-past.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("a deadline that is over does not end the context")
	}
	var timeout *wait.TimeoutError
	if cause := context.Cause(past); !errors.As(cause, &timeout) || !errors.Is(cause, context.DeadlineExceeded) {
		t.Errorf("the cause is %v", context.Cause(past))
	}
}

package wait

import (
	"context"
	"time"
)

// lastAttempt is how long an attempt may take when the budget is used up: long enough for a healthy answer.
const lastAttempt = 5 * time.Second

type budgetKey struct{}

type retryBudget struct {
	clock Clock
	until time.Time
}

// WithRetryBudget returns a context under which failed attempts are repeated for d from now on, all calls together. A
// call after that is attempted once. Work that succeeds is not cut short, so a large fleet takes the time that it takes.
func WithRetryBudget(ctx context.Context, clock Clock, d time.Duration) context.Context {
	return context.WithValue(ctx, budgetKey{}, retryBudget{clock, clock.Now().Add(d)})
}

// left is what remains of ctx's retry budget; bounded is false where it has none.
func left(ctx context.Context) (remaining time.Duration, bounded bool) {
	budget, bounded := ctx.Value(budgetKey{}).(retryBudget)
	if !bounded {
		return 0, false
	}
	return budget.until.Sub(budget.clock.Now()), true
}

// AttemptTimeout returns how long one attempt may wait for its answer: limit, or what is left of ctx's retry budget, and
// then a few seconds.
func AttemptTimeout(ctx context.Context, limit time.Duration) time.Duration {
	remaining, bounded := left(ctx)
	if !bounded {
		return limit
	}
	return min(limit, max(remaining, lastAttempt))
}

package wait

import (
	"context"
	"fmt"
	"time"
)

// checkInterval is how often a deadline reads a clock that may not be the machine's.
const checkInterval = 200 * time.Millisecond

// Deadline ends a context when a clock has come to a time. The cause is a
// *TimeoutError; the caller calls cancel when the work is done.
func Deadline(ctx context.Context, clock Clock, at time.Time, what string) (bounded context.Context, cancel func()) {
	bounded, end := context.WithCancelCause(ctx)
	from := clock.Now()
	go func() {
		for {
			left := at.Sub(clock.Now())
			if left <= 0 {
				end(&TimeoutError{What: what, After: at.Sub(from)})
				return
			}
			timer := time.NewTimer(min(left, checkInterval))
			select {
			case <-bounded.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
		}
	}()
	return bounded, func() { end(context.Canceled) }
}

// TimeoutError is the cause of a context that came to its deadline.
type TimeoutError struct {
	What  string
	After time.Duration
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s was given %s, and took longer", e.What, e.After.Round(time.Second))
}

// Timeout is what net.Error asks for.
func (e *TimeoutError) Timeout() bool { return true }

// Is makes it a context.DeadlineExceeded.
func (e *TimeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

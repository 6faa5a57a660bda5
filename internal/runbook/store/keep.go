package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Keep renews a lock three times in each lease until stop is called, which waits for the last renewal to end. The
// context that it returns ends when the lock is lost, or could not be renewed for as long as the lease lasts; its cause
// says which.
func Keep(ctx context.Context, clock wait.Clock, lock Lock, lease time.Duration) (kept context.Context, stop func()) {
	kept, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		renewed := clock.Now()
		for wait.Sleep(kept, clock, lease/3) == nil {
			err := lock.Renew(kept)
			var lost *LostError
			switch {
			case err == nil:
				renewed = clock.Now()
			case errors.As(err, &lost):
				cancel(err)
				return
			case clock.Now().Sub(renewed) >= lease:
				cancel(fmt.Errorf("the lock on %s could not be renewed for as long as its lease lasts: %w", lock.Target(), err))
				return
			}
		}
	}()
	return kept, func() {
		cancel(context.Canceled)
		<-done
	}
}

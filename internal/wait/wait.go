// Package wait is the only place of this program that waits: every wait has a context that ends it, a clock that tests
// replace, and growing, jittered pauses between attempts.
package wait

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Clock returns the time and wakes a caller. Real is the machine's.
type Clock interface {
	Now() time.Time
	After(time.Duration) <-chan time.Time
}

type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Real is the machine's clock.
var Real Clock = realClock{}

// Sleep pauses for d, or until ctx ends; then it returns ctx's error.
func Sleep(ctx context.Context, clock Clock, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-clock.After(d):
		return nil
	}
}

// Backoff says how long to pause between attempts: First, then half as much again each time up to Max, each varied by a
// quarter either way so that many callers do not retry at once.
type Backoff struct {
	First, Max time.Duration
	Clock      Clock
}

func (b Backoff) clock() Clock {
	if b.Clock == nil {
		return Real
	}
	return b.Clock
}

// Pauses returns the sequence of pauses, for a caller with a loop of its own.
func (b Backoff) Pauses() func() time.Duration {
	e := backoff.NewExponentialBackOff()
	e.InitialInterval, e.MaxInterval = b.First, b.Max
	e.Multiplier, e.RandomizationFactor = 1.5, 0.25
	return e.NextBackOff
}

// Until calls done until it reports true or fails, pausing in between. When ctx ends first, the error is an *Expired
// that says what was waited for and what was last seen.
func Until(ctx context.Context, b Backoff, what string, done func(context.Context) (finished bool, seen string, err error)) error {
	clock := b.clock()
	start, pause, last := clock.Now(), b.Pauses(), ""
	for {
		finished, seen, err := done(ctx)
		if seen != "" {
			last = seen
		}
		switch {
		case err == nil && finished:
			return nil // also where ctx has ended meanwhile: what was waited for has come
		case ctx.Err() != nil:
			return &Expired{What: what, Last: last, After: clock.Now().Sub(start), cause: context.Cause(ctx)}
		case err != nil:
			return err
		}
		if err := Sleep(ctx, clock, pause()); err != nil {
			return &Expired{What: what, Last: last, After: clock.Now().Sub(start), cause: context.Cause(ctx)}
		}
	}
}

// Expired is the error of a wait that its context ended.
type Expired struct {
	What  string // what was waited for
	Last  string // what was last seen, or ""
	After time.Duration
	cause error
}

func (e *Expired) Error() string {
	last := ""
	if e.Last != "" {
		last = ", last seen: " + e.Last
	}
	return fmt.Sprintf("gave up waiting for %s after %s (%v)%s", e.What, e.After.Round(100*time.Millisecond), e.cause, last)
}

func (e *Expired) Unwrap() error { return e.cause }

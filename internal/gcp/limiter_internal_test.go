package gcp

import (
	"context"
	"testing"
	"time"
)

// fastClock lets its time pass at once when somebody waits.
type fastClock struct {
	now    time.Time
	waited time.Duration
}

func (c *fastClock) Now() time.Time { return c.now }

func (c *fastClock) After(d time.Duration) <-chan time.Time {
	c.now, c.waited = c.now.Add(d), c.waited+d
	done := make(chan time.Time, 1)
	done <- c.now
	return done
}

// TestLimiterGoesByTheClock keeps to the quota in the time of the client's clock,
// which in a rehearsal is not the machine's.
func TestLimiterGoesByTheClock(t *testing.T) {
	clock := &fastClock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	l := newLimiter(clock)
	for range 10 {
		if err := l.Wait(t.Context()); err != nil || clock.waited > 0 {
			t.Fatalf("within the burst: %v, waited %s", err, clock.waited)
		}
	}
	for range 4 {
		if err := l.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if clock.waited != 6*time.Second {
		t.Errorf("four more than the burst waited %s, not 6s", clock.waited)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Wait(ended); err == nil {
		t.Error("a caller who is gone was served")
	}
	clock.now = clock.now.Add(1500 * time.Millisecond)
	waited := clock.waited
	if err := l.Wait(t.Context()); err != nil || clock.waited != waited {
		t.Errorf("whoever was gone took the place of another: %v, waited %s", err, clock.waited-waited)
	}
}

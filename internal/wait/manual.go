package wait

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Manual is a clock whose time stands still until Advance moves it, or, with Jump, until somebody waits: for tests.
type Manual struct {
	// Jump ends every wait at once and moves the clock to the wait's end.
	Jump bool

	mu      sync.Mutex
	now     time.Time
	pauses  []time.Duration
	waiters []waiter
	changed chan struct{} // closed when a wait begins
}

type waiter struct {
	end   time.Time
	fires chan time.Time
}

// NewManual returns a clock that shows start.
func NewManual(start time.Time) *Manual {
	return &Manual{now: start, changed: make(chan struct{})}
}

// NewJumping returns a clock that shows start and jumps to the end of every wait.
func NewJumping(start time.Time) *Manual {
	m := NewManual(start)
	m.Jump = true
	return m
}

// Now implements Clock.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// After implements Clock.
func (m *Manual) After(d time.Duration) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := waiter{end: m.now.Add(d), fires: make(chan time.Time, 1)}
	m.pauses, m.waiters = append(m.pauses, d), append(m.waiters, w)
	close(m.changed)
	m.changed = make(chan struct{})
	if m.Jump {
		m.advance(d)
	}
	return w.fires
}

// Advance moves the clock, and ends the waits whose time has come.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance(d)
}

func (m *Manual) advance(d time.Duration) {
	m.now = m.now.Add(d)
	m.waiters = slices.DeleteFunc(m.waiters, func(w waiter) bool {
		due := !w.end.After(m.now)
		if due {
			w.fires <- m.now
		}
		return due
	})
}

// Pauses returns the lengths of all waits so far, in order.
func (m *Manual) Pauses() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.pauses)
}

// AwaitPause returns when a wait of length d begins that no earlier call has returned for; earlier waits of other
// lengths are forgotten. Its error is that ctx ended first.
func (m *Manual) AwaitPause(ctx context.Context, d time.Duration) error {
	for {
		m.mu.Lock()
		at := slices.Index(m.pauses, d)
		if at >= 0 {
			m.pauses = slices.Delete(m.pauses, 0, at+1)
		}
		changed := m.changed
		m.mu.Unlock()
		if at >= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing waits for %s: %w", d, context.Cause(ctx))
		case <-changed:
		}
	}
}

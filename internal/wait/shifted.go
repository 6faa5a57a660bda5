package wait

import (
	"sync/atomic"
	"time"
)

// Shifted is the machine's clock, moved by Advance: for simulations, and for tests of what is really awaited. The zero
// value is the machine's clock.
type Shifted struct {
	// Jump ends every wait at once and moves the clock by its length.
	Jump bool
	// Longest bounds the machine's time that a wait takes; 0 does not.
	Longest time.Duration
	// OnAdvance, unless nil, is called before the clock moves. On an error it does not move; a wait then ends at once.
	OnAdvance func(time.Duration) error

	shift atomic.Int64 // nanoseconds
}

// Now implements Clock.
func (s *Shifted) Now() time.Time { return time.Now().Add(time.Duration(s.shift.Load())) }

// After implements Clock.
func (s *Shifted) After(d time.Duration) <-chan time.Time {
	if s.Jump {
		_ = s.Advance(max(d, 0)) // OnAdvance knows
		return time.After(0)
	}
	if s.Longest > 0 {
		d = min(d, s.Longest)
	}
	return time.After(d)
}

// Advance moves the clock by d, which may be negative. Waits under way are not shortened. The error is OnAdvance's.
func (s *Shifted) Advance(d time.Duration) error {
	if s.OnAdvance != nil && d != 0 {
		if err := s.OnAdvance(d); err != nil {
			return err
		}
	}
	s.shift.Add(int64(d))
	return nil
}

// Ahead is the distance from the machine's clock.
func (s *Shifted) Ahead() time.Duration { return time.Duration(s.shift.Load()) }

// Set makes d the distance from the machine's clock, without a call of OnAdvance.
func (s *Shifted) Set(d time.Duration) { s.shift.Store(int64(d)) }

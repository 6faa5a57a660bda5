package gcp

import (
	"context"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// TestLimiterGoesByTheClock keeps to the quota in the time of the client's clock,
// which in a rehearsal is not the machine's.
func TestLimiterGoesByTheClock(t *testing.T) {
	clock := wait.NewJumping(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	l := newLimiter(clock)
	waited := func() (sum time.Duration) {
		for _, d := range clock.Pauses() {
			sum += d
		}
		return sum
	}
	for range 10 {
		if err := l.Wait(t.Context()); err != nil || waited() > 0 {
			t.Fatalf("within the burst: %v, waited %s", err, waited())
		}
	}
	for range 4 {
		if err := l.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if waited() != 6*time.Second {
		t.Errorf("four more than the burst waited %s, not 6s", waited())
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Wait(ended); err == nil {
		t.Error("a caller who is gone was served")
	}
	clock.Advance(1500 * time.Millisecond)
	before := waited()
	if err := l.Wait(t.Context()); err != nil || waited() != before {
		t.Errorf("the caller who was gone took another's place: %v, waited %s", err, waited()-before)
	}
}

package wait_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestManualMovesOnlyByHand(t *testing.T) {
	clock := wait.NewManual(newYear)
	short, long := clock.After(time.Second), clock.After(time.Minute)
	clock.Advance(time.Second)
	select {
	case <-short:
	default:
		t.Error("a wait whose time has come does not end")
	}
	select {
	case <-long:
		t.Error("a wait ended before its time")
	default:
	}
	clock.Advance(time.Minute)
	if at := <-long; !at.Equal(newYear.Add(61*time.Second)) || !clock.Now().Equal(at) {
		t.Errorf("the wait ended at %s, the clock shows %s", at, clock.Now())
	}
}

func TestManualReportsPauses(t *testing.T) {
	clock := wait.NewJumping(newYear)
	go func() {
		<-clock.After(time.Minute)
		<-clock.After(time.Second)
	}()
	if err := clock.AwaitPause(t.Context(), time.Second); err != nil {
		t.Error(err)
	}
	if !clock.Now().Equal(newYear.Add(61 * time.Second)) {
		t.Errorf("the clock did not jump: %s", clock.Now())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := clock.AwaitPause(ctx, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait before the last one counts again: %v", err)
	}
}

func TestShifted(t *testing.T) {
	var advanced []time.Duration
	boom := errors.New("boom")
	clock := &wait.Shifted{Jump: true, OnAdvance: func(d time.Duration) error {
		if d > time.Hour {
			return boom
		}
		advanced = append(advanced, d)
		return nil
	}}
	<-clock.After(time.Hour)
	<-clock.After(2 * time.Hour) // is refused, and ends
	if err := clock.Advance(2 * time.Hour); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
	if ahead := time.Until(clock.Now()); ahead < 59*time.Minute || ahead > time.Hour || len(advanced) != 1 {
		t.Errorf("the clock is %s ahead after %v", ahead, advanced)
	}
	brief := &wait.Shifted{Longest: time.Millisecond}
	<-brief.After(time.Hour)
	if ahead := time.Until(brief.Now()); ahead > time.Second {
		t.Errorf("a wait moved the clock by %s", ahead)
	}
}

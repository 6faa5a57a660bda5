package wait

import (
	"context"
	"time"
)

// Retry is how often an attempt is repeated, with the pauses of its Backoff.
type Retry struct {
	Backoff
	Attempts int           // at most, the first one included; 0 is any number
	For      time.Duration // no pause ends later than this after the start; 0 is no limit
}

// Do calls attempt until it need not, or may not, be repeated; the caller keeps what the last attempt returned. number
// counts from 1; pause is the shortest pause that the server asks for. Do returns an error only when ctx ends first. A
// retry budget of ctx ends it as For does.
func (r Retry) Do(ctx context.Context, attempt func(number int) (again bool, pause time.Duration)) error {
	clock := r.clock()
	start, pauses := clock.Now(), r.Pauses()
	for number := 1; ; number++ {
		again, pause := attempt(number)
		pause = max(pause, pauses())
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case !again || number == r.Attempts:
			return nil
		case r.For > 0 && clock.Now().Sub(start)+pause > r.For:
			return nil
		}
		if remaining, bounded := left(ctx); bounded && pause > remaining {
			return nil
		}
		if err := Sleep(ctx, clock, pause); err != nil {
			return err
		}
	}
}

package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestRunFromStartToEnd(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		s := place.open(t, store.Options{})
		if all, err := s.List(t.Context(), store.Filter{}); err != nil || len(all) != 0 {
			t.Errorf("at first it lists %v, %v", all, err)
		}
		fails[*store.NoRunError](t, second(s.Latest(t.Context(), target)))
		owner := newRun()
		lock := acquire(t, s, owner)
		w := begin(t, s, lock)
		appendTo(t, w, journal.ActIntended{Step: "one"})
		if all, err := s.List(t.Context(), store.Filter{Unfinished: true}); err != nil || len(all) != 1 || all[0].Finished() {
			t.Errorf("on the way it lists %+v, %v", all, err)
		}
		appendTo(t, w, journal.ActDone{Step: "one"}, journal.RunFinished{Outcome: journal.Succeeded})
		must(t, lock.Release(t.Context()))

		want := []journal.Kind{journal.KindRunStarted, journal.KindActIntended, journal.KindActDone, journal.KindRunFinished}
		if got := kinds(read(t, s, strings.ToUpper(owner.Run))); !slices.Equal(got, want) {
			t.Errorf("the journal has %v, want %v", got, want)
		}
		info, err := s.Latest(t.Context(), target)
		must(t, err)
		if info.Run != owner.Run || info.Runbook != "restore" || info.Target != target || info.User != "alice" || info.Reason != "INC-1" ||
			info.Outcome != journal.Succeeded || info.Fence != 1 || info.Started.IsZero() || info.Last.Before(info.Started) || info.Broken != "" {
			t.Errorf("it lists %+v", info)
		}
		for name, c := range map[string]struct {
			f    store.Filter
			want int
		}{
			"all": {store.Filter{}, 1}, "target": {store.Filter{Target: target}, 1}, "another target": {store.Filter{Target: "x"}, 0},
			"runbook": {store.Filter{Runbook: "other"}, 0}, "outcome": {store.Filter{Outcome: journal.Failed}, 0},
			"unfinished": {store.Filter{Unfinished: true}, 0}, "since": {store.Filter{Since: time.Now().Add(time.Hour)}, 0},
		} {
			if all, err := s.List(t.Context(), c.f); err != nil || len(all) != c.want {
				t.Errorf("%s: it lists %v, %v; want %d", name, all, err, c.want)
			}
		}
		// A name is used once.
		again := acquire(t, s, owner)
		if _, _, err := s.Create(t.Context(), again, start()); err == nil {
			t.Error("a run was made twice")
		}
		if n := len(read(t, s, owner.Run)); n != 4 {
			t.Errorf("then the journal has %d entries", n)
		}
	})
}

func second[A any](_ A, err error) error { return err }

func TestOneHolderAtATime(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		mine, other := place.open(t, store.Options{}), place.open(t, store.Options{})
		owner := newRun()
		lock := acquire(t, mine, owner)
		_, err := other.Acquire(t.Context(), target, newRun(), minute)
		held := as[*store.HeldError](t, err)
		if held.By.Owner != owner || held.By.Until.Sub(held.By.Since) != minute {
			t.Errorf("it is held by %+v", held.By)
		}
		for _, want := range []string{target, owner.User, owner.Host, owner.Run, held.By.Since.Format(time.RFC3339),
			held.By.Until.Format(time.RFC3339)} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
		if h, ok, err := other.Holder(t.Context(), target); err != nil || !ok || h.Owner != owner {
			t.Errorf("the holder is %+v, %v, %v", h, ok, err)
		}
		// Of another target it is not the lock.
		free, err := other.Acquire(t.Context(), target+"2", newRun(), minute)
		must(t, err)
		must(t, free.Release(t.Context()))

		must(t, lock.Release(t.Context()))
		if _, ok, err := other.Holder(t.Context(), target); err != nil || ok {
			t.Errorf("after the release somebody holds it: %v, %v", ok, err)
		}
		for fence := int64(2); fence < 5; fence++ {
			lock, err := other.Acquire(t.Context(), target, newRun(), minute)
			must(t, err)
			if got := lock.Holder().Fence; got != fence || lock.TakenOver().Why != "" {
				t.Errorf("the fence is %d, want %d; taken over because %q", got, fence, lock.TakenOver().Why)
			}
			must(t, lock.Release(t.Context()))
			fails[*store.LostError](t, lock.Renew(t.Context()))
		}
	})
}

// Whoever was silent for longer than the lease has lost the lock, and with it the pen.
func TestLeaseThatRanOut(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		later := &wait.Shifted{}
		mine, other := place.open(t, store.Options{}), place.open(t, store.Options{Clock: later})
		old := newRun()
		old.Host = "elsewhere" // so that nothing but the lease speaks
		lock := acquire(t, mine, old)
		w := begin(t, mine, lock)

		must(t, later.Advance(50*time.Second))
		fails[*store.HeldError](t, second(other.Acquire(t.Context(), target, newRun(), minute)))
		must(t, lock.Renew(t.Context()))
		must(t, later.Advance(5*time.Second))
		fails[*store.HeldError](t, second(other.Acquire(t.Context(), target, newRun(), minute)))

		must(t, later.Advance(time.Hour))
		appendTo(t, w, journal.Note{Text: "late, but nobody took over"})
		young := newRun()
		successor := acquire(t, other, young)
		if by := successor.TakenOver(); by.From.Owner != old || !strings.Contains(by.Why, "lease ran out") || successor.Holder().Fence != 2 {
			t.Errorf("it was taken over from %+v, the fence is %d", by, successor.Holder().Fence)
		}
		// The new run is on the same target; the journal of the old one is the old executor's no more.
		next := begin(t, other, successor)
		_, err := w.Append(t.Context(), journal.ActIntended{Step: "one"})
		if lost := as[*store.LostError](t, err); lost.By == nil || lost.By.Owner != young || !strings.Contains(err.Error(), "was not done") {
			t.Errorf("the error is %v", err)
		}
		fails[*store.LostError](t, lock.Renew(t.Context()))
		fails[*store.LostError](t, lock.Release(t.Context()))
		appendTo(t, next, journal.RunFinished{Outcome: journal.Succeeded})

		if got := kinds(read(t, other, old.Run)); !slices.Equal(got, []journal.Kind{journal.KindRunStarted, journal.KindNote}) {
			t.Errorf("the old journal has %v", got)
		}
		all := read(t, other, young.Run)
		if got := kinds(all); !slices.Equal(got, []journal.Kind{journal.KindRunStarted, journal.KindLockTakenOver, journal.KindRunFinished}) {
			t.Fatalf("the new journal has %v", got)
		}
		if p := all[1].Data.(journal.LockTakenOver); p.Run != old.Run || p.Fence != 2 || !strings.Contains(p.From, "elsewhere") {
			t.Errorf("it was taken over: %+v", p)
		}
		if info, err := other.Latest(t.Context(), target); err != nil || info.Run != young.Run {
			t.Errorf("the latest run is %+v, %v", info, err)
		}
	})
}

// A clock that went back two days does not make a later run an earlier one.
func TestClockSetBack(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		c := &wait.Shifted{}
		s := place.open(t, store.Options{Clock: c})
		var last string
		for range 3 {
			owner := store.Me(journal.NewID(c.Now()))
			lock := acquire(t, s, owner)
			w := begin(t, s, lock)
			must(t, c.Advance(-48*time.Hour))
			appendTo(t, w, journal.RunFinished{Outcome: journal.Succeeded})
			must(t, lock.Renew(t.Context()))
			must(t, lock.Release(t.Context()))
			last = owner.Run
		}
		if info, err := s.Latest(t.Context(), target); err != nil || info.Run != last || info.Fence != 3 {
			t.Errorf("the latest run is %+v, %v; want %s", info, err, last)
		}
		if all, err := s.List(t.Context(), store.Filter{Limit: 2}); err != nil || len(all) != 2 || all[0].Run != last {
			t.Errorf("the last two are %+v, %v", all, err)
		}
	})
}

func TestWhatCannotBeOpened(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		s := place.open(t, store.Options{})
		owner := newRun()
		lock := acquire(t, s, owner)
		begin(t, s, lock)
		other, err := s.Acquire(t.Context(), "another target", newRun(), minute)
		must(t, err)
		if _, _, err := s.Open(t.Context(), other, owner.Run, journal.RunResumed{}); err == nil ||
			!strings.Contains(err.Error(), "the lock is on another target") {
			t.Errorf("under the lock of another target it is opened with %v", err)
		}
		missing := newRun().Run
		fails[*store.NoRunError](t, third(s.Open(t.Context(), lock, missing, journal.RunResumed{})))
		fails[*store.NoRunError](t, second(s.Read(t.Context(), missing)))
		for _, name := range []string{"../../x", "", "*", owner.Run + "/x"} {
			if _, err := s.Read(t.Context(), name); err == nil || !strings.Contains(err.Error(), "name of a run") {
				t.Errorf("%q is read with %v", name, err)
			}
		}
		if n := len(read(t, s, owner.Run)); n != 1 {
			t.Errorf("the run has %d entries, want 1", n)
		}
	})
}

func third[A, B any](_ A, _ B, err error) error { return err }

func TestKeep(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		ticks := &ticking{c: make(chan time.Time)}
		s := place.open(t, store.Options{Clock: ticks})
		lock := acquire(t, s, newRun())
		first := lock.Holder().Until
		kept, stop := store.Keep(t.Context(), ticks, lock, minute)
		for range 3 {
			must(t, ticks.Advance(20*time.Second))
			ticks.c <- time.Time{}
		}
		stop()
		// The third tick may have come too late for its renewal, which stop cuts off.
		if moved := lock.Holder().Until.Sub(first); moved < 40*time.Second {
			t.Errorf("three renewals moved the end by %s", moved)
		}
		if kept.Err() == nil {
			t.Error("after stop the context goes on")
		}

		// Taken over while this executor slept.
		kept, stop = store.Keep(t.Context(), ticks, lock, minute)
		defer stop()
		later := &wait.Shifted{}
		must(t, later.Advance(time.Hour))
		asking := newRun()
		acquire(t, place.open(t, store.Options{Clock: later}), asking)
		ticks.c <- time.Time{}
		<-kept.Done()
		if lost := as[*store.LostError](t, context.Cause(kept)); lost.By.Owner != asking {
			t.Errorf("it was lost to %+v", lost.By)
		}
	})
}

// ticking is a clock on which a wait ends when the test says so.
type ticking struct {
	wait.Shifted
	c chan time.Time
}

func (c *ticking) After(time.Duration) <-chan time.Time { return c.c }

// What is secret is neither in a journal nor in what says who holds a lock.
func TestSecretsInNoPlace(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		const secret = "hunter22-planted"
		s := place.open(t, store.Options{Redactor: journal.NewRedactor(secret)})
		owner := newRun()
		owner.User, owner.Host = secret, "ya29.planted-host-token"
		lock := acquire(t, s, owner)
		started := start()
		started.Reason, started.By.User, started.Runbook, started.Inputs = secret, secret, secret, map[string]any{secret: secret}
		w, _, err := s.Create(t.Context(), lock, started)
		must(t, err)
		appendTo(t, w, journal.StepFailed{Step: secret, Error: "Bearer " + secret},
			journal.RunFinished{Outcome: journal.Outcome(secret), Reason: secret})
		_, err = s.Acquire(t.Context(), target, newRun(), minute)
		dump := err.Error() + everything(t, place)
		for _, planted := range []string{secret, "ya29.planted", "aHVudGVyMjItcGxhbnRlZA"} {
			if at := strings.Index(dump, planted); at >= 0 {
				t.Errorf("%q is kept: %s", planted, dump[max(0, at-80):min(len(dump), at+80)])
			}
		}
		if !strings.Contains(dump, journal.Redacted) {
			t.Error("nothing was redacted, so nothing was looked at")
		}
	})
}

// One run that somebody spoilt does not hide the others, nor itself.
func TestBrokenRunInAList(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		s := place.open(t, store.Options{})
		var runs []string
		for range 2 {
			owner := newRun()
			lock := acquire(t, s, owner)
			w := begin(t, s, lock)
			appendTo(t, w, journal.Note{Text: "a note to spoil"}, journal.RunFinished{Outcome: journal.Succeeded})
			must(t, lock.Release(t.Context()))
			runs = append(runs, owner.Run)
		}
		spoil(t, place, runs[0])
		all, err := s.List(t.Context(), store.Filter{})
		if err != nil || len(all) != 2 {
			t.Fatalf("it lists %+v, %v", all, err)
		}
		r, err := s.Read(t.Context(), runs[0])
		must(t, err)
		defer r.Close()
		verdict, err := journal.Verify(r.Reader)
		if err != nil || verdict.OK() || verdict.Broken.Line != 2 {
			t.Errorf("the audit finds %+v, %v", verdict, err)
		}
		lock := acquire(t, s, newRun())
		var broken *journal.BrokenError
		if _, _, err := s.Open(t.Context(), lock, runs[0], journal.RunResumed{}); !errors.As(err, &broken) {
			t.Errorf("it is opened with %v", err)
		}
	})
}

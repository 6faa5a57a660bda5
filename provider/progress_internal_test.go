package provider

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func newClock() *wait.Manual { return wait.NewManual(time.Unix(1e9, 0)) }

// awaitPause returns when progress waits for d.
func awaitPause(t *testing.T, clock *wait.Manual, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hung)
	defer cancel()
	if err := clock.AwaitPause(ctx, d); err != nil {
		t.Fatal(err)
	}
}

// hung is when a test that would wait for ever gives up.
const hung = 30 * time.Second

func next(t *testing.T, sent <-chan string) string {
	t.Helper()
	select {
	case text := <-sent:
		return text
	case <-time.After(hung):
		t.Fatal("nothing is sent")
		return ""
	}
}

func entry(seq int64, data journal.Payload) engine.Event {
	return engine.Event{Run: "r1", Runbook: "b", Target: "m", Entry: journal.Entry{Seq: seq, Data: data}}
}

func TestProgressIsOneMessageASecond(t *testing.T) {
	clock, sent := newClock(), make(chan string)
	p := newProgress(t.Context(), clock, func(text string) { sent <- text })
	p.onEvent(entry(1, journal.RunStarted{Run: "r1", Runbook: "b", Target: "m"}))
	if got := next(t, sent); got != "run r1 of b on m started" {
		t.Fatalf("%q", got)
	}
	// Within one second: joined, and nothing lost.
	p.onEvent(entry(2, journal.StepStarted{Step: "grant", Attempt: 1}))
	awaitPause(t, clock, time.Second)
	p.onEvent(entry(3, journal.ActIntended{Step: "grant", Change: journal.FieldChange{Subject: "projects/p"}}))
	p.onEvent(entry(4, journal.StepVerified{Step: "grant", Found: "two\nlines\x1b[2K"}))
	select {
	case got := <-sent:
		t.Fatalf("sent %q within a second", got)
	default:
	}
	clock.Advance(time.Second)
	if got, want := next(t, sent), "grant: started\ngrant: changing projects/p\ngrant: done: two lines [2K"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.say("last")
	go p.finish(t.Context())
	awaitPause(t, clock, time.Second)
	clock.Advance(time.Second)
	if got := next(t, sent); got != "last" {
		t.Errorf("%q", got)
	}
	<-p.sent
}

// A wait is looked at every few seconds for an hour; that is no news each time.
func TestProgressRepeatsAWaitEveryHalfMinute(t *testing.T) {
	clock, sent := newClock(), make(chan string)
	p := newProgress(t.Context(), clock, func(text string) { sent <- text })
	p.onEvent(entry(1, journal.StepStarted{Step: "active", Attempt: 1}))
	next(t, sent)
	awaitPause(t, clock, 30*time.Second) // before the first message
	awaitPause(t, clock, 30*time.Second) // and behind it
	for range 29 {
		p.onEvent(engine.Event{Step: "active", Seen: "PROVISIONING"})
		clock.Advance(time.Second)
	}
	select {
	case got := <-sent:
		t.Fatalf("%q after 29 seconds", got)
	default:
	}
	p.onEvent(engine.Event{Step: "active", Seen: "PROVISIONING: almost"})
	clock.Advance(time.Second)
	if got := next(t, sent); got != "active: under way for 30s; PROVISIONING: almost" {
		t.Errorf("%q", got)
	}
	awaitPause(t, clock, 30*time.Second)
	p.onEvent(entry(2, journal.StepFailed{Step: "active", Error: "gave up"}))
	awaitPause(t, clock, time.Second)
	clock.Advance(time.Second)
	if got := next(t, sent); got != "active: failed: gave up" {
		t.Errorf("%q", got)
	}
	// Nothing is under way, so nothing is said.
	awaitPause(t, clock, 30*time.Second)
	clock.Advance(30 * time.Second)
	awaitPause(t, clock, 30*time.Second)
	p.finish(t.Context())
}

// Nobody takes messages any more when Terraform is gone; the run must not hang.
func TestProgressDoesNotHoldUpARun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	began, never := make(chan struct{}), make(chan struct{})
	p := newProgress(ctx, newClock(), func(string) { close(began); <-never })
	defer close(never)
	p.say("one")
	<-began
	for range 1000 {
		p.say("another")
	}
	cancel()
	p.finish(ctx)
}

func TestOneLine(t *testing.T) {
	if got := oneLine("a\r\n\tb\x00c  d"); got != "a b c d" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("ü", 2*longestLine)); len([]rune(got)) != longestLine || !strings.HasSuffix(got, "…") {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

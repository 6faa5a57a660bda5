package provider

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// How often Terraform is sent the progress of a run.
const (
	apart = time.Second      // between two messages; what happens meanwhile is joined into one
	quiet = 30 * time.Second // after which the step under way is named again
)

// progress tells Terraform how far a run is, at a pace that a person can read. The run never waits for it: the
// framework hands messages over one by one, and stops to take them when Terraform is gone.
type progress struct {
	send  func(string)
	clock wait.Clock

	mu    sync.Mutex
	lines []string // said and not sent yet
	step  string   // under way
	began time.Time
	seen  string // by the step's wait, last

	woken chan struct{}
	ended chan struct{}
	sent  chan struct{} // closed when nothing is sent any more
}

func newProgress(ctx context.Context, clock wait.Clock, send func(string)) *progress {
	p := &progress{send: send, clock: clock, woken: make(chan struct{}, 1), ended: make(chan struct{}), sent: make(chan struct{})}
	go p.pump(ctx)
	return p
}

// pump sends what was said until the end, or until nobody listens any more.
func (p *progress) pump(ctx context.Context) {
	defer close(p.sent)
	var last time.Time
	for over := false; !over; {
		select {
		case <-ctx.Done():
			return
		case <-p.ended:
			over = true
		case <-p.woken:
		case <-p.clock.After(quiet):
			p.beat()
		}
		if p.silent() {
			continue
		}
		if rest := apart - p.clock.Now().Sub(last); rest > 0 && wait.Sleep(ctx, p.clock, rest) != nil {
			return
		}
		if text := p.take(); text != "" {
			p.send(text)
			last = p.clock.Now()
		}
	}
}

// finish sends the rest. After it nothing is sent any more, unless ctx has ended:
// then nobody may be there to take it.
func (p *progress) finish(ctx context.Context) {
	close(p.ended)
	select {
	case <-p.sent:
	case <-ctx.Done():
	}
}

func (p *progress) silent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines) == 0
}

func (p *progress) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := strings.Join(p.lines, "\n")
	p.lines = nil
	return text
}

func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf(format, args...))
}

// line adds a line; p.mu is held.
func (p *progress) line(text string) {
	p.lines = append(p.lines, text)
	select {
	case p.woken <- struct{}{}:
	default: // is awake
	}
}

// beat names the step under way, and what its wait saw last.
func (p *progress) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step != "" {
		p.lines = append(p.lines, fmt.Sprintf("%s: under way for %s%s", p.step, p.clock.Now().Sub(p.began).Round(time.Second),
			after("; ", p.seen)))
	}
}

// onEvent is engine.Engine.Events. It reports steps at once, and what waits see after a pause.
func (p *progress) onEvent(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Entry.Seq == 0 {
		p.seen = oneLine(e.Seen)
		return
	}
	text := oneLine(journal.Describe(e.Entry))
	switch d := e.Entry.Data.(type) {
	case journal.RunStarted, journal.RunResumed, journal.LockTakenOver, journal.Approval, journal.ActIntended, journal.Waiting:
		p.line(text)
	case journal.StepStarted:
		if d.Attempt == 1 {
			p.step, p.began, p.seen = d.Step, p.clock.Now(), ""
		}
		p.line(text)
	case journal.StepVerified, journal.StepSkipped, journal.StepFailed, journal.RunFinished:
		p.step, p.seen = "", ""
		p.line(text)
	}
}

// after puts something before a text that is not empty.
func after(sign, text string) string {
	if text == "" {
		return ""
	}
	return sign + text
}

const longestLine = 300 // characters of a message; the journal has the rest

// oneLine is a text of others on one line, without what moves a cursor.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	if runes := []rune(text); len(runes) > longestLine {
		return string(runes[:longestLine-1]) + "…"
	}
	return text
}

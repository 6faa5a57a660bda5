package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// live shows the progress of runs: on a terminal one line that is rewritten, with the
// step, its duration and its wait; else a line for each step that starts or ends.
type live struct {
	to       io.Writer
	terminal bool
	width    int
	events   *json.Encoder

	mu        sync.Mutex
	runs      map[string]*running
	order     []string // unfinished runs, the oldest first
	shown     bool
	idle      string // the last text between two runs
	held      int
	streamErr error
	begun     bool // a run has started or was resumed
	stop      chan struct{}
	stopped   chan struct{}
}

// running is an unfinished run.
type running struct {
	target, step, seen string
	since              time.Time // start of the step
}

func newLive(to io.Writer) *live {
	_, width := terminal(to)
	return &live{to: to, terminal: width > 0, width: width, runs: map[string]*running{}}
}

// start redraws a terminal's line every second until end.
func (l *live) start() {
	if !l.terminal || l.stop != nil {
		return
	}
	l.stop, l.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(l.stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-l.stop:
				return
			case <-tick.C:
				l.mu.Lock()
				l.draw()
				l.mu.Unlock()
			}
		}
	}()
}

// end removes the line.
func (l *live) end() {
	if l.stop != nil {
		close(l.stop)
		<-l.stopped
		l.stop = nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.erase()
}

// hold hides the line during a question; release lets it return.
func (l *live) hold() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held++
	l.erase()
}

func (l *live) release() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
}

// onEvent is engine.Engine.Events.
func (l *live) onEvent(e engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stream(e)
	if e.Run == "" { // between two runs
		l.between(e.Seen)
		return
	}
	l.begun = true
	r := l.runs[e.Run]
	if r == nil {
		r = &running{target: short(e.Target)}
		l.runs[e.Run] = r
		l.order = append(l.order, e.Run)
	}
	if e.Entry.Seq == 0 {
		r.seen = e.Seen
		l.draw()
		return
	}
	switch p := e.Entry.Data.(type) {
	case journal.RunStarted, journal.RunResumed, journal.LockTakenOver, journal.ActIntended, journal.StepVerified, journal.StepFailed:
		l.line(r, e.Entry)
	case journal.StepStarted:
		if r.step != p.Step {
			r.step, r.since = p.Step, time.Now()
		}
		r.seen = ""
		if p.Attempt > 1 || !l.terminal {
			l.line(r, e.Entry)
		}
	case journal.Waiting:
		r.seen = p.For
		if !l.terminal {
			l.line(r, e.Entry)
		}
	case journal.StepSkipped:
		if !l.terminal {
			l.line(r, e.Entry)
		}
	case journal.RunFinished:
		l.line(r, e.Entry)
		delete(l.runs, e.Run)
		l.order = slices.DeleteFunc(l.order, func(run string) bool { return run == e.Run })
	}
	l.draw()
}

// ran reports whether there was a run.
func (l *live) ran() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begun
}

// between shows the wait between two runs, when it changes.
func (l *live) between(text string) {
	if text = firstLine(text); text == l.idle {
		return
	}
	l.idle = text
	l.erase()
	if text != "" {
		fmt.Fprintln(l.to, text)
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return ansi.Truncate(report.Clean(line), lineWidth, "…")
}

// lineWidth limits a text in a line of progress, in columns; the journal has all of it.
const lineWidth = 200

// line writes an entry where it stays to be read.
func (l *live) line(r *running, e journal.Entry) {
	l.erase()
	fmt.Fprintf(l.to, "%s: %s\n", report.Clean(r.target), firstLine(journal.Describe(e)))
}

// draw rewrites the line of a terminal.
func (l *live) draw() {
	if !l.terminal || l.held > 0 || len(l.order) == 0 {
		return
	}
	r := l.runs[l.order[0]]
	text := fmt.Sprintf("%s: %s, %s", report.Clean(r.target), report.Clean(r.step), time.Since(r.since).Round(time.Second))
	if r.seen != "" {
		text += "; " + firstLine(r.seen)
	}
	if n := len(l.order) - 1; n > 0 {
		text = fmt.Sprintf("(%d more) %s", n, text)
	}
	fmt.Fprintf(l.to, "\r\x1b[2K%s", ansi.Truncate(text, max(l.width-1, 20), "…"))
	l.shown = true
}

func (l *live) erase() {
	if l.shown {
		fmt.Fprint(l.to, "\r\x1b[2K")
		l.shown = false
	}
}

// short is the last part of a resource name.
func short(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

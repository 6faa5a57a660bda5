package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// progress shows the progress of a diagnosis: one line that is rewritten on a terminal, else a line every ten seconds.
type progress struct {
	to       io.Writer
	terminal bool
	last     time.Time
	shown    bool
}

func newProgress(to io.Writer) *progress {
	_, width := terminal(to)
	return &progress{to: to, terminal: width > 0}
}

const (
	redraw  = 100 * time.Millisecond
	between = 10 * time.Second // lines without a terminal
)

func (p *progress) update(done, total int, name string) {
	pause := between
	if p.terminal {
		pause = redraw
	}
	now := time.Now()
	if p.last.IsZero() {
		p.last = now
	}
	if now.Sub(p.last) < pause {
		return
	}
	p.last = now
	if p.terminal {
		p.shown = true
		fmt.Fprintf(p.to, "\r\x1b[2K%d of %d memberships read; last: %s", done, total, report.Clean(name))
		return
	}
	fmt.Fprintf(p.to, "%d of %d memberships read\n", done, total)
}

// done removes the line.
func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.to, "\r\x1b[2K")
	}
}

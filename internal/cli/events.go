package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/spf13/pflag"
)

// eventFlags is the flag --events: the events of runs, as JSON lines.
type eventFlags struct{ file string }

// toErrors is the value of --events for standard error.
const toErrors = "-"

func (f *eventFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "events", "",
		"write events as JSON lines to this file, or without one to standard error instead of the progress")
	flags.Lookup("events").NoOptDefVal = toErrors
}

// open makes the progress display, and the stream of events where one is wanted.
func (f *eventFlags) open(stderr io.Writer) (*live, func() error, error) {
	switch f.file {
	case "":
		return newLive(stderr), func() error { return nil }, nil
	case toErrors:
		l := newLive(io.Discard)
		l.events = json.NewEncoder(stderr)
		return l, func() error { return l.failed() }, nil
	}
	file, err := os.OpenFile(f.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("--events: %w", err)
	}
	l := newLive(stderr)
	l.events = json.NewEncoder(file)
	return l, func() error { return errors.Join(l.failed(), file.Close()) }, nil
}

// stream writes one event. It keeps the first failure for the end: a run does not
// stop half-way because its reader has gone.
func (l *live) stream(e engine.Event) {
	if l.events == nil || l.streamErr != nil {
		return
	}
	l.events.SetEscapeHTML(false)
	if err := l.events.Encode(e); err != nil {
		l.streamErr = fmt.Errorf("--events: %w; the journal is complete", err)
	}
}

func (l *live) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.streamErr
}

package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// A Sink keeps the lines of one journal.
type Sink interface {
	// Append adds a line. It returns nil only when the line outlasts a crash of this machine, or of whatever keeps it.
	Append(ctx context.Context, e Entry, line []byte) error
	// Name says where the journal is, for people.
	Name() string
	Close() error
}

// A Guard calls write only while this executor may write, and nobody else can
// become the one who may until write has returned.
type Guard interface {
	Guard(ctx context.Context, write func(context.Context) error) error
}

// Options of a Writer.
type Options struct {
	Clock    wait.Clock // wait.Real when nil
	Redactor *Redactor  // one that knows patterns only when nil
	Guard    Guard      // nobody else writes when nil
}

// patience is how long the record of what has happened may take to be stored after the run was told to stop.
const patience = 30 * time.Second

// A Writer appends to a journal. Several goroutines may use it. After the first entry that could not be stored it
// stores no other: what follows would be a record of a world that the journal does not know.
type Writer struct {
	mu     sync.Mutex
	sink   Sink
	o      Options
	last   Entry
	failed error
}

// NewWriter writes after the entry last, which is zero for a new journal.
func NewWriter(sink Sink, last Entry, o Options) *Writer {
	if o.Clock == nil {
		o.Clock = wait.Real
	}
	if o.Redactor == nil {
		o.Redactor = NewRedactor()
	}
	return &Writer{sink: sink, last: last, o: o}
}

// Append stores an entry and returns it as it was stored, redacted. When it
// returns no error the entry is durable, so that an act may follow it.
//
// Once ctx has ended, nothing new is begun: a StepStarted or ActIntended is refused. All else tells what has happened,
// and is stored even so, for which it takes at most 30 seconds.
func (w *Writer) Append(ctx context.Context, p Payload) (Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fail := func(err error) (Entry, error) {
		return Entry{}, &AppendError{Journal: w.sink.Name(), Seq: w.last.Seq + 1, Kind: p.Kind(), cause: err}
	}
	if w.failed != nil {
		return fail(fmt.Errorf("an earlier entry could not be stored: %w", w.failed))
	}
	switch p.Kind() {
	case KindStepStarted, KindActIntended:
		if err := ctx.Err(); err != nil {
			return fail(context.Cause(ctx))
		}
	}
	data, err := generic(p)
	if err != nil {
		return fail(err)
	}
	data = w.o.Redactor.Value(data)
	e := Entry{Seq: w.last.Seq + 1, Time: w.o.Clock.Now().UTC().Round(0), Kind: p.Kind(), Prev: w.last.Hash}
	line, err := e.seal(data)
	if err != nil {
		return fail(err)
	}
	if len(line) > MaxLine {
		return fail(fmt.Errorf("the entry takes %d bytes, and at most %d fit: split it", len(line), MaxLine))
	}
	// What a reader will see, and an entry that no reader could read is not stored.
	if e.Data, err = payload(e.Kind, data); err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	store := func(ctx context.Context) error { return w.sink.Append(ctx, e, line) }
	if w.o.Guard != nil {
		err = w.o.Guard.Guard(ctx, store)
	} else {
		err = store(ctx)
	}
	if err != nil {
		w.failed = err
		return fail(err)
	}
	w.last = e
	return e, nil
}

// A TooLongError says that something does not fit into an entry of a journal.
type TooLongError struct {
	What  string
	Bytes int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("%s takes %d bytes, and an entry of a journal holds at most %d", e.What, e.Bytes, MaxLine)
}

// NextStep returns what a person does about it.
func (e *TooLongError) NextStep() string {
	return "Split the work: run it for some namespaces or targets at a time."
}

// Fits returns a *TooLongError when a payload does not fit into an entry, with room for what every entry has.
func Fits(what string, p Payload) error {
	raw, err := json.Marshal(p)
	if err == nil && len(raw) > MaxLine-4<<10 {
		err = &TooLongError{What: what, Bytes: len(raw)}
	}
	return err
}

// Last is the entry that was stored last.
func (w *Writer) Last() Entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

// Close ends the writing. It does not finish the run.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = errors.New("the journal is closed")
	}
	return w.sink.Close()
}

package store

import (
	"context"
	"fmt"
	"io"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// Reader reads a journal from where it is kept.
type Reader struct {
	*journal.Reader
	closer io.Closer
}

// Close ends the reading.
func (r *Reader) Close() error { return r.closer.Close() }

// begin writes the first entries of a new run.
func begin(
	ctx context.Context, sink journal.Sink, o Options, lock Lock, start journal.RunStarted,
) (*journal.Writer, []journal.Entry, error) {
	start.Run, start.Target, start.Fence = lock.Holder().Run, lock.Target(), lock.Holder().Fence
	w := journal.NewWriter(sink, journal.Entry{}, journal.Options{Clock: o.Clock, Redactor: o.Redactor, Guard: lock})
	first := []journal.Payload{start}
	if t := lock.TakenOver(); t.Why != "" {
		first = append(first, t.entry(start.Fence))
	}
	return appendAll(ctx, w, nil, first)
}

// reopen writes the first entries of an executor that resumes a run.
func reopen(
	ctx context.Context, sink journal.Sink, o Options, lock Lock, entries []journal.Entry, torn int64, resumed journal.RunResumed,
) (*journal.Writer, []journal.Entry, error) {
	resumed.Fence = lock.Holder().Fence
	w := journal.NewWriter(sink, entries[len(entries)-1], journal.Options{Clock: o.Clock, Redactor: o.Redactor, Guard: lock})
	first := []journal.Payload{resumed}
	if t := lock.TakenOver(); t.Why != "" {
		first = append(first, t.entry(resumed.Fence))
	}
	if torn > 0 {
		first = append(first, journal.Note{Text: fmt.Sprintf("A crash had cut the last write short; %d bytes of it were cut off.", torn)})
	}
	return appendAll(ctx, w, entries, first)
}

// appendAll appends to a journal, and returns its entries with the new ones.
func appendAll(
	ctx context.Context, w *journal.Writer, entries []journal.Entry, payloads []journal.Payload,
) (*journal.Writer, []journal.Entry, error) {
	for _, p := range payloads {
		e, err := w.Append(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, e)
	}
	return w, entries, nil
}

// fits refuses to write to a run under the lock of another target.
func fits(entries []journal.Entry, run string, lock Lock) error {
	start, ok := entries[0].Data.(journal.RunStarted)
	if !ok || start.Run != run {
		return fmt.Errorf("the journal that is kept as run %s is that of run %q: somebody moved it", run, start.Run)
	}
	if start.Target != lock.Target() {
		return fmt.Errorf("run %s works on %s, and the lock is on %s", run, start.Target, lock.Target())
	}
	return nil
}

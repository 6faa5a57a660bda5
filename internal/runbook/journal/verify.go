package journal

import (
	"errors"
	"io"
)

// Verdict is what an audit of a journal found.
type Verdict struct {
	Entries  int    // that are intact
	Head     string // hash of the last of them: keep it elsewhere to notice when the end is cut off
	Finished bool   // the last one is a RunFinished
	Torn     int64  // bytes after the last whole line, of a write that a crash cut short
	Broken   *BrokenError
}

// OK reports that every entry is as it was written.
func (v Verdict) OK() bool { return v.Broken == nil }

// Verify reads a journal to the end, or to the first entry where its chain
// breaks. The error is only for what cannot be read.
func Verify(r *Reader) (Verdict, error) {
	var v Verdict
	for {
		e, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			v.Torn = r.Torn()
			return v, nil
		case errors.As(err, &v.Broken):
			return v, nil
		case err != nil:
			return v, err
		}
		v.Entries++
		v.Head, v.Finished = e.Hash, e.Kind == KindRunFinished
	}
}

package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// A Reader reads a journal and checks its chain as it goes. What it returned before an error is good.
type Reader struct {
	in   *bufio.Reader
	line int
	last Entry
	size int64 // bytes of the whole lines that were read
	torn int64
	err  error
}

// NewReader reads a journal from in.
func NewReader(in io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(in, 64<<10)} }

// BrokenError says where a journal is not what was written, and why.
type BrokenError struct {
	Line int // from 1
	Why  string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the journal is broken at line %d: %s; the %d entries before it are intact", e.Line, e.Why, e.Line-1)
}

// Next returns the next entry. After the last one it returns io.EOF, also when
// what follows is a line that was never finished: Torn tells.
func (r *Reader) Next() (Entry, error) {
	if r.err != nil {
		return Entry{}, r.err
	}
	e, err := r.next()
	if err != nil {
		r.err = err
		return Entry{}, err
	}
	r.last = e
	return e, nil
}

func (r *Reader) next() (Entry, error) {
	line, whole, err := r.readLine()
	if err != nil {
		return Entry{}, err
	}
	if !whole {
		return Entry{}, io.EOF
	}
	r.line++
	broken := func(format string, args ...any) (Entry, error) {
		return Entry{}, &BrokenError{Line: r.line, Why: fmt.Sprintf(format, args...)}
	}
	e, err := parse(line)
	switch {
	case err != nil:
		return broken("%v", err)
	case e.Seq > r.last.Seq+1:
		return broken("entry %d follows entry %d: %d are missing", e.Seq, r.last.Seq, e.Seq-r.last.Seq-1)
	case e.Seq != r.last.Seq+1:
		return broken("entry %d follows entry %d: it was put there", e.Seq, r.last.Seq)
	case e.Prev != r.last.Hash:
		return broken("it does not follow from entry %d: one of the two was replaced", r.last.Seq)
	}
	if _, starts := e.Data.(RunStarted); starts != (e.Seq == 1) {
		return broken("%s is entry %d: a journal begins with %s, and only begins with it", e.Kind, e.Seq, KindRunStarted)
	}
	r.size += int64(len(line)) + 1
	return e, nil
}

// readLine returns the next line, and whether it was finished. A line is finished by its newline; bytes that are zero
// come from a file system that made room and then lost power, and are never part of a line.
func (r *Reader) readLine() (line []byte, whole bool, err error) {
	for {
		part, err := r.in.ReadSlice('\n')
		line = append(line, part...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) && !errors.Is(err, io.EOF) {
			return nil, false, fmt.Errorf("cannot read the journal after line %d: %w", r.line, err)
		}
		end := errors.Is(err, io.EOF)
		if end && len(line) == 0 {
			return nil, false, io.EOF
		}
		if end || err == nil {
			if end || bytes.IndexByte(line, 0) >= 0 && r.atEnd() {
				r.torn = int64(len(line))
				return nil, false, nil
			}
			return line[:len(line)-1], true, nil
		}
		if len(line) > MaxLine {
			// A line that was begun is at most as long as one that was finished.
			return nil, false, &BrokenError{Line: r.line + 1, Why: fmt.Sprintf("it is longer than %d bytes, which no entry is", MaxLine)}
		}
	}
}

func (r *Reader) atEnd() bool {
	_, err := r.in.Peek(1)
	return errors.Is(err, io.EOF)
}

// Torn is how many bytes follow the last whole line, of a write that a crash cut
// short. It is known once Next has returned io.EOF.
func (r *Reader) Torn() int64 { return r.torn }

// Entries ranges over what is left to read. It ends at the end, or after an error.
func (r *Reader) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			e, err := r.Next()
			if errors.Is(err, io.EOF) || !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// ReadAll returns all that is left to read. With an error come the entries before it.
func (r *Reader) ReadAll() ([]Entry, error) {
	var all []Entry
	for e, err := range r.Entries() {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

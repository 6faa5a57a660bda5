package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// peek reads the first and the last whole line of a journal, whatever stands between: a list of runs is no audit.
func peek(path string) (Info, error) {
	file, err := os.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer file.Close()
	first, err := journal.NewReader(file).Next()
	if errors.Is(err, io.EOF) {
		return Info{}, journal.ErrNotStarted
	}
	if err != nil {
		return Info{}, err
	}
	line, err := lastLine(file)
	if err != nil {
		return Info{}, err
	}
	last, err := journal.ParseLine(line)
	if err != nil {
		return Info{}, fmt.Errorf("the last line: %w", err)
	}
	return infoOf(first, last)
}

// lastLine is the last line that was finished, without its newline.
func lastLine(file *os.File) ([]byte, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	// A torn line and a whole one before it.
	tail := make([]byte, min(end, 2*journal.MaxLine+2))
	if _, err := file.ReadAt(tail, end-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	for {
		stop := bytes.LastIndexByte(tail, '\n')
		if stop < 0 {
			return nil, errors.New("it has no whole line where the last one should be")
		}
		line := tail[bytes.LastIndexByte(tail[:stop], '\n')+1 : stop]
		if bytes.IndexByte(line, 0) < 0 {
			return line, nil
		}
		tail = tail[:stop-len(line)] // torn by a loss of power
	}
}

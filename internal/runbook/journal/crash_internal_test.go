//go:build unix

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// crashVariable says to the test binary where to die: PATH STAGE ENTRY.
const crashVariable = "ASM_JOURNAL_CRASH"

func init() { children[crashVariable] = crash }

var stages = []string{"before-write", "mid-write", "before-sync", "after-sync"}

// crashing is a disk whose process is killed at one stage of the n-th write.
type crashing struct {
	realDisk
	stage  string
	n      int
	writes int
}

type crashingHandle struct {
	handle
	d *crashing
}

func (d *crashing) open(path string, flag int) (handle, error) {
	h, err := d.realDisk.open(path, flag)
	return &crashingHandle{h, d}, err
}

func (d *crashing) at(stage string) {
	if d.stage == stage && d.writes == d.n {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

func (h *crashingHandle) Write(p []byte) (int, error) {
	h.d.writes++
	h.d.at("before-write")
	if h.d.stage == "mid-write" && h.d.writes == h.d.n {
		_, _ = h.handle.Write(p[:len(p)/2])
		h.d.at("mid-write")
	}
	return h.handle.Write(p)
}

func (h *crashingHandle) Sync() error {
	h.d.at("before-sync")
	err := h.handle.Sync()
	h.d.at("after-sync")
	return err
}

// crash tells the story into a journal, a line on the standard output for each
// entry that is stored, and dies on the way.
func crash(plan string) int {
	where := strings.Fields(plan)
	n, _ := strconv.Atoi(where[2])
	f, err := createFile(&crashing{stage: where[1], n: n}, where[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	w := NewWriter(f, Entry{}, Options{})
	for _, p := range story {
		e, err := w.Append(context.Background(), p)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println(e.Seq)
	}
	return 0
}

// A process that is killed anywhere leaves a journal that has all that was
// acknowledged, and at most one entry more, and that can be gone on with.
func TestKilledAtEveryBoundary(t *testing.T) {
	for _, stage := range stages {
		for n := 1; n <= len(story); n++ {
			t.Run(fmt.Sprintf("%s/%d", stage, n), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "run.jsonl")
				child := exec.Command(os.Args[0])
				child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", crashVariable, path, stage, n))
				said, err := child.Output()
				var exit *exec.ExitError
				if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
					t.Fatalf("the child ended with %v, and said %s", err, said)
				}
				if acknowledged := bytes.Count(said, []byte("\n")); acknowledged != n-1 {
					t.Fatalf("%d entries were acknowledged before the %d-th was synced", acknowledged, n)
				}
				want := n - 1
				if stage == "before-sync" || stage == "after-sync" {
					want = n // a killed process takes nothing with it that was written
				}
				f, got, torn, err := OpenFile(path)
				if want == 0 {
					if !errors.Is(err, ErrNotStarted) {
						t.Fatalf("opened with %v, want a run that never started", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if (torn > 0) != (stage == "mid-write") {
					t.Errorf("%d bytes were torn", torn)
				}
				if len(got) != want {
					t.Fatalf("there are %d entries, want %d", len(got), want)
				}
				state, err := Fold(got)
				if err != nil {
					t.Fatal(err)
				}
				if have := [2]Status{state.Step("one").Status, state.Step("two").Status}; have != statusAfter[want] {
					t.Errorf("the steps are %v, want %v", have, statusAfter[want])
				}

				// Somebody goes on.
				w := NewWriter(f, got[len(got)-1], Options{})
				rest := append([]Payload{RunResumed{By: Executor{User: "bob"}, Fence: 8}}, story[want:]...)
				for _, p := range rest {
					if _, err := w.Append(t.Context(), p); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				verdict, err := Verify(NewReader(bytes.NewReader(content(t, path))))
				if err != nil || !verdict.OK() || verdict.Torn != 0 || verdict.Entries != len(story)+1 {
					t.Errorf("afterwards it is %+v, %v", verdict, err)
				}
			})
		}
	}
}

// After a loss of power a file may have any part of what was not synced, or zeros in its place.
func TestTornTails(t *testing.T) {
	text := content(t, write(t, Options{}, story[:6]...))
	start := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	last := text[start:]
	tails := map[string][]byte{
		"zeros":              make([]byte, len(last)),
		"zeros and the end":  append(make([]byte, len(last)-1), '\n'),
		"zeros in the midst": append(append(bytes.Clone(last[:20]), make([]byte, len(last)-40)...), last[len(last)-20:]...),
	}
	for cut := 1; cut < len(last); cut++ {
		tails[fmt.Sprintf("%d bytes", cut)] = last[:cut]
	}
	for name, tail := range tails {
		path := filepath.Join(t.TempDir(), "run.jsonl")
		if err := os.WriteFile(path, append(bytes.Clone(text[:start]), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		verdict, err := Verify(NewReader(bytes.NewReader(content(t, path))))
		if err != nil || !verdict.OK() || verdict.Torn != int64(len(tail)) {
			t.Errorf("%s: before it is healed it is %+v, %v", name, verdict, err)
		}
		f, got, torn, err := OpenFile(path)
		if err != nil || len(got) != 5 || torn != int64(len(tail)) {
			t.Errorf("%s: %d entries, %d torn, %v", name, len(got), torn, err)
			continue
		}
		f.Close()
		if !bytes.Equal(content(t, path), text[:start]) {
			t.Errorf("%s: healed, the file is not what it was before the last write", name)
		}
	}
}

// recording is a disk that notes what is asked of it, and fails on demand.
type recording struct {
	realDisk
	calls []string
	fail  map[string]error
}

type recordingHandle struct {
	handle
	d *recording
}

func (d *recording) open(path string, flag int) (handle, error) {
	h, err := d.realDisk.open(path, flag)
	return &recordingHandle{h, d}, err
}

func (d *recording) syncDir(path string) error {
	d.calls = append(d.calls, "sync folder")
	return errors.Join(d.fail["sync folder"], d.realDisk.syncDir(path))
}

func (h *recordingHandle) Write(p []byte) (int, error) {
	h.d.calls = append(h.d.calls, "write")
	if err := h.d.fail["write"]; err != nil {
		n, _ := h.handle.Write(p[:len(p)/2])
		return n, err
	}
	return h.handle.Write(p)
}

func (h *recordingHandle) Sync() error {
	h.d.calls = append(h.d.calls, "sync")
	return errors.Join(h.d.fail["sync"], h.handle.Sync())
}

func (h *recordingHandle) Truncate(size int64) error {
	h.d.calls = append(h.d.calls, "truncate")
	return errors.Join(h.d.fail["truncate"], h.handle.Truncate(size))
}

func TestSyncsTheLineAndTheNewName(t *testing.T) {
	d := &recording{}
	f, err := createFile(d, filepath.Join(t.TempDir(), "run.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, Entry{}, Options{})
	for _, p := range story[:2] {
		if _, err := w.Append(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := strings.Join(d.calls, ", "), "write, sync, sync folder, write, sync"; got != want {
		t.Errorf("it did %s; want %s", got, want)
	}
}

// A disk that refuses leaves the journal as it was, and the writer writes no more.
func TestDiskThatFails(t *testing.T) {
	for _, what := range []string{"write", "sync"} {
		path := filepath.Join(t.TempDir(), "run.jsonl")
		d := &recording{fail: map[string]error{}}
		f, err := createFile(d, path)
		if err != nil {
			t.Fatal(err)
		}
		w := NewWriter(f, Entry{}, Options{})
		if _, err := w.Append(t.Context(), story[0]); err != nil {
			t.Fatal(err)
		}
		before := content(t, path)
		d.fail[what] = syscall.ENOSPC
		_, err = w.Append(t.Context(), story[5])
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "was not done") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v", what, err)
		}
		if what == "write" && !bytes.Equal(content(t, path), before) {
			t.Error("half a line was left behind")
		}
		d.fail = nil
		calls := len(d.calls)
		if _, err := w.Append(t.Context(), story[6]); !errors.Is(err, syscall.ENOSPC) || len(d.calls) != calls {
			t.Errorf("%s: afterwards it did %v, %v", what, d.calls[calls:], err)
		}
	}
	// Nor is a file without its name durable.
	d := &recording{fail: map[string]error{"sync folder": syscall.EIO}}
	f, err := createFile(d, filepath.Join(t.TempDir(), "run.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewWriter(f, Entry{}, Options{}).Append(t.Context(), story[0]); !errors.Is(err, syscall.EIO) {
		t.Errorf("the folder was not synced, and the error is %v", err)
	}
}

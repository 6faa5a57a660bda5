//go:build linux

package runbook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const diskVariable = "ASM_TEST_DISK"

// cramped is an executor in a process of its own, which keeps its runs on a file system of that size that only it sees.
type cramped struct {
	URL, Dir string
	Ahead    time.Duration
	KiB      int  // of room
	Pad      int  // more bytes in the first entry, which move all others
	ReadOnly bool // and not a byte of it may be written
}

// crampedSaid is what became of it.
type crampedSaid struct {
	Error    string
	Outcome  journal.Outcome
	Stored   int    // entries, before there was room again
	Intended bool   // an act was announced among them
	Acts     int    // writes that the cloud took until then
	Resumed  string // what became of the job when there was room again
}

func init() {
	text := os.Getenv(diskVariable)
	if text == "" {
		return
	}
	said, err := crampedMain(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func crampedMain(text string) (said crampedSaid, err error) {
	var c cramped
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return said, err
	}
	var flags uintptr
	if c.ReadOnly {
		flags = syscall.MS_RDONLY
	}
	if err := syscall.Mount("runs", c.Dir, "tmpfs", flags, fmt.Sprintf("size=%dk", c.KiB)); err != nil {
		return said, fmt.Errorf("no mount: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	clock := simtest.JumpingClock(c.URL, c.Ahead)
	e, err := newEngine(ctx, c.URL, simtest.Owner, filepath.Join(c.Dir, "runs"), clock)
	if err != nil {
		return said, err
	}
	e.Lease, e.Reason = shortLease, strings.Repeat("x ", c.Pad/2)
	books, err := runbook.BuiltIn()
	if err != nil {
		return said, err
	}
	book, _ := books.Find("restore-service-agent-binding")
	at, err := runbook.ParseTarget(lang.TargetMembership, member, "")
	if err != nil {
		return said, err
	}
	j := runbook.Job{Runbook: book.Runbook, File: book.File, Target: at, Name: "march"}
	r, err := fleet.Continue(ctx, e, j, yes)
	if err != nil {
		said.Error = err.Error()
	} else if said.Outcome = r.Outcome; r.Outcome == journal.Stopped { // the lease could not be renewed
		said.Error = r.Error + "\n" + r.Next
	}
	if info, err := e.Store.Latest(ctx, member); err == nil {
		_, entries, err := e.History(ctx, info.Run)
		if err != nil {
			return said, err
		}
		said.Stored = len(entries)
		for _, entry := range entries {
			said.Intended = said.Intended || entry.Kind == journal.KindActIntended
		}
	}
	if said.Acts, err = actsAt(c.URL); err != nil {
		return said, err
	}
	if err := syscall.Mount("runs", c.Dir, "tmpfs", syscall.MS_REMOUNT, "size=4m"); err != nil {
		return said, err
	}
	again, err := newEngine(ctx, c.URL, simtest.Owner, filepath.Join(c.Dir, "runs"), clock)
	if err != nil {
		return said, err
	}
	again.Lease = shortLease
	r, err = fleet.Continue(ctx, again, j, yes)
	var held *store.HeldError
	switch {
	case errors.As(err, &held):
		said.Resumed = "held: " + err.Error()
	case err != nil:
		said.Resumed = err.Error()
	default:
		said.Resumed = string(r.Outcome)
	}
	return said, nil
}

// actsAt counts the writes that a world has taken.
func actsAt(url string) (n int, err error) {
	answer, err := control.NewClient(url).Do(context.Background(), http.MethodGet, "requests", nil)
	if err != nil {
		return 0, err
	}
	var served []struct {
		Method, Path string
		Status       int
	}
	if err := json.Unmarshal(answer, &served); err != nil {
		return 0, err
	}
	for _, r := range served {
		if r.Status < 300 && control.IsWrite(sim.Exchange{Method: r.Method, Path: r.Path}) {
			n++
		}
	}
	return n, nil
}

func (w *world) cramp(c cramped) crampedSaid {
	w.t.Helper()
	c.URL, c.Dir, c.Ahead = w.URL(), w.t.TempDir(), w.Clock.Ahead()
	text, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), diskVariable+"="+string(text))
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	var complaints bytes.Buffer
	child.Stderr = &complaints
	out, err := child.Output()
	if errors.Is(err, syscall.EPERM) || strings.Contains(complaints.String(), "no mount:") {
		w.t.Skip("mounting is not allowed here: ", err, complaints.String())
	}
	if err != nil {
		w.t.Fatalf("%v: %s", err, complaints.String())
	}
	var said crampedSaid
	if err := json.Unmarshal(out, &said); err != nil {
		w.t.Fatalf("%v: %s", err, out)
	}
	if said.Error != "" && !strings.Contains(said.Error, c.Dir) {
		w.t.Errorf("the error does not name the folder %s: %s", c.Dir, said.Error)
	}
	return said
}

// TestReadOnlyFolder wants a clear error before anything is changed.
func TestReadOnlyFolder(t *testing.T) {
	w := suffer(t, "binding-revoked")
	said := w.cramp(cramped{KiB: 64, ReadOnly: true})
	for _, want := range []string{"read-only file system", "Nothing was changed", "writable"} {
		if !strings.Contains(said.Error, want) {
			t.Errorf("the error does not say %q: %s", want, said.Error)
		}
	}
	if said.Stored > 0 {
		t.Errorf("%d entries are stored", said.Stored)
	}
	// The same executor, when the folder is writable again.
	if got := w.acts(); len(got) != 1 || said.Resumed != string(journal.Succeeded) {
		t.Errorf("then it wrote %q: %s", got, said.Resumed)
	}
}

// TestDiskThatFillsUp lets the disk be full at one entry after the other: it has pages of 4 KiB, and the first entry is
// made longer so that they end elsewhere. What cannot be announced is not done, and with room again all is done once.
func TestDiskThatFillsUp(t *testing.T) {
	stored := map[int]bool{} // after how many entries the disk was full
	for room := 4; room <= 20; room += 4 {
		for pad := 0; pad < 4096; pad += 500 {
			w := suffer(t, "binding-revoked")
			said := w.cramp(cramped{KiB: room, Pad: pad})
			what := fmt.Sprintf("with %d KiB and %d bytes more", room, pad)
			wants := []string{"room", "Resume the run"}
			switch {
			case said.Outcome == journal.Succeeded:
				wants = nil
			case said.Outcome == journal.Stopped:
				wants = []string{"room", "could not be renewed", "resume"}
			case said.Stored == 0:
				wants[1] = "Nothing was changed"
			}
			for _, want := range wants {
				if !strings.Contains(said.Error, want) {
					t.Errorf("%s: %q; it does not say %q: %s", what, said.Outcome, want, said.Error)
				}
			}
			stored[said.Stored] = true
			if !said.Intended && said.Acts > 0 || said.Outcome == journal.Succeeded && said.Acts != 1 {
				t.Errorf("%s: it wrote %d times; an act was announced: %v", what, said.Acts, said.Intended)
			}
			if got := w.acts(); len(got) != 1 || said.Resumed != string(journal.Succeeded) {
				t.Errorf("%s: with room again, both together wrote %q: %s\n%s", what, got, said.Resumed, said.Error)
			}
		}
	}
	if len(stored) < 5 {
		t.Errorf("the disk was full after these numbers of entries only: %v", stored)
	}
	t.Logf("full after %v entries", slices.Sorted(maps.Keys(stored)))
}

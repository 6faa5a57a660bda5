package store_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
)

func TestDefaultDir(t *testing.T) {
	t.Setenv("HOME", "/home/x")
	for state, want := range map[string]string{
		"":         "/home/x/.local/state/terraform-provider-asm/runs",
		"relative": "/home/x/.local/state/terraform-provider-asm/runs",
		"/var/s":   "/var/s/terraform-provider-asm/runs",
	} {
		t.Setenv("XDG_STATE_HOME", state)
		if got, err := store.DefaultDir(); err != nil || filepath.ToSlash(got) != want {
			t.Errorf("with %q runs are kept in %s, %v; want %s", state, got, err, want)
		}
	}
}

// Nobody but the owner reads what a run did, and nothing is left lying about.
func TestFilesAndTheirModes(t *testing.T) {
	place := backends[0].place(t)
	s := place.open(t, store.Options{})
	owner := newRun()
	lock := acquire(t, s, owner)
	begin(t, s, lock)
	must(t, lock.Renew(t.Context()))
	var files []string
	look := func() {
		files = nil
		must(t, filepath.WalkDir(place.Dir, func(path string, entry fs.DirEntry, err error) error {
			must(t, err)
			info, err := entry.Info()
			must(t, err)
			want := fs.FileMode(0o600)
			if entry.IsDir() {
				want = 0o700
			} else {
				files = append(files, entry.Name())
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s has the mode %o, want %o", path, got, want)
			}
			return nil
		}))
	}
	look()
	if got, want := strings.Join(files, " "), owner.Run+".jsonl alive-1 last lease.json mutex"; got != want {
		t.Errorf("there are %s; want %s", got, want)
	}
	must(t, lock.Release(t.Context()))
	look()
	if got, want := strings.Join(files, " "), owner.Run+".jsonl last lease.json mutex"; got != want {
		t.Errorf("after the release there are %s; want %s", got, want)
	}
}

// The mutex is held by a process that does not get on: whoever waits is told whose it is.
func TestStoppedInTheMiddleOfAWrite(t *testing.T) {
	place := backends[0].place(t)
	s := place.open(t, store.Options{})
	owner := newRun()
	lock := acquire(t, s, owner)
	w := begin(t, s, lock)
	files, err := filepath.Glob(filepath.Join(place.Dir, "locks", "*", "mutex"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	mutex := flock.New(files[0])
	held, err := mutex.TryLock()
	if err != nil || !held {
		t.Fatal(held, err)
	}
	defer mutex.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = s.Acquire(ctx, target, newRun(), minute)
	if err == nil || !strings.Contains(err.Error(), owner.Run) || !strings.Contains(err.Error(), "suspended in the middle of a write") {
		t.Errorf("the error is %v", err)
	}
	must(t, mutex.Unlock())
	appendTo(t, w, story[0])
}

func TestLeaseThatNobodyUnderstands(t *testing.T) {
	place := backends[0].place(t)
	s := place.open(t, store.Options{})
	lock := acquire(t, s, newRun())
	w := begin(t, s, lock)
	files, _ := filepath.Glob(filepath.Join(place.Dir, "locks", "*", "lease.json"))
	must(t, os.WriteFile(files[0], []byte("{"), 0o600))
	if _, err := s.Acquire(t.Context(), target, newRun(), minute); err == nil || !strings.Contains(err.Error(), files[0]) {
		t.Errorf("the lock is taken with %v", err)
	}
	if _, err := w.Append(t.Context(), story[0]); err == nil {
		t.Error("an entry was stored though nobody knows whose lock it is")
	}
}

// Somebody deleted the lease, another took the lock with the same fence: it is not the same lock.
func TestFenceWhoseMemoryIsGone(t *testing.T) {
	place := backends[0].place(t)
	s := place.open(t, store.Options{})
	w := begin(t, s, acquire(t, s, newRun()))
	files, _ := filepath.Glob(filepath.Join(place.Dir, "locks", "*", "*"))
	for _, file := range files {
		must(t, os.Remove(file))
	}
	lock := acquire(t, s, newRun())
	if lock.Holder().Fence != 1 {
		t.Fatalf("the fence is %d", lock.Holder().Fence)
	}
	_, err := w.Append(t.Context(), story[0])
	fails[*store.LostError](t, err)
}

// On another machine nobody can tell whether a process lives: its lease speaks.
func TestOwnerOnAnotherMachine(t *testing.T) {
	here := store.Me("")
	for elsewhere, held := range map[store.Owner]bool{
		here: false, {Host: "elsewhere", Machine: here.Machine}: true, {Host: here.Host, Machine: "one of the same name"}: true,
	} {
		place := backends[0].place(t)
		s := place.open(t, store.Options{})
		owner := newRun()
		owner.Host, owner.Machine = elsewhere.Host, elsewhere.Machine
		acquire(t, s, owner)
		files, _ := filepath.Glob(filepath.Join(place.Dir, "locks", "*", "alive-1"))
		must(t, os.Remove(files[0])) // as if nobody here had ever held it
		lock, err := s.Acquire(t.Context(), target, newRun(), minute)
		if held {
			fails[*store.HeldError](t, err)
			continue
		}
		must(t, err)
		if why := lock.TakenOver().Why; !strings.Contains(why, "is gone") {
			t.Errorf("taken over because %q", why)
		}
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	s := store.NewLocal(filepath.Join(file, "runs"), store.Options{})
	_, err := s.Acquire(t.Context(), target, newRun(), minute)
	if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("the error is %v", err)
	}
}

// What a crash cut short is healed by who goes on, and only then.
func TestTornJournalIsHealed(t *testing.T) {
	place := backends[0].place(t)
	s := place.open(t, store.Options{})
	owner := newRun()
	lock := acquire(t, s, owner)
	w := begin(t, s, lock)
	appendTo(t, w, story[0], story[1])
	must(t, w.Close())
	path := filepath.Join(place.Dir, owner.Run+".jsonl")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString(`{"data":{"step":"one"`)
	must(t, err)
	must(t, file.Close())
	if all, err := s.List(t.Context(), store.Filter{}); err != nil || len(all) != 1 || all[0].Broken != "" {
		t.Errorf("it is listed as %+v, %v", all, err)
	}
	_, entries, err := s.Open(t.Context(), lock, owner.Run, journal.RunResumed{})
	must(t, err)
	note, ok := entries[len(entries)-1].Data.(journal.Note)
	if !ok || !strings.Contains(note.Text, "21 bytes") || len(entries) != 5 {
		t.Errorf("the entries are %v, the last is %+v", kinds(entries), note)
	}
	if got := len(read(t, s, owner.Run)); got != 5 {
		t.Errorf("there are %d entries, want 5", got)
	}
}

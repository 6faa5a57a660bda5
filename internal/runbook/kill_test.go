package runbook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const childVariable = "ASM_TEST_EXECUTOR"

// child is an executor in a process of its own, which the test kills.
type child struct {
	URL, Dir, Runbook string
	DieAfter          int    // entries; 0: never by itself
	Room              uint64 // bytes that a file may have; 0: any number
	Ahead             time.Duration
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := childMain(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Evidence is written to the working directory.
	dir, err := os.MkdirTemp("", "runbook")
	if err == nil {
		err = os.Chdir(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func childMain(text string) error {
	var c child
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	if c.Room > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: c.Room, Max: c.Room}); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	clock := simtest.JumpingClock(c.URL, c.Ahead)
	e, err := newEngine(ctx, c.URL, simtest.Owner, c.Dir, clock)
	if err != nil {
		return err
	}
	books, err := runbook.BuiltIn()
	if err != nil {
		return err
	}
	book, found := books.Find(c.Runbook)
	if !found {
		return fmt.Errorf("there is no runbook %q", c.Runbook)
	}
	at, err := runbook.ParseTarget(lang.TargetMembership, member, "")
	if err != nil {
		return err
	}
	p, err := e.Plan(ctx, runbook.Job{Runbook: book.Runbook, File: book.File, Target: at})
	if err != nil {
		return err
	}
	entries := 0
	e.Events = func(event engine.Event) {
		if event.Entry.Seq > 0 {
			if entries++; entries == c.DieAfter {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {} // until the signal has come
			}
		}
	}
	_, err = e.Run(ctx, p, yes)
	return err
}

// spawn starts an executor of a runbook on a world.
func (w *world) spawn(c child) *exec.Cmd {
	w.t.Helper()
	cmd := w.command(c)
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

func (w *world) command(c child) *exec.Cmd {
	w.t.Helper()
	c.URL, c.Ahead = w.URL(), w.Clock.Ahead()
	text, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	return cmd
}

// scenarios are what each runbook is for, once: the fault that it corrects.
var scenarios = []struct{ runbook, fault string }{
	{"restore-service-agent-binding", "binding-revoked"},
	{"restore-apis", "mesh-api-disabled"},
	{"restore-connect-gateway", "connectgateway-disabled"},
	{"enable-workload-identity", "workload-pool-missing"},
	{"enable-workload-identity", "node-pool-metadata"},
	{"register-membership-identity", "identity-provider-missing"},
	{"provision-control-plane", "feature-disabled"},
	{"provision-control-plane", "management-manual"},
	{"correct-injection", "wrong-injection"},
	{"restart-proxies", "proxies-failed"},
	{"fix-revision-channel", "stop-channel"},
	{"fix-revision-type", "stop-type"},
	{"recreate-revision", "stop-name"},
	{"correct-webhook-url", "stop-mutating-url"},
}

// reference is what a run that nobody interrupts writes.
type reference struct {
	entries int
	writes  []string
	world   map[string]any
	broken  map[string]any // the world before it
}

func (w *world) reference(name string) reference {
	w.t.Helper()
	e := w.engine(runs(w.t))
	ref := reference{broken: w.Document()}
	e.Events = func(event engine.Event) {
		if event.Entry.Seq > 0 {
			ref.entries++
		}
	}
	r := run(w.t, e, plan(w.t, e, job(w.t, name)), yes)
	if r.Outcome != journal.Succeeded {
		w.t.Fatalf("uninterrupted: %s", told(r))
	}
	ref.writes, ref.world = w.acts(), w.Document()
	return ref
}

// acts are the writes that were accepted, sorted.
func (w *world) acts() []string {
	all := slices.DeleteFunc(w.writes(), func(s string) bool { return !strings.HasSuffix(s, " 200") && !strings.HasSuffix(s, " 201") })
	slices.Sort(all)
	return all
}

// settled finishes a run that was killed, and wants it to end as the reference.
// The clock of the machine that does it is off by so much.
func (w *world) settled(dir string, ref reference, off time.Duration, what string) {
	w.t.Helper()
	e := w.engine(dir)
	info, err := e.Store.Latest(w.t.Context(), member)
	if err != nil {
		// Nothing was begun: not a word is in the journal.
		if len(w.acts()) > 0 {
			w.t.Errorf("%s: it wrote %q without a journal", what, w.acts())
		}
		return
	}
	if info.Finished() {
		return
	}
	w.Clock.Set(w.Clock.Ahead() + off)
	r, err := e.Resume(w.t.Context(), info.Run, nil, yes)
	w.Clock.Set(w.Clock.Ahead() - off)
	if err != nil {
		w.t.Errorf("%s: %v", what, err)
		return
	}
	if r.Outcome != journal.Succeeded {
		w.t.Errorf("%s: resumed: %s", what, told(r))
	}
	if got := w.acts(); !within(got, ref.writes) {
		w.t.Errorf("%s: it wrote\n  %s\nwithout the interruption it was\n  %s\n%s", what, strings.Join(got, "\n  "),
			strings.Join(ref.writes, "\n  "), told(r))
	}
	if left := alarms(w.diagnose(e)); len(left) > 0 {
		w.t.Errorf("%s: left are %q", what, left)
	}
	reader, err := e.Store.Read(w.t.Context(), info.Run)
	if err != nil {
		w.t.Fatal(err)
	}
	defer reader.Close()
	if v, err := journal.Verify(reader.Reader); err != nil || !v.OK() || !v.Finished {
		w.t.Errorf("%s: the journal: %+v, %v", what, v, err)
	}
}

// within reports whether every act was done at most as often as without the interruption. It may be less often: what is
// asked for once more, so that Google looks again, is not asked for a third time when its effect is seen.
func within(acts, reference []string) bool {
	left := map[string]int{}
	for _, a := range reference {
		left[a]++
	}
	for _, a := range acts {
		left[a]--
	}
	for _, n := range left {
		if n < 0 {
			return false
		}
	}
	return true
}

// TestKilledAtEveryEntry kills an executor after each entry of its journal, and resumes the run.
func TestKilledAtEveryEntry(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.runbook+"/"+s.fault, func(t *testing.T) {
			t.Parallel()
			ref := suffer(t, s.fault).reference(s.runbook)
			if ref.entries < 4 || len(ref.writes) == 0 {
				t.Fatalf("%d entries, writes %q: there is nothing to interrupt", ref.entries, ref.writes)
			}
			for n := 1; n < ref.entries; n += stride {
				w, dir := suffer(t, s.fault), runs(t)
				err := w.spawn(child{Dir: dir, Runbook: s.runbook, DieAfter: n}).Wait()
				if err == nil || !strings.Contains(err.Error(), "killed") {
					t.Fatalf("the executor that is to die after entry %d: %v", n, err)
				}
				if n%3 == 0 { // and its last write was cut short
					tear(t, dir)
				}
				// And it is resumed where the clock is another.
				w.settled(dir, ref, []time.Duration{0, 20 * time.Minute, -20 * time.Minute}[n%3],
					fmt.Sprintf("killed after entry %d of %d", n, ref.entries))
			}
		})
	}
}

// TestNoRoomForTheJournal lets the disk be full at one entry after the other: what
// cannot be recorded is not done, and with room the run goes on.
func TestNoRoomForTheJournal(t *testing.T) {
	const name, fault = "restore-service-agent-binding", "binding-revoked"
	ref := suffer(t, fault).reference(name)
	stopped := 0
	for room := uint64(2000); ; room += 400 * stride {
		w, dir := suffer(t, fault), runs(t)
		cmd := w.command(child{Dir: dir, Runbook: name, Room: room})
		var said strings.Builder
		cmd.Stderr = &said
		if cmd.Run() == nil {
			break
		}
		stopped++
		if !strings.Contains(said.String(), "cannot record") || !strings.Contains(said.String(), "file too large") {
			t.Errorf("with %d bytes: %s", room, said.String())
		}
		if len(w.acts()) == 0 && !strings.Contains(said.String(), "Nothing was changed") && !strings.Contains(said.String(), "Resume the run") {
			t.Errorf("with %d bytes it does not say what that means: %s", room, said.String())
		}
		w.settled(dir, ref, 0, fmt.Sprintf("with %d bytes", room))
	}
	if stopped < 5/stride {
		t.Errorf("only %d of the sizes stopped the run", stopped)
	}
}

// tear leaves a part of a line at the end of the journal, as a crash in the middle of a write does.
func tear(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(names) != 1 {
		t.Fatalf("%q, %v", names, err)
	}
	f, err := os.OpenFile(names[0], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(`{"data":{"step":"gr`); err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtEveryWrite kills an executor when the cloud has done what it asked for, before it hears of it.
func TestKilledAtEveryWrite(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.runbook+"/"+s.fault, func(t *testing.T) {
			t.Parallel()
			ref := suffer(t, s.fault).reference(s.runbook)
			for n := 1; n <= len(ref.writes); n += stride {
				w, dir := newVictim(t, s.fault), runs(t)
				w.killAt.Store(int64(n))
				cmd := w.spawn(child{Dir: dir, Runbook: s.runbook})
				w.victim.Store(int64(cmd.Process.Pid))
				if err := cmd.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
					t.Fatalf("the executor that is to die at write %d: %v", n, err)
				}
				w.killAt.Store(0)
				w.settled(dir, ref, 0, fmt.Sprintf("killed at write %d of %d", n, len(ref.writes)))
			}
		})
	}
}

// victim is a world that kills the executor that writes to it.
type victim struct {
	*world
	killAt, victim, count atomic.Int64
}

func newVictim(t *testing.T, fault string) *victim {
	t.Helper()
	v := &victim{}
	v.world = newWorld(t, sim.Options{Observe: func(e sim.Exchange) {
		if v.killAt.Load() > 0 && control.IsWrite(e) && e.Status < 300 && v.count.Add(1) == v.killAt.Load() {
			for v.victim.Load() == 0 { // its number is not known yet
				time.Sleep(time.Millisecond)
			}
			_ = syscall.Kill(int(v.victim.Load()), syscall.SIGKILL)
		}
	}})
	v.Advance(time.Hour)
	v.Suffer(fault)
	v.Forget()
	return v
}

// TestTenExecutorsOnOneTarget lets ten begin at once.
func TestTenExecutorsOnOneTarget(t *testing.T) {
	w, dir := suffer(t, "binding-revoked"), runs(t)
	var plans []*engine.Prepared
	var engines []*engine.Engine
	for range 10 {
		e := w.engine(dir)
		engines, plans = append(engines, e), append(plans, plan(t, e, job(t, "restore-service-agent-binding")))
	}
	var group sync.WaitGroup
	var ran, held atomic.Int64
	begin := make(chan struct{})
	inside := make(chan struct{}) // the winner waits here until all others have asked
	var asked sync.WaitGroup
	asked.Add(9)
	for i, e := range engines {
		e.Events = func(event engine.Event) {
			if event.Entry.Kind == journal.KindRunStarted {
				asked.Wait()
				close(inside)
			}
		}
		group.Go(func() {
			<-begin
			r, err := e.Run(t.Context(), plans[i], yes)
			var other *store.HeldError
			switch {
			case err == nil && r.Outcome == journal.Succeeded:
				ran.Add(1)
			case asHeld(err, &other):
				held.Add(1)
				asked.Done()
				for _, want := range []string{member + " is locked by ", "process ", "runbook show " + other.By.Run} {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("it does not say %q: %v", want, err)
					}
				}
			default:
				t.Errorf("%v, %v", r, err)
				asked.Done()
			}
		})
	}
	close(begin)
	group.Wait()
	if ran.Load() != 1 || held.Load() != 9 {
		t.Errorf("%d ran and %d were told who holds the lock, want 1 and 9", ran.Load(), held.Load())
	}
	if got := w.acts(); len(got) != 1 {
		t.Errorf("they wrote %q", got)
	}
}

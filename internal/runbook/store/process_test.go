package store_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Of ten executors on one target one runs, and nine are told who does.
func TestTenExecutors(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		var all []*executor
		for range 10 {
			all = append(all, spawn(t, Order{Place: place, Run: newName()}))
		}
		winner, refused := "", []string{}
		for _, e := range all {
			switch said := e.hear(); {
			case said == "locked":
				if winner != "" {
					t.Error("two executors have the lock")
				}
				winner = fmt.Sprintf("process %d", e.cmd.Process.Pid)
				e.expect("created")
			case strings.HasPrefix(said, "refused "):
				refused = append(refused, said)
			default:
				t.Errorf("an executor says %q", said)
			}
		}
		if winner == "" || len(refused) != 9 {
			t.Fatalf("%q has the lock, %d were refused", winner, len(refused))
		}
		for _, said := range refused {
			for _, want := range []string{winner, " since ", " until ", target} {
				if !strings.Contains(said, want) {
					t.Errorf("the refusal does not say %q: %s", want, said)
				}
			}
		}
		if list, err := place.open(t, store.Options{}).List(t.Context(), store.Filter{}); err != nil || len(list) != 1 {
			t.Errorf("the runs are %+v, %v", list, err)
		}
	})
}

// An executor that was frozen past its lease writes nothing over its successor,
// whether that goes on with the same run or begins another.
func TestFrozenExecutor(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		for _, same := range []bool{true, false} {
			run := newName()
			frozen := spawn(t, Order{Place: place, Run: run})
			frozen.expect("locked")
			frozen.expect("created")
			frozen.order()
			frozen.expect("stored")
			frozen.stopped()

			later := &wait.Shifted{}
			s := place.open(t, store.Options{Clock: later})
			fails[*store.HeldError](t, second(s.Acquire(t.Context(), target, newRun(), minute)))
			must(t, later.Advance(time.Hour))
			owner := newRun()
			if same {
				owner.Run = run
			}
			lock := acquire(t, s, owner)
			if !strings.Contains(lock.TakenOver().Why, "lease ran out") {
				t.Errorf("taken over because %q", lock.TakenOver().Why)
			}
			var w *journal.Writer
			if same {
				var err error
				w, _, err = s.Open(t.Context(), lock, run, journal.RunResumed{})
				must(t, err)
			} else {
				w = begin(t, s, lock)
			}
			before := len(read(t, s, run))

			frozen.order()
			frozen.signal(syscall.SIGCONT)
			frozen.expect("error lost=true")
			frozen.order()
			frozen.expect("error lost=true")
			if got := len(read(t, s, run)); got != before {
				t.Errorf("the frozen executor wrote %d entries", got-before)
			}
			appendTo(t, w, journal.RunFinished{Outcome: journal.Succeeded})
			must(t, w.Close())
			must(t, lock.Release(t.Context()))
			frozen.kill()
		}
	})
}

// A run whose executor was killed is gone on with by the next, from where it was.
func TestKilledAndResumed(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, dead time.Duration) {
		type death struct {
			where string
			n     int
		}
		var deaths []death
		for n := 1; n <= len(story)+1; n++ {
			deaths = append(deaths, death{"after-append", n})
			if place.Dir == "" {
				deaths = append(deaths, death{"before-request", n}, death{"after-request", n})
			}
		}
		for _, d := range deaths {
			t.Run(fmt.Sprintf("%s/%d", d.where, d.n), func(t *testing.T) {
				run := newName()
				order := Order{Place: place, Run: run}
				if d.where != "after-append" {
					order.Die, order.Write = d.where, d.n
				}
				e := spawn(t, order)
				e.expect("locked")
				acknowledged := 0
				for e.hear() != "" {
					if acknowledged++; acknowledged == d.n && order.Die == "" {
						break
					}
					e.order()
				}
				e.kill()
				want := d.n
				if order.Die != "" && acknowledged != d.n-1 {
					t.Fatalf("%d entries were acknowledged", acknowledged)
				}
				if order.Die == "before-request" {
					want--
				}

				later := &wait.Shifted{}
				s := place.open(t, store.Options{Clock: later})
				if dead > 0 {
					fails[*store.HeldError](t, second(s.Acquire(t.Context(), target, newRun(), minute)))
				}
				must(t, later.Advance(dead))
				owner := newRun()
				owner.Run = run
				lock := acquire(t, s, owner)
				defer func() { must(t, lock.Release(t.Context())) }()
				if lock.TakenOver().Why == "" {
					t.Error("the lock was not taken over")
				}
				w, entries, err := s.Open(t.Context(), lock, run, journal.RunResumed{})
				if want == 0 {
					if err == nil || !strings.Contains(err.Error(), "changed nothing") {
						t.Errorf("a run that never started is opened with %v", err)
					}
					return
				}
				must(t, err)
				if got := len(entries); got != want+2 {
					t.Fatalf("there are %d entries, want %d and two of who goes on", got, want)
				}
				state, err := journal.Fold(entries)
				must(t, err)
				if got := state.Step("one").Status; got != statusAfter[want] {
					t.Errorf("the step is %s, want %s", got, statusAfter[want])
				}
				appendTo(t, w, journal.RunFinished{Outcome: journal.Succeeded})
				must(t, w.Close())
				r, err := s.Read(t.Context(), run)
				must(t, err)
				defer r.Close()
				if v, err := journal.Verify(r.Reader); err != nil || !v.OK() || !v.Finished || v.Entries != want+3 {
					t.Errorf("in the end it is %+v, %v", v, err)
				}
			})
		}
	})
}

package store_test

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// keep keeps a run on a target that says so much, and returns its name.
func keep(t *testing.T, s store.Store, on, job string, says ...journal.Payload) string {
	t.Helper()
	owner := newRun()
	lock, err := s.Acquire(t.Context(), on, owner, minute)
	must(t, err)
	begins := start()
	begins.Job = job
	w, _, err := s.Create(t.Context(), lock, begins)
	must(t, err)
	appendTo(t, w, says...)
	must(t, w.Close())
	must(t, lock.Release(t.Context()))
	return owner.Run
}

func names(all []store.Info) []string {
	found := []string{}
	for _, i := range all {
		found = append(found, i.Run)
	}
	slices.Sort(found)
	return found
}

// long is what takes a journal several objects: five to each.
func long(n int) (says []journal.Payload) {
	for i := range n {
		says = append(says, big(i))
	}
	return says
}

var ended = journal.RunFinished{Outcome: journal.Succeeded}

func TestPrune(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		past := &wait.Shifted{}
		must(t, past.Advance(-48*time.Hour))
		then, now := place.open(t, store.Options{Clock: past}), place.open(t, store.Options{})
		old := keep(t, then, target, "", ended)
		failed := keep(t, then, target, "", journal.RunFinished{Outcome: journal.Failed})
		large := keep(t, then, target+"-large", "", slices.Concat(long(7), []journal.Payload{ended})...)
		unfinished := keep(t, then, target, "", story[0])
		busy := keep(t, then, target+"-busy", "", ended)
		young := keep(t, now, target, "", ended)
		lock, err := now.Acquire(t.Context(), target+"-busy", newRun(), minute)
		must(t, err)
		before := time.Now().Add(-24 * time.Hour)

		gone, err := store.Prune(t.Context(), now, before)
		must(t, err)
		want := []string{old, failed, large}
		slices.Sort(want)
		if got := names(gone); !slices.Equal(got, want) {
			t.Errorf("it removed %v, want %v", got, want)
		}
		stay := []string{unfinished, busy, young}
		slices.Sort(stay)
		left, err := now.List(t.Context(), store.Filter{})
		must(t, err)
		if got := names(left); !slices.Equal(got, stay) {
			t.Errorf("left are %v, want %v", got, stay)
		}
		fails[*store.NoRunError](t, second(now.Read(t.Context(), large)))

		must(t, lock.Release(t.Context()))
		gone, err = store.Prune(t.Context(), now, before)
		if got := names(gone); err != nil || !slices.Equal(got, []string{busy}) {
			t.Errorf("then it removed %v, %v; want %v", got, err, busy)
		}
		// The fence goes on: who had the lock of a run that is gone is still refused.
		if lock := acquire(t, now, newRun()); lock.Holder().Fence < 6 {
			t.Errorf("the fence is %d", lock.Holder().Fence)
		}
	})
}

func TestDeleteRefuses(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		s := place.open(t, store.Options{})
		open, done := keep(t, s, target, "", story[0]), keep(t, s, target, "", ended)
		other, err := s.Acquire(t.Context(), target+"2", newRun(), minute)
		must(t, err)
		if err := s.Delete(t.Context(), other, done); err == nil {
			t.Error("it is deleted under the lock of another target")
		}
		lock := acquire(t, s, newRun())
		fails[*store.UnfinishedError](t, s.Delete(t.Context(), lock, open))
		fails[*store.NoRunError](t, s.Delete(t.Context(), lock, newName()))
		must(t, lock.Release(t.Context()))
		fails[*store.LostError](t, s.Delete(t.Context(), lock, done))
		if left, err := s.List(t.Context(), store.Filter{}); err != nil || len(left) != 2 {
			t.Errorf("left are %v, %v", left, err)
		}
	})
}

// The runs of one job are found, on whatever targets they are.
func TestListOfAJob(t *testing.T) {
	onBackends(t, func(t *testing.T, place Place, _ time.Duration) {
		s := place.open(t, store.Options{})
		want := []string{keep(t, s, target, "march", slices.Concat(long(7), []journal.Payload{ended})...),
			keep(t, s, target+"2", "march", story[0])}
		keep(t, s, target, "april", ended)
		keep(t, s, target, "", ended)
		all, err := s.List(t.Context(), store.Filter{Job: "march"})
		must(t, err)
		slices.Sort(want)
		if got := names(all); !slices.Equal(got, want) {
			t.Errorf("it lists %v, want %v", got, want)
		}
		for _, i := range all {
			if i.Job != "march" || i.Finished() != (i.Target == target) {
				t.Errorf("it lists %+v", i)
			}
		}
	})
}

// Who dies while a run of several objects is deleted leaves nothing that could be
// taken for a journal, and the next who prunes removes the rest.
func TestDeletionThatDies(t *testing.T) {
	place, s, _ := onKube(t)
	run := keep(t, s, target, "", slices.Concat(long(12), []journal.Payload{ended})...)
	for _, dies := range []int{0, 1, 2, 3, 3} { // at the two marks, and at each of the three objects
		b := &between{}
		dying, err := place.store(store.Options{}, func(c *rest.Config) {
			c.Wrap(func(next http.RoundTripper) http.RoundTripper { b.next = next; return b })
		})
		must(t, err)
		writes := 0
		b.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if writesJournal(r) {
				if writes++; writes > dies {
					return answer(http.StatusForbidden, metav1.StatusReasonForbidden), nil
				}
			}
			return next.RoundTrip(r)
		})
		if gone, err := store.Prune(t.Context(), dying, time.Now()); err == nil || len(gone) > 0 {
			t.Errorf("dying at write %d it removed %v, %v", dies, gone, err)
		}
		if dies <= 1 {
			if got := len(read(t, s, run)); got != 14 {
				t.Errorf("before anything was deleted there are %d entries", got)
			}
			continue
		}
		fails[*store.NoRunError](t, second(s.Read(t.Context(), run)))
		lock := acquire(t, s, newRun())
		fails[*store.NoRunError](t, third(s.Open(t.Context(), lock, run, journal.RunResumed{})))
		must(t, lock.Release(t.Context()))
	}
	gone, err := store.Prune(t.Context(), s, time.Now())
	if got := names(gone); err != nil || !slices.Equal(got, []string{run}) {
		t.Errorf("the next removed %v, %v", got, err)
	}
	left, err := client(t, place).CoreV1().ConfigMaps(place.Namespace).List(context.Background(),
		metav1.ListOptions{LabelSelector: "app.kubernetes.io/managed-by=terraform-provider-asm"})
	must(t, err)
	if len(left.Items) > 0 {
		t.Errorf("left are %d objects", len(left.Items))
	}
}

// What can be resumed or undone stays, unless the same runbook has succeeded on the target since.
func TestPruneKeepsWhatCanBeResumed(t *testing.T) {
	past := &wait.Shifted{}
	must(t, past.Advance(-48*time.Hour))
	place := Place{Dir: filepath.Join(t.TempDir(), "runs")}
	then, now := place.open(t, store.Options{Clock: past}), place.open(t, store.Options{})
	var stay, want []string
	for _, outcome := range []journal.Outcome{journal.Failed, journal.Stopped, journal.NeedsApprove} {
		on := target + "-" + string(outcome)
		stay = append(stay, keep(t, then, on, "", journal.RunFinished{Outcome: outcome}))
		want = append(want, keep(t, then, on+"-again", "", journal.RunFinished{Outcome: outcome}))
		stay = append(stay, keep(t, now, on+"-again", "", ended))
	}
	gone, err := store.Prune(t.Context(), now, time.Now().Add(-24*time.Hour))
	must(t, err)
	slices.Sort(want)
	slices.Sort(stay)
	if got := names(gone); !slices.Equal(got, want) {
		t.Errorf("it removed %v, want %v", got, want)
	}
	left, err := now.List(t.Context(), store.Filter{Unfinished: true})
	must(t, err)
	if len(left) != 3 {
		t.Errorf("%v can be resumed, want the three that did not succeed", names(left))
	}
}

// A prune that was suspended removes nothing of a run that was resumed meanwhile.
func TestDeletionOfARunThatWasResumed(t *testing.T) {
	for _, size := range []int{0, 12} { // of one object, and of several
		_, s, b := onKube(t)
		run := keep(t, s, target, "", append(long(size), journal.RunFinished{Outcome: journal.Failed})...)
		lock := acquire(t, s, newRun())
		// Between its look at the run and its first write, another resumes the run.
		resumed := false
		b.act(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if (r.Method == http.MethodPatch || r.Method == http.MethodDelete) && !resumed {
				resumed = true
				b.act(nil)
				must(t, lock.Release(t.Context()))
				owner := newRun()
				owner.Run = run
				w, _, err := s.Open(t.Context(), acquire(t, s, owner), run, journal.RunResumed{})
				must(t, err)
				appendTo(t, w, story[0])
			}
			return next.RoundTrip(r)
		})
		err := s.Delete(t.Context(), lock, run)
		if err == nil || !resumed {
			t.Errorf("%d: the deletion went through: %v", size, err)
		}
		if all := read(t, s, run); len(all) < size+4 {
			t.Errorf("%d: of the resumed run %d entries are left", size, len(all))
		}
	}
}

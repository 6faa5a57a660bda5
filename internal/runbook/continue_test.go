package runbook_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// grants is what a job of several executors does in these tests.
const grants = `
runbook "grants" {
  title = "Grants"
  target "membership" {}
  input "token" {
    type      = string
    sensitive = true
    default   = null
  }
  input "note" {
    type    = string
    default = ""
  }
  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "granted" {
    when = input.note != "never" && input.token != "never"
    assert "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
}
`

const shortLease = 400 * time.Millisecond // lease

func named(j runbook.Job, name string) runbook.Job {
	j.Name, j.Keep = name, true
	return j
}

// abandon begins a job and dies at an entry of a kind: its lock lasts as long as its lease, and nobody renews it.
func (w *world) abandon(dir string, j runbook.Job, at journal.Kind) (run string) {
	w.t.Helper()
	e := w.engine(dir)
	e.Lease, e.Store = shortLease, forgetful{e.Store}
	e.Events = func(event engine.Event) {
		if event.Entry.Kind == at {
			run = event.Run
			runtime.Goexit()
		}
	}
	p := plan(w.t, e, j)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.Run(w.t.Context(), p, yes) // it never returns
	}()
	<-done
	if run == "" {
		w.t.Fatalf("the run came to its end without %s", at)
	}
	return run
}

func (w *world) goOn(dir string, j runbook.Job) *runbook.Result {
	w.t.Helper()
	e := w.engine(dir)
	e.Lease = shortLease
	r, err := fleet.Continue(w.t.Context(), e, j, yes)
	if err != nil {
		w.t.Fatal(err)
	}
	if r.Outcome != journal.Succeeded {
		w.t.Fatal(told(r))
	}
	return r
}

func (w *world) kinds(dir, run string) (all []journal.Kind) {
	w.t.Helper()
	_, entries, err := w.engine(dir).History(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Kind)
	}
	return all
}

func (w *world) runs(dir string) []store.Info {
	w.t.Helper()
	all, err := w.engine(dir).Store.List(w.t.Context(), store.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestContinueTakesUpWhatWasLeft has the next executor of a job go on with the run of one that died, wherever that was.
func TestContinueTakesUpWhatWasLeft(t *testing.T) {
	for _, at := range []journal.Kind{journal.KindRunStarted, journal.KindPlan, journal.KindStepStarted, journal.KindActIntended,
		journal.KindActDone, journal.KindStepVerified, journal.KindRunFinished} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			w, dir := suffer(t, "binding-revoked"), runs(t)
			j := named(own(t, grants), "march")
			j.Inputs = map[string]cty.Value{"token": cty.StringVal("s3cr3t-s3cr3t")}
			run := w.abandon(dir, j, at)
			r := w.goOn(dir, j)
			if r.Run != run {
				t.Errorf("it is run %s, and %s was left", r.Run, run)
			}
			if got, want := slices.Contains(w.kinds(dir, run), journal.KindRunResumed), at != journal.KindRunFinished; got != want {
				t.Errorf("resumed: %v, want %v", got, want)
			}
			if got := w.acts(); len(got) != 1 {
				t.Errorf("both together wrote %q", got)
			}
			if all := w.runs(dir); len(all) != 1 || all[0].Outcome != journal.Succeeded {
				t.Errorf("the runs are %+v", all)
			}
		})
	}
}

// TestContinueLeavesOthersAlone wants a run of its own where what was left is of
// another job, or of a runbook or inputs that were changed since.
func TestContinueLeavesOthersAlone(t *testing.T) {
	changed := named(own(t, strings.Replace(grants, `title = "Grants"`, `title = "Grants again"`, 1)), "march")
	noted := named(own(t, grants), "march")
	noted.Inputs = map[string]cty.Value{"note": cty.StringVal("second thoughts")}
	for name, next := range map[string]runbook.Job{
		"another job": named(own(t, grants), "april"), "no job": own(t, grants), "another text": changed, "other inputs": noted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := suffer(t, "binding-revoked"), runs(t)
			run := w.abandon(dir, named(own(t, grants), "march"), journal.KindStepStarted)
			if next.Name == "" {
				time.Sleep(2 * shortLease) // without a job nobody waits for the dead
			}
			if r := w.goOn(dir, next); r.Run == run {
				t.Error("it went on with the run that was left")
			}
			if got := w.kinds(dir, run); slices.Contains(got, journal.KindRunResumed) {
				t.Errorf("what was left is now %v", got)
			}
			if got := w.acts(); len(got) != 1 {
				t.Errorf("they wrote %q", got)
			}
		})
	}
}

// TestContinueWhatIsDone does nothing where the job has done all, and begins a run where what it did is gone.
func TestContinueWhatIsDone(t *testing.T) {
	w, dir := suffer(t, "binding-revoked"), runs(t)
	j := named(own(t, grants), "march")
	first := w.goOn(dir, j)
	again := w.goOn(dir, j)
	if again.Run != first.Run || again.Changed() != 1 || len(w.runs(dir)) != 1 {
		t.Errorf("again it is\n%s, of %d runs", told(again), len(w.runs(dir)))
	}
	w.Fault("binding-revoked")
	w.Forget()
	if third := w.goOn(dir, j); third.Run == first.Run || third.Changed() != 1 || len(w.acts()) != 1 {
		t.Errorf("after it was taken away again it wrote %q\n%s", w.acts(), told(third))
	}
}

// TestRunOfAJobIsKept keeps a run of a job even where nothing was to be done, since
// the job's report is joined from its runs.
func TestRunOfAJobIsKept(t *testing.T) {
	w, dir := suffer(t), runs(t)
	if r := w.goOn(dir, own(t, grants)); r.Run != "" || len(w.runs(dir)) != 0 {
		t.Errorf("without a job there is run %q", r.Run)
	}
	r := w.goOn(dir, named(own(t, grants), "march"))
	if r.Run == "" || r.Changed() != 0 || len(w.runs(dir)) != 1 {
		t.Errorf("of a job there is run %q\n%s", r.Run, told(r))
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("they wrote %q", got)
	}
}

// TestContinueLeavesTheLivingAlone is told who works on the target.
func TestContinueLeavesTheLivingAlone(t *testing.T) {
	for name, lease := range map[string]time.Duration{"renewed": shortLease, "long": time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := suffer(t, "binding-revoked"), runs(t)
			locks := store.NewLocal(dir, store.Options{})
			owner := store.Me(journal.NewID(time.Now()))
			lock, err := locks.Acquire(t.Context(), member, owner, lease)
			if err != nil {
				t.Fatal(err)
			}
			_, stop := store.Keep(t.Context(), wait.Real, lock, lease)
			defer stop()
			e := w.engine(dir)
			e.Lease = shortLease
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err = fleet.Continue(ctx, e, named(own(t, grants), "march"), yes)
			var held *store.HeldError
			if !errors.As(err, &held) || held.By.Run != owner.Run {
				t.Errorf("it says %v", err)
			}
			if got := w.writes(); len(got) > 0 {
				t.Errorf("it wrote %q", got)
			}
		})
	}
}

// TestContinueEndsWhileItWaits lets a person stop the wait for a dead executor's lease.
func TestContinueEndsWhileItWaits(t *testing.T) {
	w, dir := suffer(t, "binding-revoked"), runs(t)
	j := named(own(t, grants), "march")
	w.abandon(dir, j, journal.KindStepStarted)
	locks := store.NewLocal(dir, store.Options{})
	deadline := time.Now().Add(10 * time.Second)
	var lock store.Lock // kept: the file that says that its owner lives is closed with it
	for {               // somebody else takes it over, and does not renew a lease of a minute
		var err error
		if lock, err = locks.Acquire(t.Context(), member, store.Me(journal.NewID(time.Now())), time.Minute); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(shortLease / 4)
	}
	defer func() { _ = lock.Release(context.Background()) }()
	e := w.engine(dir)
	e.Lease = time.Minute
	ctx, cancel := context.WithTimeoutCause(t.Context(), shortLease, errors.New("told to stop"))
	defer cancel()
	if _, err := fleet.Continue(ctx, e, j, yes); err == nil || !strings.Contains(err.Error(), "told to stop") {
		t.Errorf("it ends with %v", err)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("it wrote %q", got)
	}
}

// TestContinueGoesOnWithWhatWaits resumes a run that waits for somebody with the
// approvals of the next attempt, and one that failed.
func TestContinueGoesOnWithWhatWaits(t *testing.T) {
	w, dir := suffer(t, "mesh-api-disabled"), t.TempDir()
	e := w.engine(dir)
	attempt := func(j runbook.Job, a engine.Approvals, want journal.Outcome) string {
		t.Helper()
		r, err := fleet.Continue(t.Context(), e, j, a)
		if err != nil {
			t.Fatal(err)
		}
		if r.Outcome != want {
			t.Fatal(told(r))
		}
		return r.Run
	}
	j := named(own(t, mixed), "march")
	waits := attempt(j, engine.Approvals{}, journal.NeedsApprove)
	if got := attempt(j, engine.Approvals{}, journal.NeedsApprove); got != waits {
		t.Errorf("without an approval it is run %s, and %s waits", got, waits)
	}
	if got := attempt(j, yes, journal.Succeeded); got != waits {
		t.Errorf("with an approval it is run %s, and %s waits", got, waits)
	}
	j = named(own(t, strings.Replace(mixed, "cluster-3", "cluster-1", 1)), "april")
	w.Fault("mesh-api-disabled")
	failed := attempt(j, yes, journal.Failed)
	if got := attempt(j, yes, journal.Failed); got != failed {
		t.Errorf("again it is run %s, and %s failed", got, failed)
	}
}

// The job of a CronJob has the same name each day: yesterday's run is neither today's result nor resumed today.
func TestContinueLeavesYesterdayAlone(t *testing.T) {
	for _, outcome := range []journal.Outcome{journal.Succeeded, journal.NeedsApprove} {
		t.Run(string(outcome), func(t *testing.T) {
			t.Parallel()
			w, dir := suffer(t, "wrong-injection"), runs(t)
			j := named(own(t, labelAndRestart), "nightly")
			e := w.engine(dir)
			e.Store = store.NewLocal(dir, store.Options{Redactor: e.Redactor, Clock: simtest.JumpingClock(w.URL(), -24*time.Hour)})
			approvals := yes
			if outcome == journal.NeedsApprove {
				approvals = engine.Approvals{}
			}
			yesterday, err := fleet.Continue(t.Context(), e, j, approvals)
			if err != nil || yesterday.Outcome != outcome {
				t.Fatal(err, told(yesterday))
			}
			today := w.goOn(dir, j)
			if today.Run == yesterday.Run || outcome == journal.Succeeded && today.Changed() > 0 {
				t.Errorf("yesterday's run was %s\n%s %s", yesterday.Run, today.Run, told(today))
			}
		})
	}
}

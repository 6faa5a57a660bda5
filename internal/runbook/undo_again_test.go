package runbook_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

const twoChanges = `
runbook "two-changes" {
  title = "Two changes"
  target "membership" {}
  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "api" {
    depends_on = [step.grant]
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }
TAIL}
`

// A run that took back its own changes is resumed: what it took back stays taken back, and an undo finds nothing.
func TestResumeKeepsWhatWasTakenBack(t *testing.T) {
	w := suffer(t, "binding-revoked", "mesh-api-disabled")
	e := w.engine(runs(t))
	before := w.Document()["projects"]
	r := run(t, e, plan(t, e, own(t, strings.Replace(twoChanges, "TAIL", `  step "bad" {
    depends_on = [step.api]
    on_failure = "undo"
    assert {
      condition     = step.grant.changed == false
      error_message = "This was meant to fail."
    }
  }
`, 1))), yes)
	for again := range 3 {
		if r.Outcome != journal.Failed {
			t.Fatal(told(r))
		}
		w.Forget()
		for _, d := range differences("", before, w.Document()["projects"]) {
			if !stays(d) {
				t.Errorf("resumed %d times: %s", again, d)
			}
		}
		p, err := e.PlanUndo(t.Context(), r.Run)
		if err != nil || len(p.Steps) > 0 {
			t.Fatalf("resumed %d times, an undo would take back %v: %v", again, p.Steps, err)
		}
		if r, err = e.Resume(t.Context(), r.Run, nil, yes); err != nil {
			t.Fatal(err)
		}
	}
}

// What an undo cannot read when it is resumed stays open: the undo fails, and succeeds when it can be read.
func TestResumedUndoFailsAtWhatItCannotRead(t *testing.T) {
	w := suffer(t, "binding-revoked", "mesh-api-disabled")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, own(t, strings.Replace(twoChanges, "TAIL", "", 1))), yes)
	p, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil || len(p.Steps) != 2 {
		t.Fatal(err, told(r))
	}
	back := run(t, e, p, engine.Approvals{Steps: []string{p.Steps[0].Step}})
	if back.Outcome != journal.NeedsApprove {
		t.Fatal(told(back))
	}
	w.Fault("forbidden?host=cloudresourcemanager.googleapis.com&path=getIamPolicy")
	w.Forget()
	if back, err = e.Resume(t.Context(), back.Run, nil, yes); err != nil || back.Outcome != journal.Failed {
		t.Fatal(err, told(back))
	}
	w.ClearFault("forbidden")
	w.Forget()
	if back, err = e.Resume(t.Context(), back.Run, nil, yes); err != nil || back.Outcome != journal.Succeeded {
		t.Fatal(err, told(back))
	}
	if lost := alarms(w.diagnose(e)); !strings.Contains(strings.Join(lost, " "), "service-agent-binding-missing") {
		t.Error("the grant was not taken back:", lost)
	}
}

// An undo is not undone: nothing is sent, and nothing is recorded as changed.
func TestUndoOfAnUndoIsRefused(t *testing.T) {
	w := suffer(t, "binding-revoked", "mesh-api-disabled")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, own(t, strings.Replace(twoChanges, "TAIL", "", 1))), yes)
	p, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	back := run(t, e, p, yes)
	sent := len(w.writes())
	if _, err := e.PlanUndo(t.Context(), back.Run); err == nil || !strings.Contains(err.Error(), "run the runbook two-changes again") {
		t.Errorf("it is not refused: %v", err)
	}
	if now := len(w.writes()); now != sent {
		t.Errorf("%d writes were sent", now-sent)
	}
}

// What an undo takes away is what the mesh needs: its risk is not that of the change, and later runs that found the same in
// order are named.
func TestRiskOfAnUndo(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 2})
	w.Advance(time.Hour)
	w.Suffer("binding-revoked")
	dir := runs(t)
	e := w.engine(dir)
	r := run(t, e, plan(t, e, own(t, grants)), yes)
	if r.Outcome != journal.Succeeded || r.Changed() != 1 {
		t.Fatal(told(r))
	}
	other := named(own(t, grants), "march")
	other.Target = target(t, strings.Replace(member, "cluster-1", "cluster-2", 1))
	after := run(t, e, plan(t, e, other), yes)
	p, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil || len(p.Steps) != 1 {
		t.Fatal(err, p)
	}
	if s := p.Steps[0]; s.Risk != lang.HighRisk || !strings.Contains(s.Approval, other.Target.Name+" (run "+after.Run+")") {
		t.Errorf("risk %s: %s", s.Risk, s.Approval)
	}
	w.Forget()
	back := run(t, e, p, engine.Approvals{UpTo: lang.MediumRisk})
	if back.Outcome != journal.NeedsApprove || len(w.writes()) > 0 {
		t.Error(told(back), w.writes())
	}
}

// An executor dies after it has sent an undo's request and before it has recorded that, and readers see the effect late: who
// resumes waits for it and sends nothing.
func TestUndoThatWasKilledIsNotSentTwice(t *testing.T) {
	w, dir := suffer(t, "mesh-api-disabled", "connectgateway-disabled"), runs(t)
	e := w.engine(dir)
	r := run(t, e, plan(t, e, own(t, twoAPIs)), yes)
	w.Fault("slow-propagation?for=10s")
	dying := w.engine(dir)
	dying.Lease, dying.Store = shortLease, forgetful{dying.Store}
	p, err := dying.PlanUndo(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	undo := ""
	dying.Events = func(event engine.Event) {
		if event.Entry.Kind != journal.KindActIntended {
			return
		}
		undo = event.Run
		for _, api := range []string{"mesh", "connectgateway"} {
			w.CallAs(simtest.Owner, "gcloud", http.MethodPost,
				"/serviceusage.googleapis.com/v1/projects/mesh-sim-1/services/"+api+".googleapis.com:disable", "{}")
		}
		runtime.Goexit()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = dying.Run(t.Context(), p, yes) // it never returns
	}()
	<-done
	w.Forget()
	back, err := e.Resume(t.Context(), undo, nil, yes)
	for held := (*store.HeldError)(nil); asHeld(err, &held); back, err = e.Resume(t.Context(), undo, nil, yes) {
		if err := wait.Sleep(t.Context(), wait.Real, shortLease/4); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil || back.Outcome != journal.Succeeded || len(w.writes()) > 0 {
		t.Error(err, told(back), w.writes())
	}
}

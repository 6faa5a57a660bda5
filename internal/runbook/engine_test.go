package runbook_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// gated asks before it does anything.
const gated = `
runbook "gated" {
  title = "Two changes, one on approval"
  target "membership" {}

  step "grant" {
    approval = "Grants the role."
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }

  step "apis" {
    depends_on = [step.grant]
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }

  step "fine" {
    wait "findings_gone" {
      membership = target.membership
      codes      = ["service-agent-binding-missing", "api-disabled:mesh.googleapis.com"]
    }
  }
}
`

func TestPlanSaysWhatIsAndWhatShallBe(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	p := plan(t, e, own(t, gated))
	if p.ExitCode() != 2 || p.Changes() != 1 {
		t.Errorf("exit code %d, %d changes", p.ExitCode(), p.Changes())
	}
	grant := p.Steps[0]
	if grant.Status != runbook.StatusChange || grant.Current["granted"] != false || grant.Desired["granted"] != true ||
		grant.Approval != "Grants the role." || grant.Subject != "projects/mesh-sim-1" {
		t.Errorf("%+v", grant)
	}
	if p.Steps[1].Status != runbook.StatusSatisfied || p.Steps[2].Status != runbook.StatusWait {
		t.Errorf("%+v", p.Steps[1:])
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("planning wrote %q", got)
	}
	w.ClearFault("binding-revoked")
	w.Advance(time.Hour)
	p = plan(t, e, own(t, gated))
	if p.ExitCode() != 0 || !p.Clean() {
		t.Errorf("of a world that is well: exit code %d, %+v", p.ExitCode(), p.Steps)
	}
	r := run(t, e, p, engine.Approvals{})
	if r.Run != "" || r.Outcome != journal.Succeeded || len(w.writes()) > 0 {
		t.Errorf("with nothing to do: %s, writes %q", told(r), w.writes())
	}
}

func TestTargetThatIsNotThere(t *testing.T) {
	w := newWorld(t, sim.Options{})
	e := w.engine(runs(t))
	j := own(t, gated)
	j.Target = target(t, strings.Replace(member, "cluster-1", "nobody", 1))
	var gone *prereq.GoneError
	if _, err := e.Plan(t.Context(), j); !errors.As(err, &gone) || !strings.Contains(err.Error(), "memberships/nobody does not exist") {
		t.Errorf("%v", err)
	}
}

func TestPlanNamesMissingPermissions(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e, err := newEngine(t.Context(), w.URL(), "viewer@example.com", runs(t), w.Clock)
	if err != nil {
		t.Fatal(err)
	}
	p := plan(t, e, own(t, gated))
	var missing []string
	for _, m := range p.Missing {
		missing = append(missing, m.Step+": "+m.Permission+" on "+m.On)
	}
	if got := strings.Join(missing, ", "); got != "grant: resourcemanager.projects.setIamPolicy on projects/mesh-sim-1" {
		t.Errorf("missing are %q", got)
	}
}

func TestSavedPlanIsRefusedWhenTheWorldHasChanged(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	var file bytes.Buffer
	if err := plan(t, e, own(t, gated)).Write(&file); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	saved, err := runbook.ReadPlan(&file)
	if err != nil {
		t.Fatal(err)
	}
	j, err := saved.Job(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := saved.Same(plan(t, e, j).Plan); err != nil {
		t.Errorf("nothing has changed: %v", err)
	}
	w.Fault("mesh-api-disabled")
	var changed *runbook.WorldChangedError
	if err := saved.Same(plan(t, e, j).Plan); !errors.As(err, &changed) ||
		!strings.Contains(err.Error(), `step apis was "satisfied" and is "change"`) {
		t.Errorf("the API is off: %v", err)
	}
	w.ClearFault("mesh-api-disabled")
	w.ClearFault("binding-revoked")
	w.Fault("binding-conditional")
	e.Client.Forget()
	if err := saved.Same(plan(t, e, j).Plan); err != nil {
		t.Logf("the binding is now conditional: %v", err)
	}
	for _, alter := range []func(string) string{
		func(s string) string { return strings.Replace(s, `"granted": false`, `"granted": true`, 1) },
		func(s string) string { return strings.ReplaceAll(s, "Two changes", "No change") },
		func(s string) string { return strings.Replace(s, `"schema": 1`, `"schema": 7`, 1) },
		func(string) string { return "{}" },
		func(string) string { return "resource {" },
	} {
		if _, err := runbook.ReadPlan(strings.NewReader(alter(text))); err == nil {
			t.Errorf("an altered plan was read: %.200s", alter(text))
		}
	}
}

func TestGateStopsAndResumeGoesOn(t *testing.T) {
	w := suffer(t, "binding-revoked")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, own(t, gated)), engine.Approvals{})
	if r.Outcome != journal.NeedsApprove || len(r.Gates) != 1 || r.Gates[0] != "grant" ||
		!strings.Contains(r.Next, "runbook resume "+r.Run+" --approve grant") {
		t.Fatalf("%s next %q", told(r), r.Next)
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("it wrote %q", got)
	}
	// Of another step, of too low a risk, from a file of another plan, of yesterday.
	for _, a := range []engine.Approvals{
		{Steps: []string{"apis"}},
		{UpTo: lang.NoRisk},
		{Files: []*runbook.ApprovalFile{{Fingerprint: strings.Repeat("0", 64), Approver: "boss", Expires: w.Clock.Now().Add(time.Hour)}}},
		{Files: []*runbook.ApprovalFile{{Fingerprint: plan(t, e, own(t, gated)).Fingerprint, Approver: "boss",
			Expires: w.Clock.Now().Add(-time.Hour)}}},
		{Ask: func(context.Context, engine.Question) (bool, string, error) { return false, "boss", nil }},
	} {
		again, err := e.Resume(t.Context(), r.Run, nil, a)
		if err != nil || again.Outcome != journal.NeedsApprove || len(w.writes()) > 0 {
			t.Errorf("%+v: %v, %s, writes %q", a, err, told(again), w.writes())
		}
	}
	done, err := e.Resume(t.Context(), r.Run, nil, engine.Approvals{Steps: []string{"grant"}, Approver: "boss@example.com"})
	if err != nil || done.Outcome != journal.Succeeded {
		t.Fatalf("%v, %s", err, told(done))
	}
	if got := w.acts(); len(got) != 1 || !strings.Contains(got[0], "setIamPolicy") {
		t.Errorf("it wrote %q", got)
	}
	state, _, err := e.History(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(state.Approvals); n != 1 || state.Approvals[0].Approver != "boss@example.com" || state.Approvals[0].How != "flag" ||
		state.Approvals[0].Fingerprint != state.Fingerprint {
		t.Errorf("approvals: %+v", state.Approvals)
	}
	if _, err := e.Resume(t.Context(), r.Run, nil, yes); err == nil || !strings.Contains(err.Error(), "nothing to resume") {
		t.Errorf("resumed again: %v", err)
	}
}

func TestApprovalsByFileRiskAndTerminal(t *testing.T) {
	for name, of := range map[string]func(p *engine.Prepared, w *world) engine.Approvals{
		"file": func(p *engine.Prepared, w *world) engine.Approvals {
			return engine.Approvals{Files: []*runbook.ApprovalFile{{Fingerprint: p.Fingerprint, Approver: "boss",
				Expires: w.Clock.Now().Add(time.Hour)}}}
		},
		"risk": func(*engine.Prepared, *world) engine.Approvals {
			return engine.Approvals{UpTo: lang.LowRisk, Approver: "boss"}
		},
		"terminal": func(*engine.Prepared, *world) engine.Approvals {
			return engine.Approvals{Ask: func(_ context.Context, q engine.Question) (bool, string, error) {
				ok := q.Step == "grant" && q.Why == "Grants the role." && q.Current["granted"] == false && q.Desired["granted"] == true &&
					q.Risk == lang.LowRisk
				return ok, "boss", nil
			}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := suffer(t, "binding-revoked")
			e := w.engine(runs(t))
			p := plan(t, e, own(t, gated))
			r := run(t, e, p, of(p, w))
			if r.Outcome != journal.Succeeded {
				t.Fatal(told(r))
			}
			state, _, err := e.History(t.Context(), r.Run)
			if err != nil || len(state.Approvals) != 1 || state.Approvals[0].How != name || state.Approvals[0].Approver != "boss" {
				t.Errorf("%v, %+v", err, state.Approvals)
			}
		})
	}
}

// TestApprovalDoesNotCountWhenTheWorldHasChanged lets somebody turn the binding into
// a conditional one, and the API off, between plan and run.
func TestApprovalDoesNotCountForWhatNobodySaw(t *testing.T) {
	const pool = `
runbook "pool" {
  title = "Pool"
  target "membership" {}
  step "pool" {
    approval = "Sets the pool."
    ensure "workload_pool" {
      cluster = target.cluster
    }
  }
}
`
	w := suffer(t, "workload-pool-missing")
	e := w.engine(runs(t))
	p := plan(t, e, own(t, pool))
	w.ClearFault("workload-pool-missing")
	w.Fault("workload-pool-wrong")
	r := run(t, e, p, engine.Approvals{Steps: []string{"pool"}})
	if r.Outcome != journal.NeedsApprove || !strings.Contains(r.Error, "has changed since the plan") || len(w.writes()) > 0 {
		t.Fatalf("%s, writes %q", told(r), w.writes())
	}
	r, err := e.Resume(t.Context(), r.Run, nil, engine.Approvals{Steps: []string{"pool"}})
	if err != nil || r.Outcome != journal.Succeeded {
		t.Errorf("of the new plan: %v, %s", err, told(r))
	}
}

func TestUndoTakesBackAndRefusesWhatIsNotOursAnyMore(t *testing.T) {
	w := suffer(t, "binding-revoked", "mesh-api-disabled")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, own(t, gated)), yes)
	if r.Outcome != journal.Succeeded {
		t.Fatal(told(r))
	}
	w.Forget()
	back, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Steps) != 2 || !strings.HasPrefix(back.Steps[0].Step, "apis#") || !strings.HasPrefix(back.Steps[1].Step, "grant#") {
		t.Fatalf("the last change is not the first to be taken back: %+v", back.Steps)
	}
	stopped := run(t, e, back, engine.Approvals{})
	if stopped.Outcome != journal.NeedsApprove || len(w.writes()) > 0 {
		t.Fatalf("nobody agreed: %s, writes %q", told(stopped), w.writes())
	}
	undone, err := e.Resume(t.Context(), stopped.Run, nil, yes)
	if err != nil || undone.Outcome != journal.Succeeded || undone.UndoOf != r.Run {
		t.Fatalf("%v, %s", err, told(undone))
	}
	if got := w.acts(); len(got) != 2 {
		t.Errorf("it wrote %q", got)
	}
	if left := strings.Join(alarms(w.diagnose(e)), " "); !strings.Contains(left, "service-agent-binding-missing") ||
		!strings.Contains(left, "mesh.googleapis.com") {
		t.Errorf("it is not as it was: %s", left)
	}
}

func TestUndoLeavesAloneWhatSomebodyChangedSince(t *testing.T) {
	w := suffer(t, "workload-pool-missing")
	e := w.engine(runs(t))
	r := run(t, e, plan(t, e, job(t, "enable-workload-identity")), yes)
	if r.Outcome != journal.Succeeded {
		t.Fatal(told(r))
	}
	back, err := e.PlanUndo(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	w.ClearFault("workload-pool-missing")
	w.Fault("workload-pool-wrong")
	w.Forget()
	e.Client.Forget()
	var refused *engine.UndoRefusedError
	if _, err := e.PlanUndo(t.Context(),
		r.Run); !errors.As(err, &refused) || !strings.Contains(err.Error(), "some-other-project.svc.id.goog") ||
		!strings.Contains(err.Error(), "Nothing was changed") {
		t.Errorf("planned after the change: %v", err)
	}
	// And one that was planned before it.
	late := run(t, e, back, yes)
	if late.Outcome != journal.Failed || !strings.Contains(late.Error, "left alone") {
		t.Errorf("planned before the change: %s", told(late))
	}
	if got := w.writes(); len(got) > 0 {
		t.Errorf("it wrote %q", got)
	}
}

// TestSecretsAreNowhere plants a token in the inputs of a runbook that uses it in
// every place that the language lets it.
func TestSecretsAreNowhere(t *testing.T) {
	const secret = "planted-secret-0123456789"
	const key = "-----BEGIN PRIVATE KEY-----\nMIIEvPLANTEDKEYqLhYkQm1Qk4v\nq0YkPLANTEDTOO0yNw==\n-----END PRIVATE KEY-----\n"
	const kubeconfig = "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    client-key-data: UExBTlRFREtVQkVDT05GSUc=\n    token: " +
		"planted.in-a-kubeconfig\n"
	w := suffer(t, "binding-revoked")
	dir := runs(t)
	e := w.engine(dir)
	var events bytes.Buffer
	e.Events = func(event engine.Event) {
		line, err := event.MarshalJSON()
		if err != nil {
			t.Error(err)
		}
		events.Write(line)
	}
	j := own(t, `
runbook "secretive" {
  title = "Secretive"
  target "membership" {}
  input "token" {
    type      = string
    sensitive = true
  }
  input "key" {
    type      = string
    sensitive = true
  }
  input "cluster" {
    type        = string
    description = "Nobody has marked this one as sensitive"
  }
  step "grant" {
    when = input.token != "" && input.key != "" && input.cluster != ""
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "use" {
    depends_on = [step.grant]
    on_failure = "continue"
    ensure "service_agent_binding" {
      project       = input.token
      fleet_project = target.fleet_project
    }
  }
  step "label" {
    ensure "namespace_injection" {
      membership = target.membership
      namespace  = "shop"
      revision   = input.token
    }
  }
  step "look" {
    assert {
      condition     = input.token == "something else"
      error_message = "The token is not the right one."
    }
  }
}
`)
	j.Inputs = map[string]cty.Value{"token": cty.StringVal(secret), "key": cty.StringVal(key), "cluster": cty.StringVal(kubeconfig)}
	p := plan(t, e, j)
	var saved bytes.Buffer
	if err := p.Write(&saved); err != nil {
		t.Fatal(err)
	}
	r := run(t, e, p, yes)
	var report bytes.Buffer
	if err := (&runbook.Report{Results: []runbook.Result{*r}}).Write(&report); err != nil {
		t.Fatal(err)
	}
	_, entries, err := e.History(t.Context(), r.Run)
	if err != nil {
		t.Fatal(err)
	}
	var journalled bytes.Buffer
	for _, entry := range entries {
		line, err := entry.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		journalled.Write(line)
	}
	for where, text := range map[string]string{"plan": saved.String(), "events": events.String(), "report": report.String(),
		"journal": journalled.String()} {
		if len(text) < 200 {
			t.Errorf("%s has hardly anything: %s", where, text)
		}
		for _, planted := range []string{secret, "PLANTED", "UExBTlRFREtVQkVDT05GSUc", "planted.in-a-kubeconfig"} {
			// What nobody marked as sensitive is in the plan as it was given: the command line
			// refuses to save such a plan, and shows none of it.
			unmarked := planted == "UExBTlRFREtVQkVDT05GSUc" || planted == "planted.in-a-kubeconfig"
			if strings.Contains(text, planted) && (where != "plan" || !unmarked) {
				t.Errorf("%s shows %s: %s", where, planted, text)
			}
		}
	}
	if _, err := e.Resume(t.Context(), r.Run, nil, yes); err == nil || !strings.Contains(err.Error(), "token") ||
		strings.Contains(err.Error(), secret) {
		t.Errorf("resumed without its sensitive input: %v", err)
	}
}

func TestWhatFollowsAFailure(t *testing.T) {
	const text = `
runbook "failing" {
  title = "A step that fails"
  target "membership" {}
  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
  step "bad" {
    depends_on = [step.grant]
    on_failure = "HOW"
    assert {
      condition     = step.grant.changed == false
      error_message = "This was meant to fail."
    }
  }
  step "needs-it" {
    depends_on = [step.bad]
    ensure "project_services" {
      project  = target.project
      services = ["mesh.googleapis.com"]
    }
  }
  step "needs-nothing" {
    ensure "project_services" {
      project  = target.fleet_project
      services = ["connectgateway.googleapis.com"]
    }
  }
}
`
	for how, want := range map[string]map[string]runbook.StepOutcome{
		"stop": {"grant": runbook.StepChanged, "bad": runbook.StepFailed, "needs-it": runbook.StepNotRun,
			"needs-nothing": runbook.StepNotRun},
		"continue": {"grant": runbook.StepChanged, "bad": runbook.StepFailed, "needs-it": runbook.StepSkipped,
			"needs-nothing": runbook.StepChanged},
		"undo": {"grant": runbook.StepChanged, "bad": runbook.StepFailed, "needs-it": runbook.StepNotRun,
			"needs-nothing": runbook.StepNotRun},
	} {
		t.Run(how, func(t *testing.T) {
			w := suffer(t, "binding-revoked", "mesh-api-disabled", "connectgateway-disabled")
			e := w.engine(runs(t))
			r := run(t, e, plan(t, e, own(t, strings.Replace(text, "HOW", how, 1))), yes)
			if r.Outcome != journal.Failed || !strings.Contains(r.Error, "step bad: This was meant to fail.") {
				t.Errorf("%s", told(r))
			}
			for _, s := range r.Steps {
				if status, known := want[s.Step]; known && s.Status != status {
					t.Errorf("step %s is %s, want %s\n%s", s.Step, s.Status, status, told(r))
				}
			}
			lost := strings.Contains(strings.Join(alarms(w.diagnose(e)), " "), "service-agent-binding-missing")
			if lost != (how == "undo") {
				t.Errorf("the grant is taken back: %v\n%s", lost, told(r))
			}
			if again, err := e.Resume(t.Context(), r.Run, nil, yes); err != nil || again.Outcome != journal.Failed {
				t.Errorf("resumed: %v, %s", err, told(again))
			}
		})
	}
}

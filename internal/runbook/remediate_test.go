package runbook_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func (w *world) remedy(o fleet.RemediateOptions) *runbook.Remediation {
	w.t.Helper()
	o.Diagnosis = w.options()
	if o.Library == nil {
		o.Library = builtIn(w.t)
	}
	m, err := fleet.Remediate(w.t.Context(), w.engine(runs(w.t)), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// After a person agreed to the plan that was shown, another API is disabled: it is not enabled before that was shown, too.
func TestRemediateRunsNothingThatWasNotShown(t *testing.T) {
	w := suffer(t, "binding-revoked")
	var shown [][]string
	m := w.remedy(fleet.RemediateOptions{Approvals: yes, Show: func(
		_ context.Context, _ *diagnosis.Report, _ []runbook.Remedy, plans []*runbook.Plan,
	) (bool, error) {
		var changes []string
		for _, p := range plans {
			for _, s := range p.Steps {
				if s.Status == runbook.StatusChange {
					changes = append(changes, p.Runbook+" "+s.Step)
				}
			}
		}
		if shown = append(shown, changes); len(shown) == 1 {
			w.CallAs(simtest.Owner, "gcloud", http.MethodPost,
				"/serviceusage.googleapis.com/v1/projects/mesh-sim-1/services/mesh.googleapis.com:disable", "{}")
			w.Advance(time.Minute)
			w.Forget()
			return true, nil
		}
		if acts := w.acts(); len(acts) > 0 {
			t.Errorf("before it was shown again it wrote %q", acts)
		}
		return false, nil
	}})
	if len(shown) < 2 || slices.Equal(shown[0], shown[1]) {
		t.Errorf("shown were %q\n%s", shown, tale(m))
	}
}

// A gate that is refused is not asked about again, nothing behind it is run on that membership, and nobody waits for the
// mesh when only a person can go on.
func TestRefusedGateIsAnAnswer(t *testing.T) {
	w := suffer(t, "binding-revoked", "workload-pool-missing", "wrong-injection")
	before := w.Clock.Now()
	asked := 0
	m := w.remedy(fleet.RemediateOptions{Approvals: engine.Approvals{Ask: func(context.Context, engine.Question) (bool, string, error) {
		asked++
		return false, "boss", nil
	}}})
	if asked != 1 {
		t.Errorf("it asked %d times\n%s", asked, tale(m))
	}
	if acts := w.acts(); len(acts) != 1 || !strings.Contains(acts[0], ":setIamPolicy") {
		t.Errorf("it wrote %q", acts)
	}
	if took := w.Clock.Now().Sub(before); took > 10*time.Minute {
		t.Errorf("it ended after %s", took)
	}
	if code := m.ExitCode(diagnosis.FailDegraded); code != runbook.ExitApproval {
		t.Errorf("exit code %d", code)
	}
}

const needsInput = `
runbook "restore-service-agent-binding" {
  title = "Needs an input"
  fixes = ["service-agent-binding-missing"]
  target "membership" {}
  input "ticket" { type = string }
  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
}
`

// What cannot be planned on one membership fails there, and keeps nothing else from being run.
func TestOneMembershipThatCannotBePlanned(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
	w.Advance(time.Hour)
	w.Suffer("binding-revoked")
	w.CallAs(simtest.Owner, "gcloud", http.MethodPost,
		"/serviceusage.googleapis.com/v1/projects/mesh-sim-2/services/mesh.googleapis.com:disable", "{}")
	w.Advance(time.Hour)
	w.Forget()
	own, err := runbook.ReadLibrary(fstest.MapFS{"own.hcl": {Data: []byte(needsInput)}}, false)
	if err != nil {
		t.Fatal(err)
	}
	m := w.remedy(fleet.RemediateOptions{Approvals: yes, Library: builtIn(t).With(own)})
	var failed, done int
	for _, r := range m.Rounds[0].Report.Results {
		switch {
		case r.Outcome == journal.Failed && strings.Contains(r.Error, "ticket"):
			failed++
		case r.Outcome == journal.Succeeded && r.Changed() > 0:
			done++
		}
	}
	if failed == 0 || done == 0 || len(w.acts()) == 0 {
		t.Errorf("%d failed, %d done, it wrote %q\n%s", failed, done, w.acts(), tale(m))
	}
}

// In a project that never had a mesh nothing is put in place, however much a mesh would need.
func TestRemediateLeavesAProjectWithoutAMeshAlone(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 1})
	w.Edit(func(doc map[string]any) {
		p := doc["projects"].([]any)[0].(map[string]any)
		delete(p["fleet"].(map[string]any), "features")
		policy := p["policy"].(map[string]any)
		policy["bindings"] = slices.DeleteFunc(policy["bindings"].([]any), func(b any) bool {
			return b.(map[string]any)["role"] == "roles/anthosservicemesh.serviceAgent"
		})
		for _, api := range []string{"mesh", "meshconfig", "connectgateway", "gkehub", "trafficdirector"} {
			p["services"].(map[string]any)[api+".googleapis.com"] = map[string]any{"state": "DISABLED"}
		}
	})
	w.Advance(time.Hour)
	w.Forget()
	m := w.remedy(fleet.RemediateOptions{Approvals: yes, Unseen: true})
	if acts := w.acts(); len(acts) > 0 || len(m.Rounds) > 0 {
		t.Errorf("it wrote %q\n%s", acts, tale(m))
	}
	if code := m.ExitCode(diagnosis.FailDegraded); code != diagnosis.ExitUnknown {
		t.Errorf("exit code %d", code)
	}
}

// The mesh is asked for at the location of another membership: it is asked for at this one's, and that is all.
func TestRemediateAsksForTheMeshWhereTheMembershipIs(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 1})
	w.Advance(time.Hour)
	if r := w.remedy(fleet.RemediateOptions{Approvals: yes}); len(r.Rounds) > 0 { // a cluster is made at its first access
		t.Fatal(tale(r))
	}
	w.Edit(func(doc map[string]any) {
		of := doc["projects"].([]any)[0].(map[string]any)["fleet"].(map[string]any)["features"].(map[string]any)["servicemesh"].(map[string]any)
		specs := of["membershipSpecs"].(map[string]any)
		const own = "locations/us-central1/memberships/cluster-1"
		specs["locations/global/memberships/cluster-1"] = specs[own]
		delete(specs, own)
	})
	w.Advance(time.Hour)
	w.Forget()
	m := w.remedy(fleet.RemediateOptions{Approvals: yes, Unseen: true})
	if acts := w.acts(); len(acts) != 1 || !strings.Contains(acts[0], "PATCH") {
		t.Errorf("it wrote %q\n%s", acts, tale(m))
	}
	if code := m.ExitCode(diagnosis.FailDegraded); code != diagnosis.ExitClean {
		t.Errorf("exit code %d\n%s", code, tale(m))
	}
}

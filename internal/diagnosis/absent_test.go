package diagnosis_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

var meshAPIs = []string{
	"mesh", "meshconfig", "connectgateway", "gkehub", "networksecurity", "networkservices", "trafficdirector",
}

const featurePath = "/gkehub.googleapis.com/v1/projects/" + fleetProject + "/locations/global/features/servicemesh?force=true"

// neverHadAMesh turns the world into a project whose clusters were never set up for a mesh: no feature, no grant of the
// mesh agents, and no API that only the mesh uses.
func neverHadAMesh(doc map[string]any) {
	p := project(doc, fleetProject)
	delete(p["fleet"].(map[string]any), "features")
	policy := p["policy"].(map[string]any)
	policy["bindings"] = slices.DeleteFunc(policy["bindings"].([]any), func(b any) bool {
		return b.(map[string]any)["role"] == mesh.AgentRole
	})
	for _, api := range []string{"mesh", "meshconfig", "connectgateway", "networksecurity", "networkservices", "trafficdirector"} {
		p["services"].(map[string]any)[api+".googleapis.com"] = map[string]any{"state": "DISABLED"}
	}
}

func disableAll(doc map[string]any, apis ...string) {
	for _, api := range apis {
		project(doc, fleetProject)["services"].(map[string]any)[api+".googleapis.com"] = map[string]any{"state": "DISABLED"}
	}
}

func dropMemberships(doc map[string]any) {
	p := project(doc, fleetProject)
	delete(p, "fleet")
	for _, c := range p["clusters"].([]any) {
		delete(c.(map[string]any), "fleet")
		delete(c.(map[string]any), "resourceLabels")
	}
}

func TestAProjectThatNeverHadAMesh(t *testing.T) {
	for _, c := range []struct {
		name  string
		then  func(doc map[string]any)
		says  string
		roots []string
	}{
		{"clusters in a fleet", func(map[string]any) {}, "the mesh feature is not enabled", nil},
		{"clusters in no fleet", dropMemberships, "the mesh feature is not enabled", nil},
		{"no cluster", func(doc map[string]any) {
			dropMemberships(doc)
			delete(project(doc, fleetProject), "clusters")
		}, "the mesh feature is not enabled", nil},
		{"the fleet's API is off, too", func(doc map[string]any) { disableAll(doc, "gkehub") }, "gkehub.googleapis.com", nil},
		{"every API is off", func(doc map[string]any) { disableAll(doc, "gkehub", "container") }, "gkehub.googleapis.com", nil},
		{"the feature is on and nothing uses it", func(doc map[string]any) {
			project(doc, fleetProject)["fleet"].(map[string]any)["features"] = map[string]any{
				"servicemesh": map[string]any{"resourceState": "ACTIVE", "createTime": "2026-01-01T00:00:00Z"}}
		}, "no membership uses", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.Edit(func(doc map[string]any) { neverHadAMesh(doc); c.then(doc) })
			w.Advance(time.Hour)
			w.Forget()
			r := w.diagnose(diagnosis.Options{})
			if got, want := rootNames(r), []string{"mesh-absent of fleet"}; !slices.Equal(got, want) {
				t.Fatalf("root causes are %q, want %q\n%s", got, want, told(r))
			}
			if r.Verdict != mesh.Unknown || r.ExitCode(diagnosis.FailUnknown) != diagnosis.ExitUnknown ||
				r.ExitCode(diagnosis.FailUnhealthy) != diagnosis.ExitClean {
				t.Errorf("the verdict is %s, exit %d\n%s", r.Verdict, r.ExitCode(diagnosis.FailUnknown), told(r))
			}
			f := r.Findings[slices.IndexFunc(r.Findings, func(f diagnosis.Finding) bool { return f.Code == catalogue.MeshAbsent })]
			if !strings.Contains(f.Message, c.says) || f.Runbook != "" || len(f.Evidence) == 0 {
				t.Errorf("it says %q, with %v", f.Message, f.Evidence)
			}
			for _, s := range r.Subjects {
				if s.Type == diagnosis.TypeProject {
					t.Errorf("%s is looked at for a mesh that is not there", s.Name)
				}
			}
		})
	}
}

// A mesh that drift took away is not called one that never was.
func TestAMeshThatWasTakenAway(t *testing.T) {
	disable := func(w *world, apis ...string) {
		for _, api := range apis {
			w.CallAs(simtest.Owner, "Terraform/1.9.0", http.MethodPost,
				"/serviceusage.googleapis.com/v1/projects/"+fleetProject+"/services/"+api+".googleapis.com:disable",
				`{"disableDependentServices":true,"checkIfServiceHasUsage":"SKIP"}`)
			w.Advance(time.Hour)
		}
	}
	for _, c := range []struct {
		name   string
		then   func(w *world)
		narrow bool
		roots  []string // that have to be there
	}{
		{"the feature was deleted", func(w *world) {
			w.CallAs(simtest.Owner, "Terraform/1.9.0", http.MethodDelete, featurePath, "")
			w.Advance(time.Hour)
		}, false, []string{"mesh-feature-disabled of fleet"}},
		{"the fleet's API was disabled", func(w *world) { disable(w, "gkehub") }, false,
			[]string{"api-disabled:gkehub.googleapis.com of project"}},
		{"every API was disabled", func(w *world) { disable(w, meshAPIs...) }, false,
			[]string{"api-disabled:mesh.googleapis.com of project", "api-disabled:gkehub.googleapis.com of project"}},
		{"every API was disabled, and clusters cannot be reached", func(w *world) { disable(w, meshAPIs...) }, true,
			[]string{"api-disabled:mesh.googleapis.com of project"}},
		{"the role was revoked and every API disabled, and clusters cannot be reached", func(w *world) {
			w.Fault("binding-revoked")
			disable(w, append([]string{"container"}, meshAPIs...)...)
		}, true, []string{"api-disabled:mesh.googleapis.com of project", "service-agent-binding-missing of project"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.Advance(time.Hour)
			quiet(t, w.diagnose(diagnosis.Options{})) // a cluster is made at its first access
			w.narrow = c.narrow
			c.then(w)
			r := w.diagnose(diagnosis.Options{})
			got := rootNames(r)
			for _, root := range c.roots {
				if !slices.Contains(got, root) {
					t.Errorf("root causes are %q, and lack %q\n%s", got, root, told(r))
				}
			}
			if slices.Contains(got, "mesh-absent of fleet") || r.Verdict != mesh.Unhealthy {
				t.Errorf("the verdict is %s\n%s", r.Verdict, told(r))
			}
		})
	}
}

// A mesh that was taken down in order leaves traces outside of its clusters. They are named, and nothing is put back.
func TestAMeshThatWasTakenDown(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.CallAs(simtest.Owner, "gcloud", http.MethodDelete, featurePath, "")
	w.Edit(func(doc map[string]any) {
		dropMemberships(doc)
		delete(project(doc, fleetProject), "clusters")
		disableAll(doc, meshAPIs...)
	})
	w.Advance(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if got, want := rootNames(r), []string{"mesh-absent of fleet"}; !slices.Equal(got, want) {
		t.Fatalf("root causes are %q, want %q\n%s", got, want, told(r))
	}
	text := ""
	for _, e := range r.Findings[0].Evidence {
		text += e.Text + "\n"
	}
	for _, want := range []string{mesh.AgentRole, "deleted the mesh feature"} {
		if !strings.Contains(text, want) {
			t.Errorf("the evidence does not say %q:\n%s", want, text)
		}
	}
}

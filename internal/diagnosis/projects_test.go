package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestAProjectBesideTheFleets is of faults in a project that has clusters of the fleet, and is not its host.
func TestAProjectBesideTheFleets(t *testing.T) {
	for fault, want := range map[string]string{
		"project-deleted":         "project-deleted of project",
		"binding-revoked":         "service-agent-binding-missing of project",
		"hub-agent-revoked":       "hub-agent-binding-missing of project",
		"connectgateway-disabled": "api-disabled:connectgateway.googleapis.com of project",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
			w.Advance(time.Hour)
			w.Fault(fault + "?project=mesh-sim-2")
			w.Advance(time.Hour)
			r := w.diagnose(diagnosis.Options{})
			if got := rootNames(r); !slices.Equal(got, []string{want}) {
				t.Errorf("root causes are %q, want %q\n%s", got, want, told(r))
			}
			for _, f := range alarms(r) {
				if strings.HasSuffix(f.About, "/cluster-1") || f.About == "projects/"+fleetProject || f.Root() && f.About != "projects/mesh-sim-2" {
					t.Errorf("%s about %s, which is not touched", name(f), f.About)
				}
			}
			for _, s := range r.Subjects {
				if strings.HasSuffix(s.Name, "/cluster-1") && s.Verdict != mesh.Healthy {
					t.Errorf("%s is %s", s.Name, s.Verdict)
				}
			}
			w.heal(fault + "?project=mesh-sim-2")
		})
	}
}

// TestTwoFleetsOnOneProject has a project that belongs to two fleets' meshes: what
// it lacks for one is not the other's trouble, and what both need is told once.
func TestTwoFleetsOnOneProject(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
	w.Edit(func(doc map[string]any) {
		// cluster-2 of mesh-sim-2 moves to the fleet of its own project.
		first, second := project(doc, fleetProject), project(doc, "mesh-sim-2")
		fleet := first["fleet"].(map[string]any)
		var moved any
		fleet["memberships"] = slices.DeleteFunc(fleet["memberships"].([]any), func(m any) bool {
			if m.(map[string]any)["name"] == "cluster-2" {
				moved = m
				return true
			}
			return false
		})
		const key = "locations/us-central1/memberships/cluster-2"
		specs := meshFeature(doc)["membershipSpecs"].(map[string]any)
		feature := map[string]any{"resourceState": "ACTIVE", "createTime": "2026-01-01T00:00:00Z",
			"membershipSpecs": map[string]any{key: specs[key]}}
		delete(specs, key)
		second["fleet"] = map[string]any{"memberships": []any{moved}, "features": map[string]any{"servicemesh": feature}}
		of := second["clusters"].([]any)[0].(map[string]any)
		of["fleet"] = map[string]any{"project": "100000000002", "membership": "//gkehub.googleapis.com/projects/mesh-sim-2/" + key}
		// cluster-1 stays in the first fleet, and its project is a network host of both.
		policy := second["policy"].(map[string]any)
		policy["bindings"] = append(policy["bindings"].([]any),
			map[string]any{"role": mesh.AgentRole, "members": []any{mesh.ServiceAgentMember("100000000002")}})
		own := first["policy"].(map[string]any)
		own["bindings"] = append(own["bindings"].([]any),
			map[string]any{"role": mesh.AgentRole, "members": []any{mesh.ServiceAgentMember("100000000002")}})
	})
	w.Advance(time.Hour)
	both := diagnosis.Options{FleetProjects: []string{fleetProject, "mesh-sim-2"}, HostProjects: []string{fleetProject, "mesh-sim-2"}}
	quiet(t, w.diagnose(both))

	w.Forget()
	w.Edit(func(doc map[string]any) {
		policy := project(doc, "mesh-sim-2")["policy"].(map[string]any)
		policy["bindings"] = slices.DeleteFunc(policy["bindings"].([]any), func(b any) bool {
			return b.(map[string]any)["role"] == mesh.AgentRole
		})
	})
	w.Advance(time.Hour)
	r := w.diagnose(both)
	agents := map[string]string{} // fingerprints by fleet's number
	for _, f := range alarms(r) {
		if f.Code == catalogue.BindingMissing {
			for _, number := range []string{"100000000001", "100000000002"} {
				if strings.Contains(f.Message, number) {
					agents[number] = f.Fingerprint
				}
			}
		}
	}
	if len(agents) != 2 || agents["100000000001"] == agents["100000000002"] {
		t.Fatalf("the agents that lack the role are %v\n%s", agents, told(r))
	}
	for _, f := range alarms(r) {
		if f.Code == catalogue.ControlPlaneState && !slices.Equal(f.BlockedBy, []string{agents["100000000002"]}) {
			t.Errorf("%s about %s is blocked by %v, and not by its own fleet's agent alone: %v\n%s", name(f), f.About, f.BlockedBy, agents, told(r))
		}
	}
}

// A host project needs less than a project of the mesh, however it is written.
func TestAHostProjectByNumberIsTheOneByID(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 1})
	w.Fault("mesh-api-disabled?project=mesh-sim-2") // which a network host does without
	w.Advance(time.Hour)
	for _, host := range []string{"mesh-sim-2", "100000000002"} {
		if r := w.diagnose(diagnosis.Options{HostProjects: []string{host}}); len(alarms(r)) > 0 {
			t.Errorf("host project %s: %s", host, told(r))
		}
	}
}

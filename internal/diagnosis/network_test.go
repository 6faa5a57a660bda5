package diagnosis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// clustersOf are all clusters in a world's document.
func clustersOf(doc map[string]any) (clusters []map[string]any) {
	for _, p := range doc["projects"].([]any) {
		list, _ := p.(map[string]any)["clusters"].([]any)
		for _, c := range list {
			clusters = append(clusters, c.(map[string]any))
		}
	}
	return clusters
}

// A Shared VPC host project must grant the role, too; it is found by the clusters' network, and looked at once.
func TestTheNetworksHostProject(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 3, Clusters: 2})
	w.Advance(time.Hour)
	w.Edit(func(doc map[string]any) {
		for _, c := range clustersOf(doc) {
			c["networkConfig"] = map[string]any{"network": "projects/mesh-sim-3/global/networks/shared"}
		}
	})
	w.Fault("binding-revoked?project=mesh-sim-3")
	w.Forget()
	r := w.diagnose(diagnosis.Options{})
	i := slices.IndexFunc(r.Findings, func(f diagnosis.Finding) bool { return f.About == "projects/mesh-sim-3" })
	if got := rootNames(r); !slices.Equal(got, []string{"service-agent-binding-missing of project"}) || i < 0 ||
		r.Findings[i].Code != catalogue.BindingMissing {
		t.Errorf("root causes are %v\n%s", got, told(r))
	}
	asked := w.Count("mesh-sim-3:getIamPolicy")
	if asked != 1 {
		t.Errorf("the host's policy was read %d times", asked)
	}
}

func TestSeveralFleetsInOneProject(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 3, Clusters: 4})
	w.Advance(time.Hour)
	w.Edit(func(doc map[string]any) {
		clustersOf(doc)[0]["fleet"] = map[string]any{"project": "100000000003",
			"membership": "//gkehub.googleapis.com/projects/mesh-sim-3/locations/us-central1/memberships/other"}
	})
	r := w.diagnose(diagnosis.Options{})
	if got := rootNames(r); !slices.Contains(got, "fleets-several of project") {
		t.Errorf("root causes are %v\n%s", got, told(r))
	}
}

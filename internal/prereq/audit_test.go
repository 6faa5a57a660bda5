package prereq_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// A project that is named by its id and by its number is audited once.
func TestAuditComparesProjects(t *testing.T) {
	w := newWorld(t, two)
	scope := prereq.Scope{Project: "mesh-sim-1", FleetProject: "mesh-sim-1", Services: mesh.DefaultServices(), Clusters: []mesh.Cluster{}}
	once := len(prereq.Audit(t.Context(), w.client, scope))
	scope.Project, scope.HostProjects = "100000000001", []string{"100000000001", "mesh-sim-2", "100000000002"}
	results := prereq.Audit(t.Context(), w.client, scope)
	if len(results) != once+1 { // the agent's role on the host project
		t.Errorf("%d results, want %d: %+v", len(results), once+1, results)
	}
}

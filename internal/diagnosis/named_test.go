package diagnosis_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// A cluster that was named and may not be read is unknown, not degraded.
func TestANamedClusterThatMayNotBeRead(t *testing.T) {
	w := newWorld(t, sim.Options{})
	r := w.diagnoseAs("stranger@example.com",
		diagnosis.Options{Clusters: []mesh.Cluster{{Project: "mesh-sim-1", Location: "us-central1", Name: "cluster-1"}}})
	if r.Verdict != mesh.Unknown || r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitUnknown {
		t.Errorf("exit %d, %s", r.ExitCode(diagnosis.FailDegraded), told(r))
	}
}

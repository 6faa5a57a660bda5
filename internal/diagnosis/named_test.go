package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
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

// A membership that is misspelt is no outage: nothing is known of it, and the name that was meant is offered.
func TestAMisspeltMembershipIsNoOutage(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	for given, near := range map[string]string{"us-central1/cluster-1x": "us-central1/memberships/cluster-1?",
		"us-east1/cluster-1": "us-central1/memberships/cluster-1?", "us-central1/somewhere-else": ""} {
		location, name, _ := strings.Cut(given, "/")
		r := w.diagnose(diagnosis.Options{Memberships: []mesh.Membership{{Project: fleetProject, Location: location, Name: name}}})
		if code := r.ExitCode(diagnosis.FailDegraded); r.Verdict != mesh.Unknown || code != diagnosis.ExitUnknown {
			t.Errorf("%s: %s, exit %d", given, r.Verdict, code)
		}
		if len(r.Findings) != 1 || r.Findings[0].Runbook != "" || strings.Contains(r.Findings[0].Message, "did you mean") != (near != "") ||
			!strings.Contains(r.Findings[0].Message, near) ||
			near != "" && !strings.HasSuffix(explain.NextCommand(r.Findings[0].Finding), strings.TrimSuffix(near, "?")) {
			t.Errorf("%s: %s", given, told(r))
		}
	}
}

package health_test

import (
	"fmt"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// BenchmarkJudgeFeature judges a fleet of ten thousand memberships, every tenth of which is not well.
func BenchmarkJudgeFeature(b *testing.B) {
	f := mesh.Feature{Name: "projects/p/locations/global/features/servicemesh", ResourceState: "ACTIVE", Code: "OK"}
	for i := range 10_000 {
		m := mesh.MembershipMesh{
			Name:       fmt.Sprintf("projects/1/locations/us-central1/memberships/m-%05d", i),
			Management: mesh.ManagementAutomatic, Reported: true, Code: "OK", Implementation: "TRAFFIC_DIRECTOR",
			ControlPlane: mesh.Component{State: mesh.StateActive, Details: []mesh.Detail{{Code: "REVISION_READY", Text: "Ready: asm-managed"}}},
			DataPlane:    mesh.Component{State: mesh.StateActive, Details: []mesh.Detail{{Code: "OK", Text: "Service is running."}}},
		}
		if i%10 == 0 {
			m.Code, m.Description = "WARNING", "Revision(s) reporting unhealthy: asm-managed."
			m.ControlPlane.State = mesh.StateDegraded
			m.Conditions = []mesh.Condition{{Code: "MESH_IAM_PERMISSION_DENIED", Severity: "ERROR", Details: "The service agent lacks its role."}}
		}
		f.Memberships = append(f.Memberships, m)
	}
	b.ReportAllocs()
	for b.Loop() {
		if fleet, _ := health.JudgeFeature(f); fleet.Verdict != mesh.Unhealthy {
			b.Fatalf("the fleet is judged %s", fleet.Verdict)
		}
	}
}

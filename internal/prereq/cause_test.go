package prereq_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// A kind whose row promises an author in the audit log has a prerequisite that finds one, and no other has.
func TestAuditedKindsFindWhoChangedThem(t *testing.T) {
	finds := map[mesh.Kind]bool{}
	for _, p := range []prereq.Prerequisite{
		&prereq.ProjectServices{}, &prereq.ServiceAgentBinding{}, &prereq.WorkloadPool{}, &prereq.NodePoolMetadata{},
		&prereq.MembershipIdentity{},
		&prereq.MembershipRegistration{}, &prereq.MeshManagement{}, &prereq.NamespaceInjection{}, &prereq.ManagedDataPlane{},
		&prereq.WebhookURLs{}, &prereq.RollingRestart{},
	} {
		_, attributes := p.(prereq.Attributor)
		finds[p.Kind()] = finds[p.Kind()] || attributes
	}
	for _, row := range mesh.Prerequisites() {
		if finds[row.Kind] != row.Audited {
			t.Errorf("%s: Audited is %t, a prerequisite finds who changed it: %t", row.Kind, row.Audited, finds[row.Kind])
		}
	}
}

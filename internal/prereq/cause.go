package prereq

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// auditPatience bounds the search for a culprit: a plan goes on without one.
const auditPatience = 10 * time.Second

// Cause tells who took a prerequisite away, as far as the audit log shows it.
// subject is what was lost: the API's name for ProjectServices, "" otherwise. No
// access to the log is no failure: err is for a log line only.
func Cause(ctx context.Context, client *gcp.Client, p Prerequisite, s State, subject string) (who mesh.AuditEvent, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	switch p := p.(type) {
	case *ServiceAgentBinding:
		return client.WhoRevoked(ctx, p.Project, mesh.AgentRole, s.(BindingState).Member)
	case *ProjectServices:
		return client.WhoDisabled(ctx, p.Project, subject)
	case *WorkloadPool:
		return client.WhoSetPool(ctx, p.Cluster)
	case *MembershipIdentity:
		return client.WhoSetIdentity(ctx, p.Membership)
	case *MeshManagement:
		return client.WhoSetManagement(ctx, p.Membership)
	}
	return mesh.AuditEvent{}, false, nil
}

// Audited reports whether Cause can tell anything of a prerequisite. What happens
// inside of clusters is in no log that is read.
func Audited(p Prerequisite) bool {
	switch p.(type) {
	case *ServiceAgentBinding, *ProjectServices, *WorkloadPool, *MembershipIdentity, *MeshManagement:
		return true
	}
	return false
}

package diagnosis

import (
	"context"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// weighDoubts turns a grant that a project lacks, and that something above it may make, into something that is not known,
// unless the audit log shows that it was revoked, or the mesh complains: a role that is held through a folder is no missing
// binding.
func (r *run) weighDoubts(ctx context.Context) {
	for i := range r.findings {
		f := &r.findings[i]
		if f.doubt == nil || f.Code != catalogue.BindingMissing && f.Code != catalogue.HubBindingMissing || r.wasRevoked(ctx, f) ||
			f.Code == catalogue.BindingMissing && r.complains(f.fleet, strings.TrimPrefix(f.About, "projects/")) {
			continue
		}
		unread := NewFinding(f.About, catalogue.NewFinding(catalogue.Unreadable, f.Subject, f.Message))
		unread.Kind, unread.fleet = f.Kind, f.fleet
		unread.Remediation = "Grant resourcemanager.folders.getIamPolicy and resourcemanager.organizations.getIamPolicy above the project, and " +
			"diagnose again; or look there for the role with gcloud resource-manager folders get-iam-policy."
		unread.Evidence = []Evidence{{"cloudresourcemanager getIamPolicy", f.doubt.Error()}}
		r.findings[i] = unread
		r.unknown(f.About, unread.Kind)
	}
}

// wasRevoked reports whether the audit log shows that a grant was taken away and not made again since.
func (r *run) wasRevoked(ctx context.Context, f *Finding) bool {
	number, err := r.Client.ProjectNumber(ctx, f.fleet)
	project := strings.TrimPrefix(f.About, "projects/")
	if err != nil || r.isRefused(project) {
		return false
	}
	agent := mesh.AgentMesh
	if f.Code == catalogue.HubBindingMissing {
		agent = mesh.AgentHub
	}
	changes, err := r.Client.BindingChanges(ctx, project, agent.Role(), agent.Member(number))
	return err == nil && len(changes) > 0 && !changes[len(changes)-1].Added
}

// complains reports whether no mesh of a fleet that needs something of a project is known to work.
func (r *run) complains(fleet, project string) bool {
	for name, s := range r.subjects {
		if s.Type != TypeMembership || r.places[name].fleet != fleet || !slices.Contains(r.places[name].projects(), project) {
			continue
		}
		if s.Facts[FactControlPlane] == mesh.StateActive && !slices.ContainsFunc(r.of[name], func(i int) bool {
			f := r.findings[i]
			return f.Code == catalogue.RevisionsUnhealthy || f.Code == catalogue.MembershipState ||
				f.Code == catalogue.ConditionReported && catalogue.Explains(catalogue.BindingMissing, f.Code) && isOfAgent(f.Detail)
		}) {
			return false
		}
	}
	return true
}

// isOfAgent reports whether a condition is about the mesh service agent's permissions.
func isOfAgent(condition string) bool {
	c, _ := catalogue.DescribeCondition(condition)
	return slices.Contains(c.Follows, catalogue.BindingMissing)
}

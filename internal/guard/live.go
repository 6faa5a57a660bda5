package guard

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Reader reads what a plan does not say from the live fleets.
type Reader interface {
	// Project is the id and the number of a project.
	Project(ctx context.Context, project string) (id, number string, err error)
	// Holds reports whether a member holds a role on a project itself, without a condition. A grant that it inherits from a
	// folder or the organization does not count.
	Holds(ctx context.Context, project, role, member string) (bool, error)
	// Meshes are the memberships of a fleet that have, or are meant to have, a managed control plane.
	Meshes(ctx context.Context, fleet string) ([]LiveMembership, error)
}

// LiveMembership is a membership with a mesh.
type LiveMembership struct {
	Name    mesh.Membership
	Cluster *mesh.Cluster // nil for one outside Google Cloud
}

// Complete asks for the numbers of the fleets that are given by their ids, so that only their agents count.
func Complete(ctx context.Context, r Reader, fleets []Fleet) ([]Fleet, error) {
	all := slices.Clone(fleets)
	for i, f := range all {
		if f.Number != "" && f.Number != f.Project {
			continue
		}
		id, number, err := r.Project(ctx, f.Project)
		if err != nil {
			return nil, err
		}
		all[i] = Fleet{id, number}
	}
	return all, nil
}

// Live adds to each finding what the live fleets say: which memberships with a mesh it would hit, and whether the agent
// holds the role today. It puts the findings that hit most first. No verdict changes: what is there today may be gone, or
// come back, before the apply, and what could not be read says nothing.
func (r *Result) Live(ctx context.Context, reader Reader, fleets []Fleet) {
	var meshes []LiveMembership
	var unread []string
	for _, f := range fleets {
		found, err := reader.Meshes(ctx, f.Project)
		if err != nil {
			unread = append(unread, fmt.Sprintf("the fleet of %s could not be read: %v", f.Project, err))
		}
		meshes = append(meshes, found...)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Memberships = f.hits(meshes, fleets)
		says := slices.Clone(unread)
		switch n := len(f.Memberships); {
		case n == 1:
			says = append(says, "1 membership with a mesh is hit")
		case n > 1:
			says = append(says, fmt.Sprintf("%d memberships with a mesh are hit", n))
		case len(unread) == 0:
			says = append(says, "no membership with a mesh of the guarded fleets is known to be hit")
		}
		if f.about.kind == agentRole && mesh.CheckProject(f.about.where) == nil {
			says = append(says, f.holds(ctx, reader, fleets)...)
		}
		f.Live = strings.Join(says, "; ")
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if a.Verdict != b.Verdict {
			return strings.Compare(string(a.Verdict), string(b.Verdict)) // breaks goes before unknown
		}
		return len(b.Memberships) - len(a.Memberships)
	})
}

// holds says whether the agents of the fleets hold the role where the finding is about.
func (f *Finding) holds(ctx context.Context, reader Reader, fleets []Fleet) (says []string) {
	for _, fleet := range fleets {
		if f.about.what != anyAgent && f.about.what != fleet.Number {
			continue
		}
		has, err := reader.Holds(ctx, f.about.where, mesh.AgentRole, mesh.ServiceAgentMember(fleet.Number))
		switch {
		case err != nil:
			says = append(says, fmt.Sprintf("whether the agent holds the role today could not be read: %v", err))
		case has:
			says = append(says, "the agent of "+fleet.Project+" holds the role there today")
		default:
			says = append(says, "the agent of "+fleet.Project+" does not hold the role there today")
		}
	}
	return says
}

// hits are the memberships that lose what the finding is about.
func (f *Finding) hits(meshes []LiveMembership, fleets []Fleet) []string {
	var names []string
	for _, m := range meshes {
		if f.about.hits(m, fleets) {
			names = append(names, m.Name.String())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (n need) hits(m LiveMembership, fleets []Fleet) bool {
	canon := func(project string) string {
		for _, f := range fleets {
			if project == f.Number {
				return f.Project
			}
		}
		return project
	}
	fleet := canon(m.Name.Project)
	switch n.kind {
	case agentRole, api, project, reach:
		return canon(n.where) == fleet || m.Cluster != nil && canon(n.where) == canon(m.Cluster.Project)
	case feature:
		return canon(n.where) == fleet
	case cluster, pool, metadata:
		return m.Cluster != nil && n.where == canon(m.Cluster.Project)+"/"+m.Cluster.Name
	case membership:
		return canon(n.where) == fleet && n.what == m.Name.Location+"/"+m.Name.Name
	case management, identity:
		if n.what == "" { // the fleet's default
			return canon(n.where) == fleet
		}
		if n.what == m.Name.Location+"/"+m.Name.Name {
			return canon(n.where) == fleet
		}
		return n.what == m.Name.Name && (n.where == "" || n.where == m.Name.Location)
	}
	return false
}

package cli

import (
	"context"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// liveFleets is what the guard asks Google Cloud.
type liveFleets struct{ client *gcp.Client }

func (l liveFleets) Project(ctx context.Context, project string) (id, number string, err error) {
	p, err := l.client.Project(ctx, project)
	return p.ID, p.Number, err
}

func (l liveFleets) Holds(ctx context.Context, project, role, member string) (bool, error) {
	policy, err := l.client.Policy(ctx, project)
	if err != nil {
		return false, err
	}
	for _, b := range policy.GetBindings() {
		if b.GetRole() == role && b.GetCondition() == nil && slices.Contains(b.GetMembers(), member) {
			return true, nil
		}
	}
	return false, nil
}

func (l liveFleets) Meshes(ctx context.Context, fleet string) ([]guard.LiveMembership, error) {
	feature, err := l.client.MeshFeature(ctx, fleet)
	if err != nil {
		return nil, err
	}
	members, _, err := l.client.Memberships(ctx, fleet)
	if err != nil {
		return nil, err
	}
	var meshes []guard.LiveMembership
	for _, m := range members {
		managed := slices.ContainsFunc(feature.Memberships, func(of mesh.MembershipMesh) bool {
			name, err := mesh.ParseMembership(of.Name)
			return err == nil && name.SameAs(m.Name) && (of.Management == mesh.ManagementAutomatic || of.Runs())
		})
		if managed {
			meshes = append(meshes, guard.LiveMembership{Name: m.Name, Cluster: m.Cluster})
		}
	}
	return meshes, nil
}

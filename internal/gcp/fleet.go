package gcp

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/gkehub/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// MeshFeature is the mesh feature of a fleet with the state of every membership (gkehub v1, features.get). Regions that
// cannot be reached are named in it rather than failing the read. A feature that is off is a NotFound error.
func (c *Client) MeshFeature(ctx context.Context, fleetProject string) (mesh.Feature, error) {
	f, err := c.features.get(ctx, fleetProject, func(ctx context.Context) (mesh.Feature, error) {
		name := meshFeatureName(fleetProject)
		raw, err := c.hub.Projects.Locations.Features.Get(name).ReturnPartialSuccess(true).Context(chargedTo(ctx, fleetProject)).Do()
		if err != nil {
			return mesh.Feature{}, err
		}
		return readFeature(name, raw), nil
	})
	return f, failed(err, "read the mesh feature of fleet project "+fleetProject, "gkehub.features.get")
}

func readFeature(name string, raw *gkehub.Feature) mesh.Feature {
	f := mesh.Feature{Name: name, Unreachable: slices.Sorted(slices.Values(raw.Unreachable))}
	if raw.ResourceState != nil {
		f.ResourceState = raw.ResourceState.State
	}
	if raw.State != nil {
		if raw.State.State != nil {
			f.Code, f.Description = raw.State.State.Code, raw.State.State.Description
		}
		if raw.State.Servicemesh != nil {
			for _, c := range raw.State.Servicemesh.Conditions {
				f.Conditions = append(f.Conditions, mesh.Condition{Code: c.Code, Severity: c.Severity, Details: c.Details, Link: c.DocumentationLink})
			}
		}
	}
	if raw.FleetDefaultMemberConfig != nil && raw.FleetDefaultMemberConfig.Mesh != nil {
		f.Default = raw.FleetDefaultMemberConfig.Mesh.Management
	}
	byName := map[string]*mesh.MembershipMesh{}
	membership := func(name string) *mesh.MembershipMesh {
		m, found := byName[name]
		if !found {
			m = &mesh.MembershipMesh{Name: name}
			byName[name] = m
		}
		return m
	}
	for name, spec := range raw.MembershipSpecs {
		readSpec(membership(name), &spec)
	}
	for name, state := range raw.MembershipStates {
		readState(membership(name), &state)
	}
	for _, m := range byName {
		f.Memberships = append(f.Memberships, *m)
	}
	slices.SortFunc(f.Memberships, func(a, b mesh.MembershipMesh) int { return strings.Compare(a.Name, b.Name) })
	sortConditions(f.Conditions)
	return f
}

func readSpec(m *mesh.MembershipMesh, spec *gkehub.MembershipFeatureSpec) {
	if spec.Mesh != nil {
		m.Management = managementOf(spec.Mesh.Management, spec.Mesh.ControlPlane)
	}
	if spec.Origin != nil {
		m.Origin = spec.Origin.Type
	}
}

func readState(m *mesh.MembershipMesh, state *gkehub.MembershipFeatureState) {
	if state.State != nil {
		m.Code, m.Description = state.State.Code, state.State.Description
		m.Updated, _ = time.Parse(time.RFC3339, state.State.UpdateTime) // zero where the API does not say
	}
	s := state.Servicemesh
	if s == nil {
		return
	}
	m.Reported = true
	if cp := s.ControlPlaneManagement; cp != nil {
		m.Implementation = cp.Implementation
		m.ControlPlane = mesh.Component{State: cp.State, Details: readDetails(cp.Details)}
	}
	if dp := s.DataPlaneManagement; dp != nil {
		m.DataPlane = mesh.Component{State: dp.State, Details: readDetails(dp.Details)}
	}
	for _, c := range s.Conditions {
		m.Conditions = append(m.Conditions, mesh.Condition{Code: c.Code, Severity: c.Severity, Details: c.Details, Link: c.DocumentationLink})
	}
	sortConditions(m.Conditions)
}

func readDetails(raw []*gkehub.ServiceMeshStatusDetails) []mesh.Detail {
	var details []mesh.Detail
	for _, d := range raw {
		details = append(details, mesh.Detail{Code: d.Code, Text: d.Details})
	}
	return details
}

// sortConditions makes the API's unordered list comparable between reads.
func sortConditions(conditions []mesh.Condition) {
	slices.SortFunc(conditions, func(a, b mesh.Condition) int {
		return strings.Compare(a.Code+a.Details, b.Code+b.Details)
	})
}

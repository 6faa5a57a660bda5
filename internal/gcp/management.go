package gcp

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// HubVersion is the version of the GKE Hub API through which a membership's mesh is configured.
type HubVersion string

// The versions. In v1 the mesh of all memberships is one resource, the fleet's feature; in v2 each membership has its
// own, with permissions of its own (gkehub.membershipfeatures.*).
const (
	HubV1 HubVersion = "v1"
	HubV2 HubVersion = "v2"
)

// MeshSpec is the configuration of one membership's mesh.
type MeshSpec struct {
	Management string // MANAGEMENT_AUTOMATIC and so on; "" where it is not configured
	Origin     string // FLEET, FLEET_OUT_OF_SYNC, USER
	Lifecycle  string // of the resource that holds the spec: ACTIVE, UPDATING and so on
}

// MeshSpec reads the configuration of a membership's mesh. In v1 it comes from the fleet's feature, which is read once
// for all memberships. A feature that is off, and in v2 a membership without one, is a NotFound error.
func (c *Client) MeshSpec(ctx context.Context, name mesh.Membership, version HubVersion, fresh bool) (MeshSpec, error) {
	if version == HubV2 {
		feature, err := c.membershipFeature(ctx, name)
		if err != nil {
			return MeshSpec{}, err
		}
		spec := MeshSpec{}
		if feature.LifecycleState != nil {
			spec.Lifecycle = feature.LifecycleState.State
		}
		if feature.Spec == nil {
			return spec, nil
		}
		if s := feature.Spec.Servicemesh; s != nil {
			spec.Management = managementOf(s.Management, s.ControlPlane)
		}
		if feature.Spec.Origin != nil {
			spec.Origin = feature.Spec.Origin.Type
		}
		return spec, nil
	}
	if fresh {
		c.features.forget(name.Project)
	}
	feature, err := c.MeshFeature(ctx, name.Project)
	if err != nil {
		return MeshSpec{}, err
	}
	for _, m := range feature.Memberships {
		if parsed, err := mesh.ParseMembership(m.Name); err == nil && parsed.SameAs(name) {
			return MeshSpec{Management: m.Management, Origin: m.Origin, Lifecycle: feature.ResourceState}, nil
		}
	}
	return MeshSpec{Lifecycle: feature.ResourceState}, nil
}

// managementOf is the management that a spec asks for, also in its older spelling, controlPlane.
func managementOf(management, controlPlane string) string {
	switch {
	case management != "":
		return management
	case controlPlane == "AUTOMATIC":
		return mesh.ManagementAutomatic
	case controlPlane == "MANUAL":
		return mesh.ManagementManual
	}
	return ""
}

func (c *Client) membershipFeature(ctx context.Context, name mesh.Membership) (*hubv2.MembershipFeature, error) {
	feature, err := c.hub2.Projects.Locations.Memberships.Features.Get(name.String() + "/features/" + mesh.FeatureID).
		Context(chargedTo(ctx, name.Project)).Do()
	return feature, failed(err, "read the mesh feature of membership "+name.String(), "gkehub.membershipfeatures.get")
}

// SetManagement sets the management of one membership's mesh, or clears it when management is "", and waits until GKE
// Hub has stored it; the mesh is ready minutes later. Other memberships, and the rest of this one's configuration, stay
// as they are: v1 merges the specs of a feature by membership, and v2 has one resource for each.
func (c *Client) SetManagement(ctx context.Context, name mesh.Membership, version HubVersion, management string) error {
	doing := "set the mesh management of membership " + name.String() + " to " + management
	if management == "" {
		doing = "clear the mesh management of membership " + name.String()
	}
	defer c.features.forget(name.Project)
	if version == HubV2 {
		return c.setManagementV2(ctx, name, doing, management)
	}
	feature := meshFeatureName(name.Project)
	change := hubChange{name.Project, feature, doing, "gkehub.features.update"}
	return c.changeHub(ctx, change, func(ctx context.Context) (operation, error) {
		spec, err := c.membershipSpec(ctx, name)
		if err != nil {
			return operation{}, err
		}
		// The spec's management replaces the older controlPlane; the rest of it stays.
		if management == "" {
			spec = gkehub.MembershipFeatureSpec{}
		} else {
			config := ""
			if spec.Mesh != nil {
				config = spec.Mesh.ConfigApi
			}
			spec = gkehub.MembershipFeatureSpec{Mesh: &gkehub.ServiceMeshMembershipSpec{Management: management, ConfigApi: config}}
		}
		op, err := c.hub.Projects.Locations.Features.Patch(feature, &gkehub.Feature{
			MembershipSpecs: map[string]gkehub.MembershipFeatureSpec{name.String(): spec},
		}).UpdateMask("membershipSpecs").RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

// membershipSpec reads the spec of one membership as it is now. The feature has
// no etag, so the time between this and the write is kept short.
func (c *Client) membershipSpec(ctx context.Context, name mesh.Membership) (gkehub.MembershipFeatureSpec, error) {
	feature, err := c.hub.Projects.Locations.Features.Get(meshFeatureName(name.Project)).
		Fields("membershipSpecs").Context(ctx).Do()
	if err != nil {
		return gkehub.MembershipFeatureSpec{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(feature.MembershipSpecs)) {
		if parsed, err := mesh.ParseMembership(key); err == nil && parsed.SameAs(name) {
			return feature.MembershipSpecs[key], nil
		}
	}
	return gkehub.MembershipFeatureSpec{}, nil
}

func (c *Client) setManagementV2(ctx context.Context, name mesh.Membership, doing, management string) error {
	feature := name.String() + "/features/" + mesh.FeatureID
	change := hubChange{name.Project, feature, doing, "gkehub.membershipfeatures.update"}
	return c.changeHub(ctx, change, func(ctx context.Context) (operation, error) {
		now, err := c.membershipFeature(ctx, name)
		if err != nil && !apierr.NotFound(err) {
			return operation{}, err
		}
		spec := &hubv2.FeatureSpec{}
		if now != nil && now.Spec != nil {
			spec = now.Spec
		}
		// Without an origin GKE Hub records that a user configured it, which is true.
		spec.Origin = nil
		switch {
		case management == "":
			spec.Servicemesh = nil
		case spec.Servicemesh == nil:
			spec.Servicemesh = &hubv2.ServiceMeshSpec{Management: management}
		default:
			spec.Servicemesh.Management, spec.Servicemesh.ControlPlane = management, ""
		}
		op, err := c.hub2.Projects.Locations.Memberships.Features.Patch(feature, &hubv2.MembershipFeature{Spec: spec}).
			UpdateMask("spec").AllowMissing(true).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperationV2(op), err
	})
}

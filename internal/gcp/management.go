package gcp

import (
	"context"
	"maps"
	"net/http"
	"net/url"
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
		if err := spec.setManagement("mesh", management); err != nil {
			return operation{}, err
		}
		body := map[string]any{"membershipSpecs": map[string]rawObject{name.String(): spec}}
		query := url.Values{"updateMask": {"membershipSpecs"}, "requestId": {uuid.NewString()}}
		op := &gkehub.Operation{}
		err = c.hubRequest(ctx, http.MethodPatch, "v1/"+feature, query, body, op)
		return hubOperation(op), err
	})
}

// membershipSpec reads the spec of one membership as it is now, with the fields that this version does not know. The
// feature has no etag, so the time between this and the write is kept short.
func (c *Client) membershipSpec(ctx context.Context, name mesh.Membership) (rawObject, error) {
	var feature struct {
		MembershipSpecs map[string]rawObject `json:"membershipSpecs"`
	}
	query := url.Values{"fields": {"membershipSpecs"}}
	if err := c.hubRequest(ctx, http.MethodGet, "v1/"+meshFeatureName(name.Project), query, nil, &feature); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(feature.MembershipSpecs)) {
		if parsed, err := mesh.ParseMembership(key); err == nil && parsed.SameAs(name) {
			return feature.MembershipSpecs[key].orEmpty(), nil
		}
	}
	return rawObject{}, nil
}

func (c *Client) setManagementV2(ctx context.Context, name mesh.Membership, doing, management string) error {
	feature := name.String() + "/features/" + mesh.FeatureID
	change := hubChange{name.Project, feature, doing, "gkehub.membershipfeatures.update"}
	return c.changeHub(ctx, change, func(ctx context.Context) (operation, error) {
		var now struct {
			Spec rawObject `json:"spec"`
		}
		err := c.hubRequest(ctx, http.MethodGet, "v2/"+feature, nil, nil, &now)
		err = failed(err, "read the mesh feature of membership "+name.String(), "gkehub.membershipfeatures.get")
		if err != nil && !apierr.NotFound(err) {
			return operation{}, err
		}
		spec := now.Spec.orEmpty()
		if err := spec.setManagement("servicemesh", management); err != nil {
			return operation{}, err
		}
		query := url.Values{"updateMask": {"spec"}, "allowMissing": {"true"}, "requestId": {uuid.NewString()}}
		op := &hubv2.Operation{}
		err = c.hubRequest(ctx, http.MethodPatch, "v2/"+feature, query, map[string]any{"spec": spec}, op)
		return hubOperationV2(op), err
	})
}

package gcp

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/api/gkehub/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Register makes a GKE cluster a member of a fleet, with the cluster's own issuer
// as its identity provider, and waits until GKE Hub is done (gkehub v1,
// memberships.create with the body that `gcloud container fleet memberships
// register --enable-workload-identity` sends). cluster is named by its project's
// id. A name that is taken is an AlreadyExists error.
func (c *Client) Register(ctx context.Context, name mesh.Membership, cluster mesh.Cluster) error {
	defer c.members.forget(name.Project)
	defer c.clusters.forget(cluster.Project)
	parent := "projects/" + name.Project + "/locations/" + name.Location
	membership := &gkehub.Membership{
		Endpoint: &gkehub.MembershipEndpoint{
			GkeCluster: &gkehub.GkeCluster{ResourceLink: "//container.googleapis.com/" + cluster.String()},
		},
		Authority: &gkehub.Authority{Issuer: mesh.Issuer(cluster)},
	}
	return c.changeHub(ctx, hubChange{
		project: name.Project, resource: name.String(), permission: "gkehub.memberships.create",
		doing: "register cluster " + cluster.String() + " as membership " + name.String(),
	}, func(ctx context.Context) (operation, error) {
		op, err := c.hub.Projects.Locations.Memberships.Create(parent, membership).
			MembershipId(name.Name).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

// Unregister removes a membership from its fleet, with its configuration in the fleet's features, and waits until GKE
// Hub is done (gkehub v1, memberships.delete). The cluster stays as it is.
func (c *Client) Unregister(ctx context.Context, name mesh.Membership, cluster mesh.Cluster) error {
	defer c.members.forget(name.Project)
	defer c.features.forget(name.Project)
	defer c.clusters.forget(cluster.Project)
	return c.changeHub(ctx, hubChange{
		project: name.Project, resource: name.String(), permission: "gkehub.memberships.delete",
		doing: "delete membership " + name.String(),
	}, func(ctx context.Context) (operation, error) {
		op, err := c.hub.Projects.Locations.Memberships.Delete(name.String()).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

// EnableMeshFeature creates the mesh feature of a fleet, without configuration, and waits until GKE Hub is done (gkehub
// v1, features.create). A feature that is enabled already is an AlreadyExists error.
func (c *Client) EnableMeshFeature(ctx context.Context, fleetProject string) error {
	defer c.features.forget(fleetProject)
	parent := "projects/" + fleetProject + "/locations/global"
	return c.changeHub(ctx, hubChange{
		project: fleetProject, resource: meshFeatureName(fleetProject), permission: "gkehub.features.create",
		doing: "enable the mesh feature of fleet project " + fleetProject,
	}, func(ctx context.Context) (operation, error) {
		op, err := c.hub.Projects.Locations.Features.Create(parent, &gkehub.Feature{}).
			FeatureId(mesh.FeatureID).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

// DisableMeshFeature deletes the mesh feature of a fleet and waits until GKE Hub is done (gkehub v1, features.delete).
// GKE Hub refuses while the feature holds the configuration of a membership.
func (c *Client) DisableMeshFeature(ctx context.Context, fleetProject string) error {
	defer c.features.forget(fleetProject)
	name := meshFeatureName(fleetProject)
	return c.changeHub(ctx, hubChange{
		project: fleetProject, resource: name, permission: "gkehub.features.delete",
		doing: "disable the mesh feature of fleet project " + fleetProject,
	}, func(ctx context.Context) (operation, error) {
		op, err := c.hub.Projects.Locations.Features.Delete(name).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

func meshFeatureName(fleetProject string) string {
	return "projects/" + fleetProject + "/locations/global/features/" + mesh.FeatureID
}

// FreshMeshFeature is MeshFeature with a new request.
func (c *Client) FreshMeshFeature(ctx context.Context, fleetProject string) (mesh.Feature, error) {
	c.features.forget(fleetProject)
	return c.MeshFeature(ctx, fleetProject)
}

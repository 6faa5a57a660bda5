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
// id. A name that is taken is a Conflict error.
func (c *Client) Register(ctx context.Context, name mesh.Membership, cluster mesh.Cluster) error {
	defer c.members.forget(name.Project)
	defer c.clusters.forget(cluster.Project)
	parent := "projects/" + name.Project + "/locations/" + name.Location
	membership := &gkehub.Membership{
		Endpoint:  &gkehub.MembershipEndpoint{GkeCluster: &gkehub.GkeCluster{ResourceLink: "//container.googleapis.com/" + cluster.String()}},
		Authority: &gkehub.Authority{Issuer: mesh.Issuer(cluster)},
	}
	return c.changeHub(ctx, name.Project, name.String(), "register cluster "+cluster.String()+" as membership "+name.String(), "gkehub.memberships.create", func(ctx context.Context) (hubOperation, error) {
		op, err := c.hub.Projects.Locations.Memberships.Create(parent, membership).MembershipId(name.Name).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperationOf(op), err
	})
}

// Unregister takes a membership out of its fleet, and with it what the fleet's
// features ask for it, and waits until GKE Hub is done (gkehub v1,
// memberships.delete). The cluster stays as it is.
func (c *Client) Unregister(ctx context.Context, name mesh.Membership, cluster mesh.Cluster) error {
	defer c.members.forget(name.Project)
	defer c.features.forget(name.Project)
	defer c.clusters.forget(cluster.Project)
	return c.changeHub(ctx, name.Project, name.String(), "delete membership "+name.String(), "gkehub.memberships.delete", func(ctx context.Context) (hubOperation, error) {
		op, err := c.hub.Projects.Locations.Memberships.Delete(name.String()).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperationOf(op), err
	})
}

// EnableMeshFeature makes the mesh feature of a fleet, with nothing asked for by
// it, and waits until GKE Hub is done (gkehub v1, features.create). One that is
// there already is a Conflict error.
func (c *Client) EnableMeshFeature(ctx context.Context, fleetProject string) error {
	defer c.features.forget(fleetProject)
	parent := "projects/" + fleetProject + "/locations/global"
	return c.changeHub(ctx, fleetProject, parent+"/features/"+mesh.FeatureID, "enable the mesh feature of fleet project "+fleetProject, "gkehub.features.create", func(ctx context.Context) (hubOperation, error) {
		op, err := c.hub.Projects.Locations.Features.Create(parent, &gkehub.Feature{}).FeatureId(mesh.FeatureID).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperationOf(op), err
	})
}

// DisableMeshFeature deletes the mesh feature of a fleet and waits until GKE Hub is
// done (gkehub v1, features.delete). GKE Hub refuses while a membership's mesh is
// asked for by it.
func (c *Client) DisableMeshFeature(ctx context.Context, fleetProject string) error {
	defer c.features.forget(fleetProject)
	name := "projects/" + fleetProject + "/locations/global/features/" + mesh.FeatureID
	return c.changeHub(ctx, fleetProject, name, "disable the mesh feature of fleet project "+fleetProject, "gkehub.features.delete", func(ctx context.Context) (hubOperation, error) {
		op, err := c.hub.Projects.Locations.Features.Delete(name).RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperationOf(op), err
	})
}

// FreshMeshFeature is MeshFeature past anything that was read before.
func (c *Client) FreshMeshFeature(ctx context.Context, fleetProject string) (mesh.Feature, error) {
	c.features.forget(fleetProject)
	return c.MeshFeature(ctx, fleetProject)
}

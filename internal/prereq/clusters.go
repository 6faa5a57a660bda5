package prereq

import (
	"cmp"
	"context"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Clusters reaches the clusters that prerequisites are inside of, as the same caller as Client.
type Clusters struct {
	Client *gcp.Client
	access *cluster.Access
}

// NewClusters lets clusters be reached with the credentials of client, whether through Connect Gateway or at the
// endpoint that GKE names. What config leaves out is taken from client.
func NewClusters(client *gcp.Client, config cluster.Config) *Clusters {
	as := client.Config()
	config.Tokens = client.Tokens()
	config.GatewayEndpoint = cmp.Or(config.GatewayEndpoint, as.Endpoints.ConnectGateway)
	config.Universe = cmp.Or(config.Universe, as.UniverseDomain)
	config.UserAgent = cmp.Or(config.UserAgent, as.UserAgent)
	config.QuotaProject = cmp.Or(config.QuotaProject, client.QuotaProject())
	if config.Log == nil {
		config.Log = as.Log
	}
	if config.Clock == nil {
		config.Clock = as.Clock
	}
	if config.FindEndpoint == nil {
		config.FindEndpoint = func(ctx context.Context, name mesh.Cluster) (cluster.Endpoint, error) {
			e, err := client.Endpoint(ctx, name)
			return cluster.Endpoint{Address: e.Address, CA: e.CA}, err
		}
		config.ForgetEndpoint = client.ForgetEndpoint
	}
	return &Clusters{Client: client, access: cluster.New(config)}
}

// Open prepares the ways to a cluster. Connect Gateway is asked by the fleet
// project's number, as gcloud does; where the number cannot be read, by the project as given.
func (c *Clusters) Open(ctx context.Context, target cluster.Target) (*cluster.Cluster, error) {
	if target.Membership != nil {
		m := *target.Membership
		if p, err := c.fleetProject(ctx, m.Project); err == nil {
			m.Project, target.FleetProject = p.Number, p.ID
		}
		target.Membership = &m
	}
	return c.access.Open(target)
}

// fleetProject returns both names of a project. The id of one that is given by number is looked up only where a refusal may
// name it: the project that requests are charged to is named as the caller names it.
func (c *Clusters) fleetProject(ctx context.Context, project string) (gcp.Project, error) {
	quota := c.access.QuotaProject()
	if mesh.IsProjectNumber(project) && (quota == "" || mesh.IsProjectNumber(quota)) {
		return gcp.Project{Number: project}, nil
	}
	return c.Client.Project(ctx, project)
}

// gone reports whether a read failed because the cluster, its membership or its
// project is deleted. A gateway's answer alone does not prove it.
func (c *Clusters) gone(ctx context.Context, target cluster.Target, err error) bool {
	if err == nil || apierr.Unreachable(err) {
		return false
	}
	if m := target.Membership; m != nil {
		member, err := c.Client.Membership(ctx, *m)
		if err != nil {
			return apierr.NotFound(err) || gone(ctx, c.Client, m.Project, err)
		}
		return member.ClusterGone || member.Cluster != nil && c.clusterGone(ctx, *member.Cluster)
	}
	return target.Cluster != nil && c.clusterGone(ctx, *target.Cluster)
}

func (c *Clusters) clusterGone(ctx context.Context, name mesh.Cluster) bool {
	_, err := c.Client.Cluster(ctx, name)
	return err != nil && (apierr.NotFound(err) || gone(ctx, c.Client, name.Project, err))
}

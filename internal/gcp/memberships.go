package gcp

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/api/gkehub/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Membership is a cluster's membership in a fleet, as far as managed mesh cares (gkehub v1).
type Membership struct {
	Name         mesh.Membership
	Cluster      *mesh.Cluster // the GKE cluster; nil for one outside Google Cloud
	ClusterGone  bool          // the GKE cluster is known to be deleted
	Issuer       string        // authority.issuer; "" where the membership has no identity provider
	WorkloadPool string        // authority.workloadIdentityPool
	State        string        // READY, CREATING, DELETING, UPDATING, SERVICE_UPDATING
}

type membershipList struct {
	members     map[string]Membership // by LOCATION/NAME
	unreachable []string
}

// Memberships are all memberships of a fleet, sorted by location and name.
// unreachable are the regions that did not answer; theirs are missing.
func (c *Client) Memberships(ctx context.Context, fleetProject string) (members []Membership, unreachable []string, err error) {
	list, err := c.membershipList(ctx, fleetProject)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range list.members {
		members = append(members, m)
	}
	slices.SortFunc(members, func(a, b Membership) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return members, list.unreachable, nil
}

func (c *Client) membershipList(ctx context.Context, fleetProject string) (membershipList, error) {
	list, err := c.members.get(ctx, fleetProject, func(ctx context.Context) (membershipList, error) {
		list := membershipList{members: map[string]Membership{}}
		// locations/-: the list of "global" leaves out regional memberships.
		err := c.hub.Projects.Locations.Memberships.List("projects/"+fleetProject+"/locations/-").
			Fields("resources(name,endpoint/gkeCluster,authority,state),nextPageToken,unreachable").
			Pages(chargedTo(ctx, fleetProject), func(page *gkehub.ListMembershipsResponse) error {
				for _, raw := range page.Resources {
					if m, ok := readMembership(raw); ok {
						list.members[m.Name.Location+"/"+m.Name.Name] = m
					}
				}
				list.unreachable = append(list.unreachable, page.Unreachable...)
				return nil
			})
		slices.Sort(list.unreachable)
		return list, err
	})
	return list, failed(err, "list the memberships of fleet project "+fleetProject, "gkehub.memberships.list")
}

// Membership returns one membership. All of a fleet are read by one request,
// which all callers share; a membership that is not in the list is read by name.
func (c *Client) Membership(ctx context.Context, name mesh.Membership) (Membership, error) {
	list, err := c.membershipList(ctx, name.Project)
	if err != nil && !apierr.Forbidden(err) {
		return Membership{}, err
	}
	if m, found := list.members[name.Location+"/"+name.Name]; found {
		return m, nil
	}
	return c.getMembership(ctx, name)
}

// FreshMembership is Membership with a new request.
func (c *Client) FreshMembership(ctx context.Context, name mesh.Membership) (Membership, error) {
	c.members.forget(name.Project)
	return c.getMembership(ctx, name)
}

func (c *Client) getMembership(ctx context.Context, name mesh.Membership) (Membership, error) {
	raw, err := c.hub.Projects.Locations.Memberships.Get(name.String()).Context(chargedTo(ctx, name.Project)).Do()
	if err != nil {
		return Membership{}, failed(err, "read membership "+name.String(), "gkehub.memberships.get")
	}
	m, _ := readMembership(raw)
	m.Name = name
	return m, nil
}

func readMembership(raw *gkehub.Membership) (m Membership, ok bool) {
	name, err := mesh.ParseMembership(raw.Name)
	m.Name = name
	if raw.Authority != nil {
		m.Issuer, m.WorkloadPool = raw.Authority.Issuer, raw.Authority.WorkloadIdentityPool
	}
	if raw.State != nil {
		m.State = raw.State.Code
	}
	if raw.Endpoint != nil && raw.Endpoint.GkeCluster != nil {
		m.ClusterGone = raw.Endpoint.GkeCluster.ClusterMissing
		if cluster, err := mesh.ParseCluster(raw.Endpoint.GkeCluster.ResourceLink); err == nil {
			m.Cluster = &cluster
		}
	}
	return m, err == nil
}

// SetAuthority sets a membership's identity provider to an issuer, or clears it when issuer is "", and waits until GKE
// Hub is done. An issuer cannot be replaced: GKE Hub wants it cleared first.
func (c *Client) SetAuthority(ctx context.Context, name mesh.Membership, issuer string) error {
	doing := "set the identity provider of membership " + name.String()
	patch := &gkehub.Membership{Authority: &gkehub.Authority{Issuer: issuer}}
	if issuer == "" {
		doing = "clear the identity provider of membership " + name.String()
		patch = &gkehub.Membership{NullFields: []string{"Authority"}}
	}
	defer c.members.forget(name.Project)
	change := hubChange{name.Project, name.String(), doing, "gkehub.memberships.update"}
	return c.changeHub(ctx, change, func(ctx context.Context) (operation, error) {
		op, err := c.hub.Projects.Locations.Memberships.Patch(name.String(), patch).
			UpdateMask("authority").RequestId(uuid.NewString()).Context(ctx).Do()
		return hubOperation(op), err
	})
}

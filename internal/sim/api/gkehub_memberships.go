package api

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// A membershipMessage is gkehub.v1.Membership in a request; the service's own
// fields and those of other kinds of cluster are taken and ignored.
type membershipMessage struct {
	Name               string                 `json:"name,omitempty"`
	Labels             map[string]string      `json:"labels,omitempty"`
	Description        string                 `json:"description,omitempty"`
	Endpoint           *endpointMessage       `json:"endpoint,omitempty"`
	Authority          *authorityMessage      `json:"authority,omitempty"`
	State              *world.MembershipState `json:"state,omitempty"`
	ExternalID         string                 `json:"externalId,omitempty"`
	UniqueID           string                 `json:"uniqueId,omitempty"`
	ClusterTier        string                 `json:"clusterTier,omitempty"`
	MembershipType     string                 `json:"membershipType,omitempty"`
	MonitoringConfig   json.RawMessage        `json:"monitoringConfig,omitempty"`
	InfrastructureType string                 `json:"infrastructureType,omitempty"`
	CreateTime         wire.Timestamp         `json:"createTime,omitzero"`
	UpdateTime         wire.Timestamp         `json:"updateTime,omitzero"`
	DeleteTime         wire.Timestamp         `json:"deleteTime,omitzero"`
	LastConnectionTime wire.Timestamp         `json:"lastConnectionTime,omitzero"`
}

type endpointMessage struct {
	GkeCluster         *world.GkeCluster         `json:"gkeCluster,omitempty"`
	KubernetesMetadata *world.KubernetesMetadata `json:"kubernetesMetadata,omitempty"`
	KubernetesResource json.RawMessage           `json:"kubernetesResource,omitempty"`
	ApplianceCluster   json.RawMessage           `json:"applianceCluster,omitempty"`
	EdgeCluster        json.RawMessage           `json:"edgeCluster,omitempty"`
	MultiCloudCluster  json.RawMessage           `json:"multiCloudCluster,omitempty"`
	OnPremCluster      json.RawMessage           `json:"onPremCluster,omitempty"`
	GoogleManaged      bool                      `json:"googleManaged,omitempty"`
}

type authorityMessage struct {
	Issuer                           string `json:"issuer,omitempty"`
	OidcJwks                         string `json:"oidcJwks,omitempty"`
	IdentityProvider                 string `json:"identityProvider,omitempty"`
	WorkloadIdentityPool             string `json:"workloadIdentityPool,omitempty"`
	ScopeTenancyIdentityProvider     string `json:"scopeTenancyIdentityProvider,omitempty"`
	ScopeTenancyWorkloadIdentityPool string `json:"scopeTenancyWorkloadIdentityPool,omitempty"`
}

func listMemberships(c *call) (any, *wire.Error) {
	p, err := c.authorizeHub("gkehub.memberships.list", "memberships")
	if err != nil {
		return nil, err
	}
	if c.param("filter") != "" {
		return nil, wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate the filter of memberships.")
	}
	var list []*world.Membership
	if p.Fleet != nil {
		list = slices.DeleteFunc(slices.Clone(p.Fleet.Memberships), func(m *world.Membership) bool {
			return c.params["location"] != "-" && m.Location != c.params["location"]
		})
	}
	list, next, err := onePage(c, list, 0, 0) // no size: everything
	if err != nil {
		return nil, err
	}
	out := struct {
		Resources     []*world.Membership `json:"resources,omitempty"`
		NextPageToken string              `json:"nextPageToken,omitempty"`
	}{NextPageToken: next}
	for _, m := range list {
		out.Resources = append(out.Resources, membershipAnswer(m, c.params["project"]))
	}
	return out, nil
}

// membershipFor finds the membership of a call.
func (c *call) membershipFor(permission string) (*world.Project, *world.Membership, *wire.Error) {
	rest := "memberships/" + c.params["membership"]
	p, err := c.authorizeHub(permission, rest)
	if err != nil {
		return nil, nil, err
	}
	m := p.Fleet.Membership(world.MembershipKey(c.params["location"], c.params["membership"]))
	if m == nil {
		return nil, nil, errHubNotFound(c.resource(rest))
	}
	return p, m, nil
}

func getMembership(c *call) (any, *wire.Error) {
	_, m, err := c.membershipFor("gkehub.memberships.get")
	if err != nil {
		return nil, err
	}
	return membershipAnswer(m, c.params["project"]), nil
}

// checkAuthority checks a client's authority and completes it.
func checkAuthority(a *authorityMessage, fleet *world.Project) (*world.Authority, *wire.Error) {
	if a == nil || a.Issuer == "" && a.OidcJwks == "" {
		return nil, nil
	}
	if !strings.HasPrefix(a.Issuer, "https://") {
		return nil, wire.Invalid("authority.issuer %q must be a valid URL starting with https://", a.Issuer)
	}
	if strings.HasPrefix(a.Issuer, "https://container.googleapis.com/") && strings.Contains(a.Issuer, "/zones/") {
		return nil, wire.Invalid("authority.issuer %q must use `locations` rather than `zones`", a.Issuer)
	}
	out := world.NewAuthority(a.Issuer, fleet)
	out.OidcJwks = a.OidcJwks
	return out, nil
}

func createMembership(c *call) (any, *wire.Error) {
	id := c.param("membershipId")
	var msg membershipMessage
	if err := c.decode(&msg); err != nil {
		return nil, err
	}
	if err := msg.checkEnums(); err != nil {
		return nil, err
	}
	c.hubRecord("CreateMembership", "gkehub.memberships.create", "memberships/"+id, map[string]any{"membershipId": id, "resource": &msg})
	p, err := c.authorizeHub("gkehub.memberships.create", "memberships/"+id)
	if err != nil {
		return nil, err
	}
	if !world.ValidName(id) || len(id) > 63 {
		return nil, wire.Invalid("Invalid membership_id %q.", id)
	}
	location := c.params["location"]
	key := world.MembershipKey(location, id)
	if p.Fleet.Membership(key) != nil || c.w.OperationOn(wire.HostHub, "projects/"+p.ProjectID+"/"+key) != nil {
		return nil, wire.NewError(wire.StatusAlreadyExists, "Resource '%s' already exists", c.resource("memberships/"+id))
	}
	if msg.Endpoint == nil || msg.Endpoint.GkeCluster == nil || msg.Endpoint.GkeCluster.ResourceLink == "" {
		return nil, wire.NewError(wire.StatusUnimplemented,
			"The simulator registers GKE clusters only: endpoint.gkeCluster.resourceLink is required.")
	}
	link := msg.Endpoint.GkeCluster.ResourceLink
	cp, cl := c.w.ClusterByLink(link)
	if cp == nil || cp.Deleted() || cl == nil || !c.hubMayRead(p, cp) {
		return nil, wire.Denied("hub default service account does not have access to the GKE cluster project for %q", link) // recorded
	}
	auth, err := checkAuthority(msg.Authority, p)
	if err != nil {
		return nil, err
	}
	m := world.NewMembership(cp, p, cl, wire.At(c.now))
	m.Name, m.Location, m.Labels, m.Authority = id, location, msg.Labels, auth
	m.Endpoint.GkeCluster = &world.GkeCluster{ResourceLink: link}
	if msg.ExternalID != "" {
		m.ExternalID = msg.ExternalID
	}
	return c.startHub(p, "create", "projects/"+p.ProjectID+"/"+key, &world.Effect{Kind: world.EffectMembership, Key: key, Membership: m},
		c.w.Timings.Membership), nil
}

// hubMayRead reports whether the fleet's hub agent may read a cluster's project: its own always, another one with the
// agent's role there.
func (c *call) hubMayRead(fleet, cluster *world.Project) bool {
	return fleet == cluster || c.w.Holds(cluster, "roles/gkehub.serviceAgent", "serviceAccount:"+world.ServiceAgent(wire.HostHub, fleet))
}

func patchMembership(c *call) (any, *wire.Error) {
	id := c.params["membership"]
	var msg membershipMessage
	if err := c.decode(&msg); err != nil {
		return nil, err
	}
	if err := msg.checkEnums(); err != nil {
		return nil, err
	}
	c.hubRecord("UpdateMembership", "gkehub.memberships.update", "memberships/"+id,
		map[string]any{"updateMask": c.param("updateMask"), "resource": &msg})
	p, m, err := c.membershipFor("gkehub.memberships.update")
	if err != nil {
		return nil, err
	}
	mask, err := c.hubMask("labels", "authority", "externalId", "description", "endpoint", "infrastructureType", "monitoringConfig")
	if err != nil {
		return nil, err
	}
	next := *m
	for _, field := range mask {
		switch field {
		case "labels":
			next.Labels = msg.Labels
		case "externalId":
			next.ExternalID = msg.ExternalID
		case "authority":
			auth, err := checkAuthority(msg.Authority, p)
			if err != nil {
				return nil, err
			}
			if m.Authority != nil && auth != nil && auth.Issuer != m.Authority.Issuer {
				return nil, wire.Invalid("authority.issuer cannot be changed; it must be cleared first.") // rule: discovery, text inferred
			}
			next.Authority = auth
		default:
			return nil, wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate the update of a membership's %q.", field)
		}
	}
	return c.startHub(p, "update", "projects/"+p.ProjectID+"/"+m.Key(),
		&world.Effect{Kind: world.EffectMembership, Key: m.Key(), Membership: &next}, c.w.Timings.Membership), nil
}

func deleteMembership(c *call) (any, *wire.Error) {
	c.hubRecord("DeleteMembership", "gkehub.memberships.delete", "memberships/"+c.params["membership"], map[string]any{})
	p, m, err := c.membershipFor("gkehub.memberships.delete")
	if err != nil {
		return nil, err
	}
	return c.startHub(p, "delete", "projects/"+p.ProjectID+"/"+m.Key(), &world.Effect{Kind: world.EffectUnregister, Key: m.Key()},
		c.w.Timings.Membership), nil
}

// membershipAnswer is the membership as the API gives it, its name with the project as
// the caller wrote it (recorded: the id where the caller gave the id).
func membershipAnswer(m *world.Membership, project string) *world.Membership {
	out := *m
	out.Name = "projects/" + project + "/" + m.Key()
	out.Location, out.Mesh = "", nil
	return &out
}

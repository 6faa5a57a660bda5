package provider

import (
	"context"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

// clusterRef says which cluster is meant. It is an argument and never provider
// configuration, which would have to be known at plan time.
type clusterRef struct {
	Membership types.String `tfsdk:"membership"`
	Cluster    types.String `tfsdk:"cluster"`
}

const (
	membershipMeans = "The cluster's fleet membership, `projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`: the cluster is reached " +
		"through Connect Gateway, private clusters included. At least one of `membership` and `cluster` is needed."
	clusterMeans = "The cluster, `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`: it is reached at its own endpoint, and with " +
		"`membership` beside it only where Connect Gateway refuses."
)

// membershipOrCluster are the validators of the argument membership. They tell of
// a missing cluster for both arguments, once.
func membershipOrCluster() []validator.String {
	return []validator.String{isMembership, stringvalidator.AtLeastOneOf(path.MatchRoot("cluster"))}
}

// clusterRefAttributes are the arguments of a resource; another cluster is another resource.
func clusterRefAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"membership": schema.StringAttribute{Optional: true, MarkdownDescription: membershipMeans, Validators: membershipOrCluster()},
		"cluster":    schema.StringAttribute{Optional: true, MarkdownDescription: clusterMeans, Validators: []validator.String{isCluster}},
	}
}

func clusterRefIdentity() map[string]identityschema.Attribute {
	return map[string]identityschema.Attribute{
		"membership": identityschema.StringAttribute{OptionalForImport: true, Description: "The cluster's fleet membership."},
		"cluster": identityschema.StringAttribute{OptionalForImport: true, Description: "The cluster, where it is reached at its own " +
			"endpoint."},
	}
}

func (m clusterRef) target() (cluster.Target, error) {
	return cluster.ParseTarget(m.Membership.ValueString(), m.Cluster.ValueString())
}

// clusterNames are the two names that may be given.
func (m *clusterRef) clusterNames() []nameArgument {
	return []nameArgument{membershipName(&m.Membership), clusterName(&m.Cluster)}
}

// known reports whether the cluster can be named yet.
func (m clusterRef) known() bool { return !m.Membership.IsUnknown() && !m.Cluster.IsUnknown() }

var errClusterRef = errors.New("the import ID begins with the resource name of a membership or a cluster")

// parseClusterRef splits an import ID in the membership or cluster at its front and what follows.
func parseClusterRef(id string) (m clusterRef, rest string, err error) {
	parts := strings.Split(id, "/")
	if len(parts) < 6 {
		return m, "", errClusterRef
	}
	name := strings.Join(parts[:6], "/")
	switch parts[4] {
	case "memberships":
		m.Membership = types.StringValue(name)
	case "clusters":
		m.Cluster = types.StringValue(name)
	default:
		return m, "", errClusterRef
	}
	if _, err := m.target(); err != nil {
		return m, "", err
	}
	return m, strings.Join(parts[6:], "/"), nil
}

// set begins the state of an imported resource.
func (m clusterRef) set(ctx context.Context, resp *resource.ImportStateResponse) {
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("membership"), m.Membership)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cluster"), m.Cluster)...)
}

package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type membershipIdentity struct {
	prerequisiteResource[identityModel, *identityModel]
}

var (
	_ resource.ResourceWithConfigure   = (*membershipIdentity)(nil)
	_ resource.ResourceWithModifyPlan  = (*membershipIdentity)(nil)
	_ resource.ResourceWithImportState = (*membershipIdentity)(nil)
	_ resource.ResourceWithIdentity    = (*membershipIdentity)(nil)
)

func newMembershipIdentity() resource.Resource {
	return &membershipIdentity{prerequisiteResource[identityModel, *identityModel]{
		name:     "membership_identity",
		read:     "Cannot tell whether the membership has its identity provider",
		enforce:  "Cannot set the membership's identity provider",
		undo:     "Cannot restore the membership's identity provider",
		patience: 20 * time.Minute,
	}}
}

type identityModel struct {
	Membership   types.String `tfsdk:"membership"`
	Issuer       types.String `tfsdk:"issuer"`
	Expected     types.String `tfsdk:"expected_issuer"`
	WorkloadPool types.String `tfsdk:"workload_pool"`
	Replace      types.Bool   `tfsdk:"replace_issuer"`
	commonModel
}

type membershipIdentityKey struct {
	Membership types.String `tfsdk:"membership"`
}

func (r *membershipIdentity) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The fleet membership has its identity provider: the cluster's own issuer as its authority. Without it the " +
			"installer says *Cluster has memberships.hub.gke.io CRD but no identity provider specified*. A cluster that was registered before " +
			"Workload Identity was on lacks it.\n\n" +
			"The cluster's workload pool comes first: let this resource depend on its `asm_workload_pool`. An issuer that is set already is **not " +
			"changed** unless `replace_issuer` is set, because whatever trusts the old one refuses its workloads from then on.",
		Attributes: map[string]schema.Attribute{
			"membership": membershipArgument(),
			"issuer": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "URL that signs the cluster's tokens. Default: that of the GKE cluster, " +
					"`https://container.googleapis.com/v1/projects/PROJECT/locations/LOCATION/clusters/CLUSTER`; a membership of another kind of " +
					"cluster needs it given. Terraform shows the change back to it when another client cleared it.",
				Validators: []validator.String{isIssuer},
			},
			"expected_issuer": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "The issuer that the membership should have.",
			},
			"workload_pool": schema.StringAttribute{
				Computed: true,
				MarkdownDescription: "The workload identity pool in which the issuer is recognised: the fleet's, for example " +
					"`FLEET_PROJECT_ID.svc.id.goog`.",
			},
			"replace_issuer": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Clear an issuer that is another, and set this one. Default: `false`.",
			},
			"deletion_policy": deletionPolicy("clears the identity provider that this resource set, or sets the one that was there before; " +
				"workloads of the cluster then lose their identity in the fleet"),
		},
		Blocks: timeoutsBlock(ctx),
	}
}

// membershipArgument is the membership of a resource that is about one.
func membershipArgument() schema.StringAttribute {
	return schema.StringAttribute{
		Required: true,
		MarkdownDescription: "The membership, `projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`. A `google_gke_hub_membership`'s " +
			"`id` and a `google_container_cluster`'s `fleet[0].membership` fit.",
		Validators: []validator.String{isMembership},
	}
}

func membershipIdentitySchema() identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"membership": identityschema.StringAttribute{RequiredForImport: true,
			Description: "The membership, projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP."},
	}}
}

func (r *membershipIdentity) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = membershipIdentitySchema()
}

func (m *identityModel) identity() any { return membershipIdentityKey{m.Membership} }

func (m *identityModel) names() []nameArgument { return []nameArgument{membershipName(&m.Membership)} }

func (m *identityModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	name, err := mesh.ParseMembership(m.Membership.ValueString())
	return &prereq.MembershipIdentity{Client: data.Client, Membership: name, Issuer: m.wanted(), Replace: m.Replace.ValueBool()}, err
}

// wanted is the issuer that the configuration asks for by name, or "": after a
// refresh, issuer is what was seen, and the wish is in expected_issuer.
func (m *identityModel) wanted() string { return m.Expected.ValueString() }

func (m *identityModel) desired() string { return m.Issuer.ValueString() }

func (m *identityModel) take(state prereq.State) {
	s := state.(prereq.IdentityState)
	m.Issuer, m.Expected, m.WorkloadPool = orNull(s.Issuer), orNull(s.Expected), orNull(s.WorkloadPool)
	if s.Met() {
		m.Issuer = m.Expected // the same issuer may name its project by number
	}
	if m.Replace.IsNull() {
		m.Replace = types.BoolValue(false)
	}
}

func (m *identityModel) preservePlan(planned *identityModel) {
	if !planned.WorkloadPool.IsUnknown() {
		m.WorkloadPool = planned.WorkloadPool // the next refresh shows what it is since
	}
}

func (r *membershipIdentity) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	config, plan, state, ok := planned[identityModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	replaced := r.keepNames(ctx, plan, state, resp)
	switch {
	case !config.Issuer.IsNull():
		plan.Issuer = r.sameIssuer(ctx, config.Issuer, state)
	case state != nil && !replaced && !state.Expected.IsNull() && !plan.Membership.IsUnknown():
		plan.Issuer = state.Expected
	default:
		plan.Issuer = r.clusterIssuer(ctx, plan.Membership)
	}
	plan.Expected = plan.Issuer
	plan.WorkloadPool = types.StringUnknown()
	if state != nil && !replaced && !state.Issuer.IsNull() && state.Issuer.Equal(plan.Issuer) {
		plan.WorkloadPool = state.WorkloadPool
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state == nil || replaced || plan.Issuer.IsUnknown() {
		return
	}
	if name, err := mesh.ParseMembership(plan.Membership.ValueString()); err == nil {
		r.warn(ctx, req.Private, state, plan, prereq.SeenIdentity(name, state.Issuer.ValueString(), plan.Issuer.ValueString()), &resp.Diagnostics)
	}
}

// sameIssuer is the issuer as the configuration spells it, or as the state does where that is the same. Its project may
// be spelled by id and by number.
func (r *membershipIdentity) sameIssuer(ctx context.Context, config types.String, state *identityModel) types.String {
	if state == nil || state.Issuer.IsNull() || config.IsUnknown() {
		return config
	}
	issuer := nameArgument{parse: func(s string) (string, string, error) {
		c, ok := mesh.IssuedBy(s)
		if !ok {
			return "", strings.TrimRight(s, "/"), nil
		}
		return c.Project, c.Location + "/" + c.Name, nil
	}}
	if same, err := r.data.sameName(ctx, issuer, state.Issuer.ValueString(), config.ValueString()); err == nil && same {
		return state.Issuer
	}
	return config
}

// clusterIssuer is the issuer of the membership's GKE cluster, where it can be
// told already. The read is shared with that of every other membership.
func (r *membershipIdentity) clusterIssuer(ctx context.Context, membership types.String) types.String {
	name, err := mesh.ParseMembership(membership.ValueString())
	if membership.IsUnknown() || err != nil || !r.configured() {
		return types.StringUnknown()
	}
	m, err := r.data.Client.Membership(ctx, name)
	if err != nil || m.Cluster == nil {
		return types.StringUnknown() // told when it matters, at apply
	}
	return types.StringValue(mesh.Issuer(*m.Cluster))
}

// ImportState takes the membership's resource name, or the identity.
func (r *membershipIdentity) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importMembership(ctx, req, resp)
}

func importMembership(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := membershipIdentityKey{types.StringValue(req.ID)}
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if _, err := mesh.ParseMembership(id.Membership.ValueString()); err != nil {
		resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("membership"), id.Membership)...)
}

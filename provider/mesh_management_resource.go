package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type meshManagement struct {
	prerequisiteResource[managementModel, *managementModel]
}

var (
	_ resource.ResourceWithConfigure   = (*meshManagement)(nil)
	_ resource.ResourceWithModifyPlan  = (*meshManagement)(nil)
	_ resource.ResourceWithImportState = (*meshManagement)(nil)
	_ resource.ResourceWithIdentity    = (*meshManagement)(nil)
)

func newMeshManagement() resource.Resource {
	return &meshManagement{prerequisiteResource[managementModel, *managementModel]{
		name:     "mesh_management",
		read:     "Cannot read the membership's mesh management",
		enforce:  "Cannot set the membership's mesh management",
		undo:     "Cannot restore the membership's mesh management",
		patience: 20 * time.Minute,
	}}
}

type managementModel struct {
	Membership types.String `tfsdk:"membership"`
	Management types.String `tfsdk:"management"`
	Origin     types.String `tfsdk:"origin"`
	Version    types.String `tfsdk:"api_version"`
	commonModel
}

func (r *meshManagement) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "How Google manages the mesh of one fleet membership. This is the desired setting: whether the mesh then works is " +
			"what `asm_mesh_health` and `asm_control_plane_revisions` report, some ten minutes later.\n\n" +
			"The specs of other memberships, and whatever else is asked for of this one, stay as they are. The fleet's mesh feature itself must " +
			"be on (`google_gke_hub_feature`, or `gcloud container fleet mesh enable`).",
		Attributes: map[string]schema.Attribute{
			"membership": membershipArgument(),
			"management": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(mesh.ManagementAutomatic),
				MarkdownDescription: "`MANAGEMENT_AUTOMATIC` (default): Google provisions and keeps up the control plane. `MANAGEMENT_MANUAL`: the " +
					"user does. `MANAGEMENT_NOT_INSTALLED`: Google **removes the managed mesh** from the cluster. Terraform shows the change back to it " +
					"when another client changed it.",
				Validators: []validator.String{stringvalidator.OneOf(mesh.Managements()...)},
			},
			"origin": schema.StringAttribute{
				Computed:            true,
				MarkdownDescription: "Where the management comes from: `USER`, or `FLEET` while it is the fleet's default, or `FLEET_OUT_OF_SYNC`.",
			},
			"api_version": schema.StringAttribute{
				Optional: true, Computed: true, Default: stringdefault.StaticString(string(gcp.HubV1)),
				MarkdownDescription: "Version of the GKE Hub API. `v1` (default) patches the fleet's feature, which takes `gkehub.features.get` and " +
					"`gkehub.features.update` on the whole of it. `v2` patches the membership's own feature, which takes " +
					"`gkehub.membershipfeatures.get` and `gkehub.membershipfeatures.update`, and a read for each membership.",
				Validators: []validator.String{stringvalidator.OneOf(string(gcp.HubV1), string(gcp.HubV2))},
			},
			"deletion_policy": deletionPolicy("asks for what was asked for before this resource changed it; a membership of which nothing was " +
				"asked for takes the fleet's default"),
		},
		Blocks: timeoutsBlock(ctx),
	}
}

func (r *meshManagement) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = membershipIdentitySchema()
}

func (m *managementModel) identity() any { return membershipIdentityKey{m.Membership} }

func (m *managementModel) names() []nameArgument {
	return []nameArgument{membershipName(&m.Membership)}
}

func (m *managementModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	name, err := mesh.ParseMembership(m.Membership.ValueString())
	return &prereq.MeshManagement{
		Client: data.Client, Membership: name,
		Management: m.Management.ValueString(), Version: gcp.HubVersion(m.Version.ValueString()),
	}, err
}

func (m *managementModel) desired() string { return m.Management.ValueString() }

func (m *managementModel) take(state prereq.State) {
	s := state.(prereq.ManagementState)
	m.Management, m.Origin = orNull(s.Management), orNull(s.Origin)
	if m.Version.IsNull() { // imported
		m.Version = types.StringValue(string(gcp.HubV1))
	}
}

func (m *managementModel) preservePlan(planned *managementModel) {
	if !planned.Origin.IsUnknown() {
		m.Origin = planned.Origin // the next refresh shows what it is since
	}
}

func (r *meshManagement) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	_, plan, state, ok := planned[managementModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	same := !r.keepNames(ctx, plan, state, resp) && state != nil
	plan.Origin = types.StringUnknown()
	if same && state.Management.Equal(plan.Management) {
		plan.Origin = state.Origin
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	name, err := mesh.ParseMembership(plan.Membership.ValueString())
	if !same || err != nil || plan.Management.IsUnknown() {
		return
	}
	r.warn(ctx, req.Private, state, plan, prereq.SeenManagement(name, state.Management.ValueString(), plan.Management.ValueString()),
		&resp.Diagnostics)
}

// ImportState takes the membership's resource name, or the identity.
func (r *meshManagement) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	importMembership(ctx, req, resp)
}

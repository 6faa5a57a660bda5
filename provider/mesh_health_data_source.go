package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/datasource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type meshHealth struct{ data *Data }

var _ datasource.DataSourceWithConfigure = (*meshHealth)(nil)

func newMeshHealth() datasource.DataSource { return &meshHealth{} }

type healthModel struct {
	FleetProject types.String      `tfsdk:"fleet_project"`
	Membership   types.String      `tfsdk:"membership"`
	Healthy      types.Bool        `tfsdk:"healthy"`
	Verdict      types.String      `tfsdk:"verdict"`
	Summary      types.String      `tfsdk:"summary"`
	FeatureState types.String      `tfsdk:"feature_state"`
	Memberships  []membershipModel `tfsdk:"memberships"`
	Findings     []findingModel    `tfsdk:"findings"`
	Timeouts     timeouts.Value    `tfsdk:"timeouts"`
}

type membershipModel struct {
	Name           types.String     `tfsdk:"name"`
	Verdict        types.String     `tfsdk:"verdict"`
	Summary        types.String     `tfsdk:"summary"`
	Management     types.String     `tfsdk:"management"`
	Origin         types.String     `tfsdk:"origin"`
	State          types.String     `tfsdk:"state"`
	Description    types.String     `tfsdk:"description"`
	Implementation types.String     `tfsdk:"implementation"`
	ControlPlane   componentModel   `tfsdk:"control_plane"`
	DataPlane      componentModel   `tfsdk:"data_plane"`
	Conditions     []conditionModel `tfsdk:"conditions"`
	Findings       []findingModel   `tfsdk:"findings"`
}

type componentModel struct {
	State   types.String  `tfsdk:"state"`
	Details []detailModel `tfsdk:"details"`
}

type detailModel struct {
	Code types.String `tfsdk:"code"`
	Text types.String `tfsdk:"details"`
}

type conditionModel struct {
	Code     types.String `tfsdk:"code"`
	Severity types.String `tfsdk:"severity"`
	Details  types.String `tfsdk:"details"`
	DocURL   types.String `tfsdk:"doc_url"`
}

func (d *meshHealth) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_mesh_health"
}

func (d *meshHealth) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	d.data = providerData(req.ProviderData, &resp.Diagnostics)
}

const verdictDescription = "`healthy`, `provisioning`, `degraded`, `unhealthy`, or `unknown` when a check could not run."

func (d *meshHealth) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	component := func(of string) schema.SingleNestedAttribute {
		return schema.SingleNestedAttribute{
			Computed:            true,
			MarkdownDescription: "Management of the " + of + ".",
			Attributes: map[string]schema.Attribute{
				"state": schema.StringAttribute{Computed: true, MarkdownDescription: "`ACTIVE`, `PROVISIONING`, `FAILED_PRECONDITION`, `STALLED`, " +
					"`NEEDS_ATTENTION`, `DEGRADED`, `DEPROVISIONING` or `DISABLED`, as the API says it."},
				"details": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The API's explanation of the state.",
					NestedObject: schema.NestedAttributeObject{Attributes: computedStrings(map[string]string{
						"code": "Code, such as `REVISION_READY`.", "details": "Explanation.",
					})}},
			},
		}
	}
	membership := computedStrings(map[string]string{
		"name":           "Resource name of the membership, with the project's number, as the API gives it.",
		"verdict":        verdictDescription,
		"summary":        "The verdict and what led to it, in one line.",
		"management":     "What is asked for: `MANAGEMENT_AUTOMATIC`, `MANAGEMENT_MANUAL`, `MANAGEMENT_NOT_INSTALLED`.",
		"origin":         "Where that comes from: `FLEET`, `FLEET_OUT_OF_SYNC` or `USER`.",
		"state":          "`OK`, `WARNING` or `ERROR`; null while a revision rolls out.",
		"description":    "The API's description of the state.",
		"implementation": "`TRAFFIC_DIRECTOR`, `ISTIOD` or `UPDATING`.",
	})
	membership["control_plane"] = component("control plane")
	membership["data_plane"] = component("data plane")
	membership["findings"] = findingsAttribute()
	membership["conditions"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: "Conditions that the mesh reports, sorted by code.",
		NestedObject: schema.NestedAttributeObject{Attributes: computedStrings(map[string]string{
			"code": "Code, such as `MESH_IAM_PERMISSION_DENIED`.", "severity": "`ERROR`, `WARNING` or `INFO`.",
			"details": "What the mesh says about it.", "doc_url": "Google's documentation.",
		})},
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Health of the managed mesh of a fleet, by membership, as the fleet API reports it. It needs only " +
			"`gkehub.features.get`, and works while clusters are unreachable.\n\n" +
			"Bad health is data, not an error: a plan goes on, and a `check` block or an output decides. What may not be read is `unknown`. It " +
			"costs one request, shared by all data sources of the same fleet.",
		Attributes: map[string]schema.Attribute{
			"fleet_project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the fleet's host project. Default: the project of `membership`, else the provider's " +
					"`fleet_project`, else its `project`.",
				Validators: []validator.String{isProject},
			},
			"membership": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Report this membership alone: `projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`.",
				Validators:          []validator.String{isMembership},
			},
			"healthy": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the verdict is `healthy`."},
			"verdict": schema.StringAttribute{Computed: true,
				MarkdownDescription: "The worst of the fleet and its memberships: " + verdictDescription},
			"summary": schema.StringAttribute{Computed: true, MarkdownDescription: "The verdict in one line, for a `check`'s error message."},
			"feature_state": schema.StringAttribute{Computed: true, MarkdownDescription: "State of the mesh feature's resource, `ACTIVE` when it " +
				"is on; null when it is off or cannot be read."},
			"findings": findingsAttribute(),
			"memberships": schema.ListNestedAttribute{
				Computed: true, MarkdownDescription: "The memberships that the feature knows, sorted by name.",
				NestedObject: schema.NestedAttributeObject{Attributes: membership},
			},
		},
		Blocks: map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

func (d *meshHealth) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m healthModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	timeout, diags := m.Timeouts.Read(ctx, time.Minute)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var only *mesh.Membership
	if name := m.Membership.ValueString(); name != "" {
		parsed, err := mesh.ParseMembership(name)
		if err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("membership"), "Invalid membership", sentence(err.Error()))
			return
		}
		only = &parsed
	}
	fleet, ok := d.fleetProject(m, only)
	if !ok {
		resp.Diagnostics.AddAttributeError(path.Root("fleet_project"), "No fleet project", "Set fleet_project or membership here, or "+
			"fleet_project or project on the provider.")
		return
	}
	m.FleetProject = fleet
	m.take(d.look(ctx, fleet, only))
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// fleetProject is the fleet to ask. It is an error to have none; while the
// provider's configuration is unknown, an empty name stands for it.
func (d *meshHealth) fleetProject(m healthModel, only *mesh.Membership) (types.String, bool) {
	switch {
	case !m.FleetProject.IsNull():
		return m.FleetProject, true
	case only != nil:
		return types.StringValue(only.Project), true
	case d.data == nil || d.data.FleetProject.IsUnknown():
		return types.StringNull(), true
	case !d.data.FleetProject.IsNull():
		return d.data.FleetProject, true
	case d.data.Project.IsUnknown():
		return types.StringNull(), true
	}
	return d.data.Project, !d.data.Project.IsNull()
}

// report is what Read found out.
type report struct {
	health      health.Health
	feature     mesh.Feature
	memberships []health.Health // by the index of feature.Memberships
}

// look reads and judges. Whatever fails becomes a finding.
func (d *meshHealth) look(ctx context.Context, fleet types.String, only *mesh.Membership) report {
	subject := "projects/" + fleet.ValueString() + "/locations/global/features/" + mesh.FeatureID
	finding := func(v mesh.Verdict, f catalogue.Finding) report {
		return report{health: health.Health{Verdict: v, Summary: string(v) + ": " + f.Message, Findings: []catalogue.Finding{f}}}
	}
	alone := func(code catalogue.Code, v mesh.Verdict, message string) report {
		return finding(v, catalogue.NewFinding(code, subject, message))
	}
	if d.data == nil || d.data.Client == nil || fleet.IsNull() {
		return alone(catalogue.NotConfigured, mesh.Unknown, "the provider's configuration is not known yet")
	}
	feature, err := d.data.Client.MeshFeature(ctx, fleet.ValueString())
	switch {
	case apierr.NotFound(err):
		return alone(catalogue.FeatureDisabled, mesh.Unhealthy,
			fmt.Sprintf("the mesh feature is not enabled in fleet project %s", fleet.ValueString()))
	case err != nil:
		return finding(mesh.Unknown, prereq.Unreadable(subject, err))
	}
	if only == nil {
		health, memberships := health.JudgeFeature(feature)
		return report{health, feature, memberships}
	}
	for _, m := range feature.Memberships {
		if name, err := mesh.ParseMembership(m.Name); err == nil && name.SameAs(*only) {
			feature.Memberships = []mesh.MembershipMesh{m}
			health, memberships := health.JudgeFeature(feature)
			health.Summary = memberships[0].Summary
			return report{health, feature, memberships}
		}
	}
	subject = only.String()
	absent := alone(catalogue.MembershipNotReported, mesh.Unknown, "the mesh feature of the fleet does not know membership "+only.String())
	absent.feature = mesh.Feature{ResourceState: feature.ResourceState}
	return absent
}

func (m *healthModel) take(r report) {
	m.Healthy = types.BoolValue(r.health.Verdict == mesh.Healthy)
	m.Verdict, m.Summary = types.StringValue(string(r.health.Verdict)), types.StringValue(r.health.Summary)
	m.FeatureState = orNull(r.feature.ResourceState)
	m.Memberships = []membershipModel{}
	all := r.health.Findings
	for i, mm := range r.feature.Memberships {
		all = append(all, r.memberships[i].Findings...)
		m.Memberships = append(m.Memberships, newMembershipModel(mm, r.memberships[i]))
	}
	catalogue.SortFindings(all)
	m.Findings = findingModels(all)
}

func newMembershipModel(m mesh.MembershipMesh, h health.Health) membershipModel {
	model := membershipModel{
		Name: types.StringValue(m.Name), Verdict: types.StringValue(string(h.Verdict)), Summary: types.StringValue(h.Summary),
		Management: orNull(m.Management), Origin: orNull(m.Origin), State: orNull(m.Code), Description: orNull(m.Description),
		Implementation: orNull(m.Implementation), ControlPlane: newComponentModel(m.ControlPlane), DataPlane: newComponentModel(m.DataPlane),
		Conditions: []conditionModel{}, Findings: findingModels(h.Findings),
	}
	for _, c := range m.Conditions {
		model.Conditions = append(model.Conditions, conditionModel{orNull(c.Code), orNull(c.Severity), orNull(c.Details), orNull(c.Link)})
	}
	return model
}

func newComponentModel(c mesh.Component) componentModel {
	model := componentModel{State: orNull(c.State), Details: []detailModel{}}
	for _, d := range c.Details {
		model.Details = append(model.Details, detailModel{orNull(d.Code), orNull(d.Text)})
	}
	return model
}

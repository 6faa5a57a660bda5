package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type projectServices struct {
	prerequisiteResource[servicesModel, *servicesModel]
}

var (
	_ resource.ResourceWithConfigure   = (*projectServices)(nil)
	_ resource.ResourceWithModifyPlan  = (*projectServices)(nil)
	_ resource.ResourceWithImportState = (*projectServices)(nil)
	_ resource.ResourceWithIdentity    = (*projectServices)(nil)
)

func newProjectServices() resource.Resource {
	return &projectServices{prerequisiteResource[servicesModel, *servicesModel]{
		name:     "project_services",
		read:     "Cannot tell which APIs are enabled",
		enforce:  "Cannot enable the APIs that managed mesh needs",
		undo:     "Cannot disable the APIs that this resource enabled",
		patience: 20 * time.Minute,
	}}
}

type servicesModel struct {
	Project  types.String `tfsdk:"project"`
	Services types.Set    `tfsdk:"services"`
	Enabled  types.Map    `tfsdk:"enabled"`
	commonModel
}

type projectIdentity struct {
	Project types.String `tfsdk:"project"`
}

func (r *projectServices) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The APIs that managed mesh needs are enabled on a project. No other API is touched, and none is ever disabled " +
			"unless `deletion_policy` says so.\n\n" + serviceTable(),
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the project. Default: the provider's project.",
				Validators:          []validator.String{isProject},
			},
			"services": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "APIs to keep enabled. Default: the default set above. `" + mesh.GatewayService + "` is kept enabled always, " +
					"named here or not: without it Google's control plane cannot reach the cluster.",
				Validators: []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(isService)},
			},
			"enabled": schema.MapAttribute{
				Computed: true, ElementType: types.BoolType,
				MarkdownDescription: "Whether each API is enabled, by name. Terraform shows `false -> true` for one that another client disabled.",
			},
			"deletion_policy": deletionPolicy("disables the APIs that this resource itself enabled, and fails rather than disable their dependents"),
		},
		Blocks: timeoutsBlock(ctx),
	}
}

// serviceTable documents the APIs with the reason for each.
func serviceTable() string {
	var b strings.Builder
	b.WriteString("| API | needed for | default |\n|---|---|---|\n")
	for _, s := range mesh.Services() {
		mark := ""
		if s.Default {
			mark = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, s.Reason, mark)
	}
	return b.String()
}

func (r *projectServices) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project": identityschema.StringAttribute{RequiredForImport: true, Description: "ID or number of the project."},
	}}
}

// services are the APIs to keep enabled, sorted: those asked for and Connect
// Gateway. known is false while some name is not known yet.
func (m *servicesModel) services() (names []string, known bool) {
	if m.Services.IsUnknown() {
		return nil, false
	}
	for _, e := range m.Services.Elements() {
		name, ok := e.(types.String)
		if !ok || name.IsUnknown() {
			return nil, false
		}
		names = append(names, name.ValueString())
	}
	if !slices.Contains(names, mesh.GatewayService) {
		names = append(names, mesh.GatewayService)
	}
	slices.Sort(names)
	return names, true
}

func defaultServices() types.Set { return stringSet(mesh.DefaultServices()) }

func stringSet(values []string) types.Set {
	elements := []attr.Value{}
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.SetValueMust(types.StringType, elements)
}

func boolMap(values map[string]bool) types.Map {
	elements := map[string]attr.Value{}
	for k, v := range values {
		elements[k] = types.BoolValue(v)
	}
	return types.MapValueMust(types.BoolType, elements)
}

func (m *servicesModel) identity() any { return projectIdentity{m.Project} }

func (m *servicesModel) names() []nameArgument {
	return []nameArgument{projectName("project", &m.Project)}
}

// parts are the APIs: other resources may be about other APIs of the project.
func (m *servicesModel) parts() []string {
	names, _ := m.services()
	return names
}

func (m *servicesModel) desired() string { return "" } // drift is told of each API

func (m *servicesModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	return m.projectServices(data), nil
}

func (m *servicesModel) projectServices(data *Data) *prereq.ProjectServices {
	names, _ := m.services()
	return &prereq.ProjectServices{Client: data.Client, Project: m.Project.ValueString(), Names: names}
}

func (m *servicesModel) setDefaults(*Data) {
	if m.Services.IsNull() { // imported
		m.Services = defaultServices()
	}
}

func (m *servicesModel) take(state prereq.State) {
	m.Enabled = boolMap(state.(prereq.ServicesState).Enabled)
}

// changeToRecord records APIs new to this resource only: what an update restores, somebody else had taken away.
func (m *servicesModel) changeToRecord(prior *servicesModel, change prereq.Change) prereq.Change {
	for name := range prior.Enabled.Elements() {
		delete(change.After, name)
		delete(change.Before, name)
	}
	return change
}

// changeToUndo leaves out what was taken out of the configuration since: it is no longer this resource's.
func (m *servicesModel) changeToUndo(change prereq.Change) prereq.Change {
	names, _ := m.services()
	for name := range change.After {
		if !slices.Contains(names, name) {
			delete(change.After, name)
		}
	}
	return change
}

func (r *projectServices) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	config, plan, state, ok := planned[servicesModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	project, missing := r.project(config.Project)
	if missing {
		missingProject(&resp.Diagnostics, path.Root("project"))
		return
	}
	plan.Project, plan.Services = project, config.Services
	if config.Services.IsNull() {
		plan.Services = defaultServices()
	}
	plan.Enabled = types.MapUnknown(types.BoolType)
	if names, known := plan.services(); known {
		on := map[string]bool{}
		for _, name := range names {
			on[name] = true
		}
		plan.Enabled = boolMap(on)
	}
	replaced := r.keepNames(ctx, plan, state, resp)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && !replaced && r.configured() {
		r.warnOfLoss(ctx, state, resp)
	}
}

// warnOfLoss tells of APIs that were enabled under this resource and no longer are.
func (r *projectServices) warnOfLoss(ctx context.Context, state *servicesModel, resp *resource.ModifyPlanResponse) {
	off := 0
	for _, on := range state.Enabled.Elements() {
		if b, ok := on.(types.Bool); ok && !b.ValueBool() {
			off++
		}
	}
	if off == 0 {
		return
	}
	p := state.projectServices(r.data)
	s, err := p.Read(ctx, false)
	if err != nil {
		return
	}
	warnOfDrift(ctx, &resp.Diagnostics, p, s, s.Findings())
}

// ImportState takes the project, or the identity. The default set is assumed until the configuration says otherwise.
func (r *projectServices) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := projectIdentity{types.StringValue(req.ID)}
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if err := mesh.CheckProject(id.Project.ValueString()); err != nil {
		resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error())+" The import ID is the project.")
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project"), id.Project)...)
}

package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type projectServices struct{ base }

var (
	_ resource.ResourceWithConfigure   = (*projectServices)(nil)
	_ resource.ResourceWithModifyPlan  = (*projectServices)(nil)
	_ resource.ResourceWithImportState = (*projectServices)(nil)
	_ resource.ResourceWithIdentity    = (*projectServices)(nil)
)

func newProjectServices() resource.Resource { return &projectServices{} }

type servicesModel struct {
	Project        types.String   `tfsdk:"project"`
	Services       types.Set      `tfsdk:"services"`
	Enabled        types.Map      `tfsdk:"enabled"`
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

type projectIdentity struct {
	Project types.String `tfsdk:"project"`
}

func (r *projectServices) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_project_services"
}

func (r *projectServices) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The APIs that managed mesh needs are enabled on a project. No other API is touched, and none is ever disabled unless `deletion_policy` says so.\n\n" + serviceTable(),
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the project. Default: the provider's project.",
				Validators:          []validator.String{isProject},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplaceIfConfigured()},
			},
			"services": schema.SetAttribute{
				Optional: true, Computed: true, ElementType: types.StringType,
				MarkdownDescription: "APIs to keep enabled. Default: the default set above. `" + mesh.GatewayService + "` is kept enabled always, named here or not: without it Google's control plane cannot reach the cluster.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(isService)},
			},
			"enabled": schema.MapAttribute{
				Computed: true, ElementType: types.BoolType,
				MarkdownDescription: "Whether each API is enabled, by name. Terraform shows `false -> true` for one that somebody disabled.",
			},
			"deletion_policy": deletionPolicy("disables the APIs that this resource itself enabled, and fails rather than disable what depends on them"),
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
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

// names are the APIs to keep enabled, sorted: those asked for and Connect
// Gateway. known is false while some name is not known yet.
func (m servicesModel) names() (names []string, known bool) {
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

func (r *projectServices) prerequisite(m servicesModel) *prereq.ProjectServices {
	names, _ := m.names()
	return &prereq.ProjectServices{Client: r.data.Client, Project: m.Project.ValueString(), Names: names}
}

func (r *projectServices) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config servicesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *servicesModel
	if !req.State.Raw.IsNull() {
		state = &servicesModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
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
	if names, known := plan.names(); known {
		on := map[string]bool{}
		for _, name := range names {
			on[name] = true
		}
		plan.Enabled = boolMap(on)
	}
	if state != nil && !state.Project.Equal(plan.Project) {
		resp.RequiresReplace.Append(path.Root("project"))
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && len(resp.RequiresReplace) == 0 && r.configured() {
		r.warn(ctx, *state, resp)
	}
}

// warn tells of APIs that were enabled under this resource and no longer are.
func (r *projectServices) warn(ctx context.Context, state servicesModel, resp *resource.ModifyPlanResponse) {
	off := 0
	for _, on := range state.Enabled.Elements() {
		if b, ok := on.(types.Bool); ok && !b.ValueBool() {
			off++
		}
	}
	if off == 0 {
		return
	}
	p := r.prerequisite(state)
	s, err := p.Read(ctx, false)
	if err != nil {
		return
	}
	var losses []loss
	disabled := s.Disabled()
	for i, f := range s.Findings() {
		losses = append(losses, loss{f, disabled[i]})
	}
	warnOfDrift(ctx, &resp.Diagnostics, r.data, p, s, losses)
}

func (r *projectServices) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan servicesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Create, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if ok {
		change := r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
		record(ctx, resp.Private, resp.Private, change, &resp.Diagnostics)
	}
}

func (r *projectServices) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, prior servicesModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Update, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	change := r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
	// Only APIs new to this resource: what an update restores, somebody else had
	// taken away, and a later destroy must not take it away again.
	for name := range prior.Enabled.Elements() {
		delete(change.After, name)
		delete(change.Before, name)
	}
	record(ctx, req.Private, resp.Private, change, &resp.Diagnostics)
}

func (r *projectServices) apply(ctx context.Context, plan servicesModel, out outcome) prereq.Change {
	change, state, err := prereq.Apply(ctx, r.prerequisite(plan))
	if err != nil {
		addError(out.diags, "Cannot enable the APIs that managed mesh needs", err)
		return change
	}
	plan.Enabled = boolMap(state.(prereq.ServicesState).Enabled)
	out.set(ctx, plan, projectIdentity{plan.Project})
	return change
}

func (r *projectServices) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m servicesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, d := m.Timeouts.Read(ctx, 5*time.Minute)
	resp.Diagnostics.Append(d...)
	// First of all: Terraform refuses a refresh without an identity, state from
	// before identities existed has none, and a removal needs one, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, projectIdentity{m.Project})...)
	if resp.Diagnostics.HasError() || !r.configured() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if m.Services.IsNull() { // imported
		m.Services = defaultServices()
	}
	if m.DeletionPolicy.IsNull() {
		m.DeletionPolicy = types.StringValue(abandon)
	}
	s, err := r.prerequisite(m).Read(ctx, false)
	var gone *prereq.GoneError
	if errors.As(err, &gone) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&resp.Diagnostics, "Cannot tell which APIs are enabled", err)
		return
	}
	m.Enabled = boolMap(s.Enabled)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *projectServices) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m servicesModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.DeletionPolicy.ValueString() != remove {
		return
	}
	ctx, cancel, ok := r.within(ctx, m.Timeouts.Delete, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	change := recorded(ctx, req.Private, &resp.Diagnostics)
	names, _ := m.names()
	for name := range change.After {
		if !slices.Contains(names, name) { // taken out of the configuration since: no longer ours
			delete(change.After, name)
		}
	}
	if resp.Diagnostics.HasError() || change.Empty() {
		return
	}
	if err := r.prerequisite(m).Undo(ctx, change); err != nil {
		addError(&resp.Diagnostics, "Cannot disable the APIs that this resource enabled", err)
	}
}

// ImportState takes the project, or the identity. The default set is assumed
// until the configuration says otherwise.
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

package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
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

type serviceAgentBinding struct{ base }

var (
	_ resource.ResourceWithConfigure   = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithModifyPlan  = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithImportState = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithIdentity    = (*serviceAgentBinding)(nil)
)

func newServiceAgentBinding() resource.Resource { return &serviceAgentBinding{} }

type bindingModel struct {
	Project        types.String   `tfsdk:"project"`
	FleetProject   types.String   `tfsdk:"fleet_project"`
	FleetNumber    types.String   `tfsdk:"fleet_project_number"`
	Member         types.String   `tfsdk:"member"`
	Role           types.String   `tfsdk:"role"`
	Granted        types.Bool     `tfsdk:"granted"`
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

type bindingIdentity struct {
	Project      types.String `tfsdk:"project"`
	FleetProject types.String `tfsdk:"fleet_project"`
}

func (r *serviceAgentBinding) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_service_agent_binding"
}

func (r *serviceAgentBinding) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The fleet's mesh service agent, `service-FLEET_NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com`, holds `" + mesh.AgentRole + "` on a project. " +
			"The mesh needs it on the fleet project, on each cluster's project and on a Shared VPC host project. Without it, the mesh reports *Revision(s) reporting unhealthy*.\n\n" +
			"One member is added; everything else in the policy, conditions and deleted members included, stays as it is. A grant under a condition does not count. When the agent does not exist yet, it is generated first.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the project that grants the role. Default: the provider's project.",
				Validators:          []validator.String{isProject},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplaceIfConfigured()},
			},
			"fleet_project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the fleet's host project, whose number names the agent. Default: the provider's `fleet_project`, else `project`.",
				Validators:          []validator.String{isProject},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplaceIfConfigured()},
			},
			"fleet_project_number": schema.StringAttribute{
				Computed: true, PlanModifiers: keep,
				MarkdownDescription: "Number of the fleet's host project.",
			},
			"member": schema.StringAttribute{
				Computed: true, PlanModifiers: keep,
				MarkdownDescription: "The agent as a member of the IAM policy.",
			},
			"role": schema.StringAttribute{
				Computed: true, PlanModifiers: keep,
				MarkdownDescription: "`" + mesh.AgentRole + "`.",
			},
			"granted": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether the agent holds the role, without a condition. Terraform shows `false -> true` when somebody took it away.",
			},
			"deletion_policy": deletionPolicy("takes the role from the agent, also where the agent held it before this resource, and nothing else"),
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

func (r *serviceAgentBinding) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project":       identityschema.StringAttribute{RequiredForImport: true, Description: "ID or number of the project that grants the role."},
		"fleet_project": identityschema.StringAttribute{OptionalForImport: true, Description: "ID or number of the fleet's host project, where it is another."},
	}}
}

func (m bindingModel) identity() bindingIdentity { return bindingIdentity{m.Project, m.FleetProject} }

func (r *serviceAgentBinding) prerequisite(m bindingModel) *prereq.ServiceAgentBinding {
	return &prereq.ServiceAgentBinding{Client: r.data.Client, Project: m.Project.ValueString(), FleetProject: m.FleetProject.ValueString(), FleetNumber: m.FleetNumber.ValueString()}
}

func (m *bindingModel) take(s prereq.BindingState) {
	m.FleetNumber, m.Member = types.StringValue(s.FleetNumber), types.StringValue(s.Member)
	m.Role, m.Granted = types.StringValue(mesh.AgentRole), types.BoolValue(s.Met())
}

func (r *serviceAgentBinding) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config bindingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *bindingModel
	if !req.State.Raw.IsNull() {
		state = &bindingModel{}
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
	plan.Project, plan.FleetProject = project, r.fleetProject(config.FleetProject, project)
	plan.Role, plan.Granted = types.StringValue(mesh.AgentRole), types.BoolValue(true)
	sameFleet := state != nil && state.FleetProject.Equal(plan.FleetProject)
	switch {
	case mesh.IsProjectNumber(plan.FleetProject.ValueString()):
		plan.FleetNumber = plan.FleetProject
		plan.Member = types.StringValue(mesh.ServiceAgentMember(plan.FleetNumber.ValueString()))
	case sameFleet:
		plan.FleetNumber, plan.Member = state.FleetNumber, state.Member
	default:
		plan.FleetNumber, plan.Member = types.StringUnknown(), types.StringUnknown()
	}
	if state != nil {
		if !state.Project.Equal(plan.Project) {
			resp.RequiresReplace.Append(path.Root("project"))
		}
		if !sameFleet {
			resp.RequiresReplace.Append(path.Root("fleet_project"))
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && len(resp.RequiresReplace) == 0 && !state.Granted.ValueBool() && r.configured() {
		r.warn(ctx, *state, resp)
	}
}

// fleetProject is the configured fleet project, or the provider's, or project.
func (r *serviceAgentBinding) fleetProject(configured, project types.String) types.String {
	switch {
	case !configured.IsNull():
		return configured
	case r.data == nil:
		return types.StringUnknown()
	case !r.data.FleetProject.IsNull():
		return r.data.FleetProject
	}
	return project
}

// warn tells of a grant that is gone. The read is shared with the refresh that
// found it.
func (r *serviceAgentBinding) warn(ctx context.Context, state bindingModel, resp *resource.ModifyPlanResponse) {
	p := r.prerequisite(state)
	s, err := p.Read(ctx, false)
	if err != nil || s.Met() {
		return // with -refresh=false the state may be older than the cloud
	}
	var losses []loss
	for _, f := range s.Findings() {
		losses = append(losses, loss{finding: f})
	}
	warnOfDrift(ctx, &resp.Diagnostics, r.data, p, s, losses)
}

func (r *serviceAgentBinding) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan bindingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Create, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if ok {
		r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
	}
}

func (r *serviceAgentBinding) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan bindingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Update, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if ok {
		r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
	}
}

func (r *serviceAgentBinding) apply(ctx context.Context, plan bindingModel, out outcome) {
	if plan.FleetProject.IsUnknown() { // both depended on a value that is known by now
		plan.FleetProject = plan.Project
	}
	_, state, err := prereq.Apply(ctx, r.prerequisite(plan))
	if err != nil {
		addError(out.diags, "Cannot grant the mesh service agent its role", err)
		return
	}
	plan.take(state.(prereq.BindingState))
	out.set(ctx, plan, plan.identity())
}

func (r *serviceAgentBinding) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m bindingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, d := m.Timeouts.Read(ctx, 5*time.Minute)
	resp.Diagnostics.Append(d...)
	if m.FleetProject.IsNull() { // imported
		m.FleetProject = r.fleetProject(types.StringNull(), m.Project)
	}
	// First of all: Terraform refuses a refresh without an identity, state from
	// before identities existed has none, and a removal needs one, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, m.identity())...)
	if resp.Diagnostics.HasError() || !r.configured() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s, err := r.prerequisite(m).Read(ctx, false)
	var gone *prereq.GoneError
	if errors.As(err, &gone) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&resp.Diagnostics, "Cannot tell whether the mesh service agent holds its role", err)
		return
	}
	if m.DeletionPolicy.IsNull() {
		m.DeletionPolicy = types.StringValue(abandon)
	}
	m.take(s)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *serviceAgentBinding) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m bindingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.DeletionPolicy.ValueString() != remove {
		return
	}
	ctx, cancel, ok := r.within(ctx, m.Timeouts.Delete, 20*time.Minute, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	p := r.prerequisite(m)
	if err := p.Undo(ctx, prereq.Change{Kind: p.Kind(), Subject: p.Subject(), After: map[string]any{"member": m.Member.ValueString()}}); err != nil {
		addError(&resp.Diagnostics, "Cannot take the role from the mesh service agent", err)
	}
}

// ImportState takes PROJECT or PROJECT/FLEET_PROJECT, or the identity.
func (r *serviceAgentBinding) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var id bindingIdentity
	if req.ID != "" {
		project, fleet, given := strings.Cut(req.ID, "/")
		id.Project = types.StringValue(project)
		if given {
			id.FleetProject = types.StringValue(fleet)
		}
	} else {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	}
	err := mesh.CheckProject(id.Project.ValueString())
	if err == nil && !id.FleetProject.IsNull() {
		err = mesh.CheckProject(id.FleetProject.ValueString())
	}
	if strings.HasPrefix(req.ID, "projects/") { // else a project called "projects"
		err = fmt.Errorf("%q is a resource name", req.ID)
	}
	if err != nil {
		resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error())+" The import ID reads PROJECT or PROJECT/FLEET_PROJECT.")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project"), id.Project)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("fleet_project"), id.FleetProject)...)
}

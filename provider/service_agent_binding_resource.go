package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
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

type serviceAgentBinding struct {
	prerequisiteResource[bindingModel, *bindingModel]
}

var (
	_ resource.ResourceWithConfigure   = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithModifyPlan  = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithImportState = (*serviceAgentBinding)(nil)
	_ resource.ResourceWithIdentity    = (*serviceAgentBinding)(nil)
)

func newServiceAgentBinding() resource.Resource {
	return &serviceAgentBinding{prerequisiteResource[bindingModel, *bindingModel]{
		name:     "service_agent_binding",
		read:     "Cannot tell whether the mesh service agent holds its role",
		enforce:  "Cannot grant the mesh service agent its role",
		undo:     "Cannot take the role from the mesh service agent",
		patience: 20 * time.Minute,
	}}
}

type bindingModel struct {
	Project      types.String `tfsdk:"project"`
	FleetProject types.String `tfsdk:"fleet_project"`
	Agent        types.String `tfsdk:"agent"`
	FleetNumber  types.String `tfsdk:"fleet_project_number"`
	Member       types.String `tfsdk:"member"`
	Role         types.String `tfsdk:"role"`
	Granted      types.Bool   `tfsdk:"granted"`
	commonModel
}

type bindingIdentity struct {
	Project      types.String `tfsdk:"project"`
	FleetProject types.String `tfsdk:"fleet_project"`
	Agent        types.String `tfsdk:"agent"` // null is the mesh service agent, as in identities that had no agent
}

func (r *serviceAgentBinding) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	keep := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The fleet's mesh service agent, `service-FLEET_NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com`, holds `" +
			mesh.AgentRole + "` on a project. " +
			"The mesh needs it on the fleet project, on each cluster's project and on a Shared VPC host project. Without it, the mesh reports " +
			"*Revision(s) reporting unhealthy*.\n\n" +
			"With `agent = \"gkehub\"` it is the fleet's GKE Hub service agent, " +
			"`service-FLEET_NUMBER@gcp-sa-gkehub.iam.gserviceaccount.com`, with `" + mesh.HubAgentRole + "`. It is needed on each " +
			"cluster's project that is not the fleet's own: without it, clusters there cannot be registered.\n\n" +
			"One member is added; everything else in the policy, conditions and deleted members included, stays as it is. A grant under a " +
			"condition does not count. When the agent does not exist yet, it is generated first.",
		Attributes: map[string]schema.Attribute{
			"project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the project that grants the role. Default: the provider's project.",
				Validators:          []validator.String{isProject},
			},
			"fleet_project": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "ID or number of the fleet's host project, whose number names the agent. Default: the provider's " +
					"`fleet_project`, else `project`.",
				Validators: []validator.String{isProject},
			},
			"agent": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Which service agent of the fleet: `mesh`, or `gkehub`. Default: `mesh`.",
				Validators:          []validator.String{stringvalidator.OneOf(mesh.Agents()...)},
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
				MarkdownDescription: "`" + mesh.AgentRole + "`; of the agent `gkehub`, `" + mesh.HubAgentRole + "`.",
			},
			"granted": schema.BoolAttribute{
				Computed:            true,
				MarkdownDescription: "Whether the agent holds the role, without a condition. Terraform shows `false -> true` when another client took it away.",
			},
			"deletion_policy": deletionPolicy("takes the role from the agent, also where the agent held it before this resource, and nothing else"),
		},
		Blocks: timeoutsBlock(ctx),
	}
}

func (r *serviceAgentBinding) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"project": identityschema.StringAttribute{RequiredForImport: true, Description: "ID or number of the project that grants the role."},
		"fleet_project": identityschema.StringAttribute{OptionalForImport: true, Description: "ID or number of the fleet's host project, where " +
			"it is another."},
		"agent": identityschema.StringAttribute{OptionalForImport: true, Description: "gkehub, where it is the GKE Hub service agent."},
	}}
}

func (m *bindingModel) identity() any {
	id := bindingIdentity{Project: m.Project, FleetProject: m.FleetProject}
	if m.agent() != mesh.AgentMesh {
		id.Agent = m.Agent
	}
	return id
}

// agent is the configured one, or that of a state that has none.
func (m *bindingModel) agent() mesh.Agent {
	if m.Agent.ValueString() == "" {
		return mesh.AgentMesh
	}
	return mesh.Agent(m.Agent.ValueString())
}

func (m *bindingModel) names() []nameArgument {
	agent := types.StringValue(string(m.agent())) // one that is not given is the same as the one that it defaults to
	if m.Agent.IsUnknown() {
		agent = m.Agent
	}
	return []nameArgument{projectName("project", &m.Project), projectName("fleet_project", &m.FleetProject), plainName("agent", &agent)}
}

func (m *bindingModel) desired() string { return m.Granted.String() }

func (m *bindingModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	return m.binding(data), nil
}

func (m *bindingModel) binding(data *Data) *prereq.ServiceAgentBinding {
	return &prereq.ServiceAgentBinding{Client: data.Client, Project: m.Project.ValueString(), FleetProject: m.FleetProject.ValueString(),
		FleetNumber: m.FleetNumber.ValueString(), Agent: m.agent()}
}

func (m *bindingModel) setDefaults(data *Data) {
	switch {
	case m.FleetProject.IsNull(): // imported
		m.FleetProject = fleetProjectOf(data, types.StringNull(), m.Project)
	case m.FleetProject.IsUnknown(): // both depended on a value that is known by now
		m.FleetProject = m.Project
	}
}

func (m *bindingModel) take(state prereq.State) {
	s := state.(prereq.BindingState)
	m.FleetNumber, m.Member = types.StringValue(s.FleetNumber), types.StringValue(s.Member)
	m.Role, m.Granted = types.StringValue(m.agent().Role()), types.BoolValue(s.Met())
}

// changeToUndo is the grant, whoever made it first: what a destroy with DELETE is for.
func (m *bindingModel) changeToUndo(prereq.Change) prereq.Change {
	return prereq.Change{Kind: mesh.ServiceAgentGrant, Subject: "projects/" + m.Project.ValueString(),
		After: map[string]any{"member": m.Member.ValueString()}} // its role is the agent's
}

func (r *serviceAgentBinding) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	config, plan, state, ok := planned[bindingModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	project, missing := r.project(config.Project)
	if missing {
		missingProject(&resp.Diagnostics, path.Root("project"))
		return
	}
	plan.Project, plan.FleetProject = project, fleetProjectOf(r.data, config.FleetProject, project)
	plan.Role, plan.Granted = types.StringValue(plan.agent().Role()), types.BoolValue(true)
	replaced := r.keepNames(ctx, plan, state, resp)
	sameFleet := state != nil && state.FleetProject.Equal(plan.FleetProject) && state.agent() == plan.agent()
	switch {
	case plan.Agent.IsUnknown():
		plan.Role, plan.FleetNumber, plan.Member = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
	case mesh.IsProjectNumber(plan.FleetProject.ValueString()):
		plan.FleetNumber = plan.FleetProject
		plan.Member = types.StringValue(plan.agent().Member(plan.FleetNumber.ValueString()))
	case sameFleet:
		plan.FleetNumber, plan.Member = state.FleetNumber, state.Member
	default:
		plan.FleetNumber, plan.Member = types.StringUnknown(), types.StringUnknown()
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && !replaced && !state.Granted.ValueBool() && r.configured() {
		r.warnOfLoss(ctx, state, resp)
	}
}

// fleetProject is the configured fleet project, or the provider's, or project.
func fleetProjectOf(data *Data, configured, project types.String) types.String {
	switch {
	case !configured.IsNull():
		return configured
	case data == nil:
		return types.StringUnknown()
	case !data.FleetProject.IsNull():
		return data.FleetProject
	}
	return project
}

// warnOfLoss tells of a grant that is gone. The read is shared with the refresh that found it.
func (r *serviceAgentBinding) warnOfLoss(ctx context.Context, state *bindingModel, resp *resource.ModifyPlanResponse) {
	p := state.binding(r.data)
	s, err := p.Read(ctx, false)
	if err != nil || s.Met() {
		return // with -refresh=false the state may be older than the cloud
	}
	warnOfDrift(ctx, &resp.Diagnostics, p, s, s.Findings())
}

// ImportState takes PROJECT, PROJECT/FLEET_PROJECT or PROJECT/FLEET_PROJECT/AGENT, or the identity.
func (r *serviceAgentBinding) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var id bindingIdentity
	if req.ID != "" {
		parts := strings.SplitN(req.ID, "/", 3)
		id.Project = types.StringValue(parts[0])
		if len(parts) > 1 {
			id.FleetProject = types.StringValue(parts[1])
		}
		if len(parts) > 2 {
			id.Agent = types.StringValue(parts[2])
		}
	} else {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	}
	err := mesh.CheckProject(id.Project.ValueString())
	if err == nil && !id.FleetProject.IsNull() {
		err = mesh.CheckProject(id.FleetProject.ValueString())
	}
	if err == nil && !id.Agent.IsNull() && !slices.Contains(mesh.Agents(), id.Agent.ValueString()) {
		err = fmt.Errorf("%q is no agent; it is one of %s", id.Agent.ValueString(), strings.Join(mesh.Agents(), ", "))
	}
	if strings.HasPrefix(req.ID, "projects/") { // else a project called "projects"
		err = fmt.Errorf("%q is a resource name", req.ID)
	}
	if err != nil {
		resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error())+" The import ID reads PROJECT, PROJECT/FLEET_PROJECT or "+
			"PROJECT/FLEET_PROJECT/AGENT.")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("project"), id.Project)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("fleet_project"), id.FleetProject)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("agent"), id.Agent)...)
}

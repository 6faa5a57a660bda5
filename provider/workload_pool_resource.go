package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type workloadPool struct{ base }

var (
	_ resource.ResourceWithConfigure      = (*workloadPool)(nil)
	_ resource.ResourceWithModifyPlan     = (*workloadPool)(nil)
	_ resource.ResourceWithValidateConfig = (*workloadPool)(nil)
	_ resource.ResourceWithImportState    = (*workloadPool)(nil)
	_ resource.ResourceWithIdentity       = (*workloadPool)(nil)
)

func newWorkloadPool() resource.Resource { return &workloadPool{} }

type poolModel struct {
	Cluster        types.String   `tfsdk:"cluster"`
	WorkloadPool   types.String   `tfsdk:"workload_pool"`
	Migrate        types.Bool     `tfsdk:"migrate_node_pools"`
	NodePools      types.List     `tfsdk:"node_pools_without_gke_metadata"`
	DeletionPolicy types.String   `tfsdk:"deletion_policy"`
	Timeouts       timeouts.Value `tfsdk:"timeouts"`
}

type clusterIdentity struct {
	Cluster types.String `tfsdk:"cluster"`
}

func (r *workloadPool) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_workload_pool"
}

func (r *workloadPool) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The GKE cluster's workload pool is `PROJECT_ID.svc.id.goog`, the only one that managed mesh accepts. Without it the installer fails with HTTP 400 `HealthCheckContainerError`, and provisioning stalls with *Workload identity is not enabled*.\n\n" +
			"Node pools that do not run the GKE metadata server are reported. They are changed only with `migrate_node_pools = true`, because that **recreates their nodes and changes the identity of their pods**. A cluster that is busy with another operation is waited for.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "The cluster, `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`. A `google_container_cluster`'s `id` and `self_link` fit.",
				Validators:          []validator.String{isCluster},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"workload_pool": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The workload pool. It can only be `PROJECT_ID.svc.id.goog` and need not be given; giving it documents it. Terraform shows the change back to it when somebody took it away.",
			},
			"migrate_node_pools": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Turn on the GKE metadata server in the node pools that lack it. This recreates their nodes, one pool after another. Default: `false`.",
			},
			"node_pools_without_gke_metadata": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Node pools that do not run the GKE metadata server, sorted. Pods on them have no workload identity.",
			},
			"deletion_policy": deletionPolicy("restores the workload pool that the cluster had before this resource changed it; that may turn Workload Identity off. Node pools stay as they are"),
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.Block(ctx, timeouts.Opts{Create: true, Read: true, Update: true, Delete: true}),
		},
	}
}

func (r *workloadPool) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster": identityschema.StringAttribute{RequiredForImport: true, Description: "The cluster, projects/PROJECT/locations/LOCATION/clusters/CLUSTER."},
	}}
}

func (r *workloadPool) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m poolModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	cluster, err := mesh.ParseCluster(m.Cluster.ValueString())
	if resp.Diagnostics.HasError() || m.WorkloadPool.IsNull() || m.WorkloadPool.IsUnknown() || m.Cluster.IsUnknown() || err != nil || mesh.IsProjectNumber(cluster.Project) {
		return
	}
	if want := mesh.WorkloadPool(cluster.Project); m.WorkloadPool.ValueString() != want {
		wrongPool(resp.Diagnostics.AddAttributeError, m.WorkloadPool.ValueString(), want)
	}
}

func wrongPool(add func(path.Path, string, string), got, want string) {
	add(path.Root("workload_pool"), "Wrong workload pool", fmt.Sprintf("The workload pool of this cluster can only be %q, not %q: managed mesh accepts no other. Leave the argument out, or correct it.", want, got))
}

func (r *workloadPool) prerequisite(m poolModel) (*prereq.WorkloadPool, error) {
	cluster, err := mesh.ParseCluster(m.Cluster.ValueString())
	return &prereq.WorkloadPool{Client: r.data.Client, Cluster: cluster, MigrateNodePools: m.Migrate.ValueBool()}, err
}

// take sets what was seen.
func (m *poolModel) take(s prereq.PoolState) {
	m.WorkloadPool = types.StringNull()
	if s.Current != "" {
		m.WorkloadPool = types.StringValue(s.Current)
	}
	m.NodePools = stringList(s.NodePools)
}

func stringList(values []string) types.List {
	elements := []attr.Value{}
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, elements)
}

func (r *workloadPool) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan, config poolModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *poolModel
	if !req.State.Raw.IsNull() {
		state = &poolModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	plan.WorkloadPool = r.expectedPool(ctx, plan.Cluster)
	if !config.WorkloadPool.IsNull() && !config.WorkloadPool.IsUnknown() {
		if !plan.WorkloadPool.IsUnknown() && !config.WorkloadPool.Equal(plan.WorkloadPool) {
			wrongPool(resp.Diagnostics.AddAttributeError, config.WorkloadPool.ValueString(), plan.WorkloadPool.ValueString())
			return
		}
		plan.WorkloadPool = config.WorkloadPool
	} else if config.WorkloadPool.IsUnknown() {
		plan.WorkloadPool = types.StringUnknown()
	}
	replaced := state != nil && !state.Cluster.Equal(plan.Cluster)
	switch {
	case plan.Migrate.IsUnknown() || state == nil || replaced:
		plan.NodePools = types.ListUnknown(types.StringType)
	case plan.Migrate.ValueBool():
		plan.NodePools = stringList(nil)
	default:
		plan.NodePools = state.NodePools
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state != nil && !replaced && r.configured() {
		r.warn(ctx, *state, plan, resp)
	}
}

// expectedPool is the pool that a cluster must have. Only a cluster named by its
// project's number takes a request to know it.
func (r *workloadPool) expectedPool(ctx context.Context, cluster types.String) types.String {
	name, err := mesh.ParseCluster(cluster.ValueString())
	if cluster.IsUnknown() || err != nil {
		return types.StringUnknown()
	}
	id := name.Project
	if mesh.IsProjectNumber(id) {
		if !r.configured() {
			return types.StringUnknown()
		}
		if id, err = r.data.Client.ProjectID(ctx, name.Project); err != nil {
			return types.StringUnknown() // told when it matters, at apply
		}
	}
	return types.StringValue(mesh.WorkloadPool(id))
}

func (r *workloadPool) warn(ctx context.Context, state, plan poolModel, resp *resource.ModifyPlanResponse) {
	drifted := !state.WorkloadPool.Equal(plan.WorkloadPool) && !plan.WorkloadPool.IsUnknown()
	lacking := len(state.NodePools.Elements()) > 0
	if !drifted && !lacking {
		return
	}
	p, err := r.prerequisite(plan)
	if err != nil {
		return
	}
	s, err := p.Read(ctx, false)
	if err != nil {
		return
	}
	for _, f := range s.Findings() {
		if f.Code == mesh.NodePoolNoMetadata {
			effect := "They stay as they are, because changing them recreates their nodes; set migrate_node_pools = true to change them."
			if p.MigrateNodePools {
				effect = "With migrate_node_pools = true this configuration changes them, which recreates their nodes."
			}
			resp.Diagnostics.AddWarning("Node pools without GKE_METADATA ("+p.Subject()+")", sentence(f.Message)+" Pods on them have no workload identity. "+effect)
		} else {
			warnOfDrift(ctx, &resp.Diagnostics, r.data, p, s, []loss{{finding: f}})
		}
	}
}

func (r *workloadPool) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan poolModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Create, time.Hour, &resp.Diagnostics)
	defer cancel()
	if ok {
		change := r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
		record(ctx, resp.Private, resp.Private, change, &resp.Diagnostics)
	}
}

// Update's change is not recorded: what an update restores, somebody else had
// taken away, and a later destroy must not take it away again.
func (r *workloadPool) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan poolModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	ctx, cancel, ok := r.within(ctx, plan.Timeouts.Update, time.Hour, &resp.Diagnostics)
	defer cancel()
	if ok {
		r.apply(ctx, plan, outcome{&resp.State, resp.Identity, &resp.Diagnostics})
	}
}

func (r *workloadPool) apply(ctx context.Context, plan poolModel, out outcome) prereq.Change {
	p, err := r.prerequisite(plan)
	if err != nil { // known only now; the schema checked what was known earlier
		out.diags.AddAttributeError(path.Root("cluster"), "Invalid cluster", sentence(err.Error()))
		return prereq.Change{}
	}
	if !r.agrees(ctx, plan, p, out.diags.AddAttributeError) {
		return prereq.Change{}
	}
	change, state, err := prereq.Apply(ctx, p)
	if err != nil {
		addError(out.diags, "Cannot set the cluster's workload pool", err)
		return change
	}
	promised := plan.NodePools
	plan.take(state.(prereq.PoolState))
	if !promised.IsUnknown() {
		plan.NodePools = promised // Terraform holds a provider to its plan; the next refresh shows the rest
	}
	out.set(ctx, plan, clusterIdentity{plan.Cluster})
	return change
}

// agrees refuses a configured pool that became known only at apply and is wrong,
// before anything is changed.
func (r *workloadPool) agrees(ctx context.Context, plan poolModel, p *prereq.WorkloadPool, add func(path.Path, string, string)) bool {
	if plan.WorkloadPool.IsUnknown() {
		return true
	}
	if want := r.expectedPool(ctx, types.StringValue(p.Cluster.String())); !want.IsUnknown() && !want.Equal(plan.WorkloadPool) {
		wrongPool(add, plan.WorkloadPool.ValueString(), want.ValueString())
		return false
	}
	return true
}

func (r *workloadPool) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var m poolModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	timeout, d := m.Timeouts.Read(ctx, 5*time.Minute)
	resp.Diagnostics.Append(d...)
	// First of all: Terraform refuses a refresh without an identity, state from
	// before identities existed has none, and a removal needs one, too.
	resp.Diagnostics.Append(resp.Identity.Set(ctx, clusterIdentity{m.Cluster})...)
	if resp.Diagnostics.HasError() || !r.configured() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if m.DeletionPolicy.IsNull() {
		m.DeletionPolicy = types.StringValue(abandon)
	}
	if m.Migrate.IsNull() {
		m.Migrate = types.BoolValue(false)
	}
	p, err := r.prerequisite(m)
	var s prereq.PoolState
	if err == nil {
		s, err = p.Read(ctx, false)
	}
	var gone *prereq.GoneError
	if errors.As(err, &gone) {
		resp.State.RemoveResource(ctx)
		return
	}
	if err != nil {
		addError(&resp.Diagnostics, "Cannot read the cluster's workload pool", err)
		return
	}
	m.take(s)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

func (r *workloadPool) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var m poolModel
	resp.Diagnostics.Append(req.State.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() || m.DeletionPolicy.ValueString() != remove {
		return
	}
	ctx, cancel, ok := r.within(ctx, m.Timeouts.Delete, time.Hour, &resp.Diagnostics)
	defer cancel()
	if !ok {
		return
	}
	change := recorded(ctx, req.Private, &resp.Diagnostics)
	p, err := r.prerequisite(m)
	if err == nil && !change.Empty() {
		err = p.Undo(ctx, change)
	}
	var gone *prereq.GoneError
	if err != nil && !errors.As(err, &gone) {
		addError(&resp.Diagnostics, "Cannot restore the cluster's workload pool", err)
	}
}

// ImportState takes the cluster's resource name, or the identity.
func (r *workloadPool) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := clusterIdentity{types.StringValue(req.ID)}
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if _, err := mesh.ParseCluster(id.Cluster.ValueString()); err != nil {
		resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error()))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cluster"), id.Cluster)...)
}

package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type workloadPool struct {
	prerequisiteResource[poolModel, *poolModel]
}

var (
	_ resource.ResourceWithConfigure      = (*workloadPool)(nil)
	_ resource.ResourceWithModifyPlan     = (*workloadPool)(nil)
	_ resource.ResourceWithValidateConfig = (*workloadPool)(nil)
	_ resource.ResourceWithImportState    = (*workloadPool)(nil)
	_ resource.ResourceWithIdentity       = (*workloadPool)(nil)
)

func newWorkloadPool() resource.Resource {
	return &workloadPool{prerequisiteResource[poolModel, *poolModel]{
		name:     "workload_pool",
		read:     "Cannot read the cluster's workload pool",
		enforce:  "Cannot set the cluster's workload pool",
		undo:     "Cannot restore the cluster's workload pool",
		patience: time.Hour,
	}}
}

type poolModel struct {
	Cluster      types.String `tfsdk:"cluster"`
	WorkloadPool types.String `tfsdk:"workload_pool"`
	Migrate      types.Bool   `tfsdk:"migrate_node_pools"`
	NodePools    types.List   `tfsdk:"node_pools_without_gke_metadata"`
	commonModel
}

type clusterIdentity struct {
	Cluster types.String `tfsdk:"cluster"`
}

func (r *workloadPool) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The GKE cluster's workload pool is `PROJECT_ID.svc.id.goog`, the only one that managed mesh accepts. Without it " +
			"the installer fails with HTTP 400 `HealthCheckContainerError`, and provisioning stalls with *Workload identity is not enabled*.\n\n" +
			"Node pools that do not run the GKE metadata server are reported. They are changed only with `migrate_node_pools = true`, because " +
			"that **recreates their nodes and changes the identity of their pods**. A cluster that is busy with another operation is waited for.",
		Attributes: map[string]schema.Attribute{
			"cluster": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The cluster, `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`. A `google_container_cluster`'s `id` and " +
					"`self_link` fit.",
				Validators: []validator.String{isCluster},
			},
			"workload_pool": schema.StringAttribute{
				Optional: true, Computed: true,
				MarkdownDescription: "The workload pool. It can only be `PROJECT_ID.svc.id.goog` and need not be given; giving it documents it. " +
					"Terraform shows the change back to it when another client took it away.",
			},
			"migrate_node_pools": schema.BoolAttribute{
				Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "Turn on the GKE metadata server in the node pools that lack it. This recreates their nodes, one pool after " +
					"another. Default: `false`.",
			},
			"node_pools_without_gke_metadata": schema.ListAttribute{
				Computed: true, ElementType: types.StringType,
				MarkdownDescription: "Node pools that do not run the GKE metadata server, sorted. Pods on them have no workload identity.",
			},
			"deletion_policy": deletionPolicy("restores the workload pool that the cluster had before this resource changed it; that may turn " +
				"Workload Identity off. Node pools stay as they are"),
		},
		Blocks: timeoutsBlock(ctx),
	}
}

func (r *workloadPool) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"cluster": identityschema.StringAttribute{RequiredForImport: true,
			Description: "The cluster, projects/PROJECT/locations/LOCATION/clusters/CLUSTER."},
	}}
}

func (r *workloadPool) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var m poolModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	cluster, err := mesh.ParseCluster(m.Cluster.ValueString())
	if resp.Diagnostics.HasError() || m.WorkloadPool.IsNull() || m.WorkloadPool.IsUnknown() || m.Cluster.IsUnknown() || err != nil ||
		mesh.IsProjectNumber(cluster.Project) {
		return
	}
	if want := mesh.WorkloadPool(cluster.Project); m.WorkloadPool.ValueString() != want {
		wrongPool(resp.Diagnostics.AddAttributeError, m.WorkloadPool.ValueString(), want)
	}
}

func wrongPool(add func(path.Path, string, string), got, want string) {
	add(path.Root("workload_pool"), "Wrong workload pool", fmt.Sprintf("The workload pool of this cluster can only be %q, not %q: managed "+
		"mesh accepts no other. Leave the argument out, or correct it.", want, got))
}

func (m *poolModel) identity() any { return clusterIdentity{m.Cluster} }

func (m *poolModel) names() []nameArgument { return []nameArgument{clusterName(&m.Cluster)} }

func (m *poolModel) desired() string { return m.WorkloadPool.ValueString() }

func (m *poolModel) prerequisite(data *Data) (prereq.Prerequisite, error) { return m.pool(data) }

func (m *poolModel) pool(data *Data) (*prereq.WorkloadPool, error) {
	cluster, err := mesh.ParseCluster(m.Cluster.ValueString())
	return &prereq.WorkloadPool{Client: data.Client, Cluster: cluster, MigrateNodePools: m.Migrate.ValueBool()}, err
}

func (m *poolModel) setDefaults(*Data) {
	if m.Migrate.IsNull() { // imported
		m.Migrate = types.BoolValue(false)
	}
}

func (m *poolModel) take(state prereq.State) {
	s := state.(prereq.PoolState)
	m.WorkloadPool, m.NodePools = orNull(s.Current), stringList(s.NodePools)
}

func (m *poolModel) preservePlan(planned *poolModel) {
	if !planned.NodePools.IsUnknown() {
		m.NodePools = planned.NodePools // the next refresh shows the rest
	}
}

// changeToUndo leaves node pools as they are: taking their metadata server away would recreate their nodes once more.
func (m *poolModel) changeToUndo(change prereq.Change) prereq.Change {
	for field := range change.After {
		if field != "workload_pool" {
			delete(change.After, field)
			delete(change.Before, field)
		}
	}
	return change
}

// refuse is of a configured pool that became known only at apply and is wrong.
func (m *poolModel) refuse(ctx context.Context, data *Data, diags *diag.Diagnostics) bool {
	if m.WorkloadPool.IsUnknown() {
		return false
	}
	want := expectedPool(ctx, data, m.Cluster)
	if want.IsUnknown() || want.Equal(m.WorkloadPool) {
		return false
	}
	wrongPool(diags.AddAttributeError, m.WorkloadPool.ValueString(), want.ValueString())
	return true
}

func stringList(values []string) types.List {
	elements := []attr.Value{}
	for _, v := range values {
		elements = append(elements, types.StringValue(v))
	}
	return types.ListValueMust(types.StringType, elements)
}

func (r *workloadPool) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	config, plan, state, ok := planned[poolModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	replaced := r.keepNames(ctx, plan, state, resp)
	plan.WorkloadPool = expectedPool(ctx, r.data, plan.Cluster)
	if !config.WorkloadPool.IsNull() && !config.WorkloadPool.IsUnknown() {
		if !plan.WorkloadPool.IsUnknown() && !config.WorkloadPool.Equal(plan.WorkloadPool) {
			wrongPool(resp.Diagnostics.AddAttributeError, config.WorkloadPool.ValueString(), plan.WorkloadPool.ValueString())
			return
		}
		plan.WorkloadPool = config.WorkloadPool
	} else if config.WorkloadPool.IsUnknown() {
		plan.WorkloadPool = types.StringUnknown()
	}
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
		r.warnOfPools(ctx, *state, *plan, resp)
	}
}

// expectedPool is the pool that a cluster must have. Only a cluster named by its
// project's number takes a request to know it.
func expectedPool(ctx context.Context, data *Data, cluster types.String) types.String {
	name, err := mesh.ParseCluster(cluster.ValueString())
	if cluster.IsUnknown() || err != nil {
		return types.StringUnknown()
	}
	id := name.Project
	if mesh.IsProjectNumber(id) {
		if data == nil || data.Client == nil {
			return types.StringUnknown()
		}
		if id, err = data.Client.ProjectID(ctx, name.Project); err != nil {
			return types.StringUnknown() // told when it matters, at apply
		}
	}
	return types.StringValue(mesh.WorkloadPool(id))
}

func (r *workloadPool) warnOfPools(ctx context.Context, state, plan poolModel, resp *resource.ModifyPlanResponse) {
	drifted := !state.WorkloadPool.Equal(plan.WorkloadPool) && !plan.WorkloadPool.IsUnknown()
	lacking := len(state.NodePools.Elements()) > 0
	if !drifted && !lacking {
		return
	}
	p, err := plan.pool(r.data)
	if err != nil {
		return
	}
	s, err := p.Read(ctx, false)
	if err != nil {
		return
	}
	for _, f := range s.Findings() {
		if f.Code == catalogue.NodePoolNoMetadata {
			effect := "They stay as they are, because changing them recreates their nodes; set migrate_node_pools = true to change them."
			if p.MigrateNodePools {
				effect = "With migrate_node_pools = true this configuration changes them, which recreates their nodes."
			}
			resp.Diagnostics.AddWarning("Node pools without GKE_METADATA ("+p.Subject()+")", sentence(f.Message)+" Pods on them have no workload "+
				"identity. "+effect)
		} else {
			warnOfDrift(ctx, &resp.Diagnostics, p, s, []catalogue.Finding{f})
		}
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

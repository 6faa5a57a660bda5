package provider

import (
	"context"
	_ "embed" // the runbook
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// restartWorkloads is the action asm_restart_workloads: a run of a runbook of one
// step, so that it has the journal, the lock and the resume of every run.
type restartWorkloads struct{ actor }

var _ action.ActionWithConfigure = (*restartWorkloads)(nil)

func newRestartWorkloads() action.Action { return &restartWorkloads{} }

//go:embed restart_workloads.hcl
var restartRunbook string

type restartWorkloadsModel struct {
	Membership    types.String   `tfsdk:"membership"`
	Cluster       types.String   `tfsdk:"cluster"`
	Namespaces    types.Set      `tfsdk:"namespaces"`
	Revision      types.String   `tfsdk:"revision"`
	Scope         types.String   `tfsdk:"scope"`
	StatefulSets  types.Bool     `tfsdk:"stateful_sets"`
	IgnoreBudgets types.Bool     `tfsdk:"ignore_budgets"`
	StateDir      types.String   `tfsdk:"state_dir"`
	Reason        types.String   `tfsdk:"reason"`
	Timeouts      timeouts.Value `tfsdk:"timeouts"`
}

func (a *restartWorkloads) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_restart_workloads"
}

func (a *restartWorkloads) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Restarts workloads as `kubectl rollout restart` does, one after the other, each when the one before is available " +
			"again: a pod gets its proxy only when it is created. Where no pod needs it, nothing is restarted. Pods that nothing would bring " +
			"back, and Jobs, are never restarted.\n\n" +
			"Needs Terraform 1.14 or later. Terraform does not repeat an action that failed: its error names the command that resumes the run.",
		Attributes: map[string]schema.Attribute{
			"membership": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The cluster's fleet membership, `projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`: it is reached " +
					"through Connect Gateway. Either this or `cluster`.",
				Validators: []validator.String{isMembership, stringvalidator.ExactlyOneOf(path.MatchRoot("cluster"))},
			},
			"cluster": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The cluster, `projects/PROJECT/locations/LOCATION/clusters/CLUSTER`: it is reached at its own endpoint.",
				Validators:          []validator.String{isCluster},
			},
			"namespaces": schema.SetAttribute{
				Optional: true, ElementType: types.StringType,
				MarkdownDescription: "Namespaces whose workloads are restarted. Default: all where the managed control plane injects.",
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(isNamespace)},
			},
			"revision": schema.StringAttribute{Optional: true, MarkdownDescription: "Only pods that this revision would inject.",
				Validators: []validator.String{isRevision}},
			"scope": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "`needed` (default): workloads whose pods lack the proxy that they would get, have one of another control plane " +
					"or version, or are marked as not upgraded. `all`: every workload with a proxy, each time that the action is invoked.",
				Validators: []validator.String{stringvalidator.OneOf(string(prereq.RestartNeeded), string(prereq.RestartAll))},
			},
			"stateful_sets": schema.BoolAttribute{Optional: true, MarkdownDescription: "Also restart StatefulSets; each loses its members one by " +
				"one. Default: `false`."},
			"ignore_budgets": schema.BoolAttribute{Optional: true, MarkdownDescription: "Restart also where a PodDisruptionBudget leaves no room. " +
				"Kubernetes holds evictions to budgets, not roll-outs. Default: `false`."},
			"state_dir": schema.StringAttribute{Optional: true, MarkdownDescription: stateDirMeans,
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"reason": schema.StringAttribute{Optional: true, MarkdownDescription: reasonMeans, Validators: []validator.String{isHeaderValue}},
		},
		Blocks: map[string]schema.Block{"timeouts": timeouts.Block(ctx)},
	}
}

func (a *restartWorkloads) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var m restartWorkloadsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	var namespaces []string
	resp.Diagnostics.Append(m.Namespaces.ElementsAs(ctx, &namespaces, false)...)
	if resp.Diagnostics.HasError() || !a.ready(&resp.Diagnostics) {
		return
	}
	job, err := m.job(namespaces, a.data.FleetProject.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Invalid argument", sentence(err.Error()))
		return
	}
	a.run(ctx, order{job: job, dir: m.StateDir.ValueString(), reason: m.Reason.ValueString(), timeout: m.Timeouts.Invoke}, resp)
}

func (m restartWorkloadsModel) job(namespaces []string, fleet string) (runbook.Job, error) {
	kind, name := lang.TargetMembership, m.Membership.ValueString()
	if m.Membership.IsNull() {
		kind, name = lang.TargetCluster, m.Cluster.ValueString()
	}
	target, err := runbook.ParseTarget(kind, name, fleet)
	if err != nil {
		return runbook.Job{}, err
	}
	r, file, err := runbook.Load("restart-workloads.hcl", []byte(strings.ReplaceAll(restartRunbook, "TARGET", string(kind))), "")
	if err != nil {
		return runbook.Job{}, err
	}
	inputs := map[string]cty.Value{}
	if !m.Namespaces.IsNull() {
		var list []cty.Value
		for _, n := range namespaces {
			list = append(list, cty.StringVal(n))
		}
		inputs["namespaces"] = cty.SetVal(list)
	}
	for name, text := range map[string]types.String{"revision": m.Revision, "scope": m.Scope} {
		if !text.IsNull() {
			inputs[name] = cty.StringVal(text.ValueString())
		}
	}
	for name, flag := range map[string]types.Bool{"stateful_sets": m.StatefulSets, "ignore_budgets": m.IgnoreBudgets} {
		if !flag.IsNull() {
			inputs[name] = cty.BoolVal(flag.ValueBool())
		}
	}
	return runbook.Job{Runbook: r, File: file, Inputs: inputs, Target: target}, nil
}

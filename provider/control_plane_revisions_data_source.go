package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

type controlPlaneRevisions struct{ clusterReader }

var _ datasource.DataSourceWithConfigure = (*controlPlaneRevisions)(nil)

func newControlPlaneRevisions() datasource.DataSource { return &controlPlaneRevisions{} }

type revisionsModel struct {
	clusterModel
	Installed types.Bool      `tfsdk:"installed"`
	Revisions []revisionModel `tfsdk:"revisions"`
}

type revisionModel struct {
	Name       types.String             `tfsdk:"name"`
	Namespace  types.String             `tfsdk:"namespace"`
	Channel    types.String             `tfsdk:"channel"`
	Type       types.String             `tfsdk:"type"`
	Verdict    types.String             `tfsdk:"verdict"`
	Conditions []revisionConditionModel `tfsdk:"conditions"`
	Stop       *stopModel               `tfsdk:"stop"`
}

type revisionConditionModel struct {
	Type    types.String `tfsdk:"type"`
	Status  types.String `tfsdk:"status"`
	Reason  types.String `tfsdk:"reason"`
	Message types.String `tfsdk:"message"`
	Since   types.String `tfsdk:"last_transition_time"`
}

type stopModel struct {
	Code        types.String            `tfsdk:"code"`
	Reason      types.String            `tfsdk:"reason"`
	Message     types.String            `tfsdk:"message"`
	Variables   map[string]types.String `tfsdk:"variables"`
	Explanation types.String            `tfsdk:"explanation"`
	Remedy      types.String            `tfsdk:"remedy"`
	FixedBy     types.String            `tfsdk:"fixed_by"`
}

func (d *controlPlaneRevisions) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_control_plane_revisions"
}

func (d *controlPlaneRevisions) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	revision := computedStrings(map[string]string{
		"name":      "`asm-managed`, `asm-managed-rapid` or `asm-managed-stable`, unless it is wrong.",
		"namespace": "`istio-system`, unless it is wrong.",
		"channel":   "Release channel: `regular`, `rapid` or `stable`.", "type": "`managed_service`, unless it is wrong.",
		"verdict": verdictDescription,
	})
	revision["conditions"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: "The conditions, sorted by type. `Reconciled` says whether the control plane works, `Stalled` " +
			"whether it takes a person; `ProvisioningFinished` is true after a failure, too.",
		NestedObject: schema.NestedAttributeObject{Attributes: computedStrings(map[string]string{
			"type": "`Reconciled`, `Stalled` or `ProvisioningFinished`.", "status": "`True`, `False` or `Unknown`.",
			"reason": "Reason, such as `PreconditionFailed`.", "message": "What the control plane says.",
			"last_transition_time": "When the status last changed, RFC 3339.",
		})},
	}
	stop := computedStrings(map[string]string{
		"code": "Stable name of the stop code, such as `unsupported-workload-pool`; `unknown` for a message that is not known, which is then " +
			"shown whole.", "reason": "`PreconditionFailed` or `ProvisioningFailed`.",
		"message": "The message as reported.", "explanation": "What it means.", "remedy": "What to do.", "fixed_by": "The resource of this " +
			"provider that corrects it, if any.",
	})
	stop["variables"] = schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "What the message names, " +
		"such as `EXISTING_URL` and `EXPECTED_URL`, `POOL` or `VERSION`."}
	revision["stop"] = schema.SingleNestedAttribute{Computed: true, MarkdownDescription: "Why the revision is stalled; null when it is not.",
		Attributes: stop}
	resp.Schema = clusterSchema(ctx, "The ControlPlaneRevisions of a cluster: whether the managed control plane works, and the stop code "+
		"explained where it is stalled. It needs `controlplanerevisions` to be listed, and costs one request.", map[string]schema.Attribute{
		"installed": schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether the cluster knows the kind ControlPlaneRevision; " +
			"without it, the mesh was never managed there. Null when unknown."},
		"revisions": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The revisions, sorted by namespace and name.",
			NestedObject: schema.NestedAttributeObject{Attributes: revision}},
	})
}

func (d *controlPlaneRevisions) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	m := revisionsModel{Revisions: []revisionModel{}}
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Revisions = []revisionModel{}
	d.look(ctx, &m.clusterModel, &resp.Diagnostics, func(ctx context.Context, c *cluster.Cluster) (health.Health, error) {
		r, err := c.Revisions(ctx)
		if err != nil {
			return health.Health{}, err
		}
		m.Installed = types.BoolValue(r.Installed)
		for _, revision := range r.All {
			m.Revisions = append(m.Revisions, newRevisionModel(revision))
		}
		return r.Health, nil
	})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func newRevisionModel(r mesh.ControlPlaneRevision) revisionModel {
	model := revisionModel{
		Name: orNull(r.Name), Namespace: orNull(r.Namespace), Channel: orNull(r.Channel), Type: orNull(r.Type),
		Verdict: types.StringValue(string(health.JudgeRevision(r, time.Now()).Verdict)), Conditions: []revisionConditionModel{},
	}
	for _, c := range r.Conditions {
		since := ""
		if !c.Since.IsZero() {
			since = c.Since.UTC().Format(time.RFC3339)
		}
		model.Conditions = append(model.Conditions,
			revisionConditionModel{orNull(c.Type), orNull(c.Status), orNull(c.Reason), orNull(c.Message), orNull(since)})
	}
	if stop := catalogue.StopOf(r); stop != nil {
		model.Stop = &stopModel{
			Code: types.StringValue(string(stop.Code)), Reason: orNull(stop.Reason), Message: orNull(stop.Message),
			Variables:   map[string]types.String{},
			Explanation: orNull(stop.Explanation), Remedy: orNull(stop.Remedy), FixedBy: orNull(stop.FixedBy),
		}
		for name, value := range stop.Variables {
			model.Stop.Variables[name] = types.StringValue(value)
		}
	}
	return model
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

type proxies struct{ clusterReader }

var _ datasource.DataSourceWithConfigure = (*proxies)(nil)

func newProxies() datasource.DataSource { return &proxies{} }

type proxiesModel struct {
	clusterModel
	All      types.Bool     `tfsdk:"all_proxies"`
	Failed   []failedModel  `tfsdk:"failed"`
	Outdated types.Int64    `tfsdk:"outdated"`
	Upgrades []upgradeModel `tfsdk:"upgrades"`
}

type failedModel struct {
	Kind        types.String   `tfsdk:"kind"`
	Namespace   types.String   `tfsdk:"namespace"`
	Name        types.String   `tfsdk:"name"`
	Pods        []types.String `tfsdk:"pods"`
	Block       types.String   `tfsdk:"blocked_by"`
	Budget      types.String   `tfsdk:"budget"`
	Versions    []types.String `tfsdk:"proxy_versions"`
	Wanted      types.String   `tfsdk:"wanted_version"`
	Restartable types.Bool     `tfsdk:"restartable"`
	Why         types.String   `tfsdk:"why"`
}

type upgradeModel struct {
	Revision  types.String `tfsdk:"revision"`
	Version   types.String `tfsdk:"version"`
	State     types.String `tfsdk:"state"`
	ErrorCode types.String `tfsdk:"error_code"`
	Message   types.String `tfsdk:"message"`
	Managed   types.Int64  `tfsdk:"managed_proxies"`
	Unmanaged types.Int64  `tfsdk:"unmanaged_proxies"`
}

func (d *proxies) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_proxies"
}

func (d *proxies) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	list := func(means string) schema.ListAttribute {
		return schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: means}
	}
	owner := computedStrings(map[string]string{
		"kind": "`Deployment`, `StatefulSet`, `DaemonSet`, `Job`, or `Pod` for one without an owner.", "namespace": "Its namespace.",
		"name": "Its name.",
		"blocked_by": "What keeps the managed data plane from moving the pods: `budget`, `not-a-replicaset`, `job`, `naked-pod`, " +
			"`host-network` or `unknown`.",
		"budget":         "`NAMESPACE/NAME` of the PodDisruptionBudget that blocks it.",
		"wanted_version": "The version that the pods' revision wants.", "why": "What blocks it and what to do, in a sentence.",
	})
	owner["pods"], owner["proxy_versions"] = list("Names of the pods, sorted."), list("Versions of their proxies, sorted.")
	owner["restartable"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether a rolling restart renews the pods."}
	upgrade := computedStrings(map[string]string{
		"revision": "The revision.", "version": "The proxy version that is rolled out.", "state": "`Ready`, `Reconciling`, `Error` or `Unknown`.",
		"error_code": "`InvalidRevision` or `TooManyEvictions`.", "message": "What the controller says.",
	})
	upgrade["managed_proxies"] = schema.Int64Attribute{Computed: true, MarkdownDescription: "Proxies that the managed data plane upgrades."}
	upgrade["unmanaged_proxies"] = schema.Int64Attribute{Computed: true, MarkdownDescription: "Proxies that it does not."}
	resp.Schema = clusterSchema(ctx, "The proxies of a cluster that could not be upgraded (pods with the label `dataplane-upgrade=failed`, "+
		"state `NEEDS_ATTENTION`), by owner, with what blocks each. It costs three requests, and one more where pods are marked.",
		map[string]schema.Attribute{
			"all_proxies": schema.BoolAttribute{Optional: true, MarkdownDescription: "Also read every other pod with a proxy, to count those of " +
				"another version than their revision's; a request for each 500 pods. Default: `false`."},
			"failed": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The owners of the pods, sorted by namespace, kind and " +
				"name; each is restarted once.", NestedObject: schema.NestedAttributeObject{Attributes: owner}},
			"outdated": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many pods run a proxy of another version than their " +
				"revision's, among those that were read."},
			"upgrades": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "How far upgrades are, by revision, where the managed " +
				"data plane tells (DataPlaneControl).", NestedObject: schema.NestedAttributeObject{Attributes: upgrade}},
		})
}

func (d *proxies) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m proxiesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Failed, m.Upgrades = []failedModel{}, []upgradeModel{}
	d.look(ctx, &m.clusterModel, &resp.Diagnostics, func(ctx context.Context, c *cluster.Cluster) (health.Health, error) {
		p, err := c.Proxies(ctx, m.All.ValueBool())
		if err != nil {
			return health.Health{}, err
		}
		m.Outdated = types.Int64Value(int64(len(p.Outdated)))
		for _, o := range p.Failed {
			m.Failed = append(m.Failed, failedModel{
				Kind: types.StringValue(o.Owner.Kind), Namespace: types.StringValue(o.Owner.Namespace), Name: types.StringValue(o.Owner.Name),
				Pods: stringValues(o.Pods), Block: types.StringValue(string(o.Block)), Budget: orNull(o.Budget), Versions: stringValues(o.Tags),
				Wanted: orNull(o.Wanted), Restartable: types.BoolValue(o.Restartable()), Why: types.StringValue(sentence(o.Why())),
			})
		}
		for _, u := range p.Controls {
			m.Upgrades = append(m.Upgrades, upgradeModel{
				Revision: orNull(u.Revision), Version: orNull(u.Version), State: orNull(u.State), ErrorCode: orNull(u.ErrorCode),
				Message: orNull(u.ErrorMessage),
				Managed: types.Int64Value(u.Managed), Unmanaged: types.Int64Value(u.Unmanaged),
			})
		}
		return p.Health, nil
	})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func stringValues(values []string) []types.String {
	all := []types.String{}
	for _, v := range values {
		all = append(all, types.StringValue(v))
	}
	return all
}

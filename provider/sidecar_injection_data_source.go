package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

type sidecarInjection struct{ clusterReader }

var _ datasource.DataSourceWithConfigure = (*sidecarInjection)(nil)

func newSidecarInjection() datasource.DataSource { return &sidecarInjection{} }

type sidecarModel struct {
	clusterModel
	Namespaces []sidecarNamespaceModel `tfsdk:"namespaces"`
	Webhooks   []webhookModel          `tfsdk:"webhooks"`
}

type sidecarNamespaceModel struct {
	Name      types.String    `tfsdk:"name"`
	Injection types.String    `tfsdk:"istio_injection"`
	Revision  types.String    `tfsdk:"revision"`
	Verdict   types.String    `tfsdk:"verdict"`
	Summary   types.String    `tfsdk:"summary"`
	Managed   types.Bool      `tfsdk:"managed"`
	Injectors []injectorModel `tfsdk:"injectors"`
}

type injectorModel struct {
	Webhook  types.String `tfsdk:"webhook"`
	Plane    types.String `tfsdk:"plane"`
	Revision types.String `tfsdk:"revision"`
	Tag      types.String `tfsdk:"tag"`
	Calls    types.String `tfsdk:"calls"`
}

type webhookModel struct {
	Name     types.String   `tfsdk:"name"`
	Kind     types.String   `tfsdk:"kind"`
	Plane    types.String   `tfsdk:"plane"`
	Revision types.String   `tfsdk:"revision"`
	Tag      types.String   `tfsdk:"tag"`
	URLs     []types.String `tfsdk:"urls"`
	Expected types.String   `tfsdk:"expected_url"`
}

func (d *sidecarInjection) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sidecar_injection"
}

func (d *sidecarInjection) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	const plane = "Whose control plane it calls: `managed`, `in-cluster` or `unknown`."
	namespace := computedStrings(map[string]string{
		"name": "The namespace.", "istio_injection": "Its label `istio-injection`.", "revision": "Its label `istio.io/rev`.",
		"verdict": verdictDescription, "summary": "The verdict and what led to it, in one line.",
	})
	namespace["managed"] = schema.BoolAttribute{Computed: true, MarkdownDescription: "Whether exactly one webhook injects its pods, and " +
		"that is the managed control plane's."}
	namespace["injectors"] = schema.ListNestedAttribute{
		Computed: true, MarkdownDescription: "What would inject a pod that carries no marks of its own, in the order in which the API server " +
			"calls it.",
		NestedObject: schema.NestedAttributeObject{Attributes: computedStrings(map[string]string{
			"webhook": "Name of the webhook configuration.", "plane": plane, "revision": "The revision that it injects.",
			"tag": "The revision tag that it defines.", "calls": "Its URL, or `NAME.NAMESPACE` of its service.",
		})},
	}
	webhook := computedStrings(map[string]string{
		"name": "Name of the configuration.", "kind": "`MutatingWebhookConfiguration` or `ValidatingWebhookConfiguration`.", "plane": plane,
		"revision": "Its label `istio.io/rev`.", "tag": "The revision tag that it defines; the tag `default` makes " +
			"`istio-injection=enabled` legitimate.",
		"expected_url": "The URL that the revision's ConfigMap `env-REVISION` calls for; null where it does not tell.",
	})
	webhook["urls"] = schema.ListAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "The URLs that its entries " +
		"call, or `NAME.NAMESPACE` of their services, each once."}
	resp.Schema = clusterSchema(ctx, "What would inject the pods of each namespace of a cluster, judged by webhooks and labels alone: wrong "+
		"injection by `istiod.istio-system`, webhooks with another URL than expected, leftovers of an in-cluster control plane. It costs five "+
		"requests.", map[string]schema.Attribute{
		"namespaces": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The namespaces that ask for injection, are injected, or " +
			"have something wrong; sorted by name.", NestedObject: schema.NestedAttributeObject{Attributes: namespace}},
		"webhooks": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The webhook configurations of a mesh, sorted by kind " +
			"and name.", NestedObject: schema.NestedAttributeObject{Attributes: webhook}},
	})
}

func (d *sidecarInjection) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m sidecarModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	m.Namespaces, m.Webhooks = []sidecarNamespaceModel{}, []webhookModel{}
	d.look(ctx, &m.clusterModel, &resp.Diagnostics, func(ctx context.Context, c *cluster.Cluster) (health.Health, error) {
		i, err := c.Injection(ctx)
		if err != nil {
			return health.Health{}, err
		}
		for _, n := range i.Namespaces {
			if n.Wanted || len(n.Injectors) > 0 || len(n.Findings) > 0 {
				m.Namespaces = append(m.Namespaces, newSidecarNamespace(n))
			}
		}
		m.Webhooks = append(newWebhookModels("MutatingWebhookConfiguration", i.Webhooks.Mutating, i.Webhooks),
			newWebhookModels("ValidatingWebhookConfiguration", i.Webhooks.Validating, i.Webhooks)...)
		return i.Health, nil
	})
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
	}
}

func newSidecarNamespace(n health.NamespaceInjection) sidecarNamespaceModel {
	model := sidecarNamespaceModel{
		Name: types.StringValue(n.Namespace.Name), Injection: orNull(n.Namespace.Labels[mesh.LabelInjection]),
		Revision: orNull(n.Namespace.Labels[mesh.LabelRevision]),
		Verdict:  types.StringValue(string(n.Verdict)), Summary: types.StringValue(n.Summary), Managed: types.BoolValue(n.Managed),
		Injectors: []injectorModel{},
	}
	for _, i := range n.Injectors {
		model.Injectors = append(model.Injectors,
			injectorModel{orNull(i.Configuration), types.StringValue(string(i.Plane)), orNull(i.Revision), orNull(i.Tag), orNull(i.Calls)})
	}
	return model
}

func newWebhookModels(kind string, configurations []mesh.WebhookConfiguration, all health.Webhooks) []webhookModel {
	models := []webhookModel{}
	for _, c := range configurations {
		if !c.Injects() {
			continue
		}
		model := webhookModel{
			Name: types.StringValue(c.Name), Kind: types.StringValue(kind), Plane: types.StringValue(string(c.Plane())),
			Revision: orNull(c.Revision()), Tag: orNull(c.Tag()), Expected: orNull(all.ExpectedURL(kind, c)), URLs: []types.String{},
		}
		for _, url := range c.Calls() {
			model.URLs = append(model.URLs, types.StringValue(url))
		}
		models = append(models, model)
	}
	return models
}

package provider

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type namespaceInjection struct {
	prerequisiteResource[injectionModel, *injectionModel]
}

var (
	_ resource.ResourceWithConfigure   = (*namespaceInjection)(nil)
	_ resource.ResourceWithModifyPlan  = (*namespaceInjection)(nil)
	_ resource.ResourceWithImportState = (*namespaceInjection)(nil)
	_ resource.ResourceWithIdentity    = (*namespaceInjection)(nil)
)

func newNamespaceInjection() resource.Resource {
	return &namespaceInjection{prerequisiteResource[injectionModel, *injectionModel]{
		name:     "namespace_injection",
		read:     "Cannot read the namespace's injection labels",
		enforce:  "Cannot set the namespace's injection labels",
		undo:     "Cannot restore the namespace's injection labels",
		patience: 5 * time.Minute,
	}}
}

type injectionModel struct {
	clusterRef
	Namespace types.String `tfsdk:"namespace"`
	Revision  types.String `tfsdk:"revision"`
	Injection types.String `tfsdk:"istio_injection"`
	commonModel
}

type namespaceKey struct {
	clusterRef
	Namespace types.String `tfsdk:"namespace"`
}

func (r *namespaceInjection) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes := map[string]schema.Attribute{
		"namespace": namespaceArgument("The namespace. It must exist: this resource neither makes nor deletes it."),
		"revision": schema.StringAttribute{
			Required: true,
			MarkdownDescription: "What injects the pods: `default` for the label `istio-injection=enabled`, or a revision, `asm-managed`, " +
				"`asm-managed-rapid` or `asm-managed-stable`, for the label `istio.io/rev`; `provider::asm::revision(\"regular\")` gives the " +
				"name for a channel. A revision is also met by `istio-injection=enabled` where the default tag's webhook injects by that " +
				"revision. Terraform shows the change back when another client took the label away.",
			Validators: []validator.String{isRevision},
		},
		"istio_injection": schema.StringAttribute{
			Computed:            true,
			MarkdownDescription: "The label `istio-injection` where it keeps `revision` from injecting the pods, and is removed.",
		},
		"deletion_policy": deletionPolicy("restores the labels that the namespace had before this resource changed them"),
	}
	maps.Copy(attributes, clusterRefAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "The labels of a namespace make the managed control plane inject its pods. Which label is right depends on " +
			"the cluster:\n\n" +
			"- **`istio-injection=enabled`** (`revision = \"default\"`) is what [Google's " +
			"tutorials](https://cloud.google.com/service-mesh/docs/deploy-bookinfo) set: the only way that they have for the control plane " +
			"implementation `TRAFFIC_DIRECTOR`, and the recommended one for `ISTIOD`. It needs the webhook of the default tag, " +
			"`istio-revision-tag-default`, which this resource looks for before it sets the label.\n" +
			"- **`istio.io/rev`** names a revision. It is right without that webhook, and where an in-cluster istiod is still there: that takes " +
			"the pods of namespaces with `istio-injection=enabled` (`istiod.istio-system`).\n\n" +
			"Both labels together are not defined. Which implementation a membership has is in `asm_mesh_health`, what injects each " +
			"namespace in `asm_sidecar_injection`.\n\n" +
			"These two labels are changed and nothing else of the namespace: it may be a `kubernetes_namespace` of its own, with `lifecycle { " +
			"ignore_changes = [metadata[0].labels] }` there. Pods that run keep their proxy until they are restarted.",
		Attributes: attributes,
		Blocks:     timeoutsBlock(ctx),
	}
}

func namespaceArgument(means string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: means,
		Validators:          []validator.String{isNamespace},
	}
}

func (r *namespaceInjection) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := clusterRefIdentity()
	attributes["namespace"] = identityschema.StringAttribute{RequiredForImport: true, Description: "The namespace."}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

func (m *injectionModel) identity() any { return namespaceKey{m.clusterRef, m.Namespace} }

func (m *injectionModel) desired() string {
	return m.Revision.ValueString() + "/" + m.Injection.ValueString()
}

func (m *injectionModel) names() []nameArgument {
	return append(m.clusterNames(), plainName("namespace", &m.Namespace))
}

func (m *injectionModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	target, err := m.target()
	return &prereq.NamespaceInjection{Clusters: data.Clusters, Target: target, Namespace: m.Namespace.ValueString(),
		Revision: m.Revision.ValueString()}, err
}

func (m *injectionModel) take(state prereq.State) {
	s := state.(prereq.InjectionState)
	revision, injection := s.Shown()
	m.Revision, m.Injection = orNull(revision), orNull(injection)
}

func (r *namespaceInjection) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	_, plan, state, ok := planned[injectionModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	replaced := r.keepNames(ctx, plan, state, resp)
	plan.Injection = types.StringNull()
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state == nil || replaced || !plan.known() || plan.Revision.IsUnknown() || plan.Namespace.IsUnknown() {
		return
	}
	if p, err := plan.prerequisite(&Data{}); err == nil {
		seen := prereq.SeenInjection(p.Subject(), state.Revision.ValueString(), state.Injection.ValueString(), plan.Revision.ValueString())
		r.warn(ctx, req.Private, state, plan, seen, &resp.Diagnostics)
	}
}

// ImportState takes CLUSTER_OR_MEMBERSHIP/namespaces/NAMESPACE, or the identity.
func (r *namespaceInjection) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var id namespaceKey
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	} else {
		place, rest, err := parseClusterRef(req.ID)
		name, found := strings.CutPrefix(rest, "namespaces/")
		if err == nil && !found {
			err = errClusterRef
		}
		if err == nil {
			err = cluster.CheckNamespace(name)
		}
		if err != nil {
			resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error())+" The import ID reads "+
				"projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP/namespaces/NAMESPACE, or the same with clusters/CLUSTER.")
		}
		id = namespaceKey{place, types.StringValue(name)}
	}
	if !resp.Diagnostics.HasError() {
		id.set(ctx, resp)
	}
}

// set begins the state of an imported resource.
func (k namespaceKey) set(ctx context.Context, resp *resource.ImportStateResponse) {
	k.clusterRef.set(ctx, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), k.Namespace)...)
}

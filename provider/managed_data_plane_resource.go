package provider

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

type managedDataPlane struct {
	prerequisiteResource[dataPlaneModel, *dataPlaneModel]
}

var (
	_ resource.ResourceWithConfigure   = (*managedDataPlane)(nil)
	_ resource.ResourceWithModifyPlan  = (*managedDataPlane)(nil)
	_ resource.ResourceWithImportState = (*managedDataPlane)(nil)
	_ resource.ResourceWithIdentity    = (*managedDataPlane)(nil)
)

func newManagedDataPlane() resource.Resource {
	return &managedDataPlane{prerequisiteResource[dataPlaneModel, *dataPlaneModel]{
		name:     "managed_data_plane",
		read:     "Cannot tell whether the data plane is managed",
		enforce:  "Cannot set whether the data plane is managed",
		undo:     "Cannot restore whether the data plane is managed",
		patience: 5 * time.Minute,
	}}
}

type dataPlaneModel struct {
	clusterRef
	Namespace types.String `tfsdk:"namespace"`
	Revision  types.String `tfsdk:"revision"`
	Managed   types.Bool   `tfsdk:"managed"`
	commonModel
}

type dataPlaneKey struct {
	clusterRef
	Namespace types.String `tfsdk:"namespace"`
	Revision  types.String `tfsdk:"revision"`
}

func (r *managedDataPlane) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	one := stringvalidator.ExactlyOneOf(path.MatchRoot("revision")) // told once, at namespace
	attributes := map[string]schema.Attribute{
		"namespace": schema.StringAttribute{
			Optional: true, Validators: []validator.String{isNamespace, one},
			MarkdownDescription: "The namespace whose proxies Google upgrades. Exactly one of `namespace` and `revision` is given.",
		},
		"revision": schema.StringAttribute{
			Optional: true, Validators: []validator.String{isRevision},
			MarkdownDescription: "The ControlPlaneRevision all of whose proxies Google upgrades, such as `asm-managed`.",
		},
		"managed": schema.BoolAttribute{
			Optional: true, Computed: true, Default: booldefault.StaticBool(true),
			MarkdownDescription: "Whether Google upgrades the proxies. Default: `true`. What a namespace says goes before what its revision says, " +
				"and a pod's own annotation before both. Terraform shows the change back to it when another client changed the annotation.",
		},
		"deletion_policy": deletionPolicy("restores the annotation as it was before this resource changed it"),
	}
	maps.Copy(attributes, clusterRefAttributes())
	resp.Schema = schema.Schema{
		MarkdownDescription: "The managed data plane is on, or off, for a namespace or a whole revision: the annotation " +
			"`mesh.cloud.google.com/proxy` says `{\"managed\":\"true\"}`. Without it, the data plane's state is `DISABLED`, and proxies keep " +
			"their version until a person restarts the workloads.\n\n" +
			"Google upgrades proxies by **evicting pods**, within their disruption budgets and the cluster's maintenance windows. Other keys of " +
			"the annotation, and everything else of the namespace or revision, stay as they are.",
		Attributes: attributes,
		Blocks:     timeoutsBlock(ctx),
	}
}

func (r *managedDataPlane) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	attributes := clusterRefIdentity()
	attributes["namespace"] = identityschema.StringAttribute{OptionalForImport: true,
		Description: "The namespace, or else a revision is given."}
	attributes["revision"] = identityschema.StringAttribute{OptionalForImport: true, Description: "The ControlPlaneRevision, or else a " +
		"namespace is given."}
	resp.IdentitySchema = identityschema.Schema{Attributes: attributes}
}

func (m *dataPlaneModel) identity() any { return dataPlaneKey{m.clusterRef, m.Namespace, m.Revision} }

func (m *dataPlaneModel) desired() string { return m.Managed.String() }

func (m *dataPlaneModel) names() []nameArgument {
	return append(m.clusterNames(), plainName("namespace", &m.Namespace), plainName("revision", &m.Revision))
}

func (m *dataPlaneModel) prerequisite(data *Data) (prereq.Prerequisite, error) {
	target, err := m.target()
	return &prereq.ManagedDataPlane{
		Clusters: data.Clusters, Target: target,
		Namespace: m.Namespace.ValueString(), Revision: m.Revision.ValueString(), Managed: m.Managed.ValueBool(),
	}, err
}

func (m *dataPlaneModel) take(state prereq.State) {
	s := state.(prereq.DataPlaneState)
	m.Managed = types.BoolNull()
	if s.Set {
		m.Managed = types.BoolValue(s.Managed)
	}
}

func (r *managedDataPlane) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	_, plan, state, ok := planned[dataPlaneModel](ctx, req, &resp.Diagnostics)
	if !ok {
		return
	}
	replaced := r.keepNames(ctx, plan, state, resp)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
	if state == nil || replaced || !plan.known() || plan.Managed.IsUnknown() || plan.Namespace.IsUnknown() || plan.Revision.IsUnknown() {
		return
	}
	if p, err := plan.prerequisite(&Data{}); err == nil {
		r.warn(ctx, req.Private, state, plan, prereq.SeenDataPlane(p.Subject(), state.Managed.ValueBoolPointer(), plan.Managed.ValueBool()),
			&resp.Diagnostics)
	}
}

// ImportState takes CLUSTER_OR_MEMBERSHIP/namespaces/NAMESPACE or
// CLUSTER_OR_MEMBERSHIP/controlplanerevisions/REVISION, or the identity.
func (r *managedDataPlane) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	var id dataPlaneKey
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &id)...)
	} else {
		var err error
		if id, err = parseDataPlane(req.ID); err != nil {
			resp.Diagnostics.AddError("Invalid import ID", sentence(err.Error())+" The import ID reads "+
				"projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP/namespaces/NAMESPACE, or the same with clusters/CLUSTER, or with "+
				"controlplanerevisions/REVISION at its end.")
		}
	}
	if resp.Diagnostics.HasError() {
		return
	}
	id.set(ctx, resp)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), id.Namespace)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("revision"), id.Revision)...)
}

func parseDataPlane(text string) (dataPlaneKey, error) {
	place, rest, err := parseClusterRef(text)
	if err != nil {
		return dataPlaneKey{}, err
	}
	kind, name, _ := strings.Cut(rest, "/")
	switch kind {
	case "namespaces":
		return dataPlaneKey{clusterRef: place, Namespace: types.StringValue(name)}, cluster.CheckNamespace(name)
	case "controlplanerevisions":
		return dataPlaneKey{clusterRef: place, Revision: types.StringValue(name)}, mesh.CheckRevision(name)
	}
	return dataPlaneKey{}, fmt.Errorf("%q names neither a namespace nor a revision", text)
}

package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// replaceIfRenamed replaces a resource when its argument names something else. Another spelling of the same name changes
// nothing: the state keeps its own. To replace the resource would take the prerequisite away and bring it back, or with
// create_before_destroy take it away for good.
type replaceIfRenamed struct {
	same func(a, b string) bool
}

var (
	replaceIfCluster    = replaceIfRenamed{sameCluster}
	replaceIfMembership = replaceIfRenamed{sameMembership}
)

func sameCluster(a, b string) bool {
	x, err1 := mesh.ParseCluster(a)
	y, err2 := mesh.ParseCluster(b)
	return err1 == nil && err2 == nil && x == y
}

func sameMembership(a, b string) bool {
	x, err1 := mesh.ParseMembership(a)
	y, err2 := mesh.ParseMembership(b)
	return err1 == nil && err2 == nil && x == y
}

// Description implements planmodifier.Describer.
func (replaceIfRenamed) Description(context.Context) string {
	return "Another name replaces the resource; another spelling of the same name does not."
}

// MarkdownDescription implements planmodifier.Describer.
func (m replaceIfRenamed) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (m replaceIfRenamed) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.PlanValue.Equal(req.StateValue) {
		return
	}
	if !req.PlanValue.IsUnknown() && m.same(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
		return
	}
	resp.RequiresReplace = true
}

// sameProject reports whether two known values name one project, which may be named by its ID and by its number. It is
// false where that cannot be read.
func (d *Data) sameProject(ctx context.Context, a, b types.String) bool {
	switch {
	case a.IsNull() || a.IsUnknown() || b.IsNull() || b.IsUnknown():
		return false
	case a.Equal(b):
		return true
	case d == nil || d.Client == nil || mesh.IsProjectNumber(a.ValueString()) == mesh.IsProjectNumber(b.ValueString()):
		return false
	}
	x, err1 := d.Client.ProjectNumber(ctx, a.ValueString())
	y, err2 := d.Client.ProjectNumber(ctx, b.ValueString())
	return err1 == nil && err2 == nil && x == y
}

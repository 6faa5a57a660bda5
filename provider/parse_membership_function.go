package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

type parseMembership struct{}

var _ function.Function = parseMembership{}

func newParseMembershipFunction() function.Function { return parseMembership{} }

type membershipParts struct {
	Project  string `tfsdk:"project"`
	Location string `tfsdk:"location"`
	Name     string `tfsdk:"name"`
	ID       string `tfsdk:"id"`
}

func (parseMembership) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "parse_membership"
}

func (parseMembership) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Parts of a fleet membership's resource name",
		MarkdownDescription: "Returns an object with `project`, `location`, `name` and `id`, the canonical resource name. A leading " +
			"`//gkehub.googleapis.com/` is tolerated.",
		Parameters: []function.Parameter{function.StringParameter{Name: "membership",
			MarkdownDescription: "`projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP`."}},
		Return: function.ObjectReturn{AttributeTypes: map[string]attr.Type{
			"project": types.StringType, "location": types.StringType, "name": types.StringType, "id": types.StringType,
		}},
	}
}

func (parseMembership) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name string
	if resp.Error = req.Arguments.Get(ctx, &name); resp.Error != nil {
		return
	}
	m, err := mesh.ParseMembership(name)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, membershipParts{m.Project, m.Location, m.Name, m.String()})
}

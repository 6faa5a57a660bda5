package lang

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// meshFunctions are the provider's functions of the same names.
var meshFunctions = []Function{
	{
		"revision(channel)",
		"Name of the managed control plane revision of a release channel (`regular`, `rapid`, `stable`): `asm-managed`, `asm-managed-rapid` or " +
			"`asm-managed-stable`.",
		groupMesh,
		text("channel", mesh.Revision),
	},
	{
		"workload_pool(project)",
		"Workload pool that managed mesh accepts for a cluster of a project: `PROJECT_ID.svc.id.goog`. Takes the ID, not the number.",
		groupMesh,
		text("project", func(id string) (string, error) {
			return mesh.WorkloadPool(id), mesh.CheckProjectID(id)
		}),
	},
	{
		"service_agent(number)",
		"E-mail address of the mesh service agent of the fleet whose host project has this number.",
		groupMesh,
		text("number", func(number string) (string, error) {
			return mesh.ServiceAgent(number), mesh.CheckProjectNumber(number)
		}),
	},
	{"parse_membership(name)", "Parts of a membership's resource name: an object with `project`, `location`, `name` and `id`.", groupMesh,
		parseMembership},
}

func text(parameter string, call func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: parameter, Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			result, err := call(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(result), nil
		},
	})
}

var parseMembership = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "name", Type: cty.String}},
	Type: function.StaticReturnType(cty.Object(map[string]cty.Type{
		"project": cty.String, "location": cty.String, "name": cty.String, "id": cty.String,
	})),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		m, err := mesh.ParseMembership(args[0].AsString())
		if err != nil {
			return cty.NilVal, function.NewArgError(0, err)
		}
		return cty.ObjectVal(map[string]cty.Value{
			"project": cty.StringVal(m.Project), "location": cty.StringVal(m.Location), "name": cty.StringVal(m.Name),
			"id": cty.StringVal(m.String()),
		}), nil
	},
})

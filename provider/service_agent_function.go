package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// stringFunction is a function from one string to another.
type stringFunction struct {
	name, summary, description string
	parameter, about           string
	call                       func(string) (string, error)
}

var _ function.Function = stringFunction{}

func (f stringFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = f.name
}

func (f stringFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: f.summary, MarkdownDescription: f.description,
		Parameters: []function.Parameter{function.StringParameter{Name: f.parameter, MarkdownDescription: f.about}},
		Return:     function.StringReturn{},
	}
}

func (f stringFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument string
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	result, err := f.call(argument)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, sentence(err.Error()))
		return
	}
	resp.Error = resp.Result.Set(ctx, result)
}

func newServiceAgentFunction() function.Function {
	return stringFunction{
		name:    "service_agent",
		summary: "E-mail address of a fleet's mesh service agent",
		description: "Returns `service-PROJECT_NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com`, the mesh service agent of the fleet whose " +
			"host project has this number. Computed, not looked up: it works offline.",
		parameter: "project_number", about: "Number of the fleet's host project.",
		call: func(number string) (string, error) {
			if err := mesh.CheckProjectNumber(number); err != nil {
				return "", err
			}
			return mesh.ServiceAgent(number), nil
		},
	}
}

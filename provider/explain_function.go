package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
)

type explainFunction struct{}

var _ function.Function = explainFunction{}

func newExplainFunction() function.Function { return explainFunction{} }

type explanation struct {
	Code        string            `tfsdk:"code"`
	Title       string            `tfsdk:"title"`
	Means       string            `tfsdk:"means"`
	Cause       string            `tfsdk:"cause"`
	Remedy      string            `tfsdk:"remedy"`
	NextCommand string            `tfsdk:"next_command"`
	FixedBy     string            `tfsdk:"fixed_by"`
	Variables   map[string]string `tfsdk:"variables"`
	Established bool              `tfsdk:"established"`
	DocURL      string            `tfsdk:"doc_url"`
}

func (explainFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "explain"
}

func (explainFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	text := types.StringType
	resp.Definition = function.Definition{
		Summary: "What a message of managed mesh means",
		MarkdownDescription: "Recognises a message of the mesh, its installer, gcloud, kubectl or a log, in English or Chinese and with noise " +
			"around it, or a whole output of gcloud or kubectl in YAML or JSON, and returns a list of objects, root causes first: " +
			"`code`, `title`, `means`, `cause`, `remedy`, `next_command`, `fixed_by` (the resource of this provider, or empty), `variables`, " +
			"`established` (`false` where it is inferred) and `doc_url`. " +
			"A message that is not known gives an empty list. It works offline.",
		Parameters: []function.Parameter{function.StringParameter{Name: "message", MarkdownDescription: "The message, as it was met."}},
		Return: function.ListReturn{ElementType: types.ObjectType{AttrTypes: map[string]attr.Type{
			"code": text, "title": text, "means": text, "cause": text, "remedy": text, "next_command": text, "fixed_by": text,
			"variables": types.MapType{ElemType: text}, "established": types.BoolType, "doc_url": text,
		}}},
	}
}

func (explainFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var message string
	if resp.Error = req.Arguments.Get(ctx, &message); resp.Error != nil {
		return
	}
	found := []explanation{}
	for _, e := range explain.Explain(message) {
		variables := e.Variables
		if variables == nil {
			variables = map[string]string{}
		}
		found = append(found, explanation{
			string(e.Code), e.Title, e.Means, e.Cause, e.Remedy, e.NextCommand, e.FixedBy, variables, e.Established, e.DocURL,
		})
	}
	resp.Error = resp.Result.Set(ctx, found)
}

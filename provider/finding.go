package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// findingModel is a finding as Terraform sees it.
type findingModel struct {
	Code        types.String `tfsdk:"code"`
	Severity    types.String `tfsdk:"severity"`
	Subject     types.String `tfsdk:"subject"`
	Detail      types.String `tfsdk:"detail"`
	Message     types.String `tfsdk:"message"`
	Remediation types.String `tfsdk:"remediation"`
	FixedBy     types.String `tfsdk:"fixed_by"`
	DocURL      types.String `tfsdk:"doc_url"`
}

func findingModels(findings []catalogue.Finding) []findingModel {
	models := []findingModel{}
	for _, f := range findings {
		models = append(models, findingModel{
			Code: types.StringValue(string(f.Code)), Severity: types.StringValue(string(f.Severity)),
			Subject: types.StringValue(f.Subject), Detail: orNull(f.Detail), Message: types.StringValue(f.Message),
			Remediation: types.StringValue(f.Remediation), FixedBy: orNull(f.FixedBy), DocURL: orNull(f.DocURL),
		})
	}
	return models
}

// orNull is null for what an API left out.
func orNull(s string) types.String {
	if s == "" {
		return types.StringNull()
	}
	return types.StringValue(s)
}

// computedStrings documents a group of computed strings.
func computedStrings(descriptions map[string]string) map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for name, d := range descriptions {
		attributes[name] = schema.StringAttribute{Computed: true, MarkdownDescription: d}
	}
	return attributes
}

func findingsAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		Computed:            true,
		MarkdownDescription: "What is wrong, in a stable order: by subject, root causes first.",
		NestedObject: schema.NestedAttributeObject{Attributes: computedStrings(map[string]string{
			"code":        "Stable name of the kind of finding.",
			"severity":    "`error`, `warning` or `info`.",
			"subject":     "Full resource name of what it is about.",
			"detail":      "What it is about where its code covers many: a condition's code, a stop code, a state, an API.",
			"message":     "What is wrong there, with the API's own words.",
			"remediation": "What to do.",
			"fixed_by":    "The resource of this provider that corrects it, if any.",
			"doc_url":     "Google's documentation.",
		})},
	}
}

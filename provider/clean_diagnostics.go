package provider

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	reports "github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// cleanDiagnostics lets no control character reach a terminal: diagnostics hold text of APIs and clusters, such as the refusal of a
// webhook, which Terraform prints as it is.
func cleanDiagnostics(response any) {
	var all []*tfprotov6.Diagnostic
	switch r := response.(type) {
	case *tfprotov6.ValidateResourceConfigResponse:
		all = r.Diagnostics
	case *tfprotov6.UpgradeResourceStateResponse:
		all = r.Diagnostics
	case *tfprotov6.UpgradeResourceIdentityResponse:
		all = r.Diagnostics
	case *tfprotov6.ReadResourceResponse:
		all = r.Diagnostics
	case *tfprotov6.PlanResourceChangeResponse:
		all = r.Diagnostics
	case *tfprotov6.ApplyResourceChangeResponse:
		all = r.Diagnostics
	case *tfprotov6.ImportResourceStateResponse:
		all = r.Diagnostics
	case *tfprotov6.ValidateDataResourceConfigResponse:
		all = r.Diagnostics
	case *tfprotov6.ReadDataSourceResponse:
		all = r.Diagnostics
	case *tfprotov6.ConfigureProviderResponse:
		all = r.Diagnostics
	case *tfprotov6.CallFunctionResponse:
		if r.Error != nil {
			r.Error.Text = reports.CleanLines(r.Error.Text)
		}
	}
	for _, d := range all {
		d.Summary, d.Detail = reports.Clean(d.Summary), reports.CleanLines(d.Detail)
	}
}

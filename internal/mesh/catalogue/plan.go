package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about a Terraform plan. Only plan-report reports them.
const (
	ResourceGone   Code = "resource-gone"
	CheckFailed    Code = "check-failed"
	CheckUndecided Code = "check-undecided"
)

const (
	docPlanJSON = "https://developer.hashicorp.com/terraform/internals/json-format"
	docChecks   = "https://developer.hashicorp.com/terraform/language/checks"
)

var planFindings = []Description{
	{
		Code: ResourceGone, Title: "The object of a resource is gone", Severity: Error, Kind: mesh.ClusterPool,
		Means: "The refresh has removed a resource of this provider from the state, because its project, cluster, membership or namespace " +
			"no longer exists. The plan would create it, and that fails.",
		JudgedBy: "terraform show -json, resource_drift[].change.actions delete",
		Cause:    "The project, cluster, membership or namespace was deleted.",
		Source:   "Terraform's JSON output format; this provider's own reads, which remove nothing else",

		Established: true,
		Remedy:      "Restore what was deleted, or remove the resource from the configuration.",
		DocURL:      docPlanJSON,
	},
	{
		Code: CheckFailed, Title: "A check of the configuration fails", Severity: Error, Kind: mesh.ControlPlane,
		Means: "A check block, or a condition of a resource or output, is not met. Terraform shows it as a warning, and its exit code " +
			"does not show it.",
		JudgedBy:    "terraform show -json, checks[].status fail",
		Cause:       "What the check reads does not meet its condition. Its message names it.",
		Source:      "Terraform's JSON output format; hashicorp/terraform#33174",
		Established: true,
		Remedy:      "Follow the check's message.",
		DocURL:      docChecks,
	},
	{
		Code: CheckUndecided, Title: "A check of the configuration has no result", Severity: Warning, Kind: mesh.ControlPlane,
		Means:       "Terraform could not decide a check: what it reads is not known before apply, or its evaluation failed.",
		JudgedBy:    "terraform show -json, checks[].status unknown or error",
		Cause:       "The check reads something that a planned change creates, or its condition has an error.",
		Source:      "Terraform's JSON output format",
		Established: true,
		Remedy:      "Apply what is planned and plan again. If it stays, see the output of terraform plan about the check.",
		DocURL:      docChecks,
	},
}

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
		Code: ResourceGone, Title: "What a resource is about is gone", Severity: Error, Kind: mesh.ClusterPool,
		Means: "The refresh has taken a resource of this provider out of the state, because the project, cluster, membership or namespace " +
			"that it is about does not exist any more. The plan would create it, and that fails.",
		JudgedBy: "terraform show -json, resource_drift[].change.actions delete",
		Cause:    "Somebody deleted the project, cluster, membership or namespace.",
		Source:   "Terraform's JSON output format; this provider's own reads, which take out nothing else",

		Established: true,
		Remedy:      "Restore what was deleted, or take the resource out of the configuration.",
		DocURL:      docPlanJSON,
	},
	{
		Code: CheckFailed, Title: "A check of the configuration fails", Severity: Error, Kind: mesh.ControlPlane,
		Means: "A check block, or a condition of a resource or output, is not met. Terraform shows it as a warning, and its exit code " +
			"says nothing of it.",
		JudgedBy:    "terraform show -json, checks[].status fail",
		Cause:       "What the check looks at is not as its author asks for. Its message says what.",
		Source:      "Terraform's JSON output format; hashicorp/terraform#33174",
		Established: true,
		Remedy:      "Look into what the check's message says.",
		DocURL:      docChecks,
	},
	{
		Code: CheckUndecided, Title: "A check of the configuration has no result", Severity: Warning, Kind: mesh.ControlPlane,
		Means:       "Terraform could not decide a check: what it looks at is not known before apply, or evaluating it failed.",
		JudgedBy:    "terraform show -json, checks[].status unknown or error",
		Cause:       "The check reads something that a planned change makes, or its condition has an error.",
		Source:      "Terraform's JSON output format",
		Established: true,
		Remedy:      "Apply what is planned and plan again. If it stays, see what terraform plan says about the check.",
		DocURL:      docChecks,
	},
}

package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about what the mesh says of itself.
const (
	ConditionReported Code = "mesh-condition"
	UnlistedValue     Code = "unlisted-value"
	NothingWrong      Code = "nothing-wrong"
)

var conditionFindings = []Description{
	{
		Code: ConditionReported, Title: "The mesh reports a condition", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "The mesh reports a condition.",
		JudgedBy:    "gkehub features.get, membershipStates[].servicemesh.conditions[] and state.servicemesh.conditions[]",
		Cause:       "See the condition: each code has its own.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "See the condition's documentation.",
		Runbook:     runEvidence, DocURL: docConditions,
		Blocks: []Code{ControlPlaneState, MembershipState, RevisionsUnhealthy},
	},
	{
		Code: UnlistedValue, Title: "The API answered with a value that is not known", Severity: Warning, Kind: mesh.ControlPlane,
		Means:       "The API answered with a value that this version does not know.",
		JudgedBy:    "the field named in the message",
		Cause:       "The API has grown since this version, or left a field out.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Look the value up in the documentation, and update the provider.",
		DocURL:      docTroubleshoot,
	},
	{
		Code: NothingWrong, Title: "This part works", Severity: Info, Kind: mesh.ControlPlane,
		Means:       "What was given to explain is how a part of the mesh that works reports itself. No check reports it.",
		JudgedBy:    "the text given to explain",
		Cause:       "Nothing is wrong with that part.",
		Source:      pagePlane + "; " + pageDataPlane,
		Established: true,
		Remedy:      "Nothing. If the mesh does not do what it should, diagnose it.",
		DocURL:      docTroubleshoot,
	},
}

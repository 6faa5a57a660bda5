package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about a membership that is not where the mesh's configuration or its cluster says.
const (
	MembershipElsewhere Code = "membership-at-other-location"
	SpecOrphaned        Code = "membership-spec-orphaned"
	ClusterOtherFleet   Code = "cluster-in-other-fleet"
)

var membershipFindings = []Description{
	{
		Code: MembershipElsewhere, Title: "The mesh is asked for at another location than the membership's", Severity: Error,
		Kind: mesh.MeshManagement, Single: true,
		Means: "The mesh feature has a configuration for a membership of this name at another location, where the fleet has none. GKE Hub " +
			"goes by the full name, so this membership has no configuration, and its mesh is not managed.",
		JudgedBy: "gkehub features.get, membershipSpecs, beside memberships.list",
		Cause: "The membership was registered again in its cluster's region, where it was global before, or a configuration leaves its " +
			"location out.",
		Source:      "GKE Hub API; issues 16795 and 20847 of hashicorp/terraform-provider-google",
		Established: true,
		Remedy: "Ask for the mesh at the membership's own location: gcloud container fleet mesh update --management automatic --memberships " +
			"MEMBERSHIP --location LOCATION. Correct membership_location in the configuration that names the other.",
		FixedBy: mesh.MeshManagement.Resource(), Runbook: runProvision, DocURL: docProvision,
		Blocks: []Code{SpecState, RevisionMissing},
	},
	{
		Code: SpecOrphaned, Title: "The mesh is asked for a membership that is not in the fleet", Severity: Error, Kind: mesh.MeshManagement,
		Single: true,
		Means: "The mesh feature has a configuration for a membership that the fleet does not have, so that nothing is managed by it. " +
			"Where its cluster runs a mesh, nobody updates or repairs that.",
		JudgedBy: "gkehub features.get, membershipSpecs and membershipStates, beside memberships.list",
		Cause:    "The cluster was unregistered while its mesh was managed, or a configuration names a membership that was never there.",
		Source:   sourceHub + "; that GKE Hub keeps the configuration of a membership that is deleted is inferred",
		Remedy: "If the cluster is to have a mesh, register it again under this name; otherwise take the membership out of the feature's " +
			"configuration.",
		DocURL: docProvision,
	},
	{
		Code: ClusterOtherFleet, Title: "The cluster is a member of another fleet", Severity: Error, Kind: mesh.MembershipIdentity,
		Single: true,
		Means: "A membership of this fleet names a cluster that says that it is a member of another fleet. A cluster is in one fleet only, " +
			"so the mesh of this fleet does not reach it.",
		JudgedBy: "container clusters.get, fleet.project and fleet.membership, beside gkehub memberships.list",
		Cause: "The cluster was registered in another fleet, or made anew there, and the membership here was left behind; or two " +
			"configurations register one cluster.",
		Source: "GKE API, Fleet.membership; asmcli validate, which compares the owner of the cluster's Membership; that the mesh of the " +
			"first fleet ends with it is inferred",
		Remedy: "Decide which fleet is to have the cluster. Diagnose that one, or unregister the cluster there and register it here again: " +
			"gcloud container clusters update CLUSTER --location LOCATION --fleet-project FLEET_PROJECT.",
		DocURL: docProvision,
		Blocks: []Code{MembershipNotReported, MembershipState, ControlPlaneState, DataPlaneState, RevisionsUnhealthy, RevisionMissing,
			RevisionNotReady, Unreadable},
	},
}

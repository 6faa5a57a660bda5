package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about the fleet, its memberships and what is asked of them.
const (
	IdentityMissing       Code = "membership-identity-missing"
	IdentityWrong         Code = "membership-identity-wrong"
	FeatureDisabled       Code = "mesh-feature-disabled"
	FeatureNotReady       Code = "mesh-feature-not-ready"
	FleetsSeveral         Code = "fleets-several"
	MembershipNotReported Code = "membership-not-reported"
	MembershipState       Code = "membership-state"
	MembershipOutOfSync   Code = "membership-out-of-sync"
	NotManaged            Code = "mesh-not-managed"
	ManagementDiffers     Code = "mesh-management-differs"
	SpecState             Code = "spec-differs-from-state"
)

var fleetFindings = []Description{
	{
		Code: IdentityMissing, Title: "The membership has no identity provider", Severity: Error, Kind: mesh.MembershipIdentity,
		Single: true,
		Means: "The fleet membership has no identity provider, so the mesh cannot identify a workload: it was registered before Workload " +
			"Identity was on. The installer says \"Cluster has memberships.hub.gke.io CRD but no identity provider specified\".",
		JudgedBy: "gkehub memberships.get, authority",
		Cause:    "The cluster was registered before Workload Identity was enabled on it, or without --enable-workload-identity.",
		Source:   pageIdentity + "; that an absent authority is its sign is inferred",
		Remedy:   "Turn on the cluster's workload pool, then set the membership's authority.",
		FixedBy:  mesh.MembershipIdentity.Resource(), Runbook: runMembership, DocURL: docTroubleshoot,
		Blocks: []Code{RevisionMissing},
	},
	{
		Code: IdentityWrong, Title: "The membership's identity provider is another cluster's", Severity: Error, Kind: mesh.MembershipIdentity,
		Single: true,
		Means: "The fleet membership's identity provider is not the cluster that it is a membership of. An issuer cannot be changed, " +
			"only cleared and set again.",
		JudgedBy:    "gkehub memberships.get, authority.issuer",
		Cause:       "The cluster was recreated under its name, or registered with an issuer given by hand.",
		Source:      "GKE Hub API, Authority.issuer",
		Established: true,
		Remedy:      "Find out who set it; clear the authority and set the cluster's own while no workload relies on the old one.",
		FixedBy:     mesh.MembershipIdentity.Resource(), Runbook: runMembership, DocURL: docTroubleshoot,
	},
	{
		Code: FeatureDisabled, Title: "The mesh feature is off in the fleet", Severity: Error, Kind: mesh.FleetFeature,
		Single:      true,
		Means:       "The mesh feature is not enabled in the fleet, so nothing is managed in it.",
		JudgedBy:    "gkehub features.get answers 404",
		Cause:       "It was never enabled, or was disabled.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Enable the feature: gcloud container fleet mesh enable --project FLEET_PROJECT.",
		Runbook:     runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{MembershipNotReported, ManagementDiffers, RevisionMissing, RevisionNotReady, ControlPlaneState},
	},
	{
		Code: FeatureNotReady, Title: "The mesh feature reports a problem", Severity: Warning, Kind: mesh.FleetFeature,
		Means:       "The mesh feature itself is in transition or reports a problem.",
		JudgedBy:    "gkehub features.get, resourceState.state and state.state.code",
		Cause:       "It is being enabled, changed or disabled, or Google reports a problem of the fleet as a whole.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Wait when it is in transition; otherwise read the description.",
		Runbook:     runEvidence, DocURL: docTroubleshoot,
		Blocks: []Code{MembershipNotReported},
	},
	{
		Code: FleetsSeveral, Title: "Clusters of one project are in several fleets", Severity: Warning, Kind: mesh.FleetFeature,
		Means:       "Clusters of one project are registered in more than one fleet. Managed mesh requires all clusters of a project in one.",
		JudgedBy:    "container clusters.list, fleet.project of each cluster",
		Cause:       "Clusters were registered at different times, or by different teams.",
		Source:      "Google's page on provisioning managed mesh",
		Established: true,
		Remedy:      "Decide on one fleet, and plan the move of the others: other fleet features share a membership.",
		DocURL:      docTroubleshoot,
	},
	{
		Code: MembershipNotReported, Title: "The fleet reports no mesh state", Severity: Error, Kind: mesh.ControlPlane,
		Means:    "The fleet reports no mesh state for this membership.",
		JudgedBy: "gkehub features.get, membershipStates",
		Cause:    "Management was asked for minutes ago, the membership is gone, or the mesh never got to it.",
		Source:   sourceHub + "; why a state is missing is inferred",
		Remedy:   "Check that the membership exists, and that mesh management is on for it: gcloud container fleet mesh describe.",
		Runbook:  runProvision, Blocks: []Code{RevisionMissing}, DocURL: docTroubleshoot,
	},
	{
		Code: MembershipState, Title: "The fleet reports trouble with this membership", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "The fleet reports trouble with the mesh of this membership.",
		JudgedBy:    "gkehub features.get, membershipStates[].state.code",
		Cause:       "It sums up what the control plane, the data plane and the conditions say.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Read the description and the conditions.",
		Runbook:     runEvidence, DocURL: docTroubleshoot,
	},
	{
		Code: MembershipOutOfSync, Title: "The membership differs from the fleet's default", Severity: Info, Kind: mesh.MeshManagement,
		Means:       "The membership took its mesh configuration from the fleet's default, and the default has changed since.",
		JudgedBy:    "gkehub features.get, membershipSpecs[].origin.type FLEET_OUT_OF_SYNC",
		Cause:       "The fleet's default was changed; that does not reach memberships that exist.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Nothing, if that is meant; otherwise set the membership's management.",
		FixedBy:     mesh.MeshManagement.Resource(), DocURL: docTroubleshoot,
	},
	{
		Code: NotManaged, Title: "Management is not asked for", Severity: Info, Kind: mesh.FleetFeature,
		Means:       "Google is not asked to manage the mesh of this membership.",
		JudgedBy:    "gkehub features.get, membershipSpecs[].mesh.management",
		Cause:       "Management is manual, is not installed, or was never set.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Nothing, if that is meant; otherwise gcloud container fleet mesh update --management automatic.",
		Runbook:     runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{RevisionMissing},
	},
	{
		Code: ManagementDiffers, Title: "Management is not what is asked for", Severity: Error, Kind: mesh.MeshManagement,
		Single: true,
		Means: "The membership's mesh management is not the configured one. It is a request, not a state: a switch leaves a running " +
			"control plane as it is for a while.",
		JudgedBy:    "gkehub features.get, membershipSpecs[].mesh.management",
		Cause:       "Somebody changed it, by gcloud, the console or another configuration, or it was never set.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Set the management of this membership alone.",
		FixedBy:     mesh.MeshManagement.Resource(), Runbook: runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{MembershipNotReported, RevisionMissing, SpecState},
	},
	{
		Code: SpecState, Title: "What runs is not what is asked for", Severity: Warning, Kind: mesh.MeshManagement,
		Means: "The management that is asked for and the control plane that runs disagree: one runs although management is manual or to be " +
			"removed.",
		JudgedBy: "gkehub features.get, membershipSpecs[].mesh.management beside membershipStates[].servicemesh.controlPlaneManagement.state",
		Cause:    "Switching management to manual leaves a control plane that runs as it is. Removing it takes a while.",
		Source:   "a published output: state ACTIVE after the switch to MANAGEMENT_MANUAL; that it lasts is inferred",
		Remedy:   "Decide which is meant. To keep the mesh managed, set management to automatic; to leave it, move the workloads first.",
		FixedBy:  mesh.MeshManagement.Resource(), Runbook: runProvision, DocURL: docTroubleshoot,
	},
}

package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about the managed control plane.
const (
	ControlPlaneState    Code = "control-plane-state"
	RevisionsUnhealthy   Code = "revisions-unhealthy"
	RevisionMissing      Code = "revision-missing"
	RevisionStalled      Code = "revision-stalled"
	RevisionNotReady     Code = "revision-not-ready"
	RevisionMismatch     Code = "revision-mismatch"
	RevisionsSeveral     Code = "revisions-several"
	ImplementationLegacy Code = "istiod-implementation-deprecated"
	ImplementationMoving Code = "implementation-updating"
)

var controlPlaneFindings = []Description{
	{
		Code: ControlPlaneState, Title: "The control plane is not active", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "The managed control plane is not active.",
		JudgedBy:    "gkehub features.get, membershipStates[].servicemesh.controlPlaneManagement.state",
		Cause:       "A prerequisite is not met, provisioning failed, or is still under way. The details and conditions name the reason.",
		Source:      pagePlane,
		Established: true,
		Remedy: "Correct the prerequisites first; then read the ControlPlaneRevision: kubectl describe controlplanerevision -n " +
			"istio-system.",
		Runbook: runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{DataPlaneState, MembershipState, RevisionsUnhealthy, InjectorMissing},
	},
	{
		Code: RevisionsUnhealthy, Title: "Revision(s) reporting unhealthy", Severity: Error, Kind: mesh.ControlPlane,
		Means:    "The mesh reports \"Revision(s) reporting unhealthy\": usually the mesh service agent lost " + mesh.AgentRole + ".",
		JudgedBy: "gkehub features.get, membershipStates[].state.description",
		Cause: "The mesh service agent lacks its role on the fleet, cluster or network host project, most often because Terraform, " +
			"Puppet or CI/CD revoked it. A stalled revision shows the same.",
		Source:      pageUnhealthy,
		Established: true,
		Remedy:      "Restore the binding with asm_service_agent_binding on the fleet, cluster and network host projects.",
		FixedBy:     mesh.ServiceAgentGrant.Resource(), Runbook: runBinding, DocURL: docTroubleshoot,
		Blocks: []Code{MembershipState},
	},
	{
		Code: RevisionMissing, Title: "There is no ControlPlaneRevision", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "The cluster has no ControlPlaneRevision, so no managed control plane was ever provisioned in it.",
		JudgedBy:    "mesh.cloud.google.com controlplanerevisions, list",
		Cause:       "Management was not requested, a prerequisite kept the mesh from starting, or the revision was deleted.",
		Source:      pagePlane,
		Established: true,
		Remedy: "Turn on mesh management for the membership: gcloud container fleet mesh update --management automatic --memberships " +
			"MEMBERSHIP.",
		FixedBy: mesh.MeshManagement.Resource(), Runbook: runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{InjectorMissing, InjectionNone},
	},
	{
		Code: RevisionStalled, Title: "A ControlPlaneRevision is stalled", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "A ControlPlaneRevision is stalled: provisioning does not continue without intervention.",
		JudgedBy:    "mesh.cloud.google.com controlplanerevisions, status.conditions[type=Stalled]",
		Cause:       "One of thirteen stop codes, which the condition's message names.",
		Source:      pageStops,
		Established: true,
		Remedy:      "See the stop code.",
		Runbook:     runEvidence, DocURL: docTroubleshoot,
		Blocks: []Code{ControlPlaneState, MembershipState, RevisionsUnhealthy, RevisionNotReady, InjectorMissing},
	},
	{
		Code: RevisionNotReady, Title: "A ControlPlaneRevision is not ready", Severity: Error, Kind: mesh.ControlPlane,
		Means: "A ControlPlaneRevision does not report that it works. Only the condition Reconciled reports that; ProvisioningFinished " +
			"is also true after a failure.",
		JudgedBy:    "mesh.cloud.google.com controlplanerevisions, status.conditions[type=Reconciled]",
		Cause:       "It is being provisioned, or it failed. Over ten minutes means failed.",
		Source:      pagePlane + "; Google's Go type for ProvisioningFinished",
		Established: true,
		Remedy:      "Wait while it is being provisioned, about ten minutes; afterwards correct the prerequisites and read the conditions.",
		Runbook:     runProvision, DocURL: docTroubleshoot,
		Blocks: []Code{ControlPlaneState, MembershipState, RevisionsUnhealthy, InjectorMissing},
	},
	{
		Code: RevisionMismatch, Title: "A ControlPlaneRevision has a field that is not accepted", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "A ControlPlaneRevision's name, namespace, channel or type is not one that managed mesh accepts.",
		JudgedBy:    "mesh.cloud.google.com controlplanerevisions, metadata and spec",
		Cause:       "It was written by hand or by a template. asm-managed is regular, asm-managed-rapid is rapid, asm-managed-stable is stable.",
		Source:      pageStops,
		Established: true,
		Remedy:      "Correct the field; for a wrong name or namespace, delete and create the revision.",
		Runbook:     runChannel, DocURL: docTroubleshoot,
		Blocks: []Code{RevisionStalled, RevisionNotReady},
	},
	{
		Code: RevisionsSeveral, Title: "There are several ControlPlaneRevisions", Severity: Info, Kind: mesh.ControlPlane,
		Means: "The cluster has more than one ControlPlaneRevision. Google does not support several channels in one cluster; the fleet may " +
			"report UNSUPPORTED_MULTIPLE_CONTROL_PLANES. With TRAFFIC_DIRECTOR there are no individual revisions to choose among: the one " +
			"that is there stands for what the mesh installs in the cluster, its webhooks and its CNI.",
		JudgedBy: "mesh.cloud.google.com controlplanerevisions, list",
		Cause:    "A move between channels is under way, or was not finished.",
		Source: "Google's tutorials, \"Enabling sidecar auto-injection\": remove one of two revisions (docs/deploy-bookinfo); page on " +
			"revisions (docs/revisions-overview)",
		Established: true,
		Remedy: "Keep the revision of the cluster's channel: move the namespaces that name the other one, best to istio-injection=enabled, " +
			"then delete it.",
		DocURL: docInjection,
	},
	{
		Code: ImplementationLegacy, Title: "The control plane runs the deprecated ISTIOD implementation", Severity: Warning,
		Kind: mesh.ControlPlane,
		Means: "The managed control plane is of the implementation ISTIOD. On GKE it is deprecated since 2026-09-28, and its support " +
			"ends on 2028-03-01; after that, proxies of clusters that were not modernized cannot send or receive requests. One fleet that is " +
			"not compatible keeps Google from modernizing the whole organization.",
		JudgedBy: "gkehub features.get, membershipStates[].servicemesh.controlPlaneManagement.implementation",
		Cause: "The mesh was provisioned before TRAFFIC_DIRECTOR, or GKE Sandbox or an in-cluster istiod in a cluster of the fleet pins it. " +
			"New meshes get TRAFFIC_DIRECTOR when possible; published outputs of 2026 show new ones with ISTIOD, without a reason.",
		Source: "Google's pages on modernization and supported features (docs/modernization, docs/supported-features-managed); release " +
			"notes of 2026-09-28",
		Established: true,
		Remedy: "Read the MODERNIZATION_* conditions and plan the move. Deployments are restarted for you, StatefulSets and DaemonSets " +
			"are not; it can be rolled back until it is finalized.",
		DocURL: docConditions,
	},
	{
		Code: ImplementationMoving, Title: "The control plane's implementation is being changed", Severity: Info, Kind: mesh.ControlPlane,
		Means:       "The control plane is being moved from one implementation to another.",
		JudgedBy:    "gkehub features.get, membershipStates[].servicemesh.controlPlaneManagement.implementation UPDATING",
		Cause:       "A modernization is under way.",
		Source:      sourceHub,
		Established: true,
		Remedy:      "Leave the mesh's configuration alone until it is done, and follow the MODERNIZATION_* conditions.",
		DocURL:      docConditions,
	},
}

package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about the GKE cluster and its project.
const (
	ProjectDeleted       Code = "project-deleted"
	ClusterMissing       Code = "cluster-missing"
	ClusterProjectOther  Code = "cluster-project-differs"
	PoolMissing          Code = "workload-pool-missing"
	PoolWrong            Code = "workload-pool-wrong"
	NodePoolNoMetadata   Code = "node-pool-without-gke-metadata"
	InstallerHealthCheck Code = "installer-health-check-failed"
)

var clusterFindings = []Description{
	{
		Code: ProjectDeleted, Title: "The project was deleted", Severity: Error, Kind: mesh.APIs,
		Means:       "The project is shut down and waits for its deletion, so nothing in it works.",
		JudgedBy:    "cloudresourcemanager projects.get, state DELETE_REQUESTED",
		Cause:       "It was deleted. That can be undone for 30 days.",
		Source:      "Resource Manager API",
		Established: true,
		Remedy:      "Restore it, if that was not intended: gcloud projects undelete PROJECT. Otherwise remove the memberships of its clusters.",
		Blocks:      []Code{ClusterMissing, MembershipState, ControlPlaneState, DataPlaneState, RevisionsUnhealthy, Unreadable},
		DocURL:      "https://cloud.google.com/resource-manager/docs/creating-managing-projects",
	},
	{
		Code: ClusterMissing, Title: "The membership's cluster is gone", Severity: Error, Kind: mesh.ClusterPool,
		Means:       "The fleet has a membership for a GKE cluster that does not exist.",
		JudgedBy:    "gkehub memberships.get, endpoint.gkeCluster.clusterMissing, or container clusters.get answers 404",
		Cause:       "The cluster was deleted and not removed from the fleet.",
		Source:      sourceHub,
		Established: true,
		Remedy: "Remove the membership from the fleet: gcloud container fleet memberships delete MEMBERSHIP. A cluster recreated under " +
			"the name must be registered again.",
		Blocks: []Code{MembershipState, ControlPlaneState, DataPlaneState, RevisionsUnhealthy, Unreadable},
		DocURL: docTroubleshoot,
	},
	{
		Code: ClusterProjectOther, Title: "The cluster is in another project than its fleet", Severity: Info, Kind: mesh.MembershipIdentity,
		Means: "The cluster belongs to another project than the fleet, so both projects need the APIs and the binding of the fleet's " +
			"mesh service agent.",
		JudgedBy: "container clusters.get, fleet.project, beside the cluster's project",
		Cause:    "The cluster was registered across projects.",
		Source: "Google's page on provisioning managed mesh. The stop code \"environ project\" on Google's older page refuses it; " +
			"Google's newer page dropped that row, so only older versions refuse it",
		Established: true,
		Remedy: "Nothing, when both projects meet the prerequisites. A revision that stalls with \"Cluster project and environ project do " +
			"not match\" must be registered in the fleet of its own project.",
		DocURL: docTroubleshoot,
	},
	{
		Code: PoolMissing, Title: "Workload Identity is off", Severity: Error, Kind: mesh.ClusterPool,
		Single: true,
		Means: "The cluster has no workload pool: Workload Identity is off, and the installer fails with HTTP 400 " +
			"HealthCheckContainerError.",
		JudgedBy:    "container clusters.get, workloadIdentityConfig.workloadPool",
		Cause:       "The cluster was created without Workload Identity, or an update removed the pool.",
		Source:      pageHTTP400,
		Established: true,
		Remedy:      "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
		FixedBy:     mesh.ClusterPool.Resource(), Runbook: runIdentity, DocURL: docTroubleshoot,
		Blocks: []Code{InstallerHealthCheck, RevisionStalled, RevisionMissing, RevisionNotReady, ConditionReported, ControlPlaneState,
			MembershipState, RevisionsUnhealthy},
	},
	{
		Code: PoolWrong, Title: "The workload pool is not the project's", Severity: Error, Kind: mesh.ClusterPool,
		Single:      true,
		Means:       "The cluster's workload pool is not PROJECT_ID.svc.id.goog, the only one that managed mesh accepts.",
		JudgedBy:    "container clusters.get, workloadIdentityConfig.workloadPool",
		Cause:       "The pool was set to a fleet's (FLEET.hub.id.goog) or to another project's.",
		Source:      "Google's troubleshooting page, stop code \"Unsupported workload pool\"",
		Established: true,
		Remedy:      "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
		FixedBy:     mesh.ClusterPool.Resource(), Runbook: runIdentity, DocURL: docTroubleshoot,
		Blocks: []Code{RevisionStalled, RevisionMissing, RevisionNotReady, ConditionReported, ControlPlaneState, MembershipState,
			RevisionsUnhealthy},
	},
	{
		Code: NodePoolNoMetadata, Title: "A node pool lacks the GKE metadata server", Severity: Warning, Kind: mesh.NodePoolMetadata,
		Single:      true,
		Means:       "A node pool does not run the GKE metadata server (GKE_METADATA), so its pods have no workload identity.",
		JudgedBy:    "container clusters.get, nodePools[].config.workloadMetadataConfig.mode",
		Cause:       "The pool was created before Workload Identity was on, or with GCE_METADATA.",
		Source:      "condition NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED",
		Established: true,
		Remedy:      "Set migrate_node_pools = true on asm_workload_pool when the nodes may be recreated, or change the pool by hand.",
		FixedBy:     mesh.ClusterPool.Resource(), Runbook: runIdentity, DocURL: docConditions,
		Blocks: []Code{ConditionReported, ControlPlaneState, MembershipState, RevisionsUnhealthy, RevisionNotReady},
	},
	{
		Code: InstallerHealthCheck, Title: "The installer fails with HealthCheckContainerError", Severity: Error, Kind: mesh.ClusterPool,
		Means:       "The installer got HTTP 400 HealthCheckContainerError: the control plane's container on Cloud Run failed to start.",
		JudgedBy:    "the installer's output; no API field shows it",
		Cause:       "Workload Identity is not enabled on the cluster.",
		Source:      pageHTTP400,
		Established: true,
		Remedy:      "Set the cluster's workload pool to PROJECT_ID.svc.id.goog, then run the installer again.",
		FixedBy:     mesh.ClusterPool.Resource(), Runbook: runIdentity, DocURL: docTroubleshoot,
	},
}

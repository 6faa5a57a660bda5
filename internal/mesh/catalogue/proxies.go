package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about the managed data plane and its proxies.
const (
	DataPlaneState    Code = "data-plane-state"
	ProxyUnmanaged    Code = "managed-data-plane-off"
	ProxiesFailed     Code = "proxies-not-upgraded"
	ProxiesOutdated   Code = "proxies-outdated"
	DataPlaneProgress Code = "data-plane-control"
)

var proxyFindings = []Description{
	{
		Code: DataPlaneState, Title: "The data plane is not active", Severity: Error, Kind: mesh.DataPlane,
		Means:    "The managed data plane is not active.",
		JudgedBy: "gkehub features.get, membershipStates[].servicemesh.dataPlaneManagement.state",
		Cause: "See the state: the control plane it needs does not work, it is being provisioned, proxies could not be upgraded, or an " +
			"internal error blocks it.",
		Source:      pageDataPlane,
		Established: true,
		Remedy:      "See the state.",
		Runbook:     runEvidence, DocURL: docTroubleshoot,
		Blocks: []Code{MembershipState},
	},
	{
		Code: ProxyUnmanaged, Title: "The managed data plane is not set as configured", Severity: Error, Kind: mesh.DataPlane,
		Single: true,
		Means: "The managed data plane is not set as configured by the annotation mesh.cloud.google.com/proxy of a namespace or a " +
			"revision.",
		JudgedBy:    "annotation mesh.cloud.google.com/proxy",
		Cause:       "The annotation was never set, was changed, or is not valid JSON, which counts as unset.",
		Source:      pageDataPlane + ", state DISABLED; " + sourceDataCtrl + " on broken JSON",
		Established: true,
		Remedy:      "Set the annotation.",
		FixedBy:     mesh.DataPlane.Resource(), Runbook: runDataPlane, DocURL: docTroubleshoot,
		Blocks: []Code{DataPlaneState, ProxiesOutdated},
	},
	{
		Code: ProxiesFailed, Title: "Proxies could not be upgraded", Severity: Warning, Kind: mesh.ProxyUpgrades,
		Means:    "Proxies could not be upgraded: their pods carry the label dataplane-upgrade=failed.",
		JudgedBy: "pods with label dataplane-upgrade=failed; events with reason DataPlaneUpgradeFailure",
		Cause: "The managed data plane upgrades a proxy by evicting its pod. A PodDisruptionBudget that allows no disruption prevents " +
			"that; pods that no ReplicaSet owns are never evicted.",
		Source:      pageAttention + "; " + sourceDataCtrl,
		Established: true,
		Remedy:      "Restart the workloads that own the pods, after you have removed the obstacle that is named, such as a budget.",
		Runbook:     runProxies, DocURL: docTroubleshoot,
		Blocks: []Code{DataPlaneState, DataPlaneProgress, MembershipState, ProxiesOutdated},
	},
	{
		Code: ProxiesOutdated, Title: "Proxies run another version than their revision's", Severity: Info, Kind: mesh.ProxyUpgrades,
		Means:    "Proxies run another version than their revision's.",
		JudgedBy: "image of container istio-proxy beside TAG of ConfigMap env-REVISION",
		Cause: "An upgrade is under way, which takes about twelve hours and observes maintenance windows, or the workloads are not " +
			"managed.",
		Source:      sourceDataCtrl,
		Established: true,
		Remedy:      "Wait for the managed data plane, or restart the workloads.",
		Runbook:     runProxies, DocURL: docTroubleshoot,
	},
	{
		Code: DataPlaneProgress, Title: "An upgrade of proxies does not succeed", Severity: Warning, Kind: mesh.ProxyUpgrades,
		Means:       "The managed data plane controller reports that an upgrade does not succeed.",
		JudgedBy:    "mesh.cloud.google.com dataplanecontrols, status.state and status.errorDetails",
		Cause:       "Too many evictions fail, mostly because of a PodDisruptionBudget, or the revision or version is not valid.",
		Source:      sourceDataCtrl,
		Established: true,
		Remedy:      "See the error, and the pods with label dataplane-upgrade=failed.",
		Runbook:     runProxies, DocURL: docTroubleshoot,
		Blocks: []Code{DataPlaneState},
	},
}

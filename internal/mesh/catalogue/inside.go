package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about what is inside of a cluster beside revisions, injection and proxies.
const (
	ManagedCNIOff          Code = "managed-cni-off"
	ComponentUnschedulable Code = "mesh-component-unschedulable"
	ConfigRejected         Code = "istio-config-rejected"
	ConfigIncompatible     Code = "istio-config-incompatible"
	RemoteSecrets          Code = "remote-secrets-by-hand"
)

// The pages that several of them are from.
const (
	pageCNI         = "Google's page \"Troubleshoot managed CNI\" (docs/troubleshooting/troubleshoot-managed-cni)"
	pageModernizing = "Google's page \"Configuration updates for modernization\" (docs/migrate/modernization-configuration-updates)"
	docModernizing  = "https://cloud.google.com/service-mesh/docs/migrate/modernization-configuration-updates"
)

var insideFindings = []Description{
	{
		Code: ManagedCNIOff, Title: "The managed CNI is switched off", Severity: Warning, Kind: mesh.DataPlane,
		Means: "A ControlPlaneRevision or the mesh's options in the cluster switch the managed CNI off. The implementation TRAFFIC_DIRECTOR " +
			"requires it; for ISTIOD it blocks modernization.",
		JudgedBy: "ControlPlaneRevision, label mesh.cloud.google.com/managed-cni-enabled other than \"true\"; ConfigMap asm-options in " +
			"istio-system, entry CNI of ASM_OPTS other than on",
		Cause: "The mesh was provisioned with these settings by asmcli, Terraform or a template, before its implementation " +
			"required the CNI.",
		Source:      pageCNI,
		Established: true,
		Remedy:      "Remove the label and the entry, and let whatever wrote them leave them out.",
		Runbook:     runEvidence, DocURL: docCNI,
		Blocks: []Code{ConditionReported, ControlPlaneState, DataPlaneState, MembershipState, RevisionsUnhealthy},
	},
	{
		Code: ComponentUnschedulable, Title: "A component of the mesh cannot be scheduled", Severity: Error, Kind: mesh.DataPlane,
		Means: "A pod of mdp-controller or istio-cni-node in kube-system finds no node. Without the controller no proxy is upgraded; without " +
			"the CNI no pod with a proxy starts on that node.",
		JudgedBy: "pods in kube-system, status.conditions[type=PodScheduled] False with reason Unschedulable",
		Cause: "A node lacks room, or a taint keeps the pod away: mdp-controller requests 50m of CPU and 128Mi of memory, istio-cni-node " +
			"100m and 100Mi on each node.",
		Source:      pageCNI + "; Google's page \"Provision a managed control plane\", requirements",
		Established: true,
		Remedy:      "Make room on the nodes, or take the taint away: kubectl describe pods -n kube-system -l k8s-app=istio-cni-node.",
		Runbook:     runEvidence, DocURL: docCNI,
		Blocks: []Code{ConditionReported, ControlPlaneState, DataPlaneState, MembershipState, RevisionsUnhealthy, RevisionNotReady},
	},
	{
		Code: ConfigRejected, Title: "Istio objects are not accepted", Severity: Error, Kind: mesh.ControlPlane,
		Single:      true,
		Means:       "The control plane does not accept objects that configure the mesh, so they may have no effect.",
		JudgedBy:    "Istio's custom resources, status.conditions[type=Accepted] False; read where the fleet reports a CONFIG_* condition",
		Cause:       "The objects are invalid, or use what this control plane implementation does not support.",
		Source:      "Google's page \"Resolve configuration issues\" (docs/troubleshooting/troubleshoot-configuration)",
		Established: true,
		Remedy:      "Correct the objects that the message names, by the reason beside each; the mesh reads them again when they change.",
		Runbook:     runEvidence, DocURL: docConfig,
		Blocks: []Code{ConditionReported},
	},
	{
		Code: ConfigIncompatible, Title: "Istio objects are not compatible with TRAFFIC_DIRECTOR", Severity: Warning, Kind: mesh.ControlPlane,
		Single: true,
		Means:  "Objects that configure the mesh keep it from being modernized. They work with the implementation ISTIOD.",
		JudgedBy: "Istio's custom resources, status.conditions[type=ModernizationCompatible] False; read where the fleet reports that it is " +
			"not compatible",
		Cause:       "They use what the implementation TRAFFIC_DIRECTOR does not support; the message beside each says what.",
		Source:      "Google's pages on modernization; release notes of 2026-09-28",
		Established: true,
		Remedy:      "Change the objects that the message names. The fleet's state follows within 24 hours.",
		Runbook:     runEvidence, DocURL: docModernizing,
		Blocks: []Code{ConditionReported},
	},
	{
		Code: RemoteSecrets, Title: "Clusters are joined by secrets that were created by hand", Severity: Warning, Kind: mesh.ControlPlane,
		Single: true,
		Means: "Secrets with the label istio/multiCluster=true give the cluster access to the endpoints of other clusters. The implementation " +
			"TRAFFIC_DIRECTOR does not support them.",
		JudgedBy:    "secrets in istio-system with label istio/multiCluster=true, their metadata alone; read where the fleet reports them",
		Cause:       "Clusters were joined with istioctl create-remote-secret or asmcli create-mesh.",
		Source:      pageModernizing,
		Established: true,
		Remedy: "Set multicluster_mode: connected in ConfigMap asm-options of every cluster first, and remove the secrets when endpoints are " +
			"found that way: without either, endpoints of other clusters are cut off.",
		Runbook: runEvidence, DocURL: docModernizing + "#multicluster_secrets",
		Blocks: []Code{ConditionReported},
	},
}

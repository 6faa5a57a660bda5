package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"slices"
	"strings"
)

// ConditionInfo is what is known about a condition code of the GKE Hub API (ServiceMeshCondition.code and
// ServiceMeshFeatureCondition.code, which are one list). How grave a condition is, the API says with each.
type ConditionInfo struct {
	Code   string
	Kind   mesh.Kind
	Means  string
	Cause  string
	Remedy string
	// Blocks is true where the mesh, or a part of it, does not work while the condition stands.
	Blocks  bool
	Follows []Code // the findings of which it is the consequence, or the mesh's own word for
	FixedBy string // the Terraform resource that corrects it, or ""
	Runbook string // the runbook that corrects it; "" where nothing is to be corrected
	DocURL  string
	// Established is false where cause or remedy is inferred from the name and the API's description.
	Established bool
}

// DescribeCondition returns what is known about a condition code, or false for
// one that is not known: that is judged by its severity alone.
func DescribeCondition(code string) (ConditionInfo, bool) {
	c, known := conditionsByCode[code]
	return c, known
}

// Conditions are all condition codes that are known, in the API's order.
func Conditions() []ConditionInfo { return slices.Clone(conditionTable) }

var conditionTable = slices.Concat(clusterConditions, configConditions, quotaConditions(), modernizationConditions)

var conditionsByCode = func() map[string]ConditionInfo {
	m := make(map[string]ConditionInfo, len(conditionTable))
	for i := range conditionTable {
		c := &conditionTable[i]
		if c.DocURL == "" {
			c.DocURL = docConditions + "#" + strings.ToLower(c.Code)
		}
		m[c.Code] = *c
	}
	return m
}()

// clusterConditions are about what the mesh needs of a cluster and its projects.
var clusterConditions = []ConditionInfo{
	{
		Code: "CODE_UNSPECIFIED", Kind: mesh.ControlPlane,
		Means: "The condition has no code.", Cause: "The API left the code out.",
		Remedy: "Read the condition's details; its severity says how grave it is.", Runbook: runEvidence,
	},
	{
		Code: "MESH_IAM_PERMISSION_DENIED", Kind: mesh.ServiceAgentGrant, Blocks: true,
		Means:  "The mesh service agent lacks permissions on the fleet's project. Google's newer word for \"Revision(s) reporting unhealthy\".",
		Cause:  "The agent's role " + mesh.AgentRole + " was revoked on the fleet's project, usually by Terraform, Puppet or CI/CD.",
		Remedy: "Grant the role to the agent on the fleet's project, and make sure that no automation takes it away again.",
		// A Shared VPC host or a cluster's project may be meant, too: the details say.
		Follows: []Code{BindingMissing, BindingConditional, BindingDeleted}, FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runBinding,
		Established: true,
	},
	{
		Code: "MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED", Kind: mesh.ServiceAgentGrant, Blocks: true,
		Means: "The fleet's mesh service agent lacks permissions on the project of the cluster.",
		Cause: "The cluster is in another project than the fleet, and the agent of the fleet's project does not hold " + mesh.AgentRole +
			" there.",
		Remedy:  "Grant the role to the fleet's agent on the cluster's project.",
		Follows: []Code{BindingMissing, BindingConditional, BindingDeleted}, FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runBinding,
		Established: true,
	},
	{
		Code: "CNI_CONFIG_UNSUPPORTED", Kind: mesh.DataPlane, Blocks: true,
		Means: "The configuration of the managed CNI is not supported.",
		Cause: "The ControlPlaneRevision's label mesh.cloud.google.com/managed-cni-enabled has another value than \"true\", or ASM_OPTS in " +
			"ConfigMap asm-options has CNI set to something other than on.",
		Remedy:  "Remove the label or the option.",
		Follows: []Code{ManagedCNIOff}, Runbook: runEvidence, DocURL: docCNI, Established: true,
	},
	{
		Code: "GKE_SANDBOX_UNSUPPORTED", Kind: mesh.DataPlane, Blocks: true,
		Means:   "A node pool runs GKE Sandbox, which this control plane does not support.",
		Cause:   "A node pool has sandboxConfig set. GKE Sandbox pins the implementation ISTIOD.",
		Remedy:  "Move the workloads of the mesh to node pools without GKE Sandbox.",
		Runbook: runEvidence,
	},
	{
		Code: "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED", Kind: mesh.NodePoolMetadata, Blocks: true,
		Means:   "One or more node pools have Workload Identity Federation off.",
		Cause:   "A node pool does not run the GKE metadata server (GKE_METADATA).",
		Remedy:  "Set GKE_METADATA on every node pool; that recreates the nodes.",
		Follows: []Code{NodePoolNoMetadata}, FixedBy: mesh.ClusterPool.Resource(), Runbook: runIdentity, Established: true,
	},
	{
		Code: "CNI_INSTALLATION_FAILED", Kind: mesh.DataPlane, Blocks: true,
		Means:   "The managed CNI could not be installed.",
		Cause:   "Something in the cluster refuses it, such as an admission policy or a resource quota of kube-system.",
		Remedy:  "Look at DaemonSet istio-cni-node in kube-system and its events; otherwise contact support.",
		Follows: []Code{ComponentUnschedulable}, Runbook: runEvidence, DocURL: docCNI,
	},
	{
		Code: "CNI_POD_UNSCHEDULABLE", Kind: mesh.DataPlane, Blocks: true,
		Means:   "A pod of the managed CNI cannot be scheduled.",
		Cause:   "A node lacks room: DaemonSet istio-cni-node requests 100m of CPU and 100Mi of memory on each. Or a taint keeps it away.",
		Remedy:  "Make room on the nodes, or take the taint away: kubectl get pods -n kube-system -l k8s-app=istio-cni-node.",
		Follows: []Code{ComponentUnschedulable}, Runbook: runEvidence, DocURL: docCNI, Established: true,
	},
	{
		Code: "CLUSTER_HAS_ZERO_NODES", Kind: mesh.DataPlane, Blocks: true,
		Means:   "The cluster has no nodes, so what the mesh installs in it cannot run.",
		Cause:   "Its node pools were scaled to zero or deleted.",
		Remedy:  "Give the cluster a node, or take it out of mesh management while it has none.",
		Runbook: runEvidence,
	},
	{
		Code: "CANONICAL_SERVICE_ERROR", Kind: mesh.ControlPlane,
		Means:   "CanonicalService objects could not be reconciled.",
		Cause:   "Something refuses the mesh's writes of these objects, or their definition is missing. Telemetry by service suffers.",
		Remedy:  "Look for what refuses it, such as an admission policy; otherwise contact support.",
		Runbook: runEvidence, DocURL: docCanonical,
	},
	{
		Code: "UNSUPPORTED_MULTIPLE_CONTROL_PLANES", Kind: mesh.ControlPlane, Blocks: true,
		Means:   "The cluster has several control planes in a combination that is not supported.",
		Cause:   "An in-cluster istiod runs beside the managed control plane, or several managed revisions do.",
		Remedy:  "Move all namespaces to one revision, then remove the other control plane with the tool that installed it.",
		Runbook: runEvidence,
	},
	{
		Code: "VPCSC_GA_SUPPORTED", Kind: mesh.ControlPlane,
		Means: "This control plane supports VPC Service Controls.", Cause: "It is provisioned so. It is no trouble.",
		Remedy: "Nothing.", Established: true,
	},
	{
		Code: "DEPRECATED_SPEC_CONTROL_PLANE_MANAGEMENT", Kind: mesh.MeshManagement,
		Means:   "The membership uses the deprecated field controlPlane, and management is not set.",
		Cause:   "An old gcloud or configuration set controlPlane: AUTOMATIC.",
		Remedy:  "Set the membership's management to automatic.",
		FixedBy: mesh.MeshManagement.Resource(), Runbook: runProvision, Established: true,
	},
	{
		Code: "DEPRECATED_SPEC_CONTROL_PLANE_MANAGEMENT_SAFE", Kind: mesh.MeshManagement,
		Means: "The membership still has the deprecated field controlPlane; management is set, and counts.", Cause: "The old field was left.",
		Remedy: "Nothing has to be done. Take controlPlane out of the configuration that sets it.", Established: true,
	},
	{
		Code: "LEGACY_MC_SECRETS", Kind: mesh.ControlPlane,
		Means:   "The cluster has remote secrets of the older way to join clusters (label istio/multiCluster=true).",
		Cause:   "Clusters were joined with istioctl create-remote-secret or asmcli create-mesh.",
		Remedy:  "Set multicluster_mode in ConfigMap asm-options first, then remove the secrets. It blocks modernization.",
		Follows: []Code{RemoteSecrets}, Runbook: runEvidence, Established: true,
	},
	{
		Code: "WORKLOAD_IDENTITY_REQUIRED", Kind: mesh.ClusterPool, Blocks: true,
		Means:   "Workload Identity is not enabled on the cluster.",
		Cause:   "The cluster has no workload pool, or not its project's.",
		Remedy:  "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
		Follows: []Code{PoolMissing, PoolWrong}, FixedBy: mesh.ClusterPool.Resource(), Runbook: runIdentity, Established: true,
	},
	{
		Code: "NON_STANDARD_BINARY_USAGE", Kind: mesh.DataPlane,
		Means: "Something uses programs in the sidecar container that the new implementation's proxy does not have.",
		Cause: "Google's page calls it non-standard binary usage in the sidecar. The proxies of TRAFFIC_DIRECTOR are distroless: they have no " +
			"shell, curl or other tools, which commands such as a preStop hook, a probe or kubectl exec may need.",
		Remedy:  "Do without the programs in the container istio-proxy, or bring them in a container of your own. It blocks modernization.",
		Runbook: runEvidence,
	},
	{
		Code: "UNSUPPORTED_GATEWAY_CLASS", Kind: mesh.ControlPlane,
		Means:   "A Gateway names a gateway class that the mesh does not support.",
		Cause:   "The Gateway was written for another implementation.",
		Remedy:  "Move to the Istio ingress gateway, or to a gateway class that Google's list of supported features names.",
		Runbook: runEvidence,
	},
	{
		Code: "MANAGED_CNI_NOT_ENABLED", Kind: mesh.DataPlane,
		Means: "The managed CNI is not enabled.",
		Cause: "The mesh was provisioned without it, with the label mesh.cloud.google.com/managed-cni-enabled missing from the " +
			"ControlPlaneRevision.",
		Remedy:  "Enable the managed CNI: set the label to \"true\". It blocks modernization.",
		Follows: []Code{ManagedCNIOff}, Runbook: runEvidence, DocURL: docCNI,
	},
	{
		Code: "MISSING_CONTROL_PLANE_CONFIG", Kind: mesh.ControlPlane, Blocks: true,
		Means:   "Configuration of the control plane is missing from the cluster.",
		Cause:   "A ConfigMap of the revision in istio-system was deleted, such as asm-options, env-REVISION or istio-REVISION.",
		Remedy:  "Look at the ConfigMaps in istio-system; let the mesh provision again, and find out what deletes them.",
		Runbook: runProvision,
	},
	{
		Code: "SHARED_VPC_MISSING_PERMISSIONS", Kind: mesh.ServiceAgentGrant, Blocks: true,
		Means: "The mesh service agent lacks permissions on the Shared VPC's host project.",
		Cause: "The agent does not hold " + mesh.AgentRole + " on the network host project. TRAFFIC_DIRECTOR needs it there to manage " +
			"firewall rules; ISTIOD did not.",
		Remedy:  "Grant the role to the fleet's agent on the network host project.",
		Follows: []Code{BindingMissing, BindingConditional, BindingDeleted}, FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runBinding,
		Established: true,
	},
	{
		Code: "REQUIRED_ORG_POLICY_DISABLED", Kind: mesh.APIs,
		Means: "An organization policy forbids internet network endpoint groups, which the mesh uses for ServiceEntry.",
		Cause: "constraints/compute.disableInternetNetworkEndpointGroup is enforced on the project. A ServiceEntry may not work; the rest " +
			"does.",
		Remedy:  "Ask the administrator of organization policies to lift the constraint for the project. It blocks modernization.",
		Runbook: runEvidence, Established: true,
	},
	{
		// On Google's page, and not in the API's list of 2026-10-25.
		Code: "MULTICLUSTER_SECRET_WARNING", Kind: mesh.ControlPlane,
		Means: "The cluster finds the endpoints of other clusters by remote secrets that were created by hand, not by the declarative " +
			"multi-cluster API. The secrets work.",
		Cause:   "Clusters were joined with istioctl create-remote-secret or asmcli create-mesh.",
		Remedy:  "Set multicluster_mode in ConfigMap asm-options first, then remove the secrets: without either, endpoints are cut off.",
		Follows: []Code{RemoteSecrets}, Runbook: runEvidence, DocURL: docConfig, Established: true,
	},
}

// configConditions are about what users configure the mesh with.
var configConditions = []ConditionInfo{
	{
		Code: "CONFIG_APPLY_INTERNAL_ERROR", Kind: mesh.ControlPlane,
		Means:   "Configuration (Istio or Kubernetes objects) could not be applied because of an internal error.",
		Cause:   "A fault on Google's side.",
		Remedy:  "Contact support when it persists.",
		Runbook: runEvidence, DocURL: docConfig, Established: true,
	},
	{
		Code: "CONFIG_VALIDATION_ERROR", Kind: mesh.ControlPlane,
		Means:   "Configuration was not applied because it is invalid.",
		Cause:   "An object of the mesh is wrong.",
		Remedy:  "Correct the objects whose status.conditions have type Accepted with status False, reason Invalid.",
		Follows: []Code{ConfigRejected}, Runbook: runEvidence, DocURL: docConfig, Established: true,
	},
	{
		Code: "CONFIG_VALIDATION_WARNING", Kind: mesh.ControlPlane,
		Means:   "Configuration is invalid or may not do what is meant, and may not have been applied.",
		Cause:   "An object of the mesh is wrong, or uses what this implementation treats otherwise.",
		Remedy:  "Look at the objects whose status.conditions have type Accepted with status False.",
		Follows: []Code{ConfigRejected}, Runbook: runEvidence, DocURL: docConfig, Established: true,
	},
	{
		Code: "CONFIG_APPLY_BLOCKED", Kind: mesh.ControlPlane, Blocks: true,
		Means:   "Configuration is not applied because the fleet is blocked.",
		Cause:   "Google stopped applying configuration for the fleet.",
		Remedy:  "Read the details; contact support.",
		Runbook: runEvidence, DocURL: docConfig,
	},
}

// quotaConditions are about quotas of the APIs that TRAFFIC_DIRECTOR keeps its configuration in.
func quotaConditions() (all []ConditionInfo) {
	for _, q := range []struct{ code, resource string }{
		{"BACKEND_SERVICES", "BackendService"},
		{"HEALTH_CHECKS", "HealthCheck"},
		{"HTTP_ROUTES", "HTTPRoute"},
		{"TCP_ROUTES", "TCPRoute"},
		{"TLS_ROUTES", "TLSRoute"},
		{"TRAFFIC_POLICIES", "TrafficPolicy"},
		{"ENDPOINT_POLICIES", "EndpointPolicy"},
		{"GATEWAYS", "Gateway"},
		{"MESHES", "Mesh"},
		{"SERVER_TLS_POLICIES", "ServerTLSPolicy"},
		{"CLIENT_TLS_POLICIES", "ClientTLSPolicy"},
		{"SERVICE_LB_POLICIES", "ServiceLBPolicy"},
		{"HTTP_FILTERS", "HTTPFilter"},
		{"TCP_FILTERS", "TCPFilter"},
		{"NETWORK_ENDPOINT_GROUPS", "NetworkEndpointGroup"},
	} {
		all = append(all, ConditionInfo{
			Code: "QUOTA_EXCEEDED_" + q.code, Kind: mesh.ControlPlane,
			Means:   "The project's quota of " + q.resource + " resources is exhausted, so configuration is not applied any more.",
			Cause:   "The mesh's services, routes and policies take more " + q.resource + " resources than the project may have.",
			Remedy:  "Ask for more quota, or remove configuration that is not used.",
			Runbook: runEvidence, DocURL: docConfig, Established: true,
		})
	}
	return all
}

// modernizationConditions are about the move from ISTIOD to TRAFFIC_DIRECTOR.
// The runbooks do not do it: Google does, or a person triggers it.
var modernizationConditions = []ConditionInfo{
	modernization("INCOMPATIBLE_POD_ANNOTATION", "One or more pods have annotations that the new implementation does not support.",
		"Remove the annotations that the details name."),
	modernization("INCOMPATIBLE_CONFIG", "The cluster has configuration that the new implementation does not support.",
		"Change the objects whose status condition ModernizationCompatible is False."),
	modernization("INCOMPATIBLE_GATEWAY_POD_SCALE", "The cluster has more gateway pods than the new implementation allows.",
		"Run fewer gateway pods, or contact support."),
	modernization("REQUIRES_MANUAL_WORKLOAD_RESTART", "The cluster has workloads that a person must restart during the modernization.",
		"Plan the restart of its StatefulSets and DaemonSets; Deployments are restarted for you."),
	modernization("SCHEDULED", "The modernization of the cluster is scheduled.", "Nothing; set maintenance windows or exclusions if the "+
		"time does not suit."),
	modernization("IN_PROGRESS", "The modernization of the cluster is under way.", "Leave the mesh's configuration alone until it is done."),
	modernization("COMPLETED", "The modernization of the cluster is done.", "Check the workloads; it can be rolled back until it is "+
		"finalized."),
	modernization("ABORTED", "The modernization of the cluster was given up.", "Read the details, correct what they name."),
	modernization("PREPARING", "The cluster is being prepared, so that its workloads can be moved.", "Nothing."),
	modernization("STALLED", "The modernization of the cluster does not go on.", "Read the details, correct what they name; otherwise "+
		"contact support."),
	modernization("PREPARED", "The cluster is prepared, so that its workloads can be moved.", "Nothing."),
	modernization("MIGRATING_WORKLOADS", "The cluster's workloads are being moved to the new implementation.", "Nothing; pods are restarted "+
		"meanwhile."),
	modernization("ROLLING_BACK_CLUSTER", "The modernization of the cluster is being rolled back.", "Wait until it is done, then read why."),
	{
		Code: "MODERNIZATION_AWAITING_MANUAL_WORKLOAD_RESTART", Kind: mesh.ProxyUpgrades, Established: true,
		Means:   "The modernization waits for a person to restart workloads.",
		Cause:   "StatefulSets, DaemonSets and pods without a controller are not restarted for you.",
		Remedy:  "Restart the workloads that the details name.",
		Runbook: runProxies,
	},
	modernization("WILL_BE_SCHEDULED", "The modernization of the fleet will be scheduled.", "Nothing; set maintenance windows or exclusions "+
		"if the time does not suit."),
	modernization("MANUAL", "The fleet is opted out of automated modernization.",
		"Plan the move before 2028-03-01, when support of ISTIOD ends."),
	modernization("ELIGIBLE", "The fleet can be modernized.", "Nothing, or start it: set the fleet's modernizationStrategy to AUTOMATIC."),
	modernization("MODERNIZING", "One or more clusters of the fleet are being modernized.", "Leave the mesh's configuration alone until it "+
		"is done."),
	modernization("MODERNIZED_SOAKING", "All clusters of the fleet are modernized. It is watched before it is made final, for six business "+
		"days at least.", "Check the workloads; until it is finalized it can be rolled back by setting the strategy to DEFERRED."),
	modernization("FINALIZED", "The modernization is final for all clusters of the fleet. It cannot be rolled back any more.", "Nothing."),
	modernization("ROLLING_BACK_FLEET", "The modernization of all clusters of the fleet is being rolled back.", "Wait until it is done, "+
		"then read why."),
	modernization("MODERNIZED", "All clusters of the fleet are modernized. It is watched before it is made final.", "Check the workloads."),
	modernization("REQUIRES_CUSTOMER_TRIGGER", "The modernization of the fleet must be started by you; Google does not start it.",
		"Read the details and the clusters' conditions, then set the fleet's modernizationStrategy to AUTOMATIC."),
	modernization("COMPATIBLE", "The fleet is compatible with modernization.", "Nothing."),
	modernization("INCOMPATIBLE", "The fleet is not yet compatible with modernization.", "Correct what the clusters' conditions name."),
	modernization("INCOMPATIBLE_FLEET_SCALE", "The fleet is larger than the new implementation allows.", "Contact support about the "+
		"fleet-level limits."),
	modernization("INCOMPATIBLE_FLEET_QUOTA", "The fleet exceeds fleet-level quotas of the new implementation.", "Ask for more quota."),
}

// modernization is a condition that reports on the move or on what keeps it from
// starting. The mesh works until the end of support.
func modernization(code, means, remedy string) ConditionInfo {
	var follows []Code
	if code == "INCOMPATIBLE_CONFIG" {
		follows = []Code{ConfigIncompatible}
	}
	return ConditionInfo{
		Follows: follows,
		Code:    "MODERNIZATION_" + code, Kind: mesh.ControlPlane, Means: means, Remedy: remedy,
		Cause: "The implementation ISTIOD is deprecated since 2026-09-28, and Google moves meshes to TRAFFIC_DIRECTOR. Its support ends on " +
			"2028-03-01; after that, proxies of clusters that were not moved cannot send or receive requests.",
	}
}

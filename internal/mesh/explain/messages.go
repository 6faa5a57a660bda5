package explain

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// sign is a message that means one kind of finding, in every wording of it.
type sign struct {
	code     catalogue.Code
	detail   string
	wordings []text.Wording
	// where says whether the message is about the mesh in this passage; nil for one that no other product prints.
	where func(*explainer) bool
	roots []catalogue.Code
	// What is particular to the message; "" is the catalogue's.
	title, means, cause, remedy string
	command                     string // the template of the next command
}

// inferred are wordings that are not known to be Google's own.
func inferred(templates ...string) []text.Wording {
	var ws []text.Wording
	for _, t := range templates {
		ws = append(ws, text.CompileWording(t, false))
	}
	return ws
}

// signs are the messages of Google's troubleshooting page, of its newer pages, of outputs that
// people published and of this product, by section of that page.
var signs = []sign{
	// Revision(s) reporting unhealthy.
	{
		code:  catalogue.RevisionsUnhealthy,
		roots: []catalogue.Code{catalogue.BindingMissing, catalogue.BindingConditional, catalogue.BindingDeleted, catalogue.RevisionStalled},
		wordings: append(catalogue.Published(`Revision(s) reporting unhealthy`),
			inferred(`Revisions reporting unhealthy`, `Revision reporting unhealthy`, `修订版本报告运行状况不佳`)...),
	},
	{
		code: catalogue.BindingMissing,
		wordings: append(catalogue.Published(`没有具有 Anthos Service Mesh Service Agent Identity and Access Management (IAM) 角色绑定`,
			`不存在所需的 Anthos Service Mesh Service Agent IAM 角色绑定`, `所有代管式服务账号角色都已撤消`, `撤消 Anthos Service Mesh Service Agent 角色的权限`),
			inferred(`service agent is missing the role ${ROLE} on project ${PROJECT}`,
				`service agent ${AGENT} does not have the required permissions on project ${PROJECT}`,
				`service agent ${AGENT} does not have the required permissions`,
				// this provider's own
				`the mesh service agent ${AGENT} does not hold roles/anthosservicemesh.serviceAgent on project ${PROJECT}`,
				`the mesh service agent lost its role`,
				// an audit entry
				`action: REMOVE, role: roles/anthosservicemesh.serviceAgent`)...),
	},
	{code: catalogue.BindingConditional,
		wordings: inferred(`the mesh service agent ${AGENT} holds roles/anthosservicemesh.serviceAgent on project ${PROJECT} only under a condition`, `the mesh service agent holds its role only under a condition`)},
	{code: catalogue.BindingDeleted,
		wordings: inferred(`deleted:serviceAccount:service-${FLEET_NUMBER}@gcp-sa-servicemesh.iam.gserviceaccount.com`,
			`the role is granted to a deleted mesh service agent`, `only to a deleted identity of the mesh service agent`)},
	{
		code:     catalogue.AgentMissing,
		wordings: append(catalogue.Published(`Service account service-${FLEET_NUMBER}@gcp-sa-servicemesh.iam.gserviceaccount.com does not exist`), inferred(`service-${FLEET_NUMBER}@gcp-sa-servicemesh.iam.gserviceaccount.com" does not exist`)...),
	},
	// Pod injected with istiod.istio-system.
	{
		code: catalogue.InjectionWrong,
		wordings: append(catalogue.Published(`Pod 注入 istiod.istio-system`, `注入 istio.istio-system`, `没有替换 istio-injection: enabled 标签`),
			inferred(`Pod injected with istiod.istio-system`, `Pod is injected with istiod.istio-system`, `injected by istiod.istio-system`,
				`discoveryAddress: istiod.istio-system`, `did not replace the istio-injection: enabled label`)...),
	},
	{code: catalogue.InjectionLabel, wordings: inferred(`istio-injection=enabled instead of istio.io/rev`)},
	// The installer's HTTP 400.
	{
		code: catalogue.InstallerHealthCheck, where: (*explainer).mayBeOfMesh, roots: []catalogue.Code{catalogue.PoolMissing},
		wordings: catalogue.Published(`HealthCheckContainerError, message: Cloud Run error: Container failed to start`,
			`安装工具可能会生成如下 HTTP 400 错误`, `安装工具生成 HTTP 400 错误`,
			`未在 Kubernetes 集群上启用 Workload Identity`),
	},
	{
		code: catalogue.NotManaged,
		wordings: catalogue.Published(`Control Plane Management is not enabled`, `Data Plane Management is not enabled`,
			`for instructions to onboard to Anthos Service Mesh`, `for instructions to onboard to Cloud Service Mesh`),
		means:   "The cluster is a member of the fleet, and managed mesh was never turned on for it. That is no failure of the mesh.",
		command: enableMember,
	},
	// Managed data plane status: the table's sentences. The English ones are on Google's page as of 2026-04-08.
	{code: catalogue.NothingWrong,
		wordings: catalogue.Published(`代管式数据平面正常运行`, `managed data plane is running normally`)},
	{
		code: catalogue.DataPlaneState, detail: mesh.StateDisabled,
		wordings: append(catalogue.Published(`未配置命名空间或修订版本来使用代管式数据平面`,
			`will be in this state if no namespace or revision is configured to use it`),
			inferred(`no namespace or revision is configured to use the managed data plane`)...),
	},
	{
		code: catalogue.DataPlaneState, detail: mesh.StateFailedPrecondition,
		wordings: append(catalogue.Published(`代管式数据平面需要有效的代管式 Anthos Service Mesh 控制平面`,
			`managed data plane requires an active managed`, `Requires active managed control plane`),
			inferred(`Managed control plane is not ready`)...),
	},
	{code: catalogue.DataPlaneState, detail: mesh.StateProvisioning,
		wordings: catalogue.Published(`代管式数据平面正在预配`, `managed data plane is being provisioned`)},
	{
		code: catalogue.DataPlaneState, detail: mesh.StateStalled,
		wordings: append(catalogue.Published(`由于内部错误条件,代管式数据平面被阻止运行`, `managed data plane is blocked from operating`),
			inferred(`managed data plane is blocked from operation`)...),
	},
	{
		code: catalogue.DataPlaneState, detail: mesh.StateNeedsAttention,
		wordings: append(catalogue.Published(`代管式数据平面需要人工干预`, `代管式数据平面无法升级某些工作负载`,
			`managed data plane requires manual intervention`),
			inferred(`proxies could not be upgraded`)...),
	},
	{
		code: catalogue.ProxiesFailed,
		wordings: append(catalogue.Published(`dataplane-upgrade: failed`, `dataplane-upgrade=failed`, `DataPlaneUpgradeFailure`,
			`PodDistruptionBudgets are preventing upgrade`),
			inferred(`PodDisruptionBudgets are preventing upgrade`)...),
	},
	{code: catalogue.DataPlaneProgress, wordings: catalogue.Published(`TooManyEvictions`)},
	// No identity provider. The first half is that of Google's page; the installer has two second halves.
	{
		code: catalogue.IdentityMissing, roots: []catalogue.Code{catalogue.PoolMissing},
		wordings: append(catalogue.Published(
			`Cluster has memberships.hub.gke.io CRD but no identity provider specified. Please ensure that an identity provider is available for the registered cluster`,
			`Cluster has memberships.hub.gke.io CRD but no identity provider specified. Please ensure that the registered cluster has fleet workload identity enabled`,
			`Cluster has memberships.hub.gke.io CRD but no identity provider specified`, `集群成员资格错误(未指定身份提供商)`, `在注册集群之前未启用 GKE Workload Identity`),
			inferred(`but no identity provider specified`, `未指定身份提供商`)...),
	},
	{code: catalogue.IdentityMissing, where: (*explainer).ofMesh, roots: []catalogue.Code{catalogue.PoolMissing},
		wordings: inferred(`has no identity provider`)},
	{code: catalogue.IdentityWrong, wordings: inferred(`has the identity provider ${ISSUER} instead of ${EXPECTED_ISSUER}`)},
	// The managed control plane's status.
	{
		code: catalogue.NothingWrong,
		wordings: append(catalogue.Published(`The provisioning process has completed successfully`, `Revision ready for use: ${REVISION}`,
			`Revision(s) ready for use: ${REVISION}`),
			inferred(`修订版本可供使用`)...),
	},
	{code: catalogue.ControlPlaneState, detail: mesh.StateProvisioning,
		wordings: catalogue.Published(`Revision being rolled out: ${REVISION}`, `Provisioning: asm-managed`)},
	{
		code: catalogue.ControlPlaneState, detail: mesh.StateFailedPrecondition,
		wordings: catalogue.Published(`Required in-cluster components are not ready. This will be retried within 15 minutes`),
		roots:    []catalogue.Code{catalogue.NodePoolNoMetadata},
		cause: "What the mesh installs in the cluster does not run: a node pool without GKE_METADATA, taints that keep its pods away, or " +
			"nodes without room.",
	},
	{code: catalogue.NodePoolNoMetadata, wordings: catalogue.Published(`One or more node pools have workload identity federation disabled`)},
	{code: catalogue.RevisionMissing,
		wordings: inferred(`the cluster has no ControlPlaneRevision`, `controlplanerevisions.mesh.cloud.google.com" not found`,
			`the server doesn't have a resource type "controlplanerevision"`, `the server doesn't have a resource type "controlplanerevisions"`)},
	// Managed mesh cannot connect to GKE; the two log lines have functions of their own.
	{
		code: catalogue.ConnectGatewayDisabled, roots: []catalogue.Code{catalogue.ServiceDisabled},
		wordings: append(catalogue.Published(`代管式 Anthos Service Mesh 无法连接到 GKE 集群`, `没有 Cloud Run 与 GKE 之间通信所需的 API`),
			inferred(`managed Anthos Service Mesh cannot connect to the GKE cluster`)...),
	},
	{code: catalogue.ServiceDisabled, where: (*explainer).listsMeshAPI, wordings: inferred(`One or more APIs are not enabled`, `The following APIs are not enabled`)},
	// The fleet.
	{
		code: catalogue.FeatureDisabled,
		wordings: append(catalogue.Published(`locations/global/features/servicemesh" not found`,
			`locations/global/features/servicemesh" was not found`),
			inferred(`Service Mesh Feature for project [${PROJECT}] is not enabled`, `Service Mesh Feature is not enabled`)...),
	},
	{code: catalogue.ClusterMissing,
		wordings: append(catalogue.Published(`clusterMissing: true`), inferred(`The cluster of this membership does not exist`)...)},
	{code: catalogue.ProjectDeleted, where: (*explainer).ofMesh, wordings: inferred(`Project ${PROJECT} has been deleted`)},
	// What keeps this product from seeing.
	{code: catalogue.NotConfigured, wordings: inferred(`The provider's configuration depends on values that are not known yet`)},
}

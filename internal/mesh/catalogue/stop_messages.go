package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// StopMessages are the stop codes with their wordings. English ones are those of Google's troubleshooting page as of
// 2026-04-08, Chinese ones those of its Chinese edition; the one that is marked inferred was in neither.
var StopMessages = []struct {
	Stop     Stop
	Wordings []text.Wording
}{
	{
		Stop{
			Code: StopNotGKE, Reason: ReasonPreconditionFailed,
			Explanation: "The cluster does not seem to be a GKE cluster. The managed control plane is available on GKE clusters only.",
			Remedy:      "Use an in-cluster control plane there, or remove the cluster from mesh management.",
			Runbook:     runGKE,
		},
		Published(`Only GKE memberships are supported but ${CLUSTER_NAME} is not a GKE cluster.`,
			`仅支持 GKE 成员资格,但 ${CLUSTER_NAME} 不是 GKE 集群。`),
	},
	{
		Stop{
			Code: StopName, Reason: ReasonPreconditionFailed,
			Explanation:   "A ControlPlaneRevision must be called asm-managed, asm-managed-rapid or asm-managed-stable.",
			MechanicalFix: "Delete the ControlPlaneRevision and create it under the name that belongs to its channel; a name cannot be changed.",
			Remedy:        "Delete the ControlPlaneRevision, and create it again under the name that belongs to its channel.",
			Runbook:       runRecreate,
			Follows:       []Code{RevisionMismatch},
		},
		Published(`Unsupported ControlPlaneRevision name: ${NAME}`, `不受支持的 ControlPlaneRevision 名称:${NAME}`),
	},
	{
		Stop{
			Code: StopNamespace, Reason: ReasonPreconditionFailed,
			Explanation:   "A ControlPlaneRevision must be in the namespace istio-system.",
			MechanicalFix: "Delete the ControlPlaneRevision and create it in istio-system; a namespace cannot be changed.",
			Remedy:        "Delete the ControlPlaneRevision, and create it again in istio-system.",
			Runbook:       runRecreate,
			Follows:       []Code{RevisionMismatch},
		},
		Published(`Unsupported ControlPlaneRevision namespace: ${NAMESPACE}`, `不受支持的 ControlPlaneRevision 命名空间:${NAMESPACE}`),
	},
	{
		Stop{
			Code: StopChannel, Reason: ReasonPreconditionFailed,
			Explanation: "The channel of a ControlPlaneRevision must match its name: asm-managed is regular, asm-managed-rapid is rapid, " +
				"asm-managed-stable is stable.",
			MechanicalFix: "Set spec.channel to the channel that the message expects.",
			Remedy:        "Set spec.channel of the ControlPlaneRevision to the channel that the message expects.",
			Runbook:       runChannel,
			Follows:       []Code{RevisionMismatch},
		},
		Published(`Unsupported channel ${CHANNEL} for ControlPlaneRevision with name ${NAME}. Expected ${OTHER_CHANNEL}`,
			`名为 ${NAME} 的 ControlPlaneRevision 的渠道 ${CHANNEL} 不受支持。预期的 ${OTHER_CHANNEL}`),
	},
	{
		Stop{
			Code: StopChannelMissing, Reason: ReasonPreconditionFailed,
			Explanation:   "The field spec.channel is required, and is missing or empty.",
			MechanicalFix: "Set spec.channel to the channel that belongs to the revision's name.",
			Remedy:        "Set spec.channel of the ControlPlaneRevision to the channel that belongs to its name.",
			Runbook:       runChannel,
			Follows:       []Code{RevisionMismatch},
		},
		Published(`Channel must not be omitted or blank`, `渠道值不能省略,也不能留空`),
	},
	{
		Stop{
			Code: StopType, Reason: ReasonPreconditionFailed,
			Explanation:   "The only value that spec.type may have is managed_service.",
			MechanicalFix: "Set spec.type to managed_service.",
			Remedy:        "Set spec.type of the ControlPlaneRevision to managed_service.",
			Runbook:       runType,
			Follows:       []Code{RevisionMismatch},
		},
		Published(`Unsupported control plane revision type: ${TYPE}`, `不受支持的控制平面修订版本类型:${TYPE}`),
	},
	{
		Stop{
			Code: StopKubernetesVersion, Reason: ReasonPreconditionFailed,
			Explanation: "Kubernetes 1.15 and later are supported.",
			Remedy:      "Upgrade the cluster.",
			Runbook:     runKubernetes,
		},
		Published(`Unsupported Kubernetes version: ${VERSION}`, `不支持的 Kubernetes 版本:${VERSION}`),
	},
	{
		Stop{
			Code: StopWorkloadIdentity, Reason: ReasonPreconditionFailed,
			Explanation:   "Workload Identity is not enabled on the cluster.",
			MechanicalFix: "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
			Remedy:        "Enable Workload Identity: set the cluster's workload pool to PROJECT_ID.svc.id.goog. It takes up to about ten minutes.",
			FixedBy:       mesh.ClusterPool.Resource(),
			Runbook:       runIdentity,
			Follows:       []Code{PoolMissing},
		},
		Published(`Workload identity is not enabled`, `未启用 Workload Identity`),
	},
	{
		Stop{
			Code: StopWorkloadPool, Reason: ReasonPreconditionFailed,
			Explanation:   "The cluster's workload pool must read PROJECT_ID.svc.id.goog.",
			MechanicalFix: "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
			Remedy:        "Set the cluster's workload pool to PROJECT_ID.svc.id.goog.",
			FixedBy:       mesh.ClusterPool.Resource(),
			Runbook:       runIdentity,
			Follows:       []Code{PoolWrong},
		},
		Published(`Unsupported workload pool: ${POOL}`, `不受支持的工作负载池:${POOL}`),
	},
	{
		Stop{
			Code: StopProject, Reason: ReasonPreconditionFailed,
			Explanation: "The cluster must belong to the project in whose fleet it is registered.",
			Remedy:      "Register the cluster in the fleet of its own project. Other fleet features share the membership: plan it.",
			Runbook:     runOwnFleet,
		},
		// Google's page in English has dropped this row; the English is a translation.
		[]text.Wording{
			text.CompileWording(`集群项目和 environ 项目不匹配`, true),
			text.CompileWording(`Cluster project and environ project do not match`, false),
		},
	},
	{
		Stop{
			Code: StopClusterUpdate, Reason: ReasonProvisioningFailed,
			Explanation: "Google could not update resources in the cluster, such as CRDs and webhooks.",
			Remedy: "Look for what refuses it: an admission policy, node taints, a missing role of the mesh service agent. Otherwise contact " +
				"support.",
			Runbook: runUnblock,
		},
		Published(`An error occurred updating cluster resources`, `更新集群资源时出错`),
	},
	{
		Stop{
			Code: StopMutatingURL, Reason: ReasonProvisioningFailed,
			Explanation:   "Google does not overwrite an existing webhook, so as not to break an installation.",
			MechanicalFix: "Set the webhook's URL to the one that the message expects, after a person has seen both.",
			Remedy:        "Compare both URLs, keep a copy of the webhook configuration, then set the expected URL.",
			Runbook:       runWebhook,
			Follows:       []Code{InjectorURL},
		},
		Published(`MutatingWebhookConfiguration "${NAME}" contains a webhook with URL of ${EXISTING_URL} but expected ${EXPECTED_URL}`,
			`MutatingWebhookConfiguration "${NAME}"包含网址为 ${EXISTING_URL} 的网络钩子,但预期的网址是 ${EXPECTED_URL}`),
	},
	{
		Stop{
			Code: StopValidatingURL, Reason: ReasonProvisioningFailed,
			Explanation:   "Google does not overwrite an existing webhook, so as not to break an installation.",
			MechanicalFix: "Set the webhook's URL to the one that the message expects, after a person has seen both.",
			Remedy:        "Compare both URLs, keep a copy of the webhook configuration, then set the expected URL.",
			Runbook:       runWebhook,
			Follows:       []Code{InjectorURL},
		},
		Published(`ValidatingWebhookConfiguration ${NAME} contains a webhook with URL of ${EXISTING_URL} but expected ${EXPECTED_URL}`,
			`ValidatingWebhookConfiguration ${NAME} 包含网址为 ${EXISTING_URL} 的网络钩子,但预期的网址是 ${EXPECTED_URL}`),
	},
}

// DescribeStop is what is known about a stop code, without a message.
func DescribeStop(code StopCode) (Stop, bool) {
	for _, known := range StopMessages {
		if known.Stop.Code == code {
			return known.Stop, true
		}
	}
	return Stop{}, false
}

// StopCodes are the thirteen stop codes with what is known about each, in the
// seed's order. Established and Variables belong to a message and are not set.
func StopCodes() []Stop {
	var all []Stop
	for _, known := range StopMessages {
		all = append(all, known.Stop)
	}
	return all
}

// Published are wordings that Google printed itself.
func Published(templates ...string) []text.Wording {
	var ws []text.Wording
	for _, t := range templates {
		ws = append(ws, text.CompileWording(t, true))
	}
	return ws
}

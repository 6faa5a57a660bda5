package meshtest

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"

// The webhook URLs of the messages.
const (
	OldURL = "https://old.example.run.app/inject/ISTIO_META_CLOUDRUN_ADDR/old.example.run.app"
	NewURL = "https://new.example.run.app:443/inject/ISTIO_META_CLOUDRUN_ADDR/new.example.run.app:443"
)

// StopMessage is a message of a stalled ControlPlaneRevision as Google's page prints it.
type StopMessage struct {
	Code      catalogue.StopCode
	Reason    string
	English   string
	Chinese   string
	Variables map[string]string
	Fixable   bool
	Inferred  bool // the English wording
}

// StopMessages are the thirteen messages of Google's page, in English and Chinese.
var StopMessages = []StopMessage{
	{
		catalogue.StopNotGKE, catalogue.ReasonPreconditionFailed,
		"Only GKE memberships are supported but gke-1 is not a GKE cluster.",
		"仅支持 GKE 成员资格,但 gke-1 不是 GKE 集群。",
		map[string]string{"CLUSTER_NAME": "gke-1"}, false, false,
	},
	{
		catalogue.StopName, catalogue.ReasonPreconditionFailed,
		"Unsupported ControlPlaneRevision name: asm-mine", "不受支持的 ControlPlaneRevision 名称:asm-mine",
		map[string]string{"NAME": "asm-mine"}, true, false,
	},
	{
		catalogue.StopNamespace, catalogue.ReasonPreconditionFailed,
		"Unsupported ControlPlaneRevision namespace: default", "不受支持的 ControlPlaneRevision 命名空间:default",
		map[string]string{"NAMESPACE": "default"}, true, false,
	},
	{
		catalogue.StopChannel, catalogue.ReasonPreconditionFailed,
		"Unsupported channel rapid for ControlPlaneRevision with nameasm-managed. Expected regular", // as the page prints it
		"名为 asm-managed 的 ControlPlaneRevision 的渠道 rapid 不受支持。预期的 regular",
		map[string]string{"CHANNEL": "rapid", "NAME": "asm-managed", "OTHER_CHANNEL": "regular"}, true, false,
	},
	{
		catalogue.StopChannelMissing, catalogue.ReasonPreconditionFailed,
		"Channel must not be omitted or blank", "渠道值不能省略,也不能留空", nil, true, false,
	},
	{
		catalogue.StopType, catalogue.ReasonPreconditionFailed,
		"Unsupported control plane revision type: in_cluster", "不受支持的控制平面修订版本类型:in_cluster",
		map[string]string{"TYPE": "in_cluster"}, true, false,
	},
	{
		catalogue.StopKubernetesVersion, catalogue.ReasonPreconditionFailed,
		"Unsupported Kubernetes version: v1.14.10-gke.36", "不支持的 Kubernetes 版本:v1.14.10-gke.36",
		map[string]string{"VERSION": "v1.14.10-gke.36"}, false, false,
	},
	{
		catalogue.StopWorkloadIdentity, catalogue.ReasonPreconditionFailed,
		"Workload identity is not enabled", "未启用 Workload Identity", nil, true, false,
	},
	{
		catalogue.StopWorkloadPool, catalogue.ReasonPreconditionFailed,
		"Unsupported workload pool: other.hub.id.goog", "不受支持的工作负载池:other.hub.id.goog",
		map[string]string{"POOL": "other.hub.id.goog"}, true, false,
	},
	{
		catalogue.StopProject, catalogue.ReasonPreconditionFailed,
		"Cluster project and environ project do not match", "集群项目和 environ 项目不匹配", nil, false, true,
	},
	{
		catalogue.StopClusterUpdate, catalogue.ReasonProvisioningFailed,
		"An error occurred updating cluster resources", "更新集群资源时出错", nil, false, false,
	},
	{
		catalogue.StopMutatingURL, catalogue.ReasonProvisioningFailed,
		`MutatingWebhookConfiguration "istiod-asm-managed" contains a webhook with URL of ` + OldURL + ` but expected ` + NewURL,
		`MutatingWebhookConfiguration "istiod-asm-managed"包含网址为 ` + OldURL + ` 的网络钩子,但预期的网址是 ` + NewURL,
		map[string]string{"NAME": "istiod-asm-managed", "EXISTING_URL": OldURL, "EXPECTED_URL": NewURL}, true, false,
	},
	{
		catalogue.StopValidatingURL, catalogue.ReasonProvisioningFailed,
		`ValidatingWebhookConfiguration istiod-istio-system-mcp contains a webhook with URL of ` + OldURL + ` but expected ` + NewURL,
		`ValidatingWebhookConfiguration istiod-istio-system-mcp 包含网址为 ` + OldURL + ` 的网络钩子,但预期的网址是 ` + NewURL,
		map[string]string{"NAME": "istiod-istio-system-mcp", "EXISTING_URL": OldURL, "EXPECTED_URL": NewURL}, true, false,
	},
}

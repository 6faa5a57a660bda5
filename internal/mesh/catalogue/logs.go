package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings in Cloud Logging, and about what could not be read at all.
const (
	LogGatewayDisabled Code = "log-connect-gateway-disabled"
	LogWebhookFailed   Code = "log-webhook-failed"

	Unreadable    Code = "cannot-read"
	NotConfigured Code = "provider-not-configured"
)

var logFindings = []Description{
	{
		Code: LogGatewayDisabled, Title: "The control plane logs that Connect Gateway is disabled", Severity: Error, Kind: mesh.ControlPlane,
		Means: "The control plane's log says \"Connect Gateway API has not been used in project\": it cannot reach the cluster, and " +
			"provisioning fails.",
		JudgedBy: "logging entries.list, resource.type=\"istio_control_plane\", severity=ERROR, jsonPayload.message",
		Cause: "connectgateway.googleapis.com is not enabled on the project. Projects that used managed mesh before mid-2022 and paused " +
			"lack it.",
		Source:      pageConnect,
		Established: true,
		Remedy: "Enable connectgateway.googleapis.com, provision managed mesh again, then restart the workloads one after the other. " +
			"Lines from before the fix stay in the log.",
		FixedBy: mesh.APIs.Resource(), Runbook: runGateway, DocURL: docTroubleshoot,
		Blocks: []Code{ControlPlaneState},
	},
	{
		Code: LogWebhookFailed, Title: "Pods are refused because the injection webhook fails", Severity: Error, Kind: mesh.DataPlane,
		Means: "The cluster's log says \"failed calling webhook rev.namespace.sidecar-injector.istio.io\": pods and objects of the mesh " +
			"cannot be created.",
		JudgedBy: "logging entries.list, resource.type=\"k8s_cluster\", severity=WARNING, jsonPayload.message",
		Cause: "The control plane behind the webhook does not answer. With \"an error on the server (\"unknown\")\", it cannot reach the " +
			"cluster, mostly because connectgateway.googleapis.com is disabled.",
		Source:      pageConnect,
		Established: true,
		Remedy:      "Enable connectgateway.googleapis.com, provision managed mesh again, then restart the workloads one after the other.",
		FixedBy:     mesh.APIs.Resource(), Runbook: runGateway, DocURL: docTroubleshoot,
	},
}

var readFindings = []Description{
	{
		Code: Unreadable, Title: "Something could not be read", Severity: Warning, Kind: mesh.FleetFeature,
		Means:       "A read failed, so what it would have shown is unknown.",
		JudgedBy:    "the answer of the API named in the message",
		Cause:       "The caller lacks a permission, an API is disabled, or no answer came. Google also answers 403 for what does not exist.",
		Source:      "the API itself",
		Established: true,
		Remedy:      "Grant the permission or enable the API that the message names, then read again.",
	},
	{
		Code: NotConfigured, Title: "The provider is not configured yet", Severity: Warning, Kind: mesh.FleetFeature,
		Means:       "The provider's configuration depends on values that are known only after apply, so nothing was read.",
		JudgedBy:    "the provider's configuration",
		Cause:       "An argument of the provider comes from a resource that does not exist yet.",
		Source:      "Terraform",
		Established: true,
		Remedy:      "Apply, or give the provider configuration that is known at plan time.",
	},
}

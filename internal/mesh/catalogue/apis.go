package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about APIs.
const (
	ServiceSwitchedOff     Code = "api-switched-off"
	ServiceDisabled        Code = "api-disabled"
	ConnectGatewayDisabled Code = "connect-gateway-disabled"
)

var apiFindings = []Description{
	{
		Code: ServiceSwitchedOff, Title: "The audit log shows who disabled an API", Severity: Warning, Kind: mesh.APIs,
		Means:    "The audit log shows who disabled an API that managed mesh needs, and with which client.",
		JudgedBy: "logging entries.list, audit entries of serviceusage DisableService, beside serviceusage services.batchGet",
		Cause: "A person, or automation that lists the APIs of the project and leaves this one out (google_project_service destroyed, or " +
			"disable_on_destroy).",
		Source:  "Cloud Audit Logs of Service Usage; which automation does it is inferred from its user agent",
		Remedy:  "Add the API to the configuration that removed it, then enable it. Otherwise that automation's next run disables it again.",
		FixedBy: mesh.APIs.Resource(), Blocks: []Code{ServiceDisabled}, DocURL: docTroubleshoot,
	},
	{
		Code: ServiceDisabled, Title: "An API is disabled", Severity: Error, Kind: mesh.APIs,
		Means:    "An API that managed mesh needs is not enabled on the project.",
		JudgedBy: "serviceusage services.batchGet, services[].state",
		Cause: "It was never enabled there, or was disabled. Projects that used managed mesh before mid-2022, paused and came back lack " +
			"connectgateway.googleapis.com.",
		Source:      pageConnect + ", for connectgateway; Google's list of required APIs for the others",
		Established: true,
		Remedy:      "Enable the API. It takes minutes to take effect everywhere.",
		FixedBy:     mesh.APIs.Resource(), Runbook: runGateway, DocURL: docTroubleshoot,
		Blocks: []Code{
			ConnectGatewayDisabled, LogGatewayDisabled, LogWebhookFailed, FeatureNotReady, MembershipState, ControlPlaneState, DataPlaneState,
			RevisionsUnhealthy, RevisionMissing, RevisionNotReady, ConditionReported, Unreadable, PodsBare,
		},
	},
	{
		Code: ConnectGatewayDisabled, Title: "Connect Gateway is disabled", Severity: Error, Kind: mesh.APIs,
		Means: "Connect Gateway refuses requests to the cluster because its API is not enabled on the project. Google's managed control " +
			"plane reaches the cluster in the same way.",
		JudgedBy: "connectgateway's own answer to a request to the cluster: 403, ErrorInfo.reason SERVICE_DISABLED",
		Cause: "connectgateway.googleapis.com was never enabled on the project, or was disabled. Between June and September 2022 Google " +
			"moved managed mesh to it; projects that had paused before lack it.",
		Source:      pageConnect,
		Established: true,
		Remedy: "Enable connectgateway.googleapis.com on the project, wait a few minutes, provision managed mesh again, then restart the " +
			"workloads one after the other.",
		FixedBy: mesh.APIs.Resource(), Runbook: runGateway, DocURL: docTroubleshoot,
		Blocks: []Code{
			LogGatewayDisabled, LogWebhookFailed, MembershipState, ControlPlaneState, DataPlaneState, RevisionsUnhealthy, RevisionMissing,
			RevisionNotReady, Unreadable, PodsBare,
		},
	},
}

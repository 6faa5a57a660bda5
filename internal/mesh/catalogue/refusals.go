package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// What only a text that is given to explain shows. No check reports these. The detail names the case.
const (
	InstallerRefused Code = "installer-refused"
	RequestRefused   Code = "request-refused"
	ProxyNotReady    Code = "proxy-not-ready"
)

const judgedByText = "the text given to explain"

var textFindings = []Description{
	{
		Code: InstallerRefused, Title: "The installer refuses to go on", Severity: Error, Kind: mesh.ControlPlane,
		Means:       "The installer asmcli checks the cluster, the project, the caller and its own options, and stops where one does not fit.",
		JudgedBy:    judgedByText,
		Cause:       "See the message: each has its own.",
		Source:      "asmcli's source code (GoogleCloudPlatform/anthos-service-mesh-packages)",
		Established: true,
		Remedy:      "Correct what the message names, and run the installer again.",
		DocURL:      docTroubleshoot,
	},
	{
		Code: RequestRefused, Title: "A request about the mesh was refused", Severity: Error, Kind: mesh.FleetFeature,
		Means:    "Google Cloud or the cluster refused a request that provisions or changes the mesh.",
		JudgedBy: judgedByText,
		Cause:    "See the message: each has its own.",
		Source:   "published messages of the APIs, gcloud, Terraform and Helm; the causes are inferred where no page of Google's names them",
		Remedy:   "Correct what the message names, and repeat the request.",
		DocURL:   docTroubleshoot,
	},
	{
		Code: ProxyNotReady, Title: "A proxy does not get ready", Severity: Error, Kind: mesh.DataPlane,
		Means:    "A proxy does not get its configuration or its certificate, so its pod does not get ready or cannot be reached.",
		JudgedBy: judgedByText,
		Cause:    "See the message: each has its own.",
		Source:   "published logs of proxies; the causes are inferred where no page of Google's names them",
		Remedy:   "Correct what the message names, then restart the workload.",
		DocURL:   docTroubleshoot,
	},
}

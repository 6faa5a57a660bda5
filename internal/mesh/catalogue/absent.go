package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about a mesh that is not there, and about clusters that no fleet has.
const (
	MeshAbsent          Code = "mesh-absent"
	ClusterUnregistered Code = "cluster-not-registered"
)

const docProvision = "https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane"

var absentFindings = []Description{
	{
		Code: MeshAbsent, Title: "There is no mesh here", Severity: Warning, Kind: mesh.FleetFeature, Single: true,
		Means: "No managed mesh is asked for in the fleet, and none of its clusters is set up for one. That is neither healthy nor broken: " +
			"there is nothing to judge. The evidence names all that was looked at, and what shows that there was a mesh once.",
		JudgedBy: "gkehub features.get and memberships.list; in the clusters, ControlPlaneRevisions, webhooks and namespace labels; the grants " +
			"of the mesh service agent in the project's IAM policy; the audit log of the last 30 days",
		Cause:  "No mesh was ever set up in the project, it was taken down, or another project is meant.",
		Source: "the APIs themselves; that nothing of these means that there never was a mesh is inferred",
		Remedy: "Nothing, if no mesh is meant to be here; check the project that was given. To set one up: gcloud container fleet mesh enable " +
			"--project FLEET_PROJECT.",
		DocURL: docProvision,
	},
	{
		Code: ClusterUnregistered, Title: "A cluster with a managed mesh is in no fleet", Severity: Error, Kind: mesh.MembershipIdentity,
		Means: "A cluster is set up for managed mesh, but is registered in no fleet. Google manages the mesh of fleet members only, so that " +
			"nothing updates or repairs this one.",
		JudgedBy:    "container clusters.get, fleet.membership; in the cluster, ControlPlaneRevisions, webhooks and namespace labels",
		Cause:       "Somebody, or automation, unregistered the cluster, or made it anew from a copy of its configuration.",
		Source:      "Google's page on provisioning managed mesh; asmcli validate",
		Established: true,
		Remedy: "Find out who unregistered it; then register it again: gcloud container clusters update CLUSTER --location LOCATION " +
			"--enable-fleet, or gcloud container fleet memberships register --enable-workload-identity.",
		DocURL: docProvision,
	},
}

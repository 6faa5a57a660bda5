package catalogue

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"strings"
)

// StateInfo is what is known about a state of the control plane or data plane (ServiceMeshControlPlaneManagement.state
// of the GKE Hub API; both planes have the same list).
type StateInfo struct {
	State            string
	ControlPlane     string // what it means of the control plane
	ControlRemedy    string
	DataPlane        string // what it means of the data plane
	DataPlaneRemedy  string
	DataPlaneRunbook string
	Source           string
	Established      bool
}

var states = []StateInfo{
	{
		State:        mesh.StateActive,
		ControlPlane: "The managed control plane is ready for use.", ControlRemedy: "Nothing.",
		DataPlane: "The managed data plane runs normally.", DataPlaneRemedy: "Nothing.",
		Source: pageDataPlane, Established: true,
	},
	{
		State:        mesh.StateDisabled,
		ControlPlane: "The managed control plane is not enabled.",
		ControlRemedy: "Turn on mesh management for the membership, if it should be managed: gcloud container fleet mesh update --management " +
			"automatic --memberships MEMBERSHIP.",
		DataPlane: "No namespace or revision is configured to use the managed data plane. Pods that were annotated one by one are managed " +
			"although the state is DISABLED.",
		// A mesh may do without a managed data plane, so this is no alarm.
		// With management automatic it is on by default, and the annotation takes a part out.
		DataPlaneRemedy: "Nothing, if that is intended; otherwise set the membership's management to automatic, which turns it on, and remove " +
			"mesh.cloud.google.com/proxy='{\"managed\":\"false\"}', or annotate a namespace or the revision with true.",
		DataPlaneRunbook: runDataPlane, Source: pageDataPlane, Established: true,
	},
	{
		State:            mesh.StateFailedPrecondition,
		ControlPlane:     "A problem of the cluster or its project blocks provisioning.",
		ControlRemedy:    "Read the details and conditions, correct the prerequisite that they name; the mesh tries again within 15 minutes.",
		DataPlane:        "The managed data plane needs a managed control plane that works.",
		DataPlaneRemedy:  "The managed data plane needs a working managed control plane: correct that first.",
		DataPlaneRunbook: runProvision, Source: pageDataPlane, Established: true,
	},
	{
		State:            mesh.StateProvisioning,
		ControlPlane:     "The managed control plane is being provisioned.",
		ControlRemedy:    "Wait; when it lasts over 10 minutes, something went wrong: read the ControlPlaneRevision's conditions.",
		DataPlane:        "The managed data plane is being provisioned.",
		DataPlaneRemedy:  "Wait; when it lasts over 10 minutes, something went wrong: contact support.",
		DataPlaneRunbook: runEvidence, Source: pageDataPlane, Established: true,
	},
	{
		State:            mesh.StateStalled,
		ControlPlane:     "Provisioning failed, and does not continue without intervention.",
		ControlRemedy:    "Read the Stalled condition of the ControlPlaneRevision: kubectl describe controlplanerevision -n istio-system.",
		DataPlane:        "An internal error keeps the managed data plane from running.",
		DataPlaneRemedy:  "An internal error blocks the data plane; when it persists, contact support.",
		DataPlaneRunbook: runEvidence, Source: pageDataPlane, Established: true,
	},
	{
		State:         mesh.StateNeedsAttention,
		ControlPlane:  "The control plane is ready, but needs an action by a person, such as moving workloads to a new revision.",
		ControlRemedy: "Read the details and conditions.",
		DataPlane:     "The managed data plane could not upgrade some workloads. It marks their pods with dataplane-upgrade=failed.",
		DataPlaneRemedy: "Restart the workloads whose proxies could not be upgraded: kubectl get pods --all-namespaces -l " +
			"dataplane-upgrade=failed.",
		DataPlaneRunbook: runProxies, Source: pageAttention, Established: true,
	},
	{
		State:            mesh.StateDegraded,
		ControlPlane:     "The control plane is ready, but works in a degraded way.",
		ControlRemedy:    "Read the details and conditions; when they name no cause, collect evidence and contact support.",
		DataPlane:        "The data plane is ready, but works in a degraded way.",
		DataPlaneRemedy:  "Read the details and conditions; when they name no cause, collect evidence and contact support.",
		DataPlaneRunbook: runEvidence, Source: sourceHub + "; Google's troubleshooting page does not have it, and the remedy is inferred",
	},
	{
		State:            mesh.StateDeprovisioning,
		ControlPlane:     "The managed control plane is being removed.",
		ControlRemedy:    "Nothing, if management was set to not installed; otherwise find out who did, and set it to automatic.",
		DataPlane:        "The managed data plane is being removed.",
		DataPlaneRemedy:  "Nothing, if management was set to not installed; otherwise find out who did, and set it to automatic.",
		DataPlaneRunbook: runProvision, Source: sourceHub + "; Google's troubleshooting page does not have it, and the remedy is inferred",
	},
}

// DescribeState returns what is known about a state, or false for one that is not known.
func DescribeState(state string) (StateInfo, bool) {
	for _, s := range states {
		if s.State == state {
			return s, true
		}
	}
	return StateInfo{}, false
}

// States are the states that are known, in Google's page's order; those that Google's page lacks are last.
func States() []StateInfo { return append([]StateInfo(nil), states...) }

// ReadyRevision is the revision that a control plane names as ready, or "" where it
// names none (details "Ready: REVISION" with code REVISION_READY, as it has been seen).
func ReadyRevision(controlPlane mesh.Component) string {
	for _, d := range controlPlane.Details {
		name, found := strings.CutPrefix(d.Text, "Ready: ")
		if found && d.Code == CodeRevisionReady && mesh.CheckRevision(name) == nil {
			return name
		}
	}
	return ""
}

// The codes that go with the states (details[].code, a free string). The API
// pairs them freely with states, so they explain and never decide.
const (
	CodeOK                   = "OK"
	CodeControlPlaneRequired = "MANAGED_CONTROL_PLANE_REQUIRED"
	CodeInternalError        = "INTERNAL_ERROR"
	CodeUpgradeFailures      = "UPGRADE_FAILURES"
	CodeRevisionReady        = "REVISION_READY"
	CodeRevisionProvisioning = "REVISION_PROVISIONING"
	CodeRevisionPrecondition = "REVISION_FAILED_PRECONDITION"
)

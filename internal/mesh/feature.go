package mesh

import "time"

// The states of a mesh component (ServiceMeshControlPlaneManagement.state and
// ServiceMeshDataPlaneManagement.state of the GKE Hub API, which are one list).
const (
	StateDisabled           = "DISABLED"
	StateFailedPrecondition = "FAILED_PRECONDITION"
	StateProvisioning       = "PROVISIONING"
	StateActive             = "ACTIVE"
	StateStalled            = "STALLED"
	StateNeedsAttention     = "NEEDS_ATTENTION"
	StateDegraded           = "DEGRADED"
	StateDeprovisioning     = "DEPROVISIONING"
)

// The values of ServiceMeshMembershipSpec.management.
const (
	ManagementAutomatic    = "MANAGEMENT_AUTOMATIC"
	ManagementManual       = "MANAGEMENT_MANUAL"
	ManagementNotInstalled = "MANAGEMENT_NOT_INSTALLED"
)

// Feature is the mesh feature of a fleet, as far as health needs it (projects.locations.features.get of the GKE Hub
// API). An empty string is a field that the API left out.
type Feature struct {
	Name          string // projects/P/locations/global/features/servicemesh
	ResourceState string // ENABLING, ACTIVE, DISABLING, UPDATING, SERVICE_UPDATING
	Code          string // OK, WARNING, ERROR
	Description   string
	Conditions    []Condition
	Default       string // management that new memberships get
	Memberships   []MembershipMesh
	Unreachable   []string // regions that could not be asked
}

// MembershipMesh is the mesh of one membership: its spec and its state.
type MembershipMesh struct {
	Name           string // as the API spells it: with the project's number
	Management     string
	Origin         string // FLEET, FLEET_OUT_OF_SYNC, USER
	Reported       bool   // the API has a state for it
	Code           string // OK, WARNING, ERROR; may be absent while provisioning
	Description    string
	Updated        time.Time // state.updateTime; zero where it is missing
	Implementation string    // ISTIOD, TRAFFIC_DIRECTOR, UPDATING
	ControlPlane   Component
	DataPlane      Component
	Conditions     []Condition
}

// Runs reports whether the fleet reports a control plane that runs, or is meant to. GKE Hub reports a membership that was
// never opted in with both planes DISABLED, or without a state.
func (m MembershipMesh) Runs() bool {
	switch m.ControlPlane.State {
	case "", StateDisabled, "LIFECYCLE_STATE_UNSPECIFIED":
		return false
	}
	return true
}

// Component is the management state of a control plane or data plane.
type Component struct {
	State   string
	Details []Detail
}

// Detail explains a state. Its code is a free string, not an enum.
type Detail struct{ Code, Text string }

// Condition is a ServiceMeshCondition or ServiceMeshFeatureCondition.
type Condition struct{ Code, Severity, Details, Link string }

// The implementations of a managed control plane (ServiceMeshControlPlaneManagement.implementation of the GKE Hub API).
const (
	ImplementationIstiod          = "ISTIOD"
	ImplementationTrafficDirector = "TRAFFIC_DIRECTOR"
	ImplementationUpdating        = "UPDATING"
)

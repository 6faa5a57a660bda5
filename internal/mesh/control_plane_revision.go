package mesh

import "time"

// SystemNamespace is the only namespace where a ControlPlaneRevision may be.
const SystemNamespace = "istio-system"

// RevisionType is the only type that a managed ControlPlaneRevision may have.
const RevisionType = "managed_service"

// The types of a ControlPlaneRevision's conditions.
const (
	ConditionReconciled = "Reconciled"           // True: the control plane works
	ConditionStalled    = "Stalled"              // True: provisioning stopped; a person must act
	ConditionFinished   = "ProvisioningFinished" // True: provisioning ended, either way
)

// ControlPlaneRevision is a revision of the managed control plane as its object
// in the cluster has it (mesh.cloud.google.com, v1alpha1 and v1beta1 alike).
type ControlPlaneRevision struct {
	Name, Namespace string
	Channel         string // spec.channel: regular, rapid, stable
	Type            string // spec.type: managed_service
	Created         time.Time
	Annotations     map[string]string
	Labels          map[string]string
	Conditions      []RevisionCondition
}

// RevisionCondition is a condition of a ControlPlaneRevision. Every field may be
// missing; Since is zero without lastTransitionTime.
type RevisionCondition struct {
	Type, Status, Reason, Message string
	Since                         time.Time
}

// Condition returns the condition of a type. One that is missing has status
// "Unknown", as the absence of a condition means in Kubernetes.
func (r ControlPlaneRevision) Condition(kind string) RevisionCondition {
	for _, c := range r.Conditions {
		if c.Type == kind {
			return c
		}
	}
	return RevisionCondition{Type: kind, Status: "Unknown"}
}

// Age is how long a condition has had its status, or zero where that is not known or lies in the future.
func (c RevisionCondition) Age(now time.Time) time.Duration {
	if c.Since.IsZero() || now.Before(c.Since) {
		return 0
	}
	return now.Sub(c.Since)
}

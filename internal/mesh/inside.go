package mesh

// OptionsConfigMap is the ConfigMap in istio-system with the mesh's options in a cluster (asmcli).
const OptionsConfigMap = "asm-options"

// LabelManagedCNI is on a ControlPlaneRevision; any value but "true" switches the managed CNI off.
const LabelManagedCNI = "mesh.cloud.google.com/managed-cni-enabled"

// The types of conditions that a control plane writes into the status of Istio's objects.
const (
	ConditionAccepted   = "Accepted"                // False: the object is not applied
	ConditionCompatible = "ModernizationCompatible" // False: TRAFFIC_DIRECTOR does not support the object
)

// ConfigProblem is a condition of an Istio object that is False.
type ConfigProblem struct {
	Kind, Namespace, Name string
	Condition             string // its type
	Reason, Message       string
}

// UnschedulablePod is a pod of the mesh's own components that finds no node.
type UnschedulablePod struct {
	Component string // mdp-controller or istio-cni-node
	Name      string
	Message   string // the scheduler's words
}

// The mesh's components in kube-system.
const (
	ComponentDataPlane = "mdp-controller"
	ComponentCNI       = "istio-cni-node"
)

// String names the object and why: "VirtualService shop/cart (Invalid: no such gateway)".
func (p ConfigProblem) String() string {
	why := p.Reason
	if p.Message != "" {
		if why != "" {
			why += ": "
		}
		why += p.Message
	}
	name := p.Kind + " " + p.Namespace + "/" + p.Name
	if why == "" {
		return name
	}
	return name + " (" + why + ")"
}

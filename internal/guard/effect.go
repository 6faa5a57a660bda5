package guard

import (
	"fmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// act is what a change does to a need.
type act int

const (
	takes   act = iota // it takes it away
	gives              // it brings it about, or keeps it by writing it whole
	unclear            // the plan does not say
)

// need is one thing that managed mesh needs. Two changes that are about an equal need are about the same thing.
type need struct {
	kind  needKind
	where string // a project, a cluster, a namespace
	what  string // the agent's number, an API; anyAgent matches each
}

type needKind string

const (
	agentRole   needKind = "agent-role"
	api         needKind = "api"
	project     needKind = "project"
	cluster     needKind = "cluster"
	pool        needKind = "workload-pool"
	metadata    needKind = "node-metadata"
	membership  needKind = "membership"
	identity    needKind = "membership-identity"
	feature     needKind = "feature"
	management  needKind = "management"
	injection   needKind = "injection"
	dataPlane   needKind = "data-plane"
	revision    needKind = "revision"
	webhook     needKind = "webhook"
	definitions needKind = "definitions"
	reach       needKind = "reach" // of the mesh's APIs, by its agent and from its nodes
)

// anyAgent is the agent of a fleet whose number is not known.
const anyAgent = "*"

// effect is what one step of a change does to one need.
type effect struct {
	need
	act     act
	code    catalogue.Code
	subject string // what loses it, for a reader
	reason  string
	instead string
	change  *change
	order   int // of the step in the change
}

// The codes that only a plan can have: no check finds them in a mesh afterwards, or finds only what follows.
const (
	MembershipGone   catalogue.Code = "membership-missing"
	DefinitionsGone  catalogue.Code = "mesh-crd-missing"
	BillingGone      catalogue.Code = "billing-disabled"
	AccessDenied     catalogue.Code = "access-denied-by-policy"
	NetworkCut       catalogue.Code = "network-cut"
	ControlPlaneMore catalogue.Code = "second-control-plane"
)

// consequences say what happens to the mesh.
var consequences = map[catalogue.Code]string{
	catalogue.BindingMissing: "The mesh service agent can no longer work on the project: Google stops reconciling the control plane of its " +
		"clusters, new revisions stay unhealthy, and injection fails as its configuration ages.",
	catalogue.BindingConditional: "The mesh service agent holds the role only while the condition is met; whenever it is not, Google stops " +
		"reconciling the control plane.",
	catalogue.ServiceDisabled: "Managed mesh stops where it needs this API, and an API that is on again takes minutes to work " +
		"everywhere.",
	catalogue.ConnectGatewayDisabled: "Google's control plane can no longer reach the clusters: provisioning and injection fail.",
	catalogue.ProjectDeleted:         "Everything in the project is shut down with it: its clusters, its fleet and the mesh.",
	catalogue.ClusterMissing: "The cluster, its workloads, its membership's mesh and its revisions are gone; a new cluster of the same name " +
		"starts without them.",
	catalogue.PoolMissing: "Without Workload Identity the proxies have no identity; provisioning stops (Stalled), and new " +
		"proxies do not start.",
	catalogue.PoolWrong: "Managed mesh accepts only the pool PROJECT_ID.svc.id.goog of the cluster's own project; provisioning " +
		"stops (Stalled).",
	catalogue.NodePoolNoMetadata: "Proxies on these nodes get no Workload Identity token: they do not start or lose the control plane.",
	MembershipGone: "The cluster leaves the fleet, and managed mesh leaves the cluster: nothing reconciles its control " +
		"plane any more.",
	catalogue.IdentityMissing: "The fleet no longer vouches for the cluster's workloads: their certificates are refused.",
	catalogue.IdentityWrong:   "The fleet vouches for another issuer than the cluster's own: the workloads' certificates are refused.",
	catalogue.FeatureDisabled: "The mesh feature is off for the whole fleet: no membership has a managed control plane any more.",
	catalogue.NotManaged: "Google no longer manages the mesh of the membership: control plane and data plane are not reconciled " +
		"or upgraded.",
	catalogue.ManagementDiffers: "Google no longer manages the mesh of the membership: control plane and data plane are not reconciled " +
		"or upgraded.",
	catalogue.InjectionLabel: "New pods in the namespace start without a proxy, or with that of another control plane; running ones " +
		"lose it at their next restart.",
	catalogue.ProxyUnmanaged:   "Google no longer upgrades the proxies of the namespace; they age until the control plane refuses them.",
	catalogue.RevisionMissing:  "The managed control plane of this revision is taken down: nothing injects or configures its proxies.",
	catalogue.RevisionMismatch: "A revision accepts only the channel and type of its name; provisioning stops (Stalled).",
	catalogue.InjectorMissing:  "Nothing injects proxies for this revision: new pods start without one.",
	catalogue.InjectorURL:      "The webhook calls another control plane than Google's: new pods get its proxies, or none.",
	catalogue.InjectionChosen:  "New pods may get the proxy of a control plane in the cluster instead of Google's.",
	DefinitionsGone: "Kubernetes deletes every object of the definition with it: the mesh's configuration or revisions are " +
		"gone.",
	BillingGone:                     "Google stops what costs money in the project: its clusters are shut down.",
	AccessDenied:                    "The mesh's APIs, or its service agent, are refused: Google stops reconciling the control plane.",
	NetworkCut:                      "Proxies may no longer reach each other or the control plane.",
	ControlPlaneMore:                "A control plane in the cluster may take over injection from Google's.",
	catalogue.ServiceSwitchedOff:    "Managed mesh stops where it needs this API.",
	catalogue.MembershipNotReported: "Google no longer reports on the membership's mesh.",
	catalogue.InjectorLeftover:      "The webhook calls a control plane that is gone.",
}

func agentNeed(where, number string) need { return need{agentRole, where, number} }

func apiCode(service string) catalogue.Code {
	if service == mesh.GatewayService {
		return catalogue.ConnectGatewayDisabled
	}
	return catalogue.ServiceDisabled
}

// agentName is the service agent for a reader. Its number is left out where it is not known, or comes from a sensitive
// value.
func agentName(number string, from value) string {
	if number == anyAgent || from.sensitive() {
		return "the mesh service agent"
	}
	return fmt.Sprintf("the mesh service agent (%s)", mesh.ServiceAgent(number))
}

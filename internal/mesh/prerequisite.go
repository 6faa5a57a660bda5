package mesh

import (
	"cmp"
	"strconv"
	"strings"
)

// Kind names a thing that managed mesh needs.
type Kind string

// The kinds. Each has a row in Prerequisites.
const (
	APIs               Kind = "apis"
	ServiceAgentGrant  Kind = "service_agent_binding"
	ClusterPool        Kind = "workload_pool"
	NodePoolMetadata   Kind = "node_pool_metadata"
	MembershipIdentity Kind = "membership_identity"
	FleetFeature       Kind = "mesh_feature"
	MeshManagement     Kind = "mesh_management"
	ControlPlane       Kind = "control_plane"
	InjectionLabels    Kind = "namespace_injection"
	DataPlane          Kind = "data_plane"
	ProxyUpgrades      Kind = "proxies"
)

// Prerequisite is what is known about one kind. Every place that asks which
// resource corrects a kind, or what a warning about it says, reads this row.
type Prerequisite struct {
	Kind  Kind
	Title string // a few words, for a heading
	// Resource is the Terraform resource that keeps it in place, or "".
	Resource string
	// Correctable is set where a resource or a runbook's ensure step corrects it at once, without waiting for the mesh.
	Correctable bool
	// Audited is set where the audit log of Google Cloud shows who changed it. What
	// happens inside of clusters is in no log that is read.
	Audited bool
	// Drift says what happened to it, in the title of a plan's warning. {detail} is
	// the detail of the finding. DriftSeveral is for more than one, with their {count}.
	Drift, DriftSeveral string
}

// The rows are in the order in which the kinds depend on each other: a later one cannot be met while an earlier one is
// not. The order is inferred from the causes and conditions that Google documents (its pages on troubleshooting managed
// mesh and on feature state conditions), not stated by Google as a list.
var prerequisites = []Prerequisite{
	{
		Kind: APIs, Title: "APIs", Resource: "asm_project_services", Correctable: true, Audited: true,
		Drift: "{detail} was disabled", DriftSeveral: "{count} APIs were disabled",
	},
	{
		Kind: ServiceAgentGrant, Title: "Role of the mesh service agent", Resource: "asm_service_agent_binding", Correctable: true, Audited: true,
		Drift: "the mesh service agent lost its role",
	},
	{
		Kind: ClusterPool, Title: "Workload pool", Resource: "asm_workload_pool", Correctable: true, Audited: true,
		Drift: "the workload pool was changed",
	},
	// asm_workload_pool corrects it, too, with migrate_node_pools = true.
	{Kind: NodePoolMetadata, Title: "GKE metadata server of node pools", Correctable: true},
	{
		Kind: MembershipIdentity, Title: "Identity provider of the membership", Resource: "asm_membership_identity",
		Correctable: true, Audited: true,
		Drift: "the identity provider was changed",
	},
	{Kind: FleetFeature, Title: "Mesh feature of the fleet", Correctable: true},
	{
		Kind: MeshManagement, Title: "Mesh management", Resource: "asm_mesh_management", Correctable: true, Audited: true,
		Drift: "the mesh management was changed",
	},
	{Kind: ControlPlane, Title: "Control plane"},
	{
		Kind: InjectionLabels, Title: "Injection labels", Resource: "asm_namespace_injection", Correctable: true,
		Drift: "the injection labels were changed",
	},
	{
		Kind: DataPlane, Title: "Managed data plane", Resource: "asm_managed_data_plane",
		Drift: "the management of the data plane was changed",
	},
	{Kind: ProxyUpgrades, Title: "Versions of the proxies"},
}

// Prerequisites are the rows of all kinds, roots first.
func Prerequisites() []Prerequisite { return append([]Prerequisite(nil), prerequisites...) }

// KindOf is the kind that a Terraform resource keeps in place, or "".
func KindOf(resource string) Kind {
	for _, p := range prerequisites {
		if p.Resource == resource && resource != "" {
			return p.Kind
		}
	}
	return ""
}

// Order lists the kinds, roots first.
func Order() []Kind {
	kinds := make([]Kind, 0, len(prerequisites))
	for _, p := range prerequisites {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}

// Row is what is known about a kind. Of an unknown kind it has only the name.
func (k Kind) Row() Prerequisite {
	if at := k.position(); at < len(prerequisites) {
		return prerequisites[at]
	}
	return Prerequisite{Kind: k}
}

// Resource is the Terraform resource that keeps k in place, or "".
func (k Kind) Resource() string { return k.Row().Resource }

// Lost says what happened to a prerequisite, in the title of a warning. details are
// those of its findings, one for each finding.
func (p Prerequisite) Lost(details ...string) string {
	switch {
	case len(details) > 1 && p.DriftSeveral != "":
		return strings.ReplaceAll(p.DriftSeveral, "{count}", strconv.Itoa(len(details)))
	case len(details) > 0 && p.Drift != "":
		return strings.ReplaceAll(p.Drift, "{detail}", details[0])
	}
	return "it was changed"
}

// Before reports whether k comes before other in Order.
func (k Kind) Before(other Kind) bool { return k.position() < other.position() }

// Compare puts roots first, for sorting.
func (k Kind) Compare(other Kind) int { return cmp.Compare(k.position(), other.position()) }

func (k Kind) position() int {
	for i, known := range prerequisites {
		if known.Kind == k {
			return i
		}
	}
	return len(prerequisites)
}

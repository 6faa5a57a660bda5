package mesh

import "cmp"

// Kind names a thing that managed mesh needs.
type Kind string

// The prerequisites in the order in which they depend on each other: a later
// one cannot be met while an earlier one is not. The order is inferred from the
// causes and conditions that Google documents (facts of Google's page and of the
// feature-state-condition page), not stated by Google as a list.
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

// Order lists the kinds, roots first.
func Order() []Kind {
	return []Kind{
		APIs, ServiceAgentGrant, ClusterPool, NodePoolMetadata, MembershipIdentity,
		FleetFeature, MeshManagement, ControlPlane, InjectionLabels, DataPlane, ProxyUpgrades,
	}
}

// Before reports whether k comes before other in Order.
func (k Kind) Before(other Kind) bool { return k.position() < other.position() }

// Compare puts roots first, for sorting.
func (k Kind) Compare(other Kind) int { return cmp.Compare(k.position(), other.position()) }

func (k Kind) position() int {
	for i, known := range Order() {
		if known == k {
			return i
		}
	}
	return len(Order())
}

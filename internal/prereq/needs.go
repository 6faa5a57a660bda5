package prereq

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// The needs of a mesh, by what has to meet them. The diagnosis and the audit check
// what these functions list, so a prerequisite that is added here is checked by both.

// Need is a prerequisite that a mesh has.
type Need struct {
	Prerequisite
	Fleet string // id of the host project of the fleet whose mesh alone has it, or ""
}

// NeedsOfProject are what the meshes of fleets need of a project that they run in: the APIs, and grants for the agents of
// each fleet. The fleet's own project grants its GKE Hub agent what it needs by itself.
func NeedsOfProject(client *gcp.Client, project string, services, fleets []string) []Need {
	needs := []Need{{Prerequisite: &ProjectServices{Client: client, Project: project, Names: services}}}
	for _, fleet := range fleets {
		if fleet != project {
			needs = append(needs, Need{
				&ServiceAgentBinding{Client: client, Project: project, FleetProject: fleet, Agent: mesh.AgentHub, Anywhere: true}, fleet,
			})
		}
	}
	return append(needs, NeedsOfNetworkHost(client, project, fleets)...)
}

// NeedsOfNetworkHost are what the meshes of fleets need of a Shared VPC host project.
// It runs no mesh, so it needs no APIs.
func NeedsOfNetworkHost(client *gcp.Client, project string, fleets []string) (needs []Need) {
	for _, fleet := range fleets {
		needs = append(needs, Need{
			&ServiceAgentBinding{Client: client, Project: project, FleetProject: fleet, Agent: mesh.AgentMesh, Anywhere: true}, fleet,
		})
	}
	return needs
}

// NeedsOfMembership are what a mesh needs of a fleet membership. issuer is the one to
// expect; "" is that of the GKE cluster.
func NeedsOfMembership(client *gcp.Client, membership mesh.Membership, issuer string) []Need {
	return []Need{{Prerequisite: &MembershipIdentity{Client: client, Membership: membership, Issuer: issuer}}}
}

// NeedsOfCluster are what a mesh needs of a GKE cluster, as Google's APIs show it.
func NeedsOfCluster(client *gcp.Client, cluster mesh.Cluster) []Need {
	return []Need{{Prerequisite: &WorkloadPool{Client: client, Cluster: cluster}}}
}

// A Wide prerequisite is one whose check has findings of other kinds, too.
type Wide interface {
	// AlsoFinds are these kinds.
	AlsoFinds() []mesh.Kind
}

// Kinds are the kinds that the check of a prerequisite is about, its own first.
func Kinds(p Prerequisite) []mesh.Kind {
	kinds := []mesh.Kind{p.Kind()}
	if wide, ok := p.(Wide); ok {
		kinds = append(kinds, wide.AlsoFinds()...)
	}
	return kinds
}

package mesh

// Agent is a service agent of a fleet that managed mesh needs. Both are named after the number of the fleet's host project.
type Agent string

// The agents. An empty one is AgentMesh.
const (
	AgentMesh Agent = "mesh"   // of mesh.googleapis.com; needs its role on the fleet, cluster and network host projects
	AgentHub  Agent = "gkehub" // of gkehub.googleapis.com; needs its role on cluster projects that are not the fleet's
)

// HubAgentRole is the IAM role that the fleet's GKE Hub service agent needs on each project with clusters of the fleet
// that is not the fleet's own: without it clusters of that project cannot be registered (asmcli, lib/util.sh,
// ensure_cross_project_service_accounts; terraform-google-kubernetes-engine, issues 936 and 1398).
const HubAgentRole = "roles/gkehub.serviceAgent"

// Agents are the names that an agent may be given by.
func Agents() []string { return []string{string(AgentMesh), string(AgentHub)} }

// Title is what the agent is called.
func (a Agent) Title() string {
	if a == AgentHub {
		return "GKE Hub service agent"
	}
	return "mesh service agent"
}

// Role is the role that the agent needs.
func (a Agent) Role() string {
	if a == AgentHub {
		return HubAgentRole
	}
	return AgentRole
}

// Service is the API whose service identity the agent is.
func (a Agent) Service() string {
	if a == AgentHub {
		return "gkehub.googleapis.com"
	}
	return IdentityService
}

// Email is the agent's e-mail address, for the fleet whose host project has this number.
func (a Agent) Email(fleetNumber string) string {
	if a == AgentHub {
		return "service-" + fleetNumber + "@gcp-sa-gkehub.iam.gserviceaccount.com"
	}
	return ServiceAgent(fleetNumber)
}

// Member is Email as a member of an IAM policy.
func (a Agent) Member(fleetNumber string) string { return "serviceAccount:" + a.Email(fleetNumber) }

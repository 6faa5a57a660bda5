package world

import (
	"slices"
	"strings"
	"time"
)

const (
	hubAgentRole   = "roles/gkehub.serviceAgent"
	hubAgentDomain = "@gcp-sa-gkehub.iam.gserviceaccount.com"
	meshAgentPart  = "@gcp-sa-servicemesh.iam.gserviceaccount.com"
)

// revokeHubAgents takes the GKE Hub service agents from their role on a project, as a policy that leaves them out does.
func revokeHubAgents(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, func(policy Policy) Policy {
		for _, b := range policy.Bindings {
			if b.Role == hubAgentRole {
				b.Members = slices.DeleteFunc(b.Members, func(m string) bool { return strings.Contains(m, hubAgentDomain) })
			}
		}
		return policy
	})
}

func restoreHubAgents(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, func(policy Policy) Policy {
		for _, email := range w.agents(t.project) {
			policy = policy.grant(hubAgentRole, "serviceAccount:"+strings.Replace(email, meshAgentPart, hubAgentDomain, 1))
		}
		return policy
	})
}

package cluster

import (
	"cmp"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// GatewayURL is the address at which Connect Gateway serves a membership's cluster; Kubernetes paths follow it. A
// regional membership has a regional host: on the global one it is refused with 400. A GKE cluster is called
// gkeMemberships, one reached through the Connect agent memberships (gcloud's source, and recorded kubeconfigs).
// endpoint replaces Google's hosts where it is not "".
func GatewayURL(m mesh.Membership, agent bool, universe, endpoint string) string {
	host := strings.TrimRight(endpoint, "/")
	if host == "" {
		prefix := ""
		if m.Location != "global" {
			prefix = m.Location + "-"
		}
		host = "https://" + prefix + "connectgateway." + cmp.Or(universe, "googleapis.com")
	}
	kind := "gkeMemberships"
	if agent {
		kind = "memberships"
	}
	return host + "/v1/projects/" + m.Project + "/locations/" + m.Location + "/" + kind + "/" + m.Name
}

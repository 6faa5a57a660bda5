package cluster_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

// Connect Gateway that is disabled in the project that requests are charged to says nothing of the fleet.
func TestAGatewayThatIsDisabledInTheQuotaProject(t *testing.T) {
	elsewhere := strings.ReplaceAll(gatewayDisabled, "100000000001", "100000000003")
	byID := func(id string) string { return strings.ReplaceAll(gatewayDisabled, "100000000001", id) }
	for name, c := range map[string]struct {
		quota, answer string
		fleet         bool
	}{
		"without a quota project":       {"", gatewayDisabled, true},
		"the service account's project": {"", elsewhere, false},
		"charged to the fleet's id":     {"mesh-sim-1", byID("mesh-sim-1"), true},
		"charged to another id":         {"mesh-sim-3", byID("mesh-sim-3"), false},
		"charged elsewhere, off there":  {"mesh-sim-3", elsewhere, false},
		"charged elsewhere, off in it":  {"mesh-sim-3", gatewayDisabled, true},
		"charged to the fleet's number": {"100000000001", gatewayDisabled, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, says(403, c.answer))
			target, err := cluster.ParseTarget(membershipName, "")
			must(t, err)
			target.FleetProject = "mesh-sim-1"
			opened, err := access(t, cluster.Config{GatewayEndpoint: s.URL, QuotaProject: c.quota}).Open(target)
			must(t, err)
			_, err = opened.Revisions(t.Context())
			if _, disabled := apierr.GatewayDisabled(err); disabled != c.fleet || (apierr.DisabledService(err) != "") != c.fleet {
				t.Errorf("disabled in the fleet: %v, %v", disabled, err)
			}
			if err == nil || !c.fleet && !strings.Contains(err.Error(), "another billing_project or quota project") {
				t.Errorf("it says: %v", err)
			}
		})
	}
}

package health_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

func TestModernization(t *testing.T) {
	of := func(codes ...string) (conditions []mesh.Condition) {
		for _, c := range codes {
			conditions = append(conditions, mesh.Condition{Code: c, Severity: "WARNING"})
		}
		return conditions
	}
	for _, c := range []struct {
		implementation string
		member, fleet  []mesh.Condition
		want           string
	}{
		{"TRAFFIC_DIRECTOR", of("WORKLOAD_IDENTITY_REQUIRED"), of("MODERNIZATION_INCOMPATIBLE"), ""},
		{"", nil, of("MODERNIZATION_COMPATIBLE"), ""},
		{"ISTIOD", nil, of("MODERNIZATION_COMPATIBLE"), "ready for modernization"},
		{"ISTIOD", nil, of("MODERNIZATION_ELIGIBLE"), "ready for modernization"},
		{"ISTIOD", of("VPCSC_GA_SUPPORTED"), nil, "whether it is ready for modernization is unknown: the fleet does not report it"},
		{"ISTIOD", of("LEGACY_MC_SECRETS", "WORKLOAD_IDENTITY_REQUIRED"), of("MODERNIZATION_INCOMPATIBLE"),
			"kept from modernization by LEGACY_MC_SECRETS, WORKLOAD_IDENTITY_REQUIRED"},
		{"ISTIOD", of("MANAGED_CNI_NOT_ENABLED"), of("MODERNIZATION_COMPATIBLE"), "kept from modernization by MANAGED_CNI_NOT_ENABLED"},
		{"ISTIOD", nil, of("MODERNIZATION_INCOMPATIBLE"), "kept from modernization by MODERNIZATION_INCOMPATIBLE of the fleet"},
		{"ISTIOD", nil, of("MODERNIZATION_INCOMPATIBLE_FLEET_QUOTA"), "kept from modernization by MODERNIZATION_INCOMPATIBLE_FLEET_QUOTA of the fleet"},
		{"ISTIOD", nil, of("MODERNIZATION_COMPATIBLE", "MODERNIZATION_MANUAL"),
			"the fleet is opted out of Google's modernization: it is to be started by hand"},
		{"ISTIOD", of("MODERNIZATION_SCHEDULED"), of("MODERNIZATION_COMPATIBLE"), "the modernization is scheduled"},
		{"UPDATING", of("MODERNIZATION_MIGRATING_WORKLOADS", "MODERNIZATION_STALLED"), nil,
			"the modernization is moving workloads; it reports MODERNIZATION_STALLED"},
		{"UPDATING", nil, nil, "the modernization is under way"},
	} {
		got := health.Modernization(mesh.MembershipMesh{Implementation: c.implementation, Conditions: c.member}, c.fleet)
		if got != c.want {
			t.Errorf("%s, %v, %v: %q, want %q", c.implementation, c.member, c.fleet, got, c.want)
		}
	}
}

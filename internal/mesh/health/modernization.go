package health

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// The conditions that keep a cluster from being modernized (Google's pages "Managed control plane modernization" and
// "Configuration updates for modernization"; the API's descriptions of the codes).
var clusterBlockers = []string{
	"LEGACY_MC_SECRETS", "MANAGED_CNI_NOT_ENABLED", "MISSING_CONTROL_PLANE_CONFIG", "MODERNIZATION_ABORTED",
	"MODERNIZATION_INCOMPATIBLE_CONFIG", "MODERNIZATION_INCOMPATIBLE_GATEWAY_POD_SCALE", "MODERNIZATION_INCOMPATIBLE_POD_ANNOTATION",
	"MODERNIZATION_STALLED", "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED", "NON_STANDARD_BINARY_USAGE",
	"REQUIRED_ORG_POLICY_DISABLED", "SHARED_VPC_MISSING_PERMISSIONS", "UNSUPPORTED_GATEWAY_CLASS", "UNSUPPORTED_MULTIPLE_CONTROL_PLANES",
	"WORKLOAD_IDENTITY_REQUIRED",
}

// fleetBlockers are those that keep all clusters of a fleet.
var fleetBlockers = []string{
	"MODERNIZATION_INCOMPATIBLE", "MODERNIZATION_INCOMPATIBLE_FLEET_QUOTA", "MODERNIZATION_INCOMPATIBLE_FLEET_SCALE",
}

// stages are the conditions that say how far the modernization is, of a cluster before those of its fleet, with what they say
// in a report. Deployments are restarted by Google; the soak is six business days at least.
var stages = []struct{ code, text string }{
	{"MODERNIZATION_ROLLING_BACK_CLUSTER", "is being rolled back"},
	{"MODERNIZATION_AWAITING_MANUAL_WORKLOAD_RESTART", "waits for a person to restart StatefulSets and DaemonSets"},
	{"MODERNIZATION_MIGRATING_WORKLOADS", "is moving workloads"},
	{"MODERNIZATION_IN_PROGRESS", "is under way"},
	{"MODERNIZATION_PREPARING", "is being prepared"},
	{"MODERNIZATION_PREPARED", "is prepared"},
	{"MODERNIZATION_COMPLETED", "is done, and can be rolled back until the fleet's is finalized"},
	{"MODERNIZATION_SCHEDULED", "is scheduled"},
	{"MODERNIZATION_ROLLING_BACK_FLEET", "of the fleet is being rolled back"},
	{"MODERNIZATION_FINALIZED", "of the fleet is finalized; it cannot be rolled back"},
	{"MODERNIZATION_MODERNIZED_SOAKING", "of the fleet soaks for six business days at least; it can be rolled back until it is finalized"},
	{"MODERNIZATION_MODERNIZED", "of the fleet soaks before it is finalized; it can be rolled back until then"},
	{"MODERNIZATION_MODERNIZING", "of the fleet is under way"},
	{"MODERNIZATION_WILL_BE_SCHEDULED", "of the fleet will be scheduled"},
}

// Modernization says how a membership stands to the move from ISTIOD to TRAFFIC_DIRECTOR: "ready for modernization", how far
// it is, or what keeps it. It is "" for a membership that has no need of it. others keep it besides the conditions. Only the
// fleet's own word makes a membership ready: without it, that is unknown.
func Modernization(m mesh.MembershipMesh, fleet []mesh.Condition, others ...string) string {
	if m.Implementation != mesh.ImplementationIstiod && m.Implementation != mesh.ImplementationUpdating {
		return ""
	}
	has := func(conditions []mesh.Condition, code string) bool {
		return slices.ContainsFunc(conditions, func(c mesh.Condition) bool { return c.Code == code })
	}
	keeps := slices.Clone(others)
	for _, code := range clusterBlockers {
		if has(m.Conditions, code) {
			keeps = append(keeps, code)
		}
	}
	for _, code := range fleetBlockers {
		if has(fleet, code) && (code != "MODERNIZATION_INCOMPATIBLE" || len(keeps) == 0) {
			keeps = append(keeps, code+" of the fleet")
		}
	}
	for _, s := range stages {
		if !has(m.Conditions, s.code) && !has(fleet, s.code) {
			continue
		}
		text := "the modernization " + s.text
		if len(keeps) > 0 {
			text += "; it reports " + strings.Join(keeps, ", ")
		}
		return text
	}
	switch {
	case len(keeps) > 0:
		return "kept from modernization by " + strings.Join(keeps, ", ")
	case m.Implementation == mesh.ImplementationUpdating:
		return "the modernization is under way"
	case has(fleet, "MODERNIZATION_MANUAL"):
		return "the fleet is opted out of Google's modernization: it is to be started by hand"
	case has(fleet, "MODERNIZATION_REQUIRES_CUSTOMER_TRIGGER"):
		return "ready for modernization, which has to be started by hand"
	case has(fleet, "MODERNIZATION_COMPATIBLE"), has(fleet, "MODERNIZATION_ELIGIBLE"):
		return "ready for modernization"
	}
	return "whether it is ready for modernization is unknown: the fleet does not report it"
}

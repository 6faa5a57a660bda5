package sim

import (
	"slices"
	"strings"
)

// The values of enumerations in requests (discovery). The world may have
// others: those that a future version of an API answers with.
var (
	enumLogType = enum{"google.iam.v1.AuditLogConfig.LogType",
		"LOG_TYPE_UNSPECIFIED ADMIN_READ DATA_WRITE DATA_READ"}
	enumManagement = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.Management",
		"MANAGEMENT_UNSPECIFIED MANAGEMENT_AUTOMATIC MANAGEMENT_MANUAL MANAGEMENT_NOT_INSTALLED"}
	enumControlPlane = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.ControlPlaneManagement",
		"CONTROL_PLANE_MANAGEMENT_UNSPECIFIED AUTOMATIC MANUAL"}
	enumConfigAPI = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.ConfigApi",
		"CONFIG_API_UNSPECIFIED CONFIG_API_ISTIO CONFIG_API_GATEWAY"}
	enumChannel = enum{"google.cloud.gkehub.servicemesh.v2.Spec.Channel",
		"CHANNEL_UNSPECIFIED RAPID REGULAR STABLE"}
	enumCompatibility = enum{"google.cloud.gkehub.servicemesh.v1.FeatureSpec.ModernizationCompatibility",
		"MODERNIZATION_COMPATIBILITY_UNSPECIFIED VALIDATION_ENABLED VALIDATION_DISABLED"}
	enumStrategy = enum{"google.cloud.gkehub.servicemesh.v1.FeatureSpec.ModernizationStrategy",
		"MODERNIZATION_STRATEGY_UNSPECIFIED AUTOMATIC DEFERRED"}
	enumOrigin = enum{"google.cloud.gkehub.v1.Origin.Type",
		"TYPE_UNSPECIFIED FLEET FLEET_OUT_OF_SYNC USER"}
	enumResourceState = enum{"google.cloud.gkehub.v1.FeatureResourceState.State",
		"STATE_UNSPECIFIED ENABLING ACTIVE DISABLING UPDATING SERVICE_UPDATING"}
	enumMembershipCode = enum{"google.cloud.gkehub.v1.MembershipState.Code",
		"CODE_UNSPECIFIED CREATING READY DELETING UPDATING SERVICE_UPDATING"}
	enumClusterTier = enum{"google.cloud.gkehub.v1.Membership.ClusterTier",
		"CLUSTER_TIER_UNSPECIFIED STANDARD ENTERPRISE"}
	enumMembershipType = enum{"google.cloud.gkehub.v1.Membership.MembershipType",
		"MEMBERSHIP_TYPE_UNSPECIFIED LIGHTWEIGHT"}
	enumInfrastructure = enum{"google.cloud.gkehub.v1.Membership.InfrastructureType",
		"INFRASTRUCTURE_TYPE_UNSPECIFIED ON_PREM MULTI_CLOUD"}
	enumFleetMembership = enum{"google.container.v1.Fleet.MembershipType",
		"MEMBERSHIP_TYPE_UNSPECIFIED LIGHTWEIGHT"}
	enumUsageCheck = enum{"google.api.serviceusage.v1.DisableServiceRequest.CheckIfServiceHasUsage",
		"CHECK_IF_SERVICE_HAS_USAGE_UNSPECIFIED SKIP CHECK"}
)

// An enum is an enumeration: its name in Google's protocol buffers (of those
// in hub messages partly inferred) and its values.
type enum struct{ name, values string }

// check refuses a value that is not listed. Absent is the default.
func (e enum) check(path, value string) *apiError {
	if value == "" || slices.Contains(strings.Fields(e.values), value) {
		return nil
	}
	return errValue(path, "type.googleapis.com/"+e.name, value)
}

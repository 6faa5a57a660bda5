package wire

import (
	"slices"
	"strings"
)

// The values of enumerations in requests (discovery). The world may have
// others: those that a future version of an API answers with.
var (
	EnumLogType    = enum{"google.iam.v1.AuditLogConfig.LogType", "LOG_TYPE_UNSPECIFIED ADMIN_READ DATA_WRITE DATA_READ"}
	EnumManagement = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.Management",
		"MANAGEMENT_UNSPECIFIED MANAGEMENT_AUTOMATIC MANAGEMENT_MANUAL MANAGEMENT_NOT_INSTALLED"}
	EnumControlPlane = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.ControlPlaneManagement",
		"CONTROL_PLANE_MANAGEMENT_UNSPECIFIED AUTOMATIC MANUAL"}
	EnumConfigAPI = enum{"google.cloud.gkehub.servicemesh.v1.MembershipSpec.ConfigApi",
		"CONFIG_API_UNSPECIFIED CONFIG_API_ISTIO CONFIG_API_GATEWAY"}
	EnumChannel       = enum{"google.cloud.gkehub.servicemesh.v2.Spec.Channel", "CHANNEL_UNSPECIFIED RAPID REGULAR STABLE"}
	EnumCompatibility = enum{"google.cloud.gkehub.servicemesh.v1.FeatureSpec.ModernizationCompatibility",
		"MODERNIZATION_COMPATIBILITY_UNSPECIFIED VALIDATION_ENABLED VALIDATION_DISABLED"}
	EnumStrategy = enum{"google.cloud.gkehub.servicemesh.v1.FeatureSpec.ModernizationStrategy",
		"MODERNIZATION_STRATEGY_UNSPECIFIED AUTOMATIC DEFERRED"}
	EnumOrigin        = enum{"google.cloud.gkehub.v1.Origin.Type", "TYPE_UNSPECIFIED FLEET FLEET_OUT_OF_SYNC USER"}
	EnumResourceState = enum{"google.cloud.gkehub.v1.FeatureResourceState.State",
		"STATE_UNSPECIFIED ENABLING ACTIVE DISABLING UPDATING SERVICE_UPDATING"}
	EnumMembershipCode = enum{"google.cloud.gkehub.v1.MembershipState.Code",
		"CODE_UNSPECIFIED CREATING READY DELETING UPDATING SERVICE_UPDATING"}
	EnumClusterTier    = enum{"google.cloud.gkehub.v1.Membership.ClusterTier", "CLUSTER_TIER_UNSPECIFIED STANDARD ENTERPRISE"}
	EnumMembershipType = enum{"google.cloud.gkehub.v1.Membership.MembershipType", "MEMBERSHIP_TYPE_UNSPECIFIED LIGHTWEIGHT"}
	EnumInfrastructure = enum{"google.cloud.gkehub.v1.Membership.InfrastructureType",
		"INFRASTRUCTURE_TYPE_UNSPECIFIED ON_PREM MULTI_CLOUD"}
	EnumFleetMembership = enum{"google.container.v1.Fleet.MembershipType", "MEMBERSHIP_TYPE_UNSPECIFIED LIGHTWEIGHT"}
	EnumUsageCheck      = enum{"google.api.serviceusage.v1.DisableServiceRequest.CheckIfServiceHasUsage",
		"CHECK_IF_SERVICE_HAS_USAGE_UNSPECIFIED SKIP CHECK"}
)

// An enum is an enumeration: its name in Google's protocol buffers (of those
// in hub messages partly inferred) and its values.
type enum struct{ name, values string }

// Check refuses a value that is not listed. Absent is the default.
func (e enum) Check(path, value string) *Error {
	if value == "" || slices.Contains(strings.Fields(e.values), value) {
		return nil
	}
	return InvalidValue(path, "type.googleapis.com/"+e.name, value)
}

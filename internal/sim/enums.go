package sim

import (
	"fmt"
	"maps"
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

func firstError(errs ...*apiError) *apiError {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkEnums checks the log types of a policy.
func (p *Policy) checkEnums() *apiError {
	for i, c := range p.AuditConfigs {
		if c == nil {
			continue
		}
		for k, l := range c.AuditLogConfigs {
			if l == nil {
				continue
			}
			if err := enumLogType.check(fmt.Sprintf("policy.audit_configs[%d].audit_log_configs[%d].log_type", i, k), l.LogType); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *MeshSpec) checkEnums(path string) *apiError {
	if m == nil {
		return nil
	}
	return firstError(
		enumManagement.check(path+".management", m.Management),
		enumControlPlane.check(path+".control_plane", m.ControlPlane),
		enumConfigAPI.check(path+".config_api", m.ConfigAPI),
	)
}

func (o *Origin) checkEnums(path string) *apiError {
	if o == nil {
		return nil
	}
	return enumOrigin.check(path+".type", o.Type)
}

func (s *featureResourceState) checkEnums(path string) *apiError {
	if s == nil {
		return nil
	}
	return enumResourceState.check(path+".state", s.State)
}

func (m *featureMessage) checkEnums() *apiError {
	if err := m.ResourceState.checkEnums("resource.resource_state"); err != nil {
		return err
	}
	if m.Spec != nil && m.Spec.Mesh != nil {
		if err := firstError(
			enumCompatibility.check("resource.spec.mesh.modernization_compatibility", m.Spec.Mesh.ModernizationCompatibility),
			enumStrategy.check("resource.spec.mesh.modernization_strategy", m.Spec.Mesh.ModernizationStrategy),
		); err != nil {
			return err
		}
	}
	if d := m.FleetDefaultMemberConfig; d != nil {
		if err := d.Mesh.checkEnums("resource.fleet_default_member_config.mesh"); err != nil {
			return err
		}
	}
	for i, key := range slices.Sorted(maps.Keys(m.MembershipSpecs)) {
		s := m.MembershipSpecs[key]
		if s == nil {
			continue
		}
		path := fmt.Sprintf("resource.membership_specs[%d].value", i)
		if err := firstError(s.Mesh.checkEnums(path+".mesh"), s.Origin.checkEnums(path+".origin")); err != nil {
			return err
		}
	}
	return nil
}

func (m *membershipFeatureMessage) checkEnums() *apiError {
	if err := m.LifecycleState.checkEnums("membership_feature.lifecycle_state"); err != nil || m.Spec == nil {
		return err
	}
	const path = "membership_feature.spec"
	if s := m.Spec.Servicemesh; s != nil {
		if err := firstError(s.checkEnums(path+".servicemesh"), enumChannel.check(path+".servicemesh.default_channel", s.DefaultChannel)); err != nil {
			return err
		}
	}
	return m.Spec.Origin.checkEnums(path + ".origin")
}

func (m *membershipMessage) checkEnums() *apiError {
	code := ""
	if m.State != nil {
		code = m.State.Code
	}
	return firstError(
		enumMembershipCode.check("resource.state.code", code),
		enumClusterTier.check("resource.cluster_tier", m.ClusterTier),
		enumMembershipType.check("resource.membership_type", m.MembershipType),
		enumInfrastructure.check("resource.infrastructure_type", m.InfrastructureType),
	)
}

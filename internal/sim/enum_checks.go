package sim

import (
	"fmt"
	"maps"
	"slices"
)

// checkPolicyEnums checks the log types of a policy.
func checkPolicyEnums(p *Policy) *apiError {
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

func checkMeshEnums(m *MeshSpec, path string) *apiError {
	if m == nil {
		return nil
	}
	return firstError(
		enumManagement.check(path+".management", m.Management),
		enumControlPlane.check(path+".control_plane", m.ControlPlane),
		enumConfigAPI.check(path+".config_api", m.ConfigAPI),
	)
}

func checkOriginEnums(o *Origin, path string) *apiError {
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
		if err := checkMeshEnums(d.Mesh, "resource.fleet_default_member_config.mesh"); err != nil {
			return err
		}
	}
	for i, key := range slices.Sorted(maps.Keys(m.MembershipSpecs)) {
		s := m.MembershipSpecs[key]
		if s == nil {
			continue
		}
		path := fmt.Sprintf("resource.membership_specs[%d].value", i)
		if err := firstError(checkMeshEnums(s.Mesh, path+".mesh"), checkOriginEnums(s.Origin, path+".origin")); err != nil {
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
		if err := firstError(checkMeshEnums(&s.MeshSpec, path+".servicemesh"), enumChannel.check(path+".servicemesh.default_channel", s.DefaultChannel)); err != nil {
			return err
		}
	}
	return checkOriginEnums(m.Spec.Origin, path+".origin")
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

func firstError(errs ...*apiError) *apiError {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package api

import (
	"fmt"
	"maps"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// checkPolicyEnums checks the log types of a policy.
func checkPolicyEnums(p *world.Policy) *wire.Error {
	for i, c := range p.AuditConfigs {
		if c == nil {
			continue
		}
		for k, l := range c.AuditLogConfigs {
			if l == nil {
				continue
			}
			if err := wire.EnumLogType.Check(fmt.Sprintf("policy.audit_configs[%d].audit_log_configs[%d].log_type", i, k), l.LogType); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkMeshEnums(m *world.MeshSpec, path string) *wire.Error {
	if m == nil {
		return nil
	}
	return firstError(wire.EnumManagement.Check(path+".management", m.Management),
		wire.EnumControlPlane.Check(path+".control_plane", m.ControlPlane), wire.EnumConfigAPI.Check(path+".config_api", m.ConfigAPI))
}

func checkOriginEnums(o *world.Origin, path string) *wire.Error {
	if o == nil {
		return nil
	}
	return wire.EnumOrigin.Check(path+".type", o.Type)
}

func (s *featureResourceState) checkEnums(path string) *wire.Error {
	if s == nil {
		return nil
	}
	return wire.EnumResourceState.Check(path+".state", s.State)
}

func (m *featureMessage) checkEnums() *wire.Error {
	if err := m.ResourceState.checkEnums("resource.resource_state"); err != nil {
		return err
	}
	if m.Spec != nil && m.Spec.Mesh != nil {
		if err := firstError(wire.EnumCompatibility.Check("resource.spec.mesh.modernization_compatibility",
			m.Spec.Mesh.ModernizationCompatibility),
			wire.EnumStrategy.Check("resource.spec.mesh.modernization_strategy", m.Spec.Mesh.ModernizationStrategy)); err != nil {
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

func (m *membershipFeatureMessage) checkEnums() *wire.Error {
	if err := m.LifecycleState.checkEnums("membership_feature.lifecycle_state"); err != nil || m.Spec == nil {
		return err
	}
	const path = "membership_feature.spec"
	if s := m.Spec.Servicemesh; s != nil {
		if err := firstError(checkMeshEnums(&s.MeshSpec, path+".servicemesh"),
			wire.EnumChannel.Check(path+".servicemesh.default_channel", s.DefaultChannel)); err != nil {
			return err
		}
	}
	return checkOriginEnums(m.Spec.Origin, path+".origin")
}

func (m *membershipMessage) checkEnums() *wire.Error {
	code := ""
	if m.State != nil {
		code = m.State.Code
	}
	return firstError(
		wire.EnumMembershipCode.Check("resource.state.code", code),
		wire.EnumClusterTier.Check("resource.cluster_tier", m.ClusterTier),
		wire.EnumMembershipType.Check("resource.membership_type", m.MembershipType),
		wire.EnumInfrastructure.Check("resource.infrastructure_type", m.InfrastructureType),
	)
}

func firstError(errs ...*wire.Error) *wire.Error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package world

import (
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// fleetFaults change what the fleet says of a membership, as somebody's gcloud
// or Terraform does, and leave its audit entries.
func fleetFaults() []faultDef {
	def := func(name, description string, apply, undo func(*World, *ActiveFault, target, time.Time)) faultDef {
		return faultDef{Fault: Fault{Name: name, Description: description, Parameters: clusterParams}, scope: scopeCluster, apply: apply, undo: undo}
	}
	return []faultDef{
		def("identity-provider-missing", "the membership has no identity provider, as one that was registered before workload identity was on", clearAuthority, restoreAuthority),
		def("management-manual", "somebody set the membership's mesh management to manual", setManagement("MANAGEMENT_MANUAL"), setManagement(managementAutomatic)),
	}
}

func setAuthority(w *World, t target, now time.Time, authority func(fleet *Project, c *Cluster) *Authority) {
	c := t.cluster()
	fleet, m := w.fleetOf(c)
	if m == nil {
		return
	}
	w.Kubernetes(t.project, c, now) // as it was before
	m.Authority = authority(fleet, c)
	w.hubChanged(fleet, "UpdateMembership", "gkehub.memberships.update", m.Key(), map[string]any{
		"updateMask": "authority", "resource": map[string]any{"authority": m.Authority},
	}, now)
	w.Kubernetes(t.project, c, now)
}

func clearAuthority(w *World, _ *ActiveFault, t target, now time.Time) {
	setAuthority(w, t, now, func(*Project, *Cluster) *Authority { return nil })
}

func restoreAuthority(w *World, _ *ActiveFault, t target, now time.Time) {
	setAuthority(w, t, now, func(fleet *Project, c *Cluster) *Authority {
		return NewAuthority("https://container.googleapis.com/v1/projects/"+t.project.ProjectID+"/locations/"+c.Location+"/clusters/"+c.Name, fleet)
	})
}

func setManagement(management string) func(*World, *ActiveFault, target, time.Time) {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		fleet, m := w.fleetOf(t.cluster())
		ft := fleet.fleetFeature()
		if m == nil || ft == nil {
			return
		}
		spec := &MembershipSpec{Mesh: &MeshSpec{Management: management}, Origin: &Origin{Type: "USER"}}
		if ft.MembershipSpecs == nil {
			ft.MembershipSpecs = map[string]*MembershipSpec{}
		}
		before := ""
		if old := ft.MembershipSpecs[m.Key()]; old != nil && old.Mesh != nil {
			before = old.Mesh.Management
		}
		ft.MembershipSpecs[m.Key()] = spec
		w.managementChanged(fleet, ft, m, before, management, now)
		ft.UpdateTime = wire.At(now)
		name := "projects/" + fleet.ProjectID + "/" + m.Key()
		w.hubChanged(fleet, "UpdateFeature", "gkehub.features.update", "locations/global/features/"+MeshFeature, map[string]any{
			"updateMask": "membershipSpecs", "resource": map[string]any{"membershipSpecs": map[string]any{name: spec}},
		}, now)
		w.Changed(fleet, now)
	}
}

// fleetFeature is a project's mesh feature, or nil.
func (p *Project) fleetFeature() *Feature {
	if p == nil || p.Fleet == nil {
		return nil
	}
	return p.Fleet.Feature(MeshFeature)
}

// hubChanged logs a change of GKE Hub that was an operation.
func (w *World) hubChanged(fleet *Project, method, permission, rest string, request map[string]any, now time.Time) {
	first, last := NewHubRecord(fleet, ciActor, "v1", method, permission, "projects/"+fleet.ProjectID+"/"+rest, request).
		AsOperation("projects/" + fleet.ProjectID + "/locations/global/operations/" + w.NewOperationName(now))
	w.AppendAudit(first, now)
	w.AppendAudit(last, now)
}

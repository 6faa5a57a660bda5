package world

import (
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// fleetFaults change a membership in the fleet, as gcloud or Terraform would, and write the same audit entries.
func fleetFaults() []faultDef {
	return []faultDef{
		worldFault("identity-provider-missing",
			"the membership has no identity provider, as one that was registered before workload identity was on", scopeCluster,
			removeAuthority, restoreAuthority),
		worldFault("management-manual", "the membership's mesh management was set to manual", scopeCluster,
			setManagement("MANAGEMENT_MANUAL"), setManagement(managementAutomatic)),
	}
}

func setAuthority(w *World, t target, now time.Time, authority func(fleet *Project, c *Cluster) *Authority) {
	c := t.cluster()
	fleet, m := w.fleetOf(c)
	if m == nil {
		return
	}
	w.Kubernetes(t.project, c, now) // create it from the state before
	m.Authority = authority(fleet, c)
	w.auditHub(fleet, "UpdateMembership", "gkehub.memberships.update", m.Key(), map[string]any{
		"updateMask": "authority", "resource": map[string]any{"authority": m.Authority},
	}, now)
	w.Kubernetes(t.project, c, now)
}

func removeAuthority(w *World, _ *ActiveFault, t target, now time.Time) {
	setAuthority(w, t, now, func(*Project, *Cluster) *Authority { return nil })
}

func restoreAuthority(w *World, _ *ActiveFault, t target, now time.Time) {
	setAuthority(w, t, now, func(fleet *Project, c *Cluster) *Authority {
		return NewAuthority(c.issuer(t.project), fleet)
	})
}

func setManagement(management string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		fleet, m := w.fleetOf(t.cluster())
		if m == nil {
			return
		}
		ft := fleet.Fleet.Feature(MeshFeature)
		if ft == nil {
			return
		}
		spec := &MembershipSpec{Mesh: &MeshSpec{Management: management}, Origin: &Origin{Type: "USER"}}
		w.setMembershipSpec(fleet, ft, m.Key(), spec, now)
		ft.UpdateTime = wire.At(now)
		name := "projects/" + fleet.ProjectID + "/" + m.Key()
		w.auditHub(fleet, "UpdateFeature", "gkehub.features.update", "locations/global/features/"+MeshFeature, map[string]any{
			"updateMask": "membershipSpecs", "resource": map[string]any{"membershipSpecs": map[string]any{name: spec}},
		}, now)
		w.Changed(fleet, now)
	}
}

// auditHub logs a change of GKE Hub that was an operation.
func (w *World) auditHub(fleet *Project, method, permission, rest string, request map[string]any, now time.Time) {
	first, last := NewHubRecord(fleet, ciActor, "v1", method, permission, "projects/"+fleet.ProjectID+"/"+rest, request).
		AsOperation("projects/" + fleet.ProjectID + "/locations/global/operations/" + w.NewOperationName(now))
	w.AppendAudit(first, now)
	w.AppendAudit(last, now)
}

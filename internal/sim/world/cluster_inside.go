package world

import (
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
)

// Kubernetes is the inside of a cluster at a time. It is created at the first access, from the state of the world then.
func (w *World) Kubernetes(p *Project, c *Cluster, now time.Time) *kube.Cluster {
	env, membership := w.kubeEnv(p, c, now)
	if c.Kubernetes == nil {
		seed := kube.Seed{
			Born: c.CreateTime.Time, ProjectID: p.ProjectID, Location: c.Location, Name: c.Name, Fleet: env.FleetProject, Pool: c.WorkloadPool(),
			Mesh:             env.Managed && !now.Before(env.ManagedSince.Add(env.Provision)),
			DefaultInjection: w.DefaultInjection,
		}
		if membership != nil {
			seed.Membership = membership.Key()
		}
		c.Kubernetes = kube.New(seed)
	}
	c.Kubernetes.Settle(env, now)
	return c.Kubernetes
}

// Refresh advances a cluster to a time and reports whether it belongs to this world.
func (w *World) Refresh(k *kube.Cluster, now time.Time) bool {
	seed := k.Seed()
	p := w.Project(seed.ProjectID)
	if p == nil {
		return false
	}
	c := p.Cluster(seed.Location, seed.Name)
	if c == nil || c.Kubernetes != k {
		return false
	}
	w.Kubernetes(p, c, now)
	return true
}

// kubeEnv is what a cluster sees of the world around it.
func (w *World) kubeEnv(p *Project, c *Cluster, now time.Time) (kube.Env, *Membership) {
	env := kube.Env{
		Version: c.CurrentMasterVersion, Pool: c.WorkloadPool(), ExpectedPool: p.ProjectID + ".svc.id.goog",
		GKE: true, Provision: time.Duration(w.Timings.Provision),
	}
	if c.Autopilot != nil && c.Autopilot.Enabled {
		env.Pool = env.ExpectedPool // is always on
	}
	fleet, m := w.fleetOf(c)
	if m == nil {
		return env, nil
	}
	env.FleetProject, env.GKE = fleet.ProjectID, m.ClusterLink() != ""
	v := w.prerequisiteCheck(fleet)
	around := append(slices.Clone(v.project(fleet)), v.project(p)...)
	lost := func(causes ...string) bool {
		return slices.ContainsFunc(around, func(r CauseRecord) bool { return slices.Contains(causes, r.Cause) })
	}
	env.Reachable = !lost(causeProjectDeleted, causeMeshAPI, causeGateway, causeIAM)
	env.Injecting = !lost(causeProjectDeleted, causeMeshAPI, causeGateway)
	if ft := fleet.Fleet.Feature(MeshFeature); ft != nil {
		w.meshEnv(&env, ft, m, now)
	}
	return env, m
}

// meshEnv is what the fleet wants of the mesh in a cluster.
func (w *World) meshEnv(env *kube.Env, ft *Feature, m *Membership, now time.Time) {
	h := MeshHistory{}
	if m.Mesh != nil {
		h = *m.Mesh
	}
	management := ft.management(m.Key())
	env.Managed = management == managementAutomatic || h.Left
	env.ManagedSince = latest(ft.CreateTime.Time, m.CreateTime.Time, h.ProvisionFrom.Time)
	env.Removed = management == managementNotInstalled && !now.Before(h.RemovedAt.Add(time.Duration(w.Timings.Deprovision)))
}

package world

import (
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

var (
	projectParams = []string{"project"}
	clusterParams = []string{"project", "cluster", "membership"}
)

// worldFaults change the world through the same code as the APIs, and leave audit entries of a CI job.
func worldFaults() []faultDef {
	busy := worldFault("cluster-busy", "an operation runs on the cluster, so that updates are refused (for=30s)", scopeCluster,
		keepBusy, endBusy)
	busy.Parameters = append(slices.Clone(clusterParams), "for")
	return []faultDef{
		worldFault("binding-revoked", "the mesh service agent has lost its role on the project", scopeProject, revokeBinding, restoreBinding),
		worldFault("binding-conditional", "the mesh service agent has its role only under a condition", scopeProject,
			conditionBinding, restoreBinding),
		worldFault("binding-deleted-agent", "the role is bound to a deleted mesh service agent (deleted:serviceAccount:...?uid=)", scopeProject,
			deletedAgentBinding, restoreBinding),
		worldFault("hub-agent-revoked", "the GKE Hub service agent has lost its role on the project", scopeProject,
			revokeHubAgents, restoreHubAgents),
		worldFault("agent-missing", "the fleet's mesh service agent was never generated", scopeFleet, deleteAgent, restoreAgent),
		worldFault("connectgateway-disabled", "the Connect Gateway API is off", scopeProject,
			disableService("connectgateway.googleapis.com"), enableService("connectgateway.googleapis.com")),
		worldFault("mesh-api-disabled", "the Mesh API is off", scopeProject,
			disableService("mesh.googleapis.com"), enableService("mesh.googleapis.com")),
		worldFault("workload-pool-missing", "workload identity is off on the cluster", scopeCluster,
			setPool(func(*Project) string { return "" }), restorePool),
		worldFault("workload-pool-wrong", "the cluster has the workload pool of another project", scopeCluster,
			setPool(func(*Project) string { return "some-other-project.svc.id.goog" }), restorePool),
		worldFault("node-pool-metadata", "the cluster's first node pool has GCE_METADATA", scopeCluster,
			setMetadata("GCE_METADATA"), setMetadata("GKE_METADATA")),
		worldFault("feature-disabled", "the fleet's servicemesh feature is off", scopeFleet, disableFeature, restoreFeature),
		worldFault("project-deleted", "the project was shut down (DELETE_REQUESTED)", scopeProject, deleteProject, undeleteProject),
		worldFault("cluster-deleted", "the cluster was deleted; its membership stays", scopeCluster, deleteCluster, undeleteCluster),
		busy,
		worldFault("new-enum", "the membership's state has values that no document lists", scopeCluster, setUnknownEnums, removeOverride),
		worldFault("everything-broken", "binding, APIs, workload pool and node pool of one cluster and its project at once", scopeCluster,
			breakEverything, repairEverything),
	}
}

// agents lists the mesh agents that need a role on a project: that of each
// fleet which has a cluster there, and of the project's own fleet.
func (w *World) agents(p *Project) []string {
	var out []string
	for _, fleet := range w.Projects {
		if fleet.Fleet == nil {
			continue
		}
		uses := fleet == p || slices.ContainsFunc(fleet.Fleet.Memberships,
			func(m *Membership) bool { return w.linkProject(m.ClusterLink()) == p })
		if uses {
			out = append(out, meshAgent(fleet))
		}
	}
	if len(out) == 0 && len(w.Projects) > 0 {
		out = append(out, meshAgent(w.Projects[0]))
	}
	return out
}

// changePolicy applies a change to a project's policy as the CI job.
func (w *World) changePolicy(p *Project, now time.Time, change func(Policy) Policy) {
	before := p.Policy
	after := change(before.Clone()).Normalized()
	if len(policyDeltas(before, after)) == 0 {
		return
	}
	rec := NewPolicyRecord(p, ciActor, "v1", after)
	w.SetPolicy(p, after, now)
	rec.SetPolicyChange(before, p.Policy)
	w.AppendAudit(rec, now)
}

// withoutMeshAgents takes every mesh agent, deleted ones too, from its role.
func withoutMeshAgents(policy Policy) Policy {
	for _, b := range policy.Bindings {
		if b.Role == meshAgentRole {
			b.Members = slices.DeleteFunc(b.Members,
				func(m string) bool { return strings.Contains(m, "@gcp-sa-servicemesh.iam.gserviceaccount.com") })
		}
	}
	return policy
}

func revokeBinding(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, withoutMeshAgents)
}

func restoreBinding(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, func(policy Policy) Policy {
		policy = withoutMeshAgents(policy)
		for _, email := range w.agents(t.project) {
			policy = policy.grant(meshAgentRole, "serviceAccount:"+email)
		}
		return policy
	})
}

func conditionBinding(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, func(policy Policy) Policy {
		policy = withoutMeshAgents(policy)
		b := &Binding{Role: meshAgentRole, Condition: &Expr{
			Title: "expires-2030", Description: "Expires at the end of 2029", Expression: `request.time < timestamp("2030-01-01T00:00:00Z")`,
		}}
		for _, email := range w.agents(t.project) {
			b.Members = append(b.Members, "serviceAccount:"+email)
		}
		policy.Bindings = append(policy.Bindings, b)
		return policy
	})
}

func deletedAgentBinding(w *World, _ *ActiveFault, t target, now time.Time) {
	w.changePolicy(t.project, now, func(policy Policy) Policy {
		policy = withoutMeshAgents(policy)
		for _, email := range w.agents(t.project) {
			policy = policy.grant(meshAgentRole, "deleted:serviceAccount:"+email+"?uid="+uniqueID("before "+email))
		}
		return policy
	})
}

func deleteAgent(w *World, _ *ActiveFault, t target, now time.Time) {
	for _, p := range w.Projects {
		w.changePolicy(p, now, func(policy Policy) Policy {
			for _, b := range policy.Bindings {
				b.Members = slices.DeleteFunc(b.Members, func(m string) bool { return strings.Contains(m, meshAgent(t.project)) })
			}
			return policy
		})
	}
	t.project.ServiceIdentities = slices.DeleteFunc(t.project.ServiceIdentities,
		func(id ServiceIdentity) bool { return id.Service == "mesh.googleapis.com" })
	w.Changed(t.project, now)
}

func restoreAgent(w *World, f *ActiveFault, t target, now time.Time) {
	w.GenerateIdentity(t.project, "mesh.googleapis.com")
	for _, p := range w.Projects {
		if slices.Contains(w.agents(p), meshAgent(t.project)) {
			restoreBinding(w, f, target{project: p}, now)
		}
	}
	w.Changed(t.project, now)
}

func disableService(service string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		w.switchService(t.project, service, false, now)
	}
}

func enableService(service string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		w.switchService(t.project, service, true, now)
	}
}

func setPool(pool func(*Project) string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		c := t.cluster()
		if c == nil {
			return
		}
		value := pool(t.project)
		e := &Effect{Kind: EffectPool, Location: c.Location, Cluster: c.Name, Value: value}
		w.alterCluster(t.project, c, e, map[string]any{"update": map[string]any{
			"desiredWorkloadIdentityConfig": WorkloadIdentityConfig{WorkloadPool: value},
		}}, now)
	}
}

func restorePool(w *World, f *ActiveFault, t target, now time.Time) {
	setPool(func(p *Project) string { return p.ProjectID + ".svc.id.goog" })(w, f, t, now)
}

func setMetadata(mode string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		c := t.cluster()
		if c == nil || len(c.NodePools) == 0 {
			return
		}
		e := &Effect{Kind: EffectMetadata, Location: c.Location, Cluster: c.Name, NodePool: c.NodePools[0].Name, Value: mode}
		w.alterCluster(t.project, c, e, map[string]any{"workloadMetadataConfig": map[string]any{"mode": mode}}, now)
	}
}

func disableFeature(w *World, _ *ActiveFault, t target, now time.Time) {
	for _, p := range w.Projects { // their namespaces keep the labels that they have
		for _, c := range p.Clusters {
			if fleet, _ := w.fleetOf(c); fleet == t.project {
				w.Kubernetes(p, c, now)
			}
		}
	}
	w.deleteFeature(t.project, MeshFeature)
	w.auditHub(t.project, "DeleteFeature", "gkehub.features.delete", "locations/global/features/"+MeshFeature, map[string]any{}, now)
	w.Changed(t.project, now)
}

// restoreFeature switches the mesh on for every membership of the fleet; it is provisioned again.
func restoreFeature(w *World, _ *ActiveFault, t target, now time.Time) {
	if t.project.Fleet.Feature(MeshFeature) != nil {
		return
	}
	ft := &Feature{MembershipSpecs: map[string]*MembershipSpec{}}
	if t.project.Fleet != nil {
		for _, m := range t.project.Fleet.Memberships {
			ft.MembershipSpecs[m.Key()] = &MembershipSpec{Mesh: &MeshSpec{Management: managementAutomatic}, Origin: &Origin{Type: "USER"}}
		}
	}
	w.createFeature(t.project, &Effect{FeatureID: MeshFeature, Feature: ft}, now)
	w.auditHub(t.project, "CreateFeature", "gkehub.features.create", "locations/global/features/"+MeshFeature, map[string]any{}, now)
	w.Changed(t.project, now)
}

func (w *World) setLifecycle(p *Project, state, method string, now time.Time) {
	p.LifecycleState, p.UpdateTime, p.DeleteTime = state, wire.At(now), wire.Timestamp{}
	permission := "resourcemanager.projects.undelete"
	if state == projectDeleteRequested {
		p.DeleteTime = wire.At(now)
		permission = "resourcemanager.projects.delete"
	}
	w.AppendAudit(&AuditRecord{
		Project: p.ProjectID, Service: wire.HostCRM, Method: method, ResourceName: "projects/" + p.ProjectID, ResourceType: "project",
		Permission: permission, Actor: &ciActor,
		Request: map[string]any{"@type": "type.googleapis.com/google.cloudresourcemanager.v1.projects." + method + "Request",
			"projectId": p.ProjectID},
	}, now)
	w.Changed(p, now)
}

func deleteProject(w *World, _ *ActiveFault, t target, now time.Time) {
	if !t.project.Deleted() {
		w.setLifecycle(t.project, projectDeleteRequested, "DeleteProject", now)
	}
}

func undeleteProject(w *World, _ *ActiveFault, t target, now time.Time) {
	if t.project.Deleted() {
		w.setLifecycle(t.project, projectActive, "UndeleteProject", now)
	}
}

func (w *World) auditCluster(p *Project, c *Cluster, method, opType string, now time.Time) {
	rec := NewClusterRecord(p, c, ciActor, method, c.Path(p), opType, map[string]any{"name": c.Path(p)})
	rec.Permission = "container.clusters." + strings.ToLower(strings.TrimSuffix(method, "Cluster"))
	first, last := rec.AsOperation(w.NewOperationName(now))
	w.AppendAudit(first, now)
	w.AppendAudit(last, now)
}

func deleteCluster(w *World, f *ActiveFault, t target, now time.Time) {
	c := t.cluster()
	if c == nil {
		return
	}
	if f.Clusters == nil {
		f.Clusters = map[string]*Cluster{}
	}
	f.Clusters[t.id] = c
	t.project.removeCluster(c)
	w.auditCluster(t.project, c, "DeleteCluster", "DELETE_CLUSTER", now)
	w.Changed(t.project, now)
}

func undeleteCluster(w *World, f *ActiveFault, t target, now time.Time) {
	c := f.Clusters[t.id]
	if c == nil {
		return
	}
	delete(f.Clusters, t.id)
	t.project.addCluster(c)
	w.auditCluster(t.project, c, "CreateCluster", "CREATE_CLUSTER", now)
	w.Changed(t.project, now)
}

func keepBusy(w *World, f *ActiveFault, t target, now time.Time) {
	c := t.cluster()
	if c == nil || w.OperationOnCluster(t.project, c) != nil {
		return
	}
	op := &Operation{
		API: wire.HostContainer, Name: w.NewOperationName(now), Project: t.project.ProjectID, Location: c.Location, Type: "AUTO_UPGRADE_NODES",
		Target: c.Path(t.project), Effect: &Effect{Kind: effectBusy, Location: c.Location, Cluster: c.Name},
	}
	w.Begin(op, now, wire.Duration(f.Duration("for")))
}

func endBusy(w *World, _ *ActiveFault, t target, now time.Time) {
	c := t.cluster()
	if c == nil {
		return
	}
	if op := w.OperationOnCluster(t.project, c); op != nil && op.Effect != nil && op.Effect.Kind == effectBusy {
		w.Cancel(op, now, "Operation was cancelled.")
	}
}

// memberships calls do for each membership of a cluster.
func (w *World) memberships(p *Project, link string, do func(fleet *Project, ft *Feature, m *Membership)) {
	for _, fleet := range w.Projects {
		ft := fleet.Fleet.Feature(MeshFeature)
		if ft == nil {
			continue
		}
		for _, m := range fleet.Fleet.Memberships {
			if w.linkProject(m.ClusterLink()) == p && strings.HasSuffix(m.ClusterLink(), link) {
				do(fleet, ft, m)
			}
		}
	}
}

func setUnknownEnums(w *World, _ *ActiveFault, t target, now time.Time) {
	w.memberships(t.project, "/clusters/"+t.name, func(_ *Project, ft *Feature, m *Membership) {
		if ft.StateOverrides == nil {
			ft.StateOverrides = map[string]map[string]any{}
		}
		ft.StateOverrides[m.Key()] = map[string]any{
			"servicemesh": map[string]any{
				"controlPlaneManagement": map[string]any{
					"state": "HIBERNATING", "implementation": "AMBIENT",
					"details": []any{map[string]any{"code": "REVISION_HIBERNATING", "details": "Hibernating: " + revision}},
				},
				"dataPlaneManagement": map[string]any{"state": "HIBERNATING",
					"details": []any{map[string]any{"code": "ASLEEP", "details": "Service is asleep."}}},
				"conditions": []any{map[string]any{"code": "MESH_IS_ASLEEP", "severity": "NOTICE", "details": "The mesh is asleep."}},
			},
			"state": map[string]any{"code": "DORMANT", "description": "Revision asleep: " + revision + ".", "updateTime": wire.At(now).String()},
		}
	})
}

func removeOverride(w *World, _ *ActiveFault, t target, _ time.Time) {
	w.memberships(t.project, "/clusters/"+t.name, func(_ *Project, ft *Feature, m *Membership) { delete(ft.StateOverrides, m.Key()) })
}

func breakEverything(w *World, f *ActiveFault, t target, now time.Time) {
	revokeBinding(w, f, t, now)
	disableService("connectgateway.googleapis.com")(w, f, t, now)
	disableService("mesh.googleapis.com")(w, f, t, now)
	setMetadata("GCE_METADATA")(w, f, t, now)
	setPool(func(*Project) string { return "" })(w, f, t, now)
}

func repairEverything(w *World, f *ActiveFault, t target, now time.Time) {
	enableService("mesh.googleapis.com")(w, f, t, now)
	enableService("connectgateway.googleapis.com")(w, f, t, now)
	restoreBinding(w, f, t, now)
	restorePool(w, f, t, now)
	setMetadata("GKE_METADATA")(w, f, t, now)
}

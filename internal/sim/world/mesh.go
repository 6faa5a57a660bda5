package world

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// What takes a managed mesh down, as far as it can be seen in this world.
const (
	causeProjectDeleted = "project-deleted"
	causeClusterMissing = "cluster-missing"
	causeMeshAPI        = "mesh-api-disabled"
	causeGateway        = "connectgateway-disabled"
	causeTrafficAPI     = "traffic-director-apis-disabled"
	causeIAM            = "mesh-iam"
	causePool           = "workload-pool"
	causeNodePool       = "node-pool-metadata"
)

// trafficDirectorAPIs are what the TRAFFIC_DIRECTOR implementation needs besides the mesh API (documented).
var trafficDirectorAPIs = []string{"trafficdirector.googleapis.com", "networkservices.googleapis.com", "networksecurity.googleapis.com"}

// A MeshHistory is what the mesh remembers of a membership. A membership without one has had its present spec since it
// was created.
type MeshHistory struct {
	// ProvisionFrom is when the mesh was last requested.
	ProvisionFrom wire.Timestamp `json:"provisionFrom,omitzero"`
	// RemovedAt is when management became NOT_INSTALLED.
	RemovedAt wire.Timestamp `json:"removedAt,omitzero"`
	// Left says that management went from automatic to manual: the mesh remains (observed).
	Left bool `json:"left,omitempty"`
	// Causes are the lost prerequisites, those that are back included until the mesh has recovered from them.
	Causes []CauseRecord `json:"causes,omitempty"`
}

// A CauseRecord is one lost prerequisite.
type CauseRecord struct {
	Cause   string         `json:"cause"`
	Project string         `json:"project,omitempty"` // the project at fault, by number
	Detail  string         `json:"detail,omitempty"`
	Since   wire.Timestamp `json:"since"`
	Until   wire.Timestamp `json:"until,omitzero"` // zero: still lost
	Logged  bool           `json:"logged,omitempty"`
}

func (r CauseRecord) same(o CauseRecord) bool {
	return r.Cause == o.Cause && r.Project == o.Project && r.Detail == o.Detail
}

// shown reports whether the mesh reports a cause at a time: some while after it appeared, until some while after it was
// repaired.
func (r CauseRecord) shown(t Timings, now time.Time) bool {
	from, to := r.span(t)
	return !now.Before(from) && (to.IsZero() || now.Before(to))
}

// span is when the mesh reports a cause; empty if it was repaired before the mesh degraded.
func (r CauseRecord) span(t Timings) (from, to time.Time) {
	from = r.Since.Add(time.Duration(t.DegradeAfter))
	if r.Until.IsZero() {
		return from, time.Time{}
	}
	if !r.Until.After(from) {
		return from, from
	}
	return from, r.Until.Add(time.Duration(t.RecoverAfter))
}

// A prerequisiteCheck reads the prerequisites of one fleet's memberships, each project once.
type prerequisiteCheck struct {
	w     *World
	fleet *Project
	agent string
	seen  map[*Project][]CauseRecord
}

func (w *World) prerequisiteCheck(fleet *Project) *prerequisiteCheck {
	return &prerequisiteCheck{w: w, fleet: fleet, agent: "serviceAccount:" + meshAgent(fleet), seen: map[*Project][]CauseRecord{}}
}

// project lists what is wrong with a project, for all of its memberships.
func (v *prerequisiteCheck) project(p *Project) []CauseRecord {
	if got, ok := v.seen[p]; ok {
		return got
	}
	var out []CauseRecord
	add := func(cause, detail string) {
		out = append(out, CauseRecord{Cause: cause, Project: p.Number(), Detail: detail})
	}
	if p.Deleted() {
		add(causeProjectDeleted, "")
	} else {
		if !p.ServiceEnabled("mesh.googleapis.com") {
			add(causeMeshAPI, "")
		}
		if !p.ServiceEnabled("connectgateway.googleapis.com") {
			add(causeGateway, "")
		}
		for _, s := range trafficDirectorAPIs {
			if v.w.implementation() == implementationTrafficDirector && !p.ServiceEnabled(s) {
				add(causeTrafficAPI, s)
			}
		}
		if v.fleet.identity("mesh.googleapis.com") == nil || !v.w.Holds(p, meshAgentRole, v.agent) {
			add(causeIAM, "")
		}
	}
	v.seen[p] = out
	return out
}

// causes lists what keeps a membership's mesh from working.
func (v *prerequisiteCheck) causes(m *Membership) []CauseRecord {
	out := slices.Clone(v.project(v.fleet))
	link := m.ClusterLink()
	if link == "" {
		return out // not on Google Cloud: nothing is known of its cluster
	}
	p, c := v.w.ClusterByLink(link)
	if p != nil && p != v.fleet {
		out = append(out, v.project(p)...)
	}
	switch {
	case p != nil && p.Deleted():
	case c == nil:
		out = append(out, CauseRecord{Cause: causeClusterMissing})
	default:
		out = append(out, clusterCauses(p, c)...)
	}
	return out
}

func clusterCauses(p *Project, c *Cluster) []CauseRecord {
	autopilot := c.Autopilot != nil && c.Autopilot.Enabled // workload identity is always on
	if autopilot {
		return nil
	}
	if pool := c.WorkloadPool(); pool != p.ProjectID+".svc.id.goog" {
		return []CauseRecord{{Cause: causePool, Project: p.Number(), Detail: pool}}
	}
	for _, n := range c.NodePools {
		if n.metadataMode() != "GKE_METADATA" {
			return []CauseRecord{{Cause: causeNodePool, Project: p.Number()}}
		}
	}
	return nil
}

// Changed updates the meshes of a project after a change. A mesh keeps when each prerequisite was lost or came back; its
// state is computed from that on each read.
func (w *World) Changed(p *Project, t time.Time) {
	w.updateMeshes(t, func(fleet *Project, m *Membership) bool { return fleet == p || w.linkProject(m.ClusterLink()) == p })
}

// changedCluster is the same for one cluster.
func (w *World) changedCluster(p *Project, location, name string, t time.Time) {
	suffix := "/" + location + "/clusters/" + name
	w.updateMeshes(t, func(_ *Project, m *Membership) bool {
		return strings.HasSuffix(m.ClusterLink(), suffix) && w.linkProject(m.ClusterLink()) == p
	})
}

func (w *World) updateMeshes(t time.Time, concerns func(fleet *Project, m *Membership) bool) {
	touched := false
	for _, fleet := range w.Projects {
		ft := fleet.Fleet.Feature(MeshFeature)
		if ft == nil {
			continue
		}
		v := w.prerequisiteCheck(fleet)
		for _, m := range fleet.Fleet.Memberships {
			if concerns(fleet, m) {
				w.updateClusterMissing(m)
				touched = v.track(ft, m, t) || touched
			}
		}
	}
	if touched {
		w.scheduleMeshLogs()
	}
}

// TrackAll updates every membership, for a world that was just replaced.
func (w *World) TrackAll(t time.Time) {
	w.updateMeshes(t, func(*Project, *Membership) bool { return true })
}

// updateClusterMissing sets gkeCluster.clusterMissing by whether the cluster exists.
func (w *World) updateClusterMissing(m *Membership) {
	if m.ClusterLink() == "" {
		return
	}
	_, c := w.ClusterByLink(m.ClusterLink())
	if missing := c == nil; missing != m.Endpoint.GkeCluster.ClusterMissing {
		ep := *m.Endpoint
		ep.GkeCluster = &GkeCluster{ResourceLink: m.ClusterLink(), ClusterMissing: missing}
		m.Endpoint = &ep
	}
}

// track compares the prerequisites that are lost now with those recorded, and reports whether they differ. A cause that
// comes back while the mesh still recovers from it continues as the same one.
func (v *prerequisiteCheck) track(ft *Feature, m *Membership, t time.Time) bool {
	var lost []CauseRecord
	if _, managed := ft.MembershipSpecs[m.Key()]; managed {
		lost = v.causes(m)
	}
	var have []CauseRecord
	if m.Mesh != nil {
		have = m.Mesh.Causes
	}
	open := 0
	for _, r := range have {
		if r.Until.IsZero() {
			if !slices.ContainsFunc(lost, r.same) {
				open = -1
				break
			}
			open++
		}
	}
	if open == len(lost) {
		return false
	}
	if m.Mesh == nil {
		m.Mesh = &MeshHistory{}
	}
	m.Mesh.Causes = updateCauses(have, lost, v.w.Timings, t)
	return true
}

func updateCauses(have, lost []CauseRecord, timings Timings, t time.Time) []CauseRecord {
	var out []CauseRecord
	for _, r := range have {
		from, to := r.span(timings)
		present := slices.ContainsFunc(lost, r.same)
		switch {
		case r.Until.IsZero() && present:
			out = append(out, r)
		case r.Until.IsZero():
			r.Until = wire.At(t)
			if r.Until.After(from) {
				out = append(out, r)
			}
		case to.After(t) && present && to.After(from):
			r.Until = wire.Timestamp{}
			out = append(out, r)
		case to.After(t):
			out = append(out, r)
		}
	}
	for _, l := range lost {
		if !slices.ContainsFunc(out, func(r CauseRecord) bool { return r.same(l) && r.Until.IsZero() }) {
			l.Since = wire.At(t)
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b CauseRecord) int {
		if c := a.Since.Compare(b.Since.Time); c != 0 {
			return c
		}
		return cmp.Compare(a.Cause+a.Project+a.Detail, b.Cause+b.Project+b.Detail)
	})
	return out
}

// managementChanged provisions, leaves or removes a mesh when its management changes.
func (w *World) managementChanged(fleet *Project, ft *Feature, m *Membership, before, after string, t time.Time) {
	if before == after {
		return
	}
	h := MeshHistory{}
	if m.Mesh != nil {
		h = *m.Mesh
	}
	switch after {
	case managementAutomatic:
		if !h.Left {
			h.ProvisionFrom = wire.At(t)
		}
		h.Left, h.RemovedAt = false, wire.Timestamp{}
	case managementNotInstalled:
		h.Left, h.RemovedAt = false, wire.At(t)
	default:
		h.Left = before == managementAutomatic || h.Left
	}
	m.Mesh = &h
}

// scheduleMeshLogs finds when the next log line of the mesh is due.
func (w *World) scheduleMeshLogs() {
	w.meshDue = time.Time{}
	w.eachCauseToLog(func(_ *Project, _ *Membership, r *CauseRecord) {
		due, _ := r.span(w.Timings)
		if w.meshDue.IsZero() || due.Before(w.meshDue) {
			w.meshDue = due
		}
	})
}

func (w *World) eachCauseToLog(do func(*Project, *Membership, *CauseRecord)) {
	for _, fleet := range w.Projects {
		if fleet.Fleet.Feature(MeshFeature) == nil {
			continue
		}
		for _, m := range fleet.Fleet.Memberships {
			if m.Mesh == nil {
				continue
			}
			for i := range m.Mesh.Causes {
				r := &m.Mesh.Causes[i]
				from, to := r.span(w.Timings)
				if r.Cause == causeGateway && !r.Logged && (to.IsZero() || to.After(from)) {
					do(fleet, m, r)
				}
			}
		}
	}
}

// writeMeshLogs writes the two lines by which Google's troubleshooting page recognises that managed mesh cannot reach
// its cluster: an error of the control plane, and a warning of the cluster whose webhook fails. Both go to the cluster's
// project (inferred: the control plane's account holds roles/logging.logWriter there), the first for every project whose
// Connect Gateway API is off.
func (w *World) writeMeshLogs(t time.Time) {
	w.eachCauseToLog(func(fleet *Project, m *Membership, r *CauseRecord) {
		if due, _ := r.span(w.Timings); due.After(t) {
			return
		}
		r.Logged = true
		p, c := w.ClusterByLink(m.ClusterLink())
		off := w.Project(r.Project)
		if p == nil || c == nil || off == nil {
			return
		}
		p.log(t, istiodEntry(w, fleet, p, m, off, t))
		p.log(t, webhookEntry(w, p, c, t))
	})
	w.scheduleMeshLogs()
}

func istiodEntry(w *World, fleet, p *Project, m *Membership, off *Project, t time.Time) map[string]any {
	message := ServiceDisabledText("connectgateway.googleapis.com", off.Number())
	return map[string]any{
		"insertId":  w.insertID(),
		"logName":   "projects/" + p.ProjectID + "/logs/istiod",
		"timestamp": wire.At(t).String(), "receiveTimestamp": wire.At(t.Add(800 * time.Millisecond)).String(),
		"severity": "ERROR",
		"resource": map[string]any{"type": "istio_control_plane", "labels": map[string]string{
			"project_id": p.ProjectID, "location": m.Location, "mesh_uid": "proj-" + fleet.Number(),
			"revision": revision, "build_id": "1.23.6-asm.4", "owner": "asm-managed",
		}},
		"jsonPayload": map[string]any{"message": message},
	}
}

func webhookEntry(w *World, p *Project, c *Cluster, t time.Time) map[string]any {
	message := `Error creating: Internal error occurred: failed calling webhook "rev.namespace.sidecar-injector.istio.io": ` +
		`failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding`
	return map[string]any{
		"insertId":  w.insertID(),
		"logName":   "projects/" + p.ProjectID + "/logs/events",
		"timestamp": wire.At(t).String(), "receiveTimestamp": wire.At(t.Add(800 * time.Millisecond)).String(),
		"severity": "WARNING",
		"resource": map[string]any{"type": "k8s_cluster", "labels": map[string]string{
			"project_id": p.ProjectID, "location": c.Location, "cluster_name": c.Name,
		}},
		"jsonPayload": map[string]any{
			"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "FailedCreate", "message": message,
			"involvedObject": map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "frontend-7d9c6b5f4",
				"namespace": "default"},
			"metadata":           map[string]any{"name": "frontend-7d9c6b5f4." + strings.TrimPrefix(w.insertID(), "-"), "namespace": "default"},
			"source":             map[string]any{"component": "replicaset-controller"},
			"reportingComponent": "replicaset-controller",
		},
	}
}

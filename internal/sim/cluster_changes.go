package sim

import "time"

// busy finds what keeps a cluster from another operation.
func (w *World) busy(p *Project, cl *Cluster) *Operation {
	return w.running(hostContainer, cl.path(p))
}

// alterCluster is a change by a world fault: at once, with the two audit
// entries of an update.
func (w *World) alterCluster(p *Project, cl *Cluster, e *Effect, request map[string]any, now time.Time) {
	method, resource := "UpdateCluster", cl.path(p)
	if e.NodePool != "" {
		method, resource = "UpdateNodePool", resource+"/nodePools/"+e.NodePool
	}
	request["name"] = resource
	first, last := clusterRecord(p, cl, ciActor, method, resource, "UPDATE_CLUSTER", request).started(w.longName(now))
	w.appendAudit(first, now)
	w.updateCluster(p, e, now)
	w.appendAudit(last, now)
	w.changedCluster(p, cl.Location, cl.Name, now)
}

package world

import (
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// OperationOnCluster finds the running operation of a cluster; nil if there is none.
func (w *World) OperationOnCluster(p *Project, cl *Cluster) *Operation {
	return w.OperationOn(wire.HostContainer, cl.Path(p))
}

// alterCluster is a change by a world fault: at once, with the two audit entries of an update.
func (w *World) alterCluster(p *Project, cl *Cluster, e *Effect, request map[string]any, now time.Time) {
	method, resource := "UpdateCluster", cl.Path(p)
	if e.NodePool != "" {
		method, resource = "UpdateNodePool", resource+"/nodePools/"+e.NodePool
	}
	request["name"] = resource
	first, last := NewClusterRecord(p, cl, ciActor, method, resource, "UPDATE_CLUSTER", request).AsOperation(w.NewOperationName(now))
	w.AppendAudit(first, now)
	w.updateCluster(p, e, now)
	w.AppendAudit(last, now)
	w.changedCluster(p, cl.Location, cl.Name, now)
}

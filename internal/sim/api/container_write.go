package api

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"

	"google.golang.org/api/container/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// legacyNames are the deprecated ways to name a resource in a body.
type legacyNames struct {
	Name        string `json:"name"`
	ProjectID   string `json:"projectId"`
	Zone        string `json:"zone"`
	ClusterID   string `json:"clusterId"`
	NodePoolID  string `json:"nodePoolId"`
	OperationID string `json:"operationId"`
}

// clusterUpdate is container.v1.ClusterUpdate: what is simulated by name, the rest of the message as it comes.
type clusterUpdate struct {
	Etag                          string                        `json:"etag"`
	DesiredWorkloadIdentityConfig *world.WorkloadIdentityConfig `json:"desiredWorkloadIdentityConfig"`
	DesiredFleet                  *world.ClusterFleet           `json:"desiredFleet"`
	other                         []string
	raw                           map[string]json.RawMessage
}

// A nodePoolUpdate is container.v1.UpdateNodePoolRequest, likewise.
type nodePoolUpdate struct {
	legacyNames
	Etag                   string                        `json:"etag"`
	WorkloadMetadataConfig *world.WorkloadMetadataConfig `json:"workloadMetadataConfig"`
}

// The fields that are known but not simulated: they are not refused as unknown, but as not implemented. The messages are
// those of Google's own Go client, which is generated from the discovery document.
var (
	unsimulatedClusterUpdates  = unsimulatedFields[container.ClusterUpdate, clusterUpdate]()
	unsimulatedNodePoolUpdates = unsimulatedFields[container.UpdateNodePoolRequest, nodePoolUpdate]()
)

// unsimulatedFields lists the fields of a message that the simulated part of it lacks, sorted.
func unsimulatedFields[Message, Simulated any]() []string {
	fields := messageFields(reflect.TypeFor[Message]())
	for name := range messageFields(reflect.TypeFor[Simulated]()) {
		delete(fields, name)
	}
	return slices.Sorted(maps.Keys(fields))
}

// takeUnsimulated removes the known but not simulated fields from a JSON object and lists those that were there.
func takeUnsimulated(obj map[string]json.RawMessage, names []string) []string {
	var out []string
	for _, n := range names {
		if _, ok := obj[n]; ok {
			out = append(out, n)
			delete(obj, n)
		}
	}
	return out
}

func (u *clusterUpdate) decode(path string, raw json.RawMessage) error {
	obj := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &obj); err != nil {
		return &wire.FieldError{Path: path, Problem: "is not an object"}
	}
	u.raw = maps.Clone(obj)
	u.other = takeUnsimulated(obj, unsimulatedClusterUpdates)
	rest, err := json.Marshal(obj)
	if err != nil {
		return err
	}
	return wire.DecodeStrict(rest, u)
}

// logged is the update as the audit log has it: the message written again, so that what is the default is left out. An
// update that clears the workload pool has an empty desiredWorkloadIdentityConfig (inferred from the rules of proto
// JSON).
func (u *clusterUpdate) logged() map[string]any {
	out := map[string]any{}
	for _, name := range u.other {
		out[name] = u.raw[name]
	}
	if u.Etag != "" {
		out["etag"] = u.Etag
	}
	if u.DesiredWorkloadIdentityConfig != nil {
		out["desiredWorkloadIdentityConfig"] = u.DesiredWorkloadIdentityConfig
	}
	if u.DesiredFleet != nil {
		out["desiredFleet"] = u.DesiredFleet
	}
	return out
}

func updateCluster(c *call) (any, *wire.Error) {
	var req struct {
		legacyNames
		Update json.RawMessage `json:"update"`
	}
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	var u clusterUpdate
	if len(req.Update) > 0 {
		if err := u.decode("update", req.Update); err != nil {
			var fe *wire.FieldError
			if errors.As(err, &fe) && fe.Name != "" {
				return nil, wire.UnknownField(fe.Name, " at 'update': Cannot find field.")
			}
			return nil, wire.Invalid("Invalid JSON payload received. %s", err)
		}
	}
	if f := u.DesiredFleet; f != nil {
		if err := wire.EnumFleetMembership.Check("update.desired_fleet.membership_type", f.MembershipType); err != nil {
			return nil, err
		}
	}
	if p := c.w.Project(c.params["project"]); p != nil {
		if cl := p.Cluster(c.params["location"], c.params["cluster"]); cl != nil {
			c.record = world.NewClusterRecord(p, cl, c.who, "UpdateCluster", cl.Path(p), "UPDATE_CLUSTER",
				map[string]any{"name": cl.Path(p), "update": u.logged()})
		}
	}
	p, cl, err := c.clusterFor("container.clusters.update")
	if err != nil {
		return nil, err
	}
	e, err := c.clusterEffect(p, cl, &u)
	if err != nil {
		return nil, err
	}
	if busy := c.w.OperationOnCluster(p, cl); busy != nil {
		return nil, c.errBusy(busy)
	}
	if u.Etag != "" && u.Etag != cl.Etag {
		return nil, wire.NewError(wire.StatusAborted, "Etag %q does not match the cluster's current etag.", u.Etag)
	}
	return c.startCluster(p, cl, "UPDATE_CLUSTER", e, c.w.Timings.ClusterUpdate), nil
}

// clusterEffect turns an update into its effect. One call changes one thing (documented).
func (c *call) clusterEffect(p *world.Project, cl *world.Cluster, u *clusterUpdate) (*world.Effect, *wire.Error) {
	e := &world.Effect{Location: cl.Location, Cluster: cl.Name}
	n := len(u.other)
	if wi := u.DesiredWorkloadIdentityConfig; wi != nil {
		n++
		if want := p.ProjectID + ".svc.id.goog"; wi.WorkloadPool != "" && wi.WorkloadPool != want {
			return nil, wire.Invalid("Workload Identity Pool is invalid: %q. It must be %q.", wi.WorkloadPool, want) // text inferred
		}
		if cl.Autopilot != nil && cl.Autopilot.Enabled && wi.WorkloadPool == "" {
			return nil, wire.Invalid("Workload Identity cannot be disabled on Autopilot clusters.") // text inferred
		}
		e.Kind, e.Value = world.EffectPool, wi.WorkloadPool
	}
	if f := u.DesiredFleet; f != nil {
		n++
		fleet := c.w.Project(f.Project)
		if fleet == nil || fleet.Deleted() {
			return nil, wire.Invalid("Fleet project %q is invalid.", f.Project)
		}
		if f.MembershipType == "LIGHTWEIGHT" {
			return nil, wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate lightweight memberships.")
		}
		e.Kind, e.Value = world.EffectFleet, fleet.ProjectID
	}
	switch {
	case n == 0:
		return nil, wire.Invalid("Must specify a field to update.")
	case n > 1:
		return nil, wire.Invalid("Exactly one update can be applied to a cluster with each request.")
	case len(u.other) == 1:
		return nil, wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate the update %q of a cluster.", u.other[0])
	}
	return e, nil
}

// startCluster starts an operation on a cluster.
func (c *call) startCluster(p *world.Project, cl *world.Cluster, opType string, e *world.Effect, takes wire.Duration) containerOperation {
	name := c.w.NewOperationName(c.now)
	op := c.begin(&world.Operation{
		API: wire.HostContainer, Name: name, Project: p.ProjectID, Location: cl.Location, Type: opType,
		Target: cl.Path(p), Effect: e,
	}, takes)
	return newContainerOperation(p, op)
}

// updateNodePool takes its fields flat, without an "update" around them (golden). It recreates the pool's nodes.
func updateNodePool(c *call) (any, *wire.Error) {
	obj := map[string]json.RawMessage{}
	if err := c.decode(&obj); err != nil {
		return nil, err
	}
	other := takeUnsimulated(obj, unsimulatedNodePoolUpdates)
	var req nodePoolUpdate
	full := c.body
	c.body, _ = json.Marshal(obj)
	if err := c.decode(&req); err != nil {
		return nil, err
	}
	c.body = full
	if p := c.w.Project(c.params["project"]); p != nil {
		if cl := p.Cluster(c.params["location"], c.params["cluster"]); cl != nil {
			request := map[string]any{"name": cl.Path(p) + "/nodePools/" + c.params["nodePool"]}
			if req.WorkloadMetadataConfig != nil {
				request["workloadMetadataConfig"] = req.WorkloadMetadataConfig
			}
			c.record = world.NewClusterRecord(p, cl, c.who, "UpdateNodePool", cl.Path(p)+"/nodePools/"+c.params["nodePool"], "UPDATE_CLUSTER",
				request)
		}
	}
	p, cl, err := c.clusterFor("container.clusters.update")
	if err != nil {
		return nil, err
	}
	n := cl.NodePool(c.params["nodePool"])
	if n == nil {
		return nil, c.errNodePoolNotFound()
	}
	if len(other) > 0 && req.WorkloadMetadataConfig == nil {
		return nil, wire.NewError(wire.StatusUnimplemented, "The simulator does not simulate the update %q of a node pool.", other[0])
	}
	if req.WorkloadMetadataConfig == nil {
		return nil, wire.Invalid("Must specify a field to update.")
	}
	mode := req.WorkloadMetadataConfig.Mode
	if !slices.Contains([]string{"GCE_METADATA", "GKE_METADATA"}, mode) {
		return nil, wire.InvalidValue("workload_metadata_config.mode", "type.googleapis.com/google.container.v1.WorkloadMetadataConfig.Mode",
			mode)
	}
	if mode == "GKE_METADATA" && cl.WorkloadPool() == "" {
		return nil, wire.Invalid("Workload Identity is not enabled on cluster %q; GKE_METADATA cannot be used.", cl.Name) // text inferred
	}
	if busy := c.w.OperationOnCluster(p, cl); busy != nil {
		return nil, c.errBusy(busy)
	}
	if req.Etag != "" && req.Etag != n.Etag {
		return nil, wire.NewError(wire.StatusAborted, "Etag %q does not match the node pool's current etag.", req.Etag)
	}
	e := &world.Effect{Kind: world.EffectMetadata, Location: cl.Location, Cluster: cl.Name, NodePool: n.Name, Value: mode}
	return c.startCluster(p, cl, "UPDATE_CLUSTER", e, c.w.Timings.NodePoolUpdate), nil
}

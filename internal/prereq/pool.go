package prereq

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// WorkloadPool is that a cluster has the workload pool PROJECT_ID.svc.id.goog
// and, when asked, that all its node pools run the GKE metadata server.
type WorkloadPool struct {
	Client           *gcp.Client
	Cluster          mesh.Cluster
	MigrateNodePools bool // recreates the nodes of pools without the metadata server
}

var (
	_ Prerequisite    = (*WorkloadPool)(nil)
	_ Attributor      = (*WorkloadPool)(nil)
	_ Wide            = (*WorkloadPool)(nil)
	_ OperationWaiter = (*WorkloadPool)(nil)
)

// PoolState is a cluster's Workload Identity.
type PoolState struct {
	Current   string   // "" when Workload Identity is off
	Expected  string   // PROJECT_ID.svc.id.goog
	NodePools []string // those without GKE_METADATA, sorted
	Status    string   // of the cluster

	cluster mesh.Cluster
	migrate bool
	modes   map[string]string // by node pool
}

// SeenPool is the state that an earlier read saw, for its findings. nodePools are those without GKE_METADATA.
func SeenPool(cluster mesh.Cluster, current, expected string, nodePools []string) PoolState {
	return PoolState{Current: current, Expected: expected, NodePools: nodePools, cluster: cluster}
}

// Met implements State. Node pools count only when they may be changed.
func (s PoolState) Met() bool {
	return s.Current == s.Expected && (!s.migrate || len(s.NodePools) == 0)
}

// Findings implements State.
func (s PoolState) Findings() []catalogue.Finding {
	var findings []catalogue.Finding
	switch s.Current {
	case s.Expected:
	case "":
		findings = oneFinding(catalogue.PoolMissing, s.cluster.String(),
			"cluster %s has no workload pool; it needs %s", s.cluster, s.Expected)
	default:
		findings = oneFinding(catalogue.PoolWrong, s.cluster.String(),
			"cluster %s has the workload pool %s instead of %s", s.cluster, s.Current, s.Expected)
	}
	if len(s.NodePools) > 0 {
		findings = append(findings, lackMetadata(s.cluster, s.NodePools))
	}
	return findings
}

// Fields implements State: the pool, and the modes of node pools where they may be changed.
func (s PoolState) Fields() map[string]any {
	fields := map[string]any{"workload_pool": s.Current}
	if s.migrate {
		maps.Copy(fields, modeFields(s.modes))
	}
	return fields
}

// Gap implements State.
func (s PoolState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	if s.Current != s.Expected {
		before["workload_pool"], after["workload_pool"] = s.Current, s.Expected
	}
	if s.migrate {
		now := modeFields(s.modes)
		for _, pool := range s.NodePools {
			before[modeField(pool)], after[modeField(pool)] = now[modeField(pool)], gcp.MetadataGKE
		}
	}
	return before, after
}

// Kind implements Prerequisite.
func (w *WorkloadPool) Kind() mesh.Kind { return mesh.ClusterPool }

// AlsoFinds implements Wide: node pools are read along with the cluster.
func (w *WorkloadPool) AlsoFinds() []mesh.Kind { return []mesh.Kind{mesh.NodePoolMetadata} }

// Subject implements Prerequisite.
func (w *WorkloadPool) Subject() string { return w.Cluster.String() }

// Check implements Prerequisite.
func (w *WorkloadPool) Check(ctx context.Context, fresh bool) (State, error) {
	return w.Read(ctx, fresh)
}

// Read is Check with its own type. All clusters of a project share one request.
func (w *WorkloadPool) Read(ctx context.Context, fresh bool) (PoolState, error) {
	cluster, err := readCluster(ctx, w.Client, w.Cluster, fresh)
	if err != nil {
		return PoolState{cluster: w.Cluster, migrate: w.MigrateNodePools, NodePools: []string{}}, err
	}
	return w.judge(ctx, cluster)
}

func (w *WorkloadPool) judge(ctx context.Context, cluster gcp.Cluster) (PoolState, error) {
	s := PoolState{cluster: w.Cluster, migrate: w.MigrateNodePools, modes: metadataModes(cluster)}
	s.Current, s.NodePools, s.Status = cluster.WorkloadPool, cluster.WithoutMetadataServer(), cluster.Status
	id, err := w.Client.ProjectID(ctx, w.Cluster.Project)
	s.Expected = mesh.WorkloadPool(id)
	return s, err
}

// readCluster reads a cluster. One that is not there, or in a project that is not, is a GoneError.
func readCluster(ctx context.Context, client *gcp.Client, name mesh.Cluster, fresh bool) (gcp.Cluster, error) {
	read := client.Cluster
	if fresh {
		read = client.FreshCluster
	}
	cluster, err := read(ctx, name)
	if err != nil && (apierr.NotFound(err) || gone(ctx, client, name.Project, err)) {
		err = &GoneError{name.String()}
	}
	return cluster, err
}

// Enforce implements Prerequisite. It sets the pool, then, when asked, migrates node pools one after another. A cluster
// that is busy is waited for, and judged again: what it was busy with may have been the same change.
func (w *WorkloadPool) Enforce(ctx context.Context, _ State) (Change, error) {
	change := Change{Kind: w.Kind(), Subject: w.Subject(), Before: map[string]any{}, After: map[string]any{}}
	idle, err := waitForCluster(ctx, w.Client, w.Cluster)
	if err != nil {
		return change, err
	}
	s, err := w.judge(ctx, idle)
	if err != nil {
		return change, err
	}
	if s.Current != s.Expected {
		if err := w.Client.SetWorkloadPool(ctx, w.Cluster, s.Expected); err != nil {
			return change, err
		}
		change.Before["workload_pool"], change.After["workload_pool"] = s.Current, s.Expected
	}
	if !w.MigrateNodePools {
		return change, nil
	}
	return change, runMetadataServers(ctx, w.Client, w.Cluster, s.NodePools, s.modes, change)
}

// WaitForOperations implements OperationWaiter.
func (w *WorkloadPool) WaitForOperations(ctx context.Context) error {
	_, err := waitForCluster(ctx, w.Client, w.Cluster)
	return err
}

// waitForCluster waits until no operation is running on a cluster, and returns it as it then is.
func waitForCluster(ctx context.Context, client *gcp.Client, name mesh.Cluster) (cluster gcp.Cluster, err error) {
	err = wait.Until(ctx, operationPace(client), "cluster "+name.String()+" to finish its current operation",
		func(ctx context.Context) (bool, string, error) {
			cluster, err = readCluster(ctx, client, name, true)
			if err != nil {
				return false, "", err
			}
			busy := slices.Contains([]string{"PROVISIONING", "RECONCILING"}, cluster.Status)
			return !busy, "its status is " + cluster.Status, nil
		})
	return cluster, err
}

// operationPace is the pace at which Google's operations on a subject are waited for.
func operationPace(client *gcp.Client) wait.Backoff {
	return wait.Backoff{First: time.Second, Max: 20 * time.Second, Clock: client.Config().Clock}
}

// WhoChanged implements Attributor.
func (w *WorkloadPool) WhoChanged(ctx context.Context, _ State, _ catalogue.Finding) (mesh.AuditEvent, bool, error) {
	return w.Client.WhoSetPool(ctx, w.Cluster)
}

// Undo implements Prerequisite. It restores the pool that the cluster had, if it still has ours. Node pools stay:
// taking their metadata server away would recreate nodes once more.
func (w *WorkloadPool) Undo(ctx context.Context, c Change) error {
	before, changed := c.Before["workload_pool"].(string)
	if !changed {
		return nil
	}
	now, err := w.Read(ctx, true)
	if err != nil {
		return err
	}
	if now.Current != c.After["workload_pool"] {
		return nil
	}
	return w.Client.SetWorkloadPool(ctx, w.Cluster, before)
}

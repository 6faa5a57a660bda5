package prereq

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// WorkloadPool is that a cluster has the workload pool PROJECT_ID.svc.id.goog
// and, when asked, that all its node pools run the GKE metadata server.
type WorkloadPool struct {
	Client           *gcp.Client
	Cluster          mesh.Cluster
	MigrateNodePools bool // recreates the nodes of pools without the metadata server
}

var _ Prerequisite = (*WorkloadPool)(nil)

// PoolState is a cluster's Workload Identity.
type PoolState struct {
	Current   string   // "" when Workload Identity is off
	Expected  string   // PROJECT_ID.svc.id.goog
	NodePools []string // those without GKE_METADATA, sorted
	Status    string   // of the cluster

	cluster mesh.Cluster
	migrate bool
}

// Met implements State. Node pools count only when they may be changed.
func (s PoolState) Met() bool {
	return s.Current == s.Expected && (!s.migrate || len(s.NodePools) == 0)
}

// Findings implements State.
func (s PoolState) Findings() []mesh.Finding {
	var findings []mesh.Finding
	switch s.Current {
	case s.Expected:
	case "":
		findings = append(findings, mesh.NewFinding(mesh.PoolMissing, s.cluster.String(), fmt.Sprintf("cluster %s has no workload pool; it needs %s", s.cluster, s.Expected)))
	default:
		findings = append(findings, mesh.NewFinding(mesh.PoolWrong, s.cluster.String(), fmt.Sprintf("cluster %s has the workload pool %s instead of %s", s.cluster, s.Current, s.Expected)))
	}
	if len(s.NodePools) > 0 {
		findings = append(findings, mesh.NewFinding(mesh.NodePoolNoMetadata, s.cluster.String(), fmt.Sprintf("cluster %s: node pools without GKE_METADATA: %s", s.cluster, strings.Join(s.NodePools, ", "))))
	}
	return findings
}

// Kind implements Prerequisite.
func (w *WorkloadPool) Kind() mesh.Kind { return mesh.ClusterPool }

// Subject implements Prerequisite.
func (w *WorkloadPool) Subject() string { return w.Cluster.String() }

// Check implements Prerequisite.
func (w *WorkloadPool) Check(ctx context.Context, fresh bool) (State, error) {
	return w.Read(ctx, fresh)
}

// Read is Check with its own type. All clusters of a project share one request.
func (w *WorkloadPool) Read(ctx context.Context, fresh bool) (PoolState, error) {
	s := PoolState{cluster: w.Cluster, migrate: w.MigrateNodePools, NodePools: []string{}}
	read := w.Client.Cluster
	if fresh {
		read = w.Client.FreshCluster
	}
	cluster, err := read(ctx, w.Cluster)
	if err != nil {
		if gcp.NotFound(err) || gone(ctx, w.Client, w.Cluster.Project, err) {
			return s, &GoneError{w.Subject()}
		}
		return s, err
	}
	id, err := w.Client.ProjectID(ctx, w.Cluster.Project)
	if err != nil {
		return s, err
	}
	s.Current, s.Expected = cluster.WorkloadPool, mesh.WorkloadPool(id)
	s.NodePools, s.Status = cluster.WithoutMetadataServer(), cluster.Status
	return s, nil
}

// Enforce implements Prerequisite. It sets the pool, then, when asked, migrates
// node pools one after another. A cluster that is busy is waited for.
func (w *WorkloadPool) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(PoolState), Change{Kind: w.Kind(), Subject: w.Subject(), Before: map[string]any{}, After: map[string]any{}}
	if err := w.settle(ctx); err != nil {
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
	for _, pool := range s.NodePools {
		if err := w.Client.RunMetadataServer(ctx, w.Cluster, pool); err != nil {
			return change, err
		}
		change.Before["node_pool/"+pool], change.After["node_pool/"+pool] = "", "GKE_METADATA"
	}
	return change, nil
}

// settle waits until the cluster is not at work on something else.
func (w *WorkloadPool) settle(ctx context.Context) error {
	return wait.Until(ctx, wait.Backoff{First: time.Second, Max: 20 * time.Second}, "cluster "+w.Subject()+" to finish its current operation",
		func(ctx context.Context) (bool, string, error) {
			cluster, err := w.Client.FreshCluster(ctx, w.Cluster)
			if err != nil {
				return false, "", err
			}
			busy := slices.Contains([]string{"PROVISIONING", "RECONCILING"}, cluster.Status)
			return !busy, "its status is " + cluster.Status, nil
		})
}

// Undo implements Prerequisite. It restores the pool that the cluster had, if it
// still has ours. Node pools stay: taking their metadata server away would
// recreate nodes once more.
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

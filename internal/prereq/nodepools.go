package prereq

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// NodePoolMetadata is that node pools of a cluster run the GKE metadata server,
// without which pods have no workload identity. Changing it recreates the nodes.
type NodePoolMetadata struct {
	Client    *gcp.Client
	Cluster   mesh.Cluster
	NodePools []string // names; nil is all of the cluster
}

var (
	_ Prerequisite    = (*NodePoolMetadata)(nil)
	_ OperationWaiter = (*NodePoolMetadata)(nil)
)

// NodePoolState is which node pools run the metadata server.
type NodePoolState struct {
	Modes   map[string]string // by node pool: GKE_METADATA or another
	Lacking []string          // those without GKE_METADATA, sorted

	cluster mesh.Cluster
}

// Met implements State.
func (s NodePoolState) Met() bool { return len(s.Lacking) == 0 }

// Findings implements State.
func (s NodePoolState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	return []catalogue.Finding{lackMetadata(s.cluster, s.Lacking)}
}

func lackMetadata(cluster mesh.Cluster, pools []string) catalogue.Finding {
	return catalogue.NewFinding(catalogue.NodePoolNoMetadata, cluster.String(),
		fmt.Sprintf("cluster %s: node pools without GKE_METADATA: %s", cluster, strings.Join(pools, ", ")))
}

// Fields implements State: the mode of each node pool, as node_pool/NAME.
func (s NodePoolState) Fields() map[string]any { return modeFields(s.Modes) }

// Gap implements State.
func (s NodePoolState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	for _, pool := range s.Lacking {
		before[modeField(pool)], after[modeField(pool)] = s.Modes[pool], gcp.MetadataGKE
	}
	return before, after
}

func modeField(pool string) string { return "node_pool/" + pool }

func modeFields(modes map[string]string) map[string]any {
	fields := map[string]any{}
	for pool, mode := range modes {
		fields[modeField(pool)] = mode
	}
	return fields
}

// metadataModes are the modes of a cluster's node pools. A pool that says none is shown with the mode that it acts by:
// the API has no way to take a mode away again. Autopilot's and those of Windows Server cannot be changed.
func metadataModes(c gcp.Cluster) map[string]string {
	modes := map[string]string{}
	for _, pool := range c.NodePools {
		if !c.Autopilot && !pool.Windows {
			modes[pool.Name] = cmp.Or(pool.MetadataMode, gcp.MetadataGCE)
		}
	}
	return modes
}

// Kind implements Prerequisite.
func (n *NodePoolMetadata) Kind() mesh.Kind { return mesh.NodePoolMetadata }

// Subject implements Prerequisite.
func (n *NodePoolMetadata) Subject() string { return n.Cluster.String() }

// Check implements Prerequisite.
func (n *NodePoolMetadata) Check(ctx context.Context, fresh bool) (State, error) {
	return n.Read(ctx, fresh)
}

// Read is Check with its own type. All clusters of a project share one request. A
// node pool that is named and not there is an error.
func (n *NodePoolMetadata) Read(ctx context.Context, fresh bool) (NodePoolState, error) {
	cluster, err := readCluster(ctx, n.Client, n.Cluster, fresh)
	if err != nil {
		return NodePoolState{cluster: n.Cluster}, err
	}
	return n.judge(cluster)
}

func (n *NodePoolMetadata) judge(cluster gcp.Cluster) (NodePoolState, error) {
	s := NodePoolState{Modes: metadataModes(cluster), Lacking: []string{}, cluster: n.Cluster}
	if n.NodePools != nil && !cluster.Autopilot {
		all := s.Modes
		s.Modes = map[string]string{}
		for _, name := range n.NodePools {
			if slices.ContainsFunc(cluster.NodePools, func(p gcp.NodePool) bool { return p.Name == name && p.Windows }) {
				continue
			}
			mode, found := all[name]
			if !found {
				return s, fmt.Errorf("cluster %s has no node pool %q; it has %s",
					n.Subject(), name, cmp.Or(strings.Join(slices.Sorted(maps.Keys(all)), ", "), "none"))
			}
			s.Modes[name] = mode
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Modes)) {
		if s.Modes[name] != gcp.MetadataGKE {
			s.Lacking = append(s.Lacking, name)
		}
	}
	return s, nil
}

// Enforce implements Prerequisite. It changes the node pools that lack the server,
// one after another. A cluster that is busy is waited for, and judged again.
func (n *NodePoolMetadata) Enforce(ctx context.Context, _ State) (Change, error) {
	change := Change{Kind: n.Kind(), Subject: n.Subject(), Before: map[string]any{}, After: map[string]any{}}
	idle, err := waitForCluster(ctx, n.Client, n.Cluster)
	if err != nil {
		return change, err
	}
	s, err := n.judge(idle)
	if err != nil {
		return change, err
	}
	return change, runMetadataServers(ctx, n.Client, n.Cluster, s.Lacking, s.Modes, change)
}

// runMetadataServers turns on the metadata server in node pools, and notes each in change once it is done.
func runMetadataServers(
	ctx context.Context, client *gcp.Client, cluster mesh.Cluster, pools []string, modes map[string]string, change Change,
) error {
	for _, pool := range pools {
		if err := client.SetNodeMetadata(ctx, cluster, pool, gcp.MetadataGKE); err != nil {
			return err
		}
		change.Before[modeField(pool)], change.After[modeField(pool)] = modes[pool], gcp.MetadataGKE
	}
	return nil
}

// WaitForOperations implements OperationWaiter.
func (n *NodePoolMetadata) WaitForOperations(ctx context.Context) error {
	_, err := waitForCluster(ctx, n.Client, n.Cluster)
	return err
}

// Undo implements Prerequisite. It sets the mode that each node pool had, where it still has ours, which recreates the
// nodes once more. A node pool that is gone is left alone.
func (n *NodePoolMetadata) Undo(ctx context.Context, c Change) error {
	idle, err := waitForCluster(ctx, n.Client, n.Cluster)
	if err != nil {
		return err
	}
	now := metadataModes(idle)
	for _, field := range slices.Sorted(maps.Keys(c.Before)) {
		pool, _ := strings.CutPrefix(field, modeField(""))
		before, _ := c.Before[field].(string)
		if before == "" || now[pool] != c.After[field] {
			continue
		}
		if err := n.Client.SetNodeMetadata(ctx, n.Cluster, pool, before); err != nil {
			return err
		}
	}
	return nil
}

package kinds

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// changeCluster are the permissions that changing a GKE cluster takes.
var changeCluster = []string{"container.clusters.get", "container.clusters.list", "container.clusters.update", "container.operations.get"}

// clusterEnsures are about GKE clusters, from the outside.
var clusterEnsures = []ensure{
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "workload_pool", Risk: lang.MediumRisk,
				Doc: "Sets a cluster's workload pool to `PROJECT_ID.svc.id.goog`, which turns Workload Identity on. Node pools stay as they are. If " +
					"the cluster is busy, the step waits.",
				Args: []lang.Arg{argCluster}, Permissions: changeCluster, Result: texts("workload_pool"),
			},
			UndoRisk:        lang.HighRisk,
			UsualDuration:   10 * time.Minute, // the troubleshooting page's figure
			PermissionScope: inClusterProject,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				c, err := a.Cluster("cluster")
				return &prereq.WorkloadPool{Client: env.Client, Cluster: c}, err
			},
			ResultValue: func(s prereq.State) cty.Value { return resultOf("workload_pool", s.(prereq.PoolState).Current) },
		},
		holds:     "the workload pool is its project's",
		assertDoc: "A cluster's workload pool is `PROJECT_ID.svc.id.goog`.",
	},
	{
		Def: Def{
			Kind: lang.Kind{
				Name: "node_pool_metadata", Risk: lang.HighRisk,
				Doc: "Turns on the GKE metadata server in node pools that lack it, one after the other. Each change recreates the nodes of the pool, " +
					"and its pods get another identity.",
				Args: []lang.Arg{
					argCluster,
					optional("node_pools", cty.Set(cty.String), cty.NilVal, "Names of the node pools; Default: all that lack it.", nil),
				},
				Permissions: changeCluster,
			},
			UsualDuration:   20 * time.Minute,
			PermissionScope: inClusterProject,
			Prerequisite: func(env *Runtime, a Args) (prereq.Prerequisite, error) {
				c, err := a.Cluster("cluster")
				return &prereq.NodePoolMetadata{Client: env.Client, Cluster: c, NodePools: a.Texts("node_pools")}, err
			},
		},
		holds:     "the node pools run the GKE metadata server",
		assertDoc: "Node pools of a cluster run the GKE metadata server.",
	},
}

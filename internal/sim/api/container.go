package api

import (
	"encoding/base64"
	"fmt"
	"strings"

	"google.golang.org/api/container/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

var containerRoutes = bothForms([]route{
	read("GET", "clusters", container.ListClustersResponse{}, listClusters),
	read("GET", "clusters/{cluster}", container.Cluster{}, getCluster),
	write("PUT", "clusters/{cluster}", container.Operation{}, updateCluster),
	read("GET", "clusters/{cluster}/nodePools", container.ListNodePoolsResponse{}, listNodePools),
	read("GET", "clusters/{cluster}/nodePools/{nodePool}", container.NodePool{}, getNodePool),
	write("PUT", "clusters/{cluster}/nodePools/{nodePool}", container.Operation{}, updateNodePool),
	read("GET", "operations", container.ListOperationsResponse{}, listContainerOperations),
	read("GET", "operations/{operation}", container.Operation{}, getContainerOperation),
	write("POST", "operations/{operation}:cancel", container.Empty{}, cancelContainerOperation),
})

// bothForms gives each method its path under locations/ and under the older zones/, with the query parameters that
// discovery allows on each. The old form of a node pool's update is a POST to .../update.
func bothForms(in []route) []route {
	var out []route
	for _, r := range in {
		a, b := r, r
		a.path = "v1/projects/{project}/locations/{location}/" + r.path
		b.path = "v1/projects/{project}/zones/{location}/" + r.path
		if r.method == "GET" {
			a.query = []string{"projectId", "zone", "clusterId", "nodePoolId", "operationId"}
			b.query = []string{"name", "parent"}
		}
		if strings.HasSuffix(r.path, "{nodePool}") && r.method == "PUT" {
			b.method, b.path = "POST", b.path+"/update"
		}
		out = append(out, a, b)
	}
	return out
}

// errContainerDenied is GKE's refusal.
func errContainerDenied(permission, resource string) func(*world.Project) *wire.Error {
	return func(*world.Project) *wire.Error {
		return wire.Denied("Required %q permission(s) for %q.", permission, resource).
			WithInfo("IAM_PERMISSION_DENIED", wire.HostContainer, map[string]string{"permission": permission, "resource": resource})
	}
}

// errClusterNotFound says "zones" for a zonal cluster even when the request said "locations" (golden).
func errClusterNotFound(project, location, rest string) *wire.Error {
	return wire.NotFound("Not found: projects/%s/%s/%s/%s.", project, world.LocationWord(location), location, rest)
}

func (c *call) parentName() string {
	return "projects/" + c.params["project"] + "/locations/" + c.params["location"]
}

// clusterFor finds the cluster of a call, after the permission.
func (c *call) clusterFor(permission string) (*world.Project, *world.Cluster, *wire.Error) {
	name := c.parentName() + "/clusters/" + c.params["cluster"]
	p, err := c.authorize(c.params["project"], permission, errContainerDenied(permission, name))
	if err != nil {
		return nil, nil, err
	}
	cl := p.Cluster(c.params["location"], c.params["cluster"])
	if cl == nil {
		return nil, nil, errClusterNotFound(c.params["project"], c.params["location"], "clusters/"+c.params["cluster"])
	}
	return p, cl, nil
}

// listClusters has no paging. "-" means every location.
func listClusters(c *call) (any, *wire.Error) {
	const permission = "container.clusters.list"
	p, err := c.authorize(c.params["project"], permission, errContainerDenied(permission, "projects/"+c.params["project"]))
	if err != nil {
		return nil, err
	}
	out := struct {
		Clusters []*world.Cluster `json:"clusters,omitempty"`
	}{}
	for _, cl := range p.Clusters {
		if l := c.params["location"]; l == "-" || l == cl.Location {
			out.Clusters = append(out.Clusters, c.cluster(p, cl))
		}
	}
	return out, nil
}

func getCluster(c *call) (any, *wire.Error) {
	p, cl, err := c.clusterFor("container.clusters.get")
	if err != nil {
		return nil, err
	}
	return c.cluster(p, cl), nil
}

// cluster is a cluster's answer. Its certificate authority is the server's own, which signs for every endpoint.
func (c *call) cluster(p *world.Project, cl *world.Cluster) *world.Cluster {
	out := clusterAnswer(p, cl)
	if out.MasterAuth != nil && out.MasterAuth.ClusterCaCertificate == world.PlaceholderCA {
		auth := *out.MasterAuth
		auth.ClusterCaCertificate = base64.StdEncoding.EncodeToString(c.ca)
		out.MasterAuth = &auth
	}
	return out
}

func listNodePools(c *call) (any, *wire.Error) {
	p, cl, err := c.clusterFor("container.clusters.get")
	if err != nil {
		return nil, err
	}
	return struct {
		NodePools []*world.NodePool `json:"nodePools,omitempty"`
	}{clusterAnswer(p, cl).NodePools}, nil
}

func getNodePool(c *call) (any, *wire.Error) {
	p, cl, err := c.clusterFor("container.clusters.get")
	if err != nil {
		return nil, err
	}
	n := cl.NodePool(c.params["nodePool"])
	if n == nil {
		return nil, c.errNodePoolNotFound()
	}
	return nodePoolAnswer(p, cl, n), nil
}

func (c *call) errNodePoolNotFound() *wire.Error {
	return errClusterNotFound(c.params["project"], c.params["location"],
		"clusters/"+c.params["cluster"]+"/nodePools/"+c.params["nodePool"])
}

// A containerOperation is container.v1.Operation. Its links say "zones" for
// zonal clusters and carry the project's number (golden).
type containerOperation struct {
	Name          string          `json:"name"`
	Zone          string          `json:"zone"`
	Location      string          `json:"location"`
	OperationType string          `json:"operationType"`
	Status        string          `json:"status"`
	SelfLink      string          `json:"selfLink"`
	TargetLink    string          `json:"targetLink"`
	StartTime     wire.Timestamp  `json:"startTime"`
	EndTime       wire.Timestamp  `json:"endTime,omitzero"`
	StatusMessage string          `json:"statusMessage,omitempty"`
	Error         *wire.RPCStatus `json:"error,omitempty"`
}

func newContainerOperation(p *world.Project, op *world.Operation) containerOperation {
	base := "https://" + wire.HostContainer + "/v1/projects/" + p.Number() + "/" + world.LocationWord(op.Location) + "/" + op.Location
	_, cluster, _ := strings.Cut(op.Target, "/clusters/")
	out := containerOperation{
		Name: op.Name, Zone: op.Location, Location: op.Location, OperationType: op.Type, Status: "RUNNING",
		SelfLink: base + "/operations/" + op.Name, TargetLink: base + "/clusters/" + cluster, StartTime: op.Start,
	}
	if op.Done {
		out.Status, out.EndTime = "DONE", op.End
		if op.Error != nil {
			out.Error, out.StatusMessage = op.Error, op.Error.Message
		}
	}
	return out
}

// containerOperationFor finds the operation of a call.
func (c *call) containerOperationFor(permission string) (*world.Project, *world.Operation, *wire.Error) {
	name := c.parentName() + "/operations/" + c.params["operation"]
	p, err := c.authorize(c.params["project"], permission, errContainerDenied(permission, name))
	if err != nil {
		return nil, nil, err
	}
	op := c.w.Operation(wire.HostContainer, c.params["operation"])
	if op == nil || op.Project != p.ProjectID || op.Location != c.params["location"] {
		return nil, nil, errClusterNotFound(c.params["project"], c.params["location"], "operations/"+c.params["operation"])
	}
	return p, op, nil
}

func getContainerOperation(c *call) (any, *wire.Error) {
	p, op, err := c.containerOperationFor("container.operations.get")
	if err != nil {
		return nil, err
	}
	return newContainerOperation(p, op), nil
}

func listContainerOperations(c *call) (any, *wire.Error) {
	const permission = "container.operations.list"
	p, err := c.authorize(c.params["project"], permission, errContainerDenied(permission, "projects/"+c.params["project"]))
	if err != nil {
		return nil, err
	}
	out := struct {
		Operations []containerOperation `json:"operations,omitempty"`
	}{}
	for _, op := range c.w.Operations {
		l := c.params["location"]
		if op.API == wire.HostContainer && op.Project == p.ProjectID && (l == "-" || l == op.Location) {
			out.Operations = append(out.Operations, newContainerOperation(p, op))
		}
	}
	return out, nil
}

func cancelContainerOperation(c *call) (any, *wire.Error) {
	if err := c.decode(&legacyNames{}); err != nil {
		return nil, err
	}
	_, op, err := c.containerOperationFor("container.clusters.update")
	if err != nil {
		return nil, err
	}
	if op.Done {
		return nil, wire.FailedPrecondition("Operation %s is already done.", op.Name)
	}
	c.w.Cancel(op, c.now, "Operation was cancelled.")
	return struct{}{}, nil
}

// errBusy is the answer while an operation runs on the cluster (recorded 2024): 400 FAILED_PRECONDITION, not 409.
func (c *call) errBusy(op *world.Operation) *wire.Error {
	return wire.FailedPrecondition("Cluster is running incompatible operation %s.", op.Name).
		WithInfo("CLUSTER_ALREADY_HAS_OPERATION", wire.HostContainer, nil).
		WithDetails(map[string]any{"@type": "type.googleapis.com/google.rpc.RequestInfo",
			"requestId": fmt.Sprintf("0x%x", uint64(c.w.NextSerial())*0x9e3779b97f4a7c15)})
}

// clusterAnswer is the cluster as the API gives it: with links, and a copy, because
// it is written out after the world is unlocked.
func clusterAnswer(p *world.Project, c *world.Cluster) *world.Cluster {
	out := *c
	out.SelfLink = "https://container.googleapis.com/v1/" + c.Path(p)
	out.Kubernetes = nil
	out.NodePools = make([]*world.NodePool, len(c.NodePools))
	for i, n := range c.NodePools {
		out.NodePools[i] = nodePoolAnswer(p, c, n)
	}
	return &out
}

func nodePoolAnswer(p *world.Project, c *world.Cluster, n *world.NodePool) *world.NodePool {
	out := *n
	out.SelfLink = "https://container.googleapis.com/v1/" + c.Path(p) + "/nodePools/" + n.Name
	return &out
}

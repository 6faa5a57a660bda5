package gcp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/container/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/genproto/googleapis/rpc/code"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Cluster is a GKE cluster, as far as managed mesh cares (container v1).
type Cluster struct {
	Name            mesh.Cluster
	Status          string // PROVISIONING, RUNNING, RECONCILING, STOPPING, ERROR, DEGRADED
	Autopilot       bool   // Workload Identity is always on
	WorkloadPool    string // "" when Workload Identity is off
	FleetProject    string // "" when the cluster is in no fleet
	FleetMembership string
	MeshID          string     // label mesh_id, by which the mesh's pages group clusters: proj-FLEETNUMBER
	NetworkProject  string     // the project that its VPC network is of: the Shared VPC host, or its own
	NodePools       []NodePool // sorted by name
}

// NodePool is a node pool of a cluster.
type NodePool struct {
	Name         string
	MetadataMode string // workloadMetadataConfig.mode; "" is the legacy metadata server
	Windows      bool   // its nodes run Windows Server, for which GKE has no metadata server of its own
}

// The modes of a node pool's metadata server (container v1, WorkloadMetadataConfig.mode). Where none is said, GKE shows
// pods the metadata server of their node, as in GCE_METADATA.
const (
	MetadataGKE = "GKE_METADATA"
	MetadataGCE = "GCE_METADATA"
)

// WithoutMetadataServer are the names of the node pools that could run the GKE metadata server and do not, sorted. Autopilot
// always runs it, Windows Server never.
func (c Cluster) WithoutMetadataServer() []string {
	names := []string{}
	for _, pool := range c.NodePools {
		if !c.Autopilot && !pool.Windows && pool.MetadataMode != MetadataGKE {
			names = append(names, pool.Name)
		}
	}
	return names
}

const clusterFields = "name,location,status,autopilot,workloadIdentityConfig,fleet,networkConfig/network,resourceLabels," +
	"nodePools(name,config(imageType,workloadMetadataConfig))"

type clusterList struct {
	clusters   map[string]Cluster // by LOCATION/NAME
	incomplete bool               // some location did not answer
}

// Clusters are all clusters of a project, sorted by location and name. complete
// is false when some location did not answer.
func (c *Client) Clusters(ctx context.Context, project string) (clusters []Cluster, complete bool, err error) {
	list, err := c.clusterList(ctx, project)
	if err != nil {
		return nil, false, err
	}
	for _, cluster := range list.clusters {
		clusters = append(clusters, cluster)
	}
	slices.SortFunc(clusters, func(a, b Cluster) int { return strings.Compare(a.Name.String(), b.Name.String()) })
	return clusters, !list.incomplete, nil
}

func (c *Client) clusterList(ctx context.Context, project string) (clusterList, error) {
	list, err := c.clusters.get(ctx, project, func(ctx context.Context) (clusterList, error) {
		answer, err := c.container.Projects.Locations.Clusters.List("projects/" + project + "/locations/-").
			Fields(googleapi.Field("clusters(" + clusterFields + "),missingZones")).Context(chargedTo(ctx, project)).Do()
		if err != nil {
			return clusterList{}, err
		}
		list := clusterList{clusters: map[string]Cluster{}, incomplete: len(answer.MissingZones) > 0}
		for _, raw := range answer.Clusters {
			cluster := readCluster(project, raw)
			list.clusters[cluster.Name.Location+"/"+cluster.Name.Name] = cluster
		}
		return list, nil
	})
	return list, failed(err, "list the clusters of project "+project, "container.clusters.list")
}

// Cluster returns one cluster. All clusters of a project are read by one request,
// which all callers share; a cluster that is not in the list is read by name.
func (c *Client) Cluster(ctx context.Context, name mesh.Cluster) (Cluster, error) {
	list, err := c.clusterList(ctx, name.Project)
	if err != nil && !apierr.Forbidden(err) {
		return Cluster{}, err
	}
	if cluster, found := list.clusters[name.Location+"/"+name.Name]; found {
		return cluster, nil
	}
	return c.getCluster(ctx, name)
}

// FreshCluster is Cluster with a new request.
func (c *Client) FreshCluster(ctx context.Context, name mesh.Cluster) (Cluster, error) {
	c.clusters.forget(name.Project)
	return c.getCluster(ctx, name)
}

func (c *Client) getCluster(ctx context.Context, name mesh.Cluster) (Cluster, error) {
	raw, err := c.container.Projects.Locations.Clusters.Get(name.String()).Fields(clusterFields).Context(chargedTo(ctx, name.Project)).Do()
	if err != nil {
		return Cluster{}, failed(err, "read cluster "+name.String(), "container.clusters.get")
	}
	return readCluster(name.Project, raw), nil
}

func readCluster(project string, raw *container.Cluster) Cluster {
	c := Cluster{
		Name:      mesh.Cluster{Project: project, Location: raw.Location, Name: raw.Name},
		Status:    raw.Status,
		Autopilot: raw.Autopilot != nil && raw.Autopilot.Enabled,
		MeshID:    raw.ResourceLabels["mesh_id"],
	}
	if raw.WorkloadIdentityConfig != nil { // an empty object counts as off
		c.WorkloadPool = raw.WorkloadIdentityConfig.WorkloadPool
	}
	if raw.NetworkConfig != nil { // projects/HOST/global/networks/NETWORK
		if parts := strings.Split(raw.NetworkConfig.Network, "/"); len(parts) == 5 {
			c.NetworkProject = parts[1]
		}
	}
	if raw.Fleet != nil {
		c.FleetProject, c.FleetMembership = raw.Fleet.Project, raw.Fleet.Membership
	}
	for _, p := range raw.NodePools {
		pool := NodePool{Name: p.Name}
		if p.Config != nil {
			pool.Windows = strings.HasPrefix(strings.ToUpper(p.Config.ImageType), "WINDOWS_") // WINDOWS_LTSC_CONTAINERD
			if p.Config.WorkloadMetadataConfig != nil {
				pool.MetadataMode = p.Config.WorkloadMetadataConfig.Mode
			}
		}
		c.NodePools = append(c.NodePools, pool)
	}
	slices.SortFunc(c.NodePools, func(a, b NodePool) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// Endpoint is where a cluster's API server listens (container v1, clusters.get).
type Endpoint struct {
	Address string // host or host:port, for https
	CA      []byte // PEM; nil where the machine's roots are to be trusted
}

// Endpoint finds a cluster's API server: its DNS-based endpoint where that lets
// callers from outside in, which any network reaches, or else its IP address.
func (c *Client) Endpoint(ctx context.Context, name mesh.Cluster) (Endpoint, error) {
	doing := "find the endpoint of cluster " + name.String()
	e, err := c.endpointOf.get(ctx, name.String(), func(ctx context.Context) (Endpoint, error) {
		raw, err := c.container.Projects.Locations.Clusters.Get(name.String()).
			Fields("endpoint,masterAuth/clusterCaCertificate,controlPlaneEndpointsConfig/dnsEndpointConfig").
			Context(chargedTo(ctx, name.Project)).Do()
		if err != nil {
			return Endpoint{}, err
		}
		if p := raw.ControlPlaneEndpointsConfig; p != nil && p.DnsEndpointConfig != nil && p.DnsEndpointConfig.AllowExternalTraffic &&
			p.DnsEndpointConfig.Endpoint != "" {
			return Endpoint{Address: p.DnsEndpointConfig.Endpoint}, nil // its certificate is a public one
		}
		e := Endpoint{Address: raw.Endpoint}
		if raw.MasterAuth != nil {
			if e.CA, err = base64.StdEncoding.DecodeString(raw.MasterAuth.ClusterCaCertificate); err != nil {
				return Endpoint{}, fmt.Errorf("its certificate authority is not base64: %w", err)
			}
		}
		return e, nil
	})
	if err == nil && e.Address == "" {
		err = &apierr.Error{
			Doing:   doing,
			Message: "the cluster has none: it is being created, or its creation failed",
			Next: fmt.Sprintf("Look at the cluster's state: gcloud container clusters describe %s --location %s --project %s.",
				name.Name, name.Location, name.Project),
		}
	}
	return e, failed(err, doing, "container.clusters.get")
}

// ForgetEndpoint makes the next Endpoint of a cluster send a request.
func (c *Client) ForgetEndpoint(name mesh.Cluster) { c.endpointOf.forget(name.String()) }

// SetWorkloadPool sets a cluster's workload pool, or turns Workload Identity off when pool is "", and waits until GKE
// is done. Where the cluster is busy with another operation, it waits for that first.
func (c *Client) SetWorkloadPool(ctx context.Context, name mesh.Cluster, pool string) error {
	doing := fmt.Sprintf("set the workload pool of cluster %s to %q", name, pool)
	config := &container.WorkloadIdentityConfig{WorkloadPool: pool, ForceSendFields: []string{"WorkloadPool"}}
	return c.updateCluster(ctx, name, doing, func(ctx context.Context) (*container.Operation, error) {
		return c.container.Projects.Locations.Clusters.Update(name.String(), &container.UpdateClusterRequest{
			Update: &container.ClusterUpdate{DesiredWorkloadIdentityConfig: config},
		}).Context(ctx).Do()
	})
}

// SetNodeMetadata sets the mode of a node pool's metadata server, which recreates
// its nodes, and waits until GKE is done.
func (c *Client) SetNodeMetadata(ctx context.Context, name mesh.Cluster, pool, mode string) error {
	doing := fmt.Sprintf("set %s in node pool %s of cluster %s", mode, pool, name)
	return c.updateCluster(ctx, name, doing, func(ctx context.Context) (*container.Operation, error) {
		return c.container.Projects.Locations.Clusters.NodePools.Update(name.String()+"/nodePools/"+pool, &container.UpdateNodePoolRequest{
			WorkloadMetadataConfig: &container.WorkloadMetadataConfig{Mode: mode},
		}).Context(ctx).Do()
	})
}

// updateCluster starts an operation when the cluster lets it, and waits for its end.
func (c *Client) updateCluster(
	ctx context.Context, name mesh.Cluster, doing string, start func(context.Context) (*container.Operation, error),
) error {
	ctx = chargedTo(ctx, name.Project)
	unlock, err := c.writers.Lock(ctx, name.String())
	if err != nil {
		return err
	}
	defer unlock()
	defer c.clusters.forget(name.Project)

	var op *container.Operation
	backoff := wait.Backoff{First: time.Second, Max: 20 * time.Second, Clock: c.clock}
	err = wait.Until(ctx, backoff, "cluster "+name.String()+" to be free for an update", func(ctx context.Context) (bool, string, error) {
		started, err := start(ctx)
		if err == nil {
			op = started
			return true, "", nil
		}
		err = failed(err, doing, "container.clusters.update")
		var e *apierr.Error
		if errors.As(err, &e) && e.Code == http.StatusBadRequest &&
			(e.Reason == "CLUSTER_ALREADY_HAS_OPERATION" || text.IsBusyCluster(e.Message)) {
			return false, e.Message, nil
		}
		return false, "", err
	})
	if err != nil {
		return err
	}
	full := "projects/" + name.Project + "/locations/" + name.Location + "/operations/" + op.Name
	return c.follow(ctx, doing, "container.operations.get", clusterOperation(op), func(ctx context.Context) (operation, error) {
		next, err := c.container.Projects.Locations.Operations.Get(full).Context(ctx).Do()
		return clusterOperation(next), err
	})
}

func clusterOperation(op *container.Operation) operation {
	if op == nil {
		return operation{}
	}
	read := operation{name: op.Name, done: op.Status == "DONE", state: op.Status}
	switch {
	case op.Error != nil && op.Error.Code != 0:
		read.code, read.message = op.Error.Code, op.Error.Message
	case op.StatusMessage != "":
		read.code, read.message = int64(code.Code_UNKNOWN), op.StatusMessage
	}
	return read
}

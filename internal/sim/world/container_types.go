package world

import (
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// The types of this file are the part of container.v1 that the world keeps, under the names of its discovery document.

// A Cluster is a GKE cluster. In the world it has no selfLink: that is built
// from the project and the location when it is answered.
type Cluster struct {
	Name                        string                       `json:"name"`
	Description                 string                       `json:"description,omitempty"`
	Location                    string                       `json:"location"`
	Zone                        string                       `json:"zone,omitempty"`
	Locations                   []string                     `json:"locations,omitempty"`
	Status                      string                       `json:"status"`
	StatusMessage               string                       `json:"statusMessage,omitempty"`
	ID                          string                       `json:"id,omitempty"`
	Etag                        string                       `json:"etag,omitempty"`
	SelfLink                    string                       `json:"selfLink,omitempty"`
	Endpoint                    string                       `json:"endpoint,omitempty"`
	CreateTime                  wire.Timestamp               `json:"createTime,omitzero"`
	InitialClusterVersion       string                       `json:"initialClusterVersion,omitempty"`
	CurrentMasterVersion        string                       `json:"currentMasterVersion,omitempty"`
	CurrentNodeVersion          string                       `json:"currentNodeVersion,omitempty"`
	CurrentNodeCount            int32                        `json:"currentNodeCount,omitempty"`
	Network                     string                       `json:"network,omitempty"`
	Subnetwork                  string                       `json:"subnetwork,omitempty"`
	LoggingService              string                       `json:"loggingService,omitempty"`
	MonitoringService           string                       `json:"monitoringService,omitempty"`
	ResourceLabels              map[string]string            `json:"resourceLabels,omitempty"`
	ReleaseChannel              *ReleaseChannel              `json:"releaseChannel,omitempty"`
	Autopilot                   *Autopilot                   `json:"autopilot,omitempty"`
	MasterAuth                  *MasterAuth                  `json:"masterAuth,omitempty"`
	NetworkConfig               *NetworkConfig               `json:"networkConfig,omitempty"`
	WorkloadIdentityConfig      *WorkloadIdentityConfig      `json:"workloadIdentityConfig,omitempty"`
	PrivateClusterConfig        *PrivateClusterConfig        `json:"privateClusterConfig,omitempty"`
	ControlPlaneEndpointsConfig *ControlPlaneEndpointsConfig `json:"controlPlaneEndpointsConfig,omitempty"`
	Fleet                       *ClusterFleet                `json:"fleet,omitempty"`
	NodePools                   []*NodePool                  `json:"nodePools,omitempty"`

	// Kubernetes is the inside of the cluster; nil before the first access.
	Kubernetes *kube.Cluster `json:"kubernetes,omitempty"`
}

// The states of a cluster and of a node pool.
const (
	clusterRunning     = "RUNNING"
	clusterReconciling = "RECONCILING"
)

// ReleaseChannel is container.v1.ReleaseChannel.
type ReleaseChannel struct {
	Channel string `json:"channel,omitempty"`
}

// Autopilot is container.v1.Autopilot. A standard cluster has an empty one.
type Autopilot struct {
	Enabled bool `json:"enabled,omitempty"`
}

// NetworkConfig is container.v1.NetworkConfig. A Shared VPC's network is of its
// host project: projects/HOST/global/networks/NETWORK.
type NetworkConfig struct {
	Network    string `json:"network,omitempty"`
	Subnetwork string `json:"subnetwork,omitempty"`
}

// MasterAuth is container.v1.MasterAuth; the certificate is base64 of PEM.
type MasterAuth struct {
	ClientCertificateConfig *struct{} `json:"clientCertificateConfig,omitempty"`
	ClusterCaCertificate    string    `json:"clusterCaCertificate,omitempty"`
}

// WorkloadIdentityConfig is container.v1.WorkloadIdentityConfig. Absent means that workload identity is off.
type WorkloadIdentityConfig struct {
	WorkloadPool string `json:"workloadPool,omitempty"`
}

// PrivateClusterConfig is container.v1.PrivateClusterConfig.
type PrivateClusterConfig struct {
	EnablePrivateNodes    bool   `json:"enablePrivateNodes,omitempty"`
	EnablePrivateEndpoint bool   `json:"enablePrivateEndpoint,omitempty"`
	MasterIpv4CidrBlock   string `json:"masterIpv4CidrBlock,omitempty"`
	PeeringName           string `json:"peeringName,omitempty"`
	PrivateEndpoint       string `json:"privateEndpoint,omitempty"`
	PublicEndpoint        string `json:"publicEndpoint,omitempty"`
}

// ControlPlaneEndpointsConfig is container.v1.ControlPlaneEndpointsConfig.
type ControlPlaneEndpointsConfig struct {
	DNSEndpointConfig *DNSEndpointConfig `json:"dnsEndpointConfig,omitempty"`
	IPEndpointsConfig *IPEndpointsConfig `json:"ipEndpointsConfig,omitempty"`
}

// DNSEndpointConfig is container.v1.DNSEndpointConfig.
type DNSEndpointConfig struct {
	Endpoint             string `json:"endpoint,omitempty"`
	AllowExternalTraffic bool   `json:"allowExternalTraffic,omitempty"`
}

// IPEndpointsConfig is container.v1.IPEndpointsConfig.
type IPEndpointsConfig struct {
	Enabled              bool   `json:"enabled,omitempty"`
	EnablePublicEndpoint bool   `json:"enablePublicEndpoint,omitempty"`
	PublicEndpoint       string `json:"publicEndpoint,omitempty"`
	PrivateEndpoint      string `json:"privateEndpoint,omitempty"`
}

// ClusterFleet is container.v1.Fleet.
type ClusterFleet struct {
	Project        string `json:"project,omitempty"`
	Membership     string `json:"membership,omitempty"`
	MembershipType string `json:"membershipType,omitempty"`
	PreRegistered  bool   `json:"preRegistered,omitempty"`
}

// A NodePool is container.v1.NodePool.
type NodePool struct {
	Name             string      `json:"name"`
	Status           string      `json:"status,omitempty"`
	Version          string      `json:"version,omitempty"`
	Etag             string      `json:"etag,omitempty"`
	SelfLink         string      `json:"selfLink,omitempty"`
	InitialNodeCount int32       `json:"initialNodeCount,omitempty"`
	Locations        []string    `json:"locations,omitempty"`
	Config           *NodeConfig `json:"config,omitempty"`
}

// NodeConfig is container.v1.NodeConfig.
type NodeConfig struct {
	MachineType            string                  `json:"machineType,omitempty"`
	DiskSizeGb             int32                   `json:"diskSizeGb,omitempty"`
	DiskType               string                  `json:"diskType,omitempty"`
	ImageType              string                  `json:"imageType,omitempty"`
	OauthScopes            []string                `json:"oauthScopes,omitempty"`
	ServiceAccount         string                  `json:"serviceAccount,omitempty"`
	WorkloadMetadataConfig *WorkloadMetadataConfig `json:"workloadMetadataConfig,omitempty"`
}

// WorkloadMetadataConfig is container.v1.WorkloadMetadataConfig. Absent means the old GCE metadata server.
type WorkloadMetadataConfig struct {
	Mode string `json:"mode,omitempty"`
}

// key identifies a cluster within its project.
func (c *Cluster) key() string { return c.Location + "/" + c.Name }

// zonal reports whether the cluster's location is a zone: us-central1-a.
func zonal(location string) bool {
	n := len(location)
	return n > 2 && location[n-2] == '-' && location[n-1] >= 'a' && location[n-1] <= 'z'
}

// region is the region of a region or zone.
func region(location string) string {
	if zonal(location) {
		return location[:len(location)-2]
	}
	return location
}

// LocationWord is the path segment that Google writes before a cluster's
// location: zonal clusters keep the old "zones" (recorded).
func LocationWord(location string) string {
	if zonal(location) {
		return "zones"
	}
	return "locations"
}

// Path is the cluster's name below //container.googleapis.com/.
func (c *Cluster) Path(p *Project) string {
	return "projects/" + p.ProjectID + "/" + LocationWord(c.Location) + "/" + c.Location + "/clusters/" + c.Name
}

// link is the full resource name by which a membership refers to a cluster.
func (c *Cluster) link(p *Project) string {
	return "//container.googleapis.com/projects/" + p.ProjectID + "/locations/" + c.Location + "/clusters/" + c.Name
}

// issuer is the cluster's OIDC issuer, which never says "zones".
func (c *Cluster) issuer(p *Project) string {
	return "https://container.googleapis.com/v1/projects/" + p.ProjectID + "/locations/" + c.Location + "/clusters/" + c.Name
}

// WorkloadPool is the cluster's workload pool, "" when workload identity is off.
func (c *Cluster) WorkloadPool() string {
	if c.WorkloadIdentityConfig == nil {
		return ""
	}
	return c.WorkloadIdentityConfig.WorkloadPool
}

// NodePool finds a node pool by name; nil if the cluster has none of it.
func (c *Cluster) NodePool(name string) *NodePool {
	i := slices.IndexFunc(c.NodePools, func(n *NodePool) bool { return n.Name == name })
	if i < 0 {
		return nil
	}
	return c.NodePools[i]
}

// metadataMode is the node pool's workload metadata mode, "" for the old GCE metadata server.
func (n *NodePool) metadataMode() string {
	if n.Config == nil || n.Config.WorkloadMetadataConfig == nil {
		return ""
	}
	return n.Config.WorkloadMetadataConfig.Mode
}

// setMetadataMode changes the mode on a copy of the config, because a copy of the pool may be on its way to a client.
func (n *NodePool) setMetadataMode(mode string) {
	cfg := NodeConfig{}
	if n.Config != nil {
		cfg = *n.Config
	}
	cfg.WorkloadMetadataConfig = nil
	if mode != "" {
		cfg.WorkloadMetadataConfig = &WorkloadMetadataConfig{Mode: mode}
	}
	n.Config = &cfg
}

package world

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// The principals that every built world knows.
const (
	AdminEmail  = "admin@example.com"
	viewerEmail = "viewer@example.com"
	ciEmail     = "ci@mesh-sim-1.iam.gserviceaccount.com"
)

// meshAgentRole is what the mesh's service agent needs on each project.
const meshAgentRole = "roles/anthosservicemesh.serviceAgent"

const gkeVersion = "1.33.5-gke.1080000"

// meshAgent is the service agent of the mesh of a fleet.
func meshAgent(fleet *Project) string {
	return "service-" + fleet.Number() + "@gcp-sa-servicemesh.iam.gserviceaccount.com"
}

// Build makes a healthy world: projects mesh-sim-1 and up, clusters spread over them in turn, all registered in the
// fleet of the first, whose mesh has been ready for a month.
func Build(projects, clusters int, now time.Time) *World {
	born := wire.At(now.Add(-30 * 24 * time.Hour).Truncate(time.Millisecond))
	w := &World{Timings: defaultTimings()}
	for i := 1; i <= projects; i++ {
		w.Projects = append(w.Projects, buildProject(i, born))
	}
	fleet := w.Projects[0]
	specs := map[string]*MembershipSpec{}
	fleet.Fleet = &Fleet{Features: map[string]*Feature{MeshFeature: {
		CreateTime: born, UpdateTime: born, ResourceState: "ACTIVE", MembershipSpecs: specs,
	}}}
	for _, p := range w.Projects {
		p.Policy = buildPolicy(p, fleet)
		p.Policy.Etag = w.newEtag(born.Time)
	}
	for n := 1; n <= clusters; n++ {
		p := w.Projects[(n-1)%projects]
		c := buildCluster(p, fleet, n, born)
		m := NewMembership(p, fleet, c, born)
		p.Clusters = append(p.Clusters, c)
		fleet.Fleet.Memberships = append(fleet.Fleet.Memberships, m)
		specs[m.Key()] = &MembershipSpec{Mesh: &MeshSpec{Management: managementAutomatic}, Origin: &Origin{Type: "USER"}}
	}
	w.index()
	return w
}

func buildProject(i int, born wire.Timestamp) *Project {
	p := &Project{
		ProjectID:      fmt.Sprintf("mesh-sim-%d", i),
		ProjectNumber:  100000000000 + int64(i),
		DisplayName:    fmt.Sprintf("Mesh simulation %d", i),
		LifecycleState: projectActive,
		Parent:         &ResourceID{Type: "organization", ID: "123456789012"},
		CreateTime:     born,
		UpdateTime:     born,
		Services:       map[string]*Service{},
	}
	for _, s := range defaultServices {
		p.Services[s] = &Service{State: ServiceEnabled}
	}
	for _, s := range defaultServices {
		if email := ServiceAgent(s, p); email != "" {
			p.ServiceIdentities = append(p.ServiceIdentities, ServiceIdentity{Service: s, Email: email, UniqueID: uniqueID(email)})
		}
	}
	if i == 1 {
		p.ServiceAccounts = []string{ciEmail}
	}
	return p
}

func buildPolicy(p, fleet *Project) Policy {
	sa := func(email string) string { return "serviceAccount:" + email }
	ci := []string{sa(ciEmail)}
	return Policy{Bindings: []*Binding{
		{Role: "roles/owner", Members: []string{"user:" + AdminEmail}},
		{Role: "roles/viewer", Members: []string{"user:" + viewerEmail}},
		{Role: "roles/logging.viewer", Members: []string{"user:" + viewerEmail}},
		{Role: "roles/editor", Members: ci},
		{Role: "roles/resourcemanager.projectIamAdmin", Members: ci},
		{Role: "roles/container.admin", Members: ci},
		{Role: "roles/serviceusage.serviceUsageAdmin", Members: ci},
		{Role: "roles/container.serviceAgent", Members: []string{sa(ServiceAgent("container.googleapis.com", p))}},
		{Role: "roles/gkehub.serviceAgent", Members: []string{sa(ServiceAgent("gkehub.googleapis.com", fleet))}},
		{Role: meshAgentRole, Members: []string{sa(meshAgent(fleet))}},
	}}.Normalized()
}

// buildCluster makes cluster n; every third one is zonal.
func buildCluster(p, fleet *Project, n int, born wire.Timestamp) *Cluster {
	location, locations := "us-central1", []string{"us-central1-a", "us-central1-b", "us-central1-c"}
	if n%3 == 0 {
		location, locations = "us-central1-a", []string{"us-central1-a"}
	}
	name := fmt.Sprintf("cluster-%d", n)
	id := sha256.Sum256([]byte(p.ProjectID + "/" + name))
	hexID := hex.EncodeToString(id[:])
	public := fmt.Sprintf("198.51.%d.%d", 100+(n/250)%100, n%250+1)
	dns := fmt.Sprintf("gke-%s-%s.%s.gke.goog", hexID[:32], p.Number(), location)
	return &Cluster{
		Name: name, Location: location, Zone: location, Locations: locations,
		Status: clusterRunning, ID: hexID, Etag: hexID[:8] + "-" + hexID[8:12], Endpoint: public, CreateTime: born,
		InitialClusterVersion: gkeVersion, CurrentMasterVersion: gkeVersion, CurrentNodeVersion: gkeVersion, CurrentNodeCount: 3,
		Network: "default", Subnetwork: "default",
		LoggingService: "logging.googleapis.com/kubernetes", MonitoringService: "monitoring.googleapis.com/kubernetes",
		ResourceLabels:         map[string]string{"mesh_id": "proj-" + fleet.Number()},
		ReleaseChannel:         &ReleaseChannel{Channel: "REGULAR"},
		Autopilot:              &Autopilot{},
		MasterAuth:             &MasterAuth{ClientCertificateConfig: &struct{}{}, ClusterCaCertificate: PlaceholderCA},
		WorkloadIdentityConfig: &WorkloadIdentityConfig{WorkloadPool: p.ProjectID + ".svc.id.goog"},
		PrivateClusterConfig:   &PrivateClusterConfig{PublicEndpoint: public, PrivateEndpoint: "10.128.0.2"},
		ControlPlaneEndpointsConfig: &ControlPlaneEndpointsConfig{
			DNSEndpointConfig: &DNSEndpointConfig{Endpoint: dns},
			IPEndpointsConfig: &IPEndpointsConfig{Enabled: true, EnablePublicEndpoint: true, PublicEndpoint: public, PrivateEndpoint: "10.128.0.2"},
		},
		Fleet: &ClusterFleet{
			Project:    fleet.Number(),
			Membership: "//gkehub.googleapis.com/projects/" + fleet.ProjectID + "/" + MembershipKey("us-central1", name),
		},
		NodePools: []*NodePool{{
			Name: "default-pool", Status: clusterRunning, Version: gkeVersion, Etag: hexID[12:20] + "-" + hexID[20:24],
			InitialNodeCount: 1, Locations: locations,
			Config: &NodeConfig{
				MachineType: "e2-standard-4", DiskSizeGb: 100, DiskType: "pd-balanced", ImageType: "COS_CONTAINERD",
				OauthScopes:    []string{"https://www.googleapis.com/auth/cloud-platform"},
				ServiceAccount: "default", WorkloadMetadataConfig: &WorkloadMetadataConfig{Mode: "GKE_METADATA"},
			},
		}},
	}
}

// PlaceholderCA stands for a cluster's certificate: base64 of a PEM block without real content. Answers replace it.
var PlaceholderCA = base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n"))

// NewMembership registers a cluster as gcloud's "fleet memberships register --enable-workload-identity" does: in the
// cluster's region (measured).
func NewMembership(p, fleet *Project, c *Cluster, born wire.Timestamp) *Membership {
	uid := UUIDFor(c.link(p))
	return &Membership{
		Name: c.Name, Location: region(c.Location),
		Endpoint: &MembershipEndpoint{
			GkeCluster:    &GkeCluster{ResourceLink: c.link(p)},
			GoogleManaged: true,
			KubernetesMetadata: &KubernetesMetadata{
				KubernetesAPIServerVersion: "v" + c.CurrentMasterVersion, NodeProviderID: "gce",
				NodeCount: 3, VcpuCount: 12, MemoryMb: 48000, UpdateTime: born,
			},
		},
		Authority: NewAuthority(c.issuer(p), fleet),
		State:     &MembershipState{Code: "READY"}, ExternalID: uid, UniqueID: uid, ClusterTier: "STANDARD",
		CreateTime: born, UpdateTime: born, LastConnectionTime: born,
	}
}

// NewAuthority is what the hub makes of an issuer.
func NewAuthority(issuer string, fleet *Project) *Authority {
	return &Authority{Issuer: issuer, IdentityProvider: issuer, WorkloadIdentityPool: fleet.ProjectID + ".svc.id.goog"}
}

// uniqueID is a service account's number: 21 digits.
func uniqueID(email string) string {
	sum := sha256.Sum256([]byte(email))
	digits := []byte("1")
	for _, b := range sum[:20] {
		digits = append(digits, '0'+b%10)
	}
	return string(digits)
}

// UUIDFor is a UUID made from a name, the same each time.
func UUIDFor(name string) string {
	s := sha256.Sum256([]byte(name))
	s[6], s[8] = s[6]&0x0f|0x40, s[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", s[0:4], s[4:6], s[6:8], s[8:10], s[10:16])
}

package world

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// The types of this file are the part of gkehub.v1 and v2 that the world
// keeps, under the names of their discovery documents.

var membershipKeyPattern = regexp.MustCompile(`^locations/[a-z0-9-]+/memberships/[a-z0-9-]+$`)

// IsMembershipKey reports whether a text has the form of a key of a membership.
func IsMembershipKey(key string) bool { return membershipKeyPattern.MatchString(key) }

// MeshFeature is the id of the mesh's fleet feature.
const MeshFeature = "servicemesh"

// A Membership is a cluster's registration in a fleet.
type Membership struct {
	Name               string              `json:"name"` // the bare id in the world, the full name in answers
	Location           string              `json:"location,omitempty"`
	Labels             map[string]string   `json:"labels,omitempty"`
	Description        string              `json:"description,omitempty"`
	Endpoint           *MembershipEndpoint `json:"endpoint,omitempty"`
	Authority          *Authority          `json:"authority,omitempty"`
	State              *MembershipState    `json:"state,omitempty"`
	ExternalID         string              `json:"externalId,omitempty"`
	UniqueID           string              `json:"uniqueId,omitempty"`
	ClusterTier        string              `json:"clusterTier,omitempty"`
	CreateTime         wire.Timestamp      `json:"createTime,omitzero"`
	UpdateTime         wire.Timestamp      `json:"updateTime,omitzero"`
	LastConnectionTime wire.Timestamp      `json:"lastConnectionTime,omitzero"`

	// Mesh is what the mesh remembers of this membership.
	Mesh *MeshHistory `json:"mesh,omitempty"`
}

// MembershipEndpoint is gkehub.v1.MembershipEndpoint.
type MembershipEndpoint struct {
	GkeCluster         *GkeCluster         `json:"gkeCluster,omitempty"`
	KubernetesMetadata *KubernetesMetadata `json:"kubernetesMetadata,omitempty"`
	GoogleManaged      bool                `json:"googleManaged,omitempty"`
}

// GkeCluster is gkehub.v1.GkeCluster.
type GkeCluster struct {
	ResourceLink   string `json:"resourceLink,omitempty"`
	ClusterMissing bool   `json:"clusterMissing,omitempty"`
}

// KubernetesMetadata is gkehub.v1.KubernetesMetadata.
type KubernetesMetadata struct {
	KubernetesAPIServerVersion string         `json:"kubernetesApiServerVersion,omitempty"`
	NodeProviderID             string         `json:"nodeProviderId,omitempty"`
	NodeCount                  int32          `json:"nodeCount,omitempty"`
	VcpuCount                  int32          `json:"vcpuCount,omitempty"`
	MemoryMb                   int32          `json:"memoryMb,omitempty"`
	UpdateTime                 wire.Timestamp `json:"updateTime,omitzero"`
}

// Authority is gkehub.v1.Authority. Absent means that workload identity is not enabled for the membership.
type Authority struct {
	Issuer               string `json:"issuer,omitempty"`
	IdentityProvider     string `json:"identityProvider,omitempty"`
	WorkloadIdentityPool string `json:"workloadIdentityPool,omitempty"`
	OidcJwks             string `json:"oidcJwks,omitempty"`
}

// MembershipState is gkehub.v1.MembershipState.
type MembershipState struct {
	Code string `json:"code,omitempty"`
}

// A Feature is a fleet feature. In the world its map keys are
// "locations/L/memberships/M"; answers prefix them with the project number.
type Feature struct {
	Labels                   map[string]string          `json:"labels,omitempty"`
	CreateTime               wire.Timestamp             `json:"createTime,omitzero"`
	UpdateTime               wire.Timestamp             `json:"updateTime,omitzero"`
	ResourceState            string                     `json:"resourceState,omitempty"`
	Spec                     *FeatureSpec               `json:"spec,omitempty"`
	FleetDefaultMemberConfig *FleetDefaultMemberConfig  `json:"fleetDefaultMemberConfig,omitempty"`
	MembershipSpecs          map[string]*MembershipSpec `json:"membershipSpecs,omitempty"`
	// StateOverrides replace the computed state of a membership, whatever is
	// in them: how a test sets any state, listed or not.
	StateOverrides map[string]map[string]any `json:"stateOverrides,omitempty"`
	// Unreachable are locations that do not answer.
	Unreachable []string `json:"unreachable,omitempty"`
}

// FeatureSpec is gkehub.v1.CommonFeatureSpec.
type FeatureSpec struct {
	Mesh *MeshFeatureSpec `json:"mesh,omitempty"`
}

// MeshFeatureSpec is gkehub.v1.ServiceMeshFeatureSpec.
type MeshFeatureSpec struct {
	ModernizationCompatibility string `json:"modernizationCompatibility,omitempty"`
	ModernizationStrategy      string `json:"modernizationStrategy,omitempty"`
}

// FleetDefaultMemberConfig is gkehub.v1.CommonFleetDefaultMemberConfigSpec.
type FleetDefaultMemberConfig struct {
	Mesh *MeshSpec `json:"mesh,omitempty"`
}

// MembershipSpec is gkehub.v1.MembershipFeatureSpec.
type MembershipSpec struct {
	Mesh   *MeshSpec `json:"mesh,omitempty"`
	Origin *Origin   `json:"origin,omitempty"`
}

// MeshSpec is gkehub.v1.ServiceMeshMembershipSpec, and v2.ServiceMeshSpec without its deprecated channel.
type MeshSpec struct {
	Management   string `json:"management,omitempty"`
	ConfigAPI    string `json:"configApi,omitempty"`
	ControlPlane string `json:"controlPlane,omitempty"`
}

// Origin is gkehub.v1.Origin: FLEET, FLEET_OUT_OF_SYNC or USER.
type Origin struct {
	Type string `json:"type,omitempty"`
}

// The management values of a mesh spec.
const (
	managementAutomatic    = "MANAGEMENT_AUTOMATIC"
	managementManual       = "MANAGEMENT_MANUAL"
	managementNotInstalled = "MANAGEMENT_NOT_INSTALLED"
)

// Key is how features refer to a membership within its fleet.
func (m *Membership) Key() string { return MembershipKey(m.Location, m.Name) }

// MembershipKey is the key of a membership within its fleet.
func MembershipKey(location, name string) string {
	return "locations/" + location + "/memberships/" + name
}

// ClusterLink is the resource name of the membership's cluster.
func (m *Membership) ClusterLink() string {
	if m.Endpoint == nil || m.Endpoint.GkeCluster == nil {
		return ""
	}
	return m.Endpoint.GkeCluster.ResourceLink
}

func (f *Fleet) sort() {
	slices.SortFunc(f.Memberships, func(a, b *Membership) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Name, b.Name))
	})
}

func (f *Fleet) find(key string) (int, bool) {
	location, name, _ := strings.Cut(strings.TrimPrefix(key, "locations/"), "/memberships/")
	return slices.BinarySearchFunc(f.Memberships, struct{}{}, func(m *Membership, _ struct{}) int {
		return cmp.Or(cmp.Compare(m.Location, location), cmp.Compare(m.Name, name))
	})
}

// Membership finds a membership by its key.
func (f *Fleet) Membership(key string) *Membership {
	if f == nil {
		return nil
	}
	if i, ok := f.find(key); ok {
		return f.Memberships[i]
	}
	return nil
}

// Feature finds a feature by its id.
func (f *Fleet) Feature(id string) *Feature {
	if f == nil {
		return nil
	}
	return f.Features[id]
}

// management is what a feature says about a membership, "" for nothing.
func (ft *Feature) management(key string) string {
	s := ft.MembershipSpecs[key]
	if s == nil || s.Mesh == nil {
		return ""
	}
	if s.Mesh.Management == "" && s.Mesh.ControlPlane == "AUTOMATIC" {
		return managementAutomatic // the deprecated spelling
	}
	return s.Mesh.Management
}

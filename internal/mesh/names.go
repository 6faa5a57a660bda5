package mesh

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// AgentRole is the IAM role that the fleet's mesh service agent needs on the
// fleet project, on each cluster's project and on a Shared VPC host project.
const AgentRole = "roles/anthosservicemesh.serviceAgent"

// IdentityService is the API whose service identity is the mesh service agent. That generateServiceIdentity on it
// yields gcp-sa-servicemesh is inferred: what is established is that meshconfig.googleapis.com yields another agent,
// gcp-sa-meshconfig.
const IdentityService = "mesh.googleapis.com"

// FeatureID names the mesh feature of a fleet in the GKE Hub API.
const FeatureID = "servicemesh"

var (
	projectID     = regexp.MustCompile(`^(?:[a-z](?:[-a-z0-9.]*[a-z0-9])?:)?[a-z][-a-z0-9]{4,28}[a-z0-9]$`)
	projectNumber = regexp.MustCompile(`^[1-9][0-9]{0,18}$`)
	location      = regexp.MustCompile(`^[a-z]+(?:-[a-z]+)+[0-9]+(?:-(?:[a-z]|[a-z]+[0-9]+[a-z]))?$`) // us-central1-ai1a, too
	clusterID     = regexp.MustCompile(`^[a-z](?:[-a-z0-9]{0,38}[a-z0-9])?$`)
	membershipID  = regexp.MustCompile(`^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$`)
	hostPrefix    = regexp.MustCompile(`^(?:https?:)?//[^/]+/(?:v[0-9][a-z0-9]*/)?`)
)

// IsLocation reports whether s looks like a region or a zone.
func IsLocation(s string) bool { return location.MatchString(s) }

// IsClusterName reports whether s may be the name of a GKE cluster.
func IsClusterName(s string) bool { return clusterID.MatchString(s) }

// IsMembershipName reports whether s may be the name of a fleet membership, which is an RFC 1123 label.
func IsMembershipName(s string) bool { return membershipID.MatchString(s) }

// CheckProject returns an error for an invalid project id or number. The rules are those of Google Cloud: an id has 6
// to 30 lower-case letters, digits and hyphens and starts with a letter (older, domain-scoped ids carry "example.com:"
// in front); a number has digits only.
func CheckProject(project string) error {
	if projectID.MatchString(project) || IsProjectNumber(project) {
		return nil
	}
	if id, found := strings.CutPrefix(project, "projects/"); found && CheckProject(id) == nil {
		return fmt.Errorf("%q is a resource name; give the project alone: %q", project, id)
	}
	return fmt.Errorf("%q is neither a project ID (6 to 30 lower-case letters, digits and hyphens, starting with a letter and not ending in "+
		"a hyphen) nor a project number", project)
}

// IsProjectNumber reports whether project is a project number rather than an id.
func IsProjectNumber(project string) bool { return projectNumber.MatchString(project) }

// CheckProjectNumber returns an error for an invalid project number.
func CheckProjectNumber(number string) error {
	if IsProjectNumber(number) {
		return nil
	}
	return fmt.Errorf("%q is not a project number: a number has 1 to 19 digits, for example 123456789012 (`gcloud projects describe "+
		"PROJECT_ID --format='value(projectNumber)'` prints it)", number)
}

// CheckProjectID returns an error for an invalid project id. A number
// is refused: workload pools are named after the id.
func CheckProjectID(id string) error {
	if projectID.MatchString(id) {
		return nil
	}
	if IsProjectNumber(id) {
		return fmt.Errorf("%q is a project number; the project ID is needed here (`gcloud projects describe %s --format='value(projectId)'` "+
			"prints it)", id, id)
	}
	return CheckProject(id)
}

// ServiceAgent is the e-mail address of the mesh service agent of the fleet whose host project has this number.
func ServiceAgent(fleetNumber string) string {
	return "service-" + fleetNumber + "@gcp-sa-servicemesh.iam.gserviceaccount.com"
}

// ServiceAgentMember is ServiceAgent as a member of an IAM policy.
func ServiceAgentMember(fleetNumber string) string {
	return "serviceAccount:" + ServiceAgent(fleetNumber)
}

// WorkloadPool is the only workload pool that managed mesh accepts for a
// cluster of this project: PROJECT_ID.svc.id.goog.
func WorkloadPool(projectID string) string { return projectID + ".svc.id.goog" }

// Cluster names a GKE cluster.
type Cluster struct {
	Project  string // id or number, as written
	Location string // region or zone
	Name     string
}

// String is the canonical resource name.
func (c Cluster) String() string {
	return "projects/" + c.Project + "/locations/" + c.Location + "/clusters/" + c.Name
}

// ParseCluster reads a cluster's full resource name. The //host/ prefix of the asset and fleet APIs, a selfLink's
// https://host/v1/ and the zones/ or regions/ of older names are tolerated.
func ParseCluster(name string) (Cluster, error) {
	parts := strings.Split(hostPrefix.ReplaceAllString(name, ""), "/")
	if len(parts) != 6 || parts[0] != "projects" || !slices.Contains([]string{"locations", "zones", "regions"}, parts[2]) ||
		parts[4] != "clusters" {
		return Cluster{}, fmt.Errorf("%q is not a cluster's resource name; it reads projects/PROJECT/locations/LOCATION/clusters/CLUSTER", name)
	}
	c := Cluster{Project: parts[1], Location: parts[3], Name: parts[5]}
	if err := CheckProject(c.Project); err != nil {
		return Cluster{}, fmt.Errorf("%q: the project: %w", name, err)
	}
	if !location.MatchString(c.Location) {
		return Cluster{}, fmt.Errorf("%q: %q is not a region or zone, such as us-central1 or us-central1-a", name, c.Location)
	}
	if !clusterID.MatchString(c.Name) {
		return Cluster{}, fmt.Errorf("%q: %q is not a cluster name (1 to 40 lower-case letters, digits and hyphens, starting with a letter)",
			name, c.Name)
	}
	return c, nil
}

// Region is the region of a location, which may be a zone.
func Region(location string) string {
	if i := strings.LastIndex(location, "-"); i == len(location)-2 && i > 0 {
		return location[:i]
	}
	return location
}

// Membership names a cluster's membership in a fleet.
type Membership struct {
	Project  string // the fleet host project's id or number, as written
	Location string // "global" or a region
	Name     string
}

// String is the canonical resource name.
func (m Membership) String() string {
	return "projects/" + m.Project + "/locations/" + m.Location + "/memberships/" + m.Name
}

// SameAs reports whether m and other can only be the same membership of one fleet. The project is left out: the API
// answers with the number where a caller wrote the id.
func (m Membership) SameAs(other Membership) bool {
	return m.Location == other.Location && m.Name == other.Name
}

// ParseMembership reads a membership's full resource name; the //host/ prefix is tolerated.
func ParseMembership(name string) (Membership, error) {
	parts := strings.Split(hostPrefix.ReplaceAllString(name, ""), "/")
	if len(parts) != 6 || parts[0] != "projects" || parts[2] != "locations" || parts[4] != "memberships" {
		return Membership{}, fmt.Errorf("%q is not a membership's resource name; it reads "+
			"projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP", name)
	}
	m := Membership{Project: parts[1], Location: parts[3], Name: parts[5]}
	if err := CheckProject(m.Project); err != nil {
		return Membership{}, fmt.Errorf("%q: the project: %w", name, err)
	}
	if m.Location != "global" && !location.MatchString(m.Location) {
		return Membership{}, fmt.Errorf("%q: %q is neither \"global\" nor a region such as us-central1", name, m.Location)
	}
	if !membershipID.MatchString(m.Name) {
		return Membership{}, fmt.Errorf("%q: %q is not a membership name (1 to 63 lower-case letters, digits and hyphens, starting and ending "+
			"with a letter or digit)", name, m.Name)
	}
	return m, nil
}

// revisions pairs the release channels with the only name that a
// ControlPlaneRevision of that channel may have (stop codes of Google's page).
var revisions = map[string]string{
	"regular": "asm-managed",
	"rapid":   "asm-managed-rapid",
	"stable":  "asm-managed-stable",
}

// Channels are the release channels that managed mesh knows, sorted.
func Channels() []string { return []string{"rapid", "regular", "stable"} }

// Revision is the name of the managed control plane revision of a release channel, in any case.
func Revision(channel string) (string, error) {
	if name, known := revisions[strings.ToLower(channel)]; known {
		return name, nil
	}
	return "", fmt.Errorf("%q is not a release channel of managed mesh; it is one of %s", channel, strings.Join(Channels(), ", "))
}

var revisionName = regexp.MustCompile(`^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$`)

// CheckRevision returns an error for an invalid name of a revision or of a revision
// tag: it is the value of a label and part of object names.
func CheckRevision(name string) error {
	if revisionName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%q cannot be a revision: a name has 1 to 63 lower-case letters, digits and hyphens, starting and ending with a "+
		"letter or digit; the managed ones are asm-managed, asm-managed-rapid and asm-managed-stable", name)
}

// Managements are what may be asked for of a membership's mesh, as the GKE Hub API spells it.
func Managements() []string {
	return []string{ManagementAutomatic, ManagementManual, ManagementNotInstalled}
}

// ChannelOf is the release channel that belongs to a revision's name.
func ChannelOf(revision string) (channel string, known bool) {
	for channel, name := range revisions {
		if name == revision {
			return channel, true
		}
	}
	return "", false
}

package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	member1 = "projects/" + n1 + "/locations/us-central1/memberships/cluster-1"
	member2 = "projects/" + n1 + "/locations/us-central1/memberships/cluster-2"
	v2path  = "/v2/projects/" + p1 + "/locations/us-central1/memberships/cluster-1/features/servicemesh"
)

func TestFeature(t *testing.T) {
	c := start(t, sim.Options{Clusters: 2})
	for _, version := range []string{"v1", "v1alpha", "v1beta"} {
		for _, project := range []string{p1, n1} {
			c.api("GET", hub, "/"+version+"/projects/"+project+"/locations/global/features/servicemesh?returnPartialSuccess=True", "").ok().
				is("projects/mesh-sim-1/locations/global/features/servicemesh", "name").is("ACTIVE", "resourceState", "state").
				is("MANAGEMENT_AUTOMATIC", "membershipSpecs", member1, "mesh", "management").
				is("ACTIVE", "membershipStates", member2, "servicemesh", "controlPlaneManagement", "state").
				is("REVISION_READY", "membershipStates", member2, "servicemesh", "controlPlaneManagement", "details", 0, "code")
		}
	}
	c.api("GET", hub, "/v1/projects/"+p1+"/locations/global/features", "").ok().is("ACTIVE", "resources", 0, "resourceState", "state")

	// Merged by key; id in, number out.
	patch := c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
		`{"membershipSpecs":{"projects/`+p1+`/locations/us-central1/memberships/cluster-1":{"mesh":{"management":"MANAGEMENT_MANUAL"}}}}`).ok()
	if name := patch.str("name"); !strings.HasPrefix(name, "projects/mesh-sim-1/locations/global/operations/operation-") {
		t.Errorf("operation is %q", name)
	}
	patch.is("update", "metadata", "verb").is("type.googleapis.com/google.cloud.gkehub.v1.OperationMetadata", "metadata", "@type").is(nil,
		"done")
	c.advance(time.Second)
	c.api("GET", hub, "/v1/"+patch.str("name"), "").ok().is(true, "done").is("type.googleapis.com/google.cloud.gkehub.v1.Feature",
		"response", "@type")
	c.api("GET", hub, featurePath, "").ok().
		is("MANAGEMENT_MANUAL", "membershipSpecs", member1, "mesh", "management").
		is("MANAGEMENT_AUTOMATIC", "membershipSpecs", member2, "mesh", "management")

	// An empty entry clears one; snake case masks are taken.
	c.api("PATCH", hub, featurePath+"?updateMask=membership_specs", `{"membershipSpecs":{"`+member1+`":{}}}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, featurePath, "").ok().is(nil, "membershipSpecs", member1)
	c.api("PATCH", hub, featurePath+"?updateMask=fleet_default_member_config",
		`{"fleetDefaultMemberConfig":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, featurePath, "").ok().is("MANAGEMENT_AUTOMATIC", "fleetDefaultMemberConfig", "mesh", "management")

	for body, text := range map[string]string{
		`{"membershipSpecs":{"nonsense":{}}}`:                                           "Invalid membership name",
		`{"membershipSpecs":{"` + member1 + `":{"mesh":{"management":"AUTO"}}}}`:        "AUTO",
		`{"membershipSpecs":{"` + member1 + `":{"mash":{}}}}`:                           "Unknown name",
		`{"membershipSpecs":{"projects/other/locations/us-central1/memberships/x":{}}}`: "is not in the project",
	} {
		c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs", body).refused(400, "INVALID_ARGUMENT", text)
	}
	c.api("PATCH", hub, featurePath, "{}").refused(400, "INVALID_ARGUMENT", "update_mask")
	c.api("PATCH", hub, featurePath+"?updateMask=name", "{}").refused(400, "INVALID_ARGUMENT")
	c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
		`{"membershipSpecs":{"projects/`+p1+`/locations/us-central1/memberships/none":{}}}`).refused(404, "NOT_FOUND")
	c.api("POST", hub, "/v1/projects/"+p1+"/locations/global/features?featureId=servicemesh", "{}").refused(409, "ALREADY_EXISTS")
	c.api("POST", hub, "/v1/projects/"+p1+"/locations/global/features?featureId=multiclusteringress", "{}").refused(501, "UNIMPLEMENTED")
	c.as("viewer@example.com").api("PATCH", hub, featurePath+"?updateMask=labels", "{}").refused(403, "PERMISSION_DENIED",
		"Permission 'gkehub.features.update' denied on 'projects/mesh-sim-1/locations/global/features/servicemesh'")
}

func TestFeatureGoesAndComes(t *testing.T) {
	c := start(t, sim.Options{Projects: 2})
	c.api("DELETE", hub, featurePath, "").refused(400, "FAILED_PRECONDITION")
	gone := c.api("DELETE", hub, featurePath+"?force=true", "").ok()
	c.api("GET", hub, featurePath, "").ok().is("DISABLING", "resourceState", "state")
	c.advance(time.Second)
	c.api("GET", hub, "/v1/"+gone.str("name"), "").ok().is("type.googleapis.com/google.protobuf.Empty", "response", "@type")
	c.api("GET", hub, featurePath, "").refused(404, "NOT_FOUND", "was not found")
	c.api("GET", hub, v2path, "").refused(404, "NOT_FOUND")

	c.api("POST", hub, "/v1/projects/"+p1+"/locations/global/features?featureId=servicemesh",
		`{"fleetDefaultMemberConfig":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, featurePath, "").ok().
		is("FLEET", "membershipSpecs", member1, "origin", "type").is("PROVISIONING", "membershipStates", member1, "servicemesh",
		"controlPlaneManagement", "state")

	c.settled(c.api("POST", usage, services(p2)+"/mesh.googleapis.com:disable", "{}").ok())
	c.api("POST", hub, "/v1/projects/"+p2+"/locations/global/features?featureId=servicemesh", "{}").refused(400, "FAILED_PRECONDITION",
		"mesh.googleapis.com is not enabled")
}

func TestUnreachable(t *testing.T) {
	c := start(t, sim.Options{})
	world := c.sim("GET", "world", "").ok()
	feature := world.at("projects", 0, "fleet", "features", "servicemesh").(map[string]any)
	feature["unreachable"] = []string{"us-central1"}
	raw, _ := json.Marshal(world.body)
	c.sim("PUT", "world", string(raw)).ok()
	c.api("GET", hub, featurePath, "").refused(503, "UNAVAILABLE", "us-central1")
	c.api("GET", hub, featurePath+"?returnPartialSuccess=true", "").ok().is("us-central1", "unreachable", 0).is(nil, "membershipStates",
		member1)
}

func TestMemberships(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 4})
	base := "/v1/projects/" + p1 + "/locations/"
	list := c.api("GET", hub, base+"-/memberships", "").ok()
	if len(list.at("resources").([]any)) != 4 {
		t.Errorf("memberships are %s", list.raw)
	}
	if list := c.api("GET", hub, base+"global/memberships", "").ok(); strings.TrimSpace(string(list.raw)) != "{}" {
		t.Errorf("global memberships are %s", list.raw)
	}
	page := c.api("GET", hub, base+"-/memberships?pageSize=3", "").ok()
	if len(page.at("resources").([]any)) != 3 || page.str("nextPageToken") == "" {
		t.Errorf("a page is %s", page.raw)
	}
	path := base + "us-central1/memberships/cluster-2"
	c.api("GET", hub, path, "").ok().is("projects/mesh-sim-1/locations/us-central1/memberships/cluster-2", "name").is("READY", "state",
		"code").
		is("//container.googleapis.com/projects/mesh-sim-2/locations/us-central1/clusters/cluster-2", "endpoint", "gkeCluster", "resourceLink").
		is("mesh-sim-1.svc.id.goog", "authority", "workloadIdentityPool")
	c.api("GET", hub, base+"us-west1/memberships/cluster-2", "").refused(404, "NOT_FOUND")
	c.as("stranger@example.com").api("GET", hub, base+"-/memberships", "").refused(403, "PERMISSION_DENIED",
		"Permission 'gkehub.memberships.list' denied on 'projects/mesh-sim-1/locations/-/memberships'")

	// The authority can be cleared and set, not changed.
	issuer := "https://container.googleapis.com/v1/projects/mesh-sim-2/locations/us-central1/clusters/cluster-2"
	c.api("PATCH", hub, path+"?updateMask=authority", `{"authority":{"issuer":"https://elsewhere.test"}}`).refused(400, "INVALID_ARGUMENT")
	c.api("PATCH", hub, path+"?updateMask=authority", `{}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, path, "").ok().is(nil, "authority")
	c.api("PATCH", hub, path+"?updateMask=authority",
		`{"authority":{"issuer":"`+strings.Replace(issuer, "locations", "zones", 1)+`"}}`).refused(400, "INVALID_ARGUMENT", "locations")
	c.api("PATCH", hub, path+"?updateMask=authority,labels", `{"authority":{"issuer":"`+issuer+`"},"labels":{"a":"b"}}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, path, "").ok().is(issuer, "authority", "identityProvider").is("b", "labels", "a")

	// Gone with its specs, and back.
	c.api("DELETE", hub, path, "").ok()
	c.advance(time.Second)
	c.api("GET", hub, path, "").refused(404, "NOT_FOUND")
	c.api("GET", hub, featurePath, "").ok().is(nil, "membershipSpecs", member2)
	body := `{"endpoint":{"gkeCluster":{"resourceLink":"` +
		`//container.googleapis.com/projects/mesh-sim-2/locations/us-central1/clusters/cluster-2"}},"authority":{"issuer":"` + issuer + `"}}`
	op := c.api("POST", hub, base+"us-central1/memberships?membershipId=cluster-2&requestId=5a2d4b1c-0000-4000-8000-000000000000",
		body).ok().is("create", "metadata", "verb")
	c.advance(time.Second)
	c.api("GET", hub, "/v1/"+op.str("name"), "").ok().is("type.googleapis.com/google.cloud.gkehub.v1.Membership", "response", "@type")
	c.api("GET", container, "/v1/projects/mesh-sim-2/locations/us-central1/clusters/cluster-2", "").ok().is(true, "fleet", "preRegistered").
		is("//gkehub.googleapis.com/projects/mesh-sim-1/locations/us-central1/memberships/cluster-2", "fleet", "membership")
	c.api("POST", hub, base+"us-central1/memberships?membershipId=cluster-2&requestId=5a2d4b1c-0000-4000-8000-000000000000",
		body).ok().is(op.str("name"), "name")
	c.api("POST", hub, base+"us-central1/memberships?membershipId=cluster-2", body).refused(409, "ALREADY_EXISTS")
	c.api("POST", hub, base+"us-central1/memberships?membershipId=other", strings.Replace(body, "clusters/cluster-2", "clusters/none", 1)).
		refused(403, "PERMISSION_DENIED", "hub default service account does not have access to the GKE cluster project")
	c.api("GET", hub, base+"-/operations", "").ok()
	cancelled := c.api("DELETE", hub, path, "").ok().str("name")
	c.api("POST", hub, "/v1/"+cancelled+":cancel", "{}").ok()
	c.api("GET", hub, "/v1/"+cancelled, "").ok().is(1, "error", "code").is(true, "metadata", "cancelRequested")
	c.api("GET", hub, path, "").ok().is("READY", "state", "code")
	c.api("GET", hub, base+"us-central1/operations/none", "").refused(404, "NOT_FOUND")
}

func TestMembershipFeatures(t *testing.T) {
	c := start(t, sim.Options{})
	c.api("GET", hub, v2path, "").ok().is("MANAGEMENT_AUTOMATIC", "spec", "servicemesh", "management").
		is("ACTIVE", "state", "servicemesh", "controlPlaneManagement", "state").is("OK", "state", "state", "code")
	patch := `{"spec":{"servicemesh":{"management":"MANAGEMENT_MANUAL"},"origin":{"type":"USER"}}}`
	op := c.api("PATCH", hub, v2path+"?updateMask=spec&allowMissing=True", patch).ok()
	c.advance(time.Second)
	c.api("GET", hub, "/v2/"+op.str("name"), "").ok().is(true, "done").is("type.googleapis.com/google.cloud.gkehub.v2.MembershipFeature",
		"response", "@type")
	c.api("GET", hub, featurePath, "").ok().is("MANAGEMENT_MANUAL", "membershipSpecs", member1, "mesh", "management")
	c.api("GET", hub, strings.TrimSuffix(v2path, "/servicemesh"), "").ok().is("MANAGEMENT_MANUAL", "membershipFeatures", 0, "spec",
		"servicemesh", "management")

	c.api("DELETE", hub, v2path, "").ok()
	c.advance(time.Second)
	c.api("GET", hub, v2path, "").refused(404, "NOT_FOUND")
	c.api("PATCH", hub, v2path+"?updateMask=spec", patch).refused(404, "NOT_FOUND")
	c.api("PATCH", hub, v2path+"?updateMask=spec&allowMissing=true", patch).ok()
	c.api("PATCH", hub, v2path+"?updateMask=spec&allowMissing=true", `{"spec":{"mesh":{}}}`).refused(400, "INVALID_ARGUMENT", "Unknown name")
}

// A cluster that moves to another fleet is told so, inside as well: else its mesh
// would be stopped for being of the wrong project.
func TestAClusterThatMovesToAnotherFleet(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 2})
	crd := c.s.URL() + "/_cluster/mesh-sim-2/us-central1/cluster-2/apis/hub.gke.io/v1/memberships/membership"
	owner := func() string { return c.do("GET", crd, "").ok().str("spec", "owner", "id") }
	if got := owner(); !strings.Contains(got, "/projects/mesh-sim-1/") {
		t.Fatalf("the owner is %s", got)
	}
	c.api("DELETE", hub, "/v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-2", "").ok()
	c.advance(time.Second)
	c.api("POST", hub, "/v1/projects/mesh-sim-2/locations/us-central1/memberships?membershipId=moved",
		`{"endpoint":{"gkeCluster":{"resourceLink":"`+
			`//container.googleapis.com/projects/mesh-sim-2/locations/us-central1/clusters/cluster-2"}}}`).ok()
	c.advance(time.Second)
	if got := owner(); got != "//gkehub.googleapis.com/projects/mesh-sim-2/locations/us-central1/memberships/moved" {
		t.Errorf("the owner is %s", got)
	}
}

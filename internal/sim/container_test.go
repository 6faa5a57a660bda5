package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func clusterPath(project, location, name string) string {
	return "/v1/projects/" + project + "/locations/" + location + "/clusters/" + name
}

const pool1 = p1 + ".svc.id.goog"

func setPool(pool string) string {
	return `{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"` + pool + `"}}}`
}

func TestReadClusters(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 4})
	c.api("GET", container, clusterPath(p1, "us-central1", "cluster-1"), "").ok().
		is("RUNNING", "status").is(pool1, "workloadIdentityConfig", "workloadPool").is("GKE_METADATA", "nodePools", 0, "config",
		"workloadMetadataConfig", "mode").
		is("https://container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1", "selfLink").
		is("//gkehub.googleapis.com/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1", "fleet", "membership")
	// A zonal cluster: "zones" in its links, whatever the request said.
	c.api("GET", container, clusterPath(n1, "us-central1-a", "cluster-3"), "").ok().
		is("https://container.googleapis.com/v1/projects/mesh-sim-1/zones/us-central1-a/clusters/cluster-3", "selfLink")
	c.api("GET", container, "/v1/projects/mesh-sim-1/zones/us-central1-a/clusters/cluster-3", "").ok()
	c.api("GET", container, clusterPath(p1, "us-central1-a", "cluster-9"), "").
		refused(404, "NOT_FOUND", "Not found: projects/mesh-sim-1/zones/us-central1-a/clusters/cluster-9.", `"reason":"notFound"`)
	if got := c.api("GET", container, "/v1/projects/"+p1+"/locations/-/clusters", "").ok(); len(got.at("clusters").([]any)) != 2 {
		t.Errorf("clusters are %s", got.raw)
	}
	c.api("GET", container, "/v1/projects/"+p1+"/locations/us-central1-a/clusters", "").ok().is("cluster-3", "clusters", 0, "name").is(nil,
		"clusters", 1)
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-2")+"/nodePools", "").ok().is("default-pool", "nodePools", 0, "name")
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-2")+"/nodePools/default-pool", "").ok().is("GKE_METADATA", "config",
		"workloadMetadataConfig", "mode")
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-2")+"/nodePools/none", "").refused(404, "NOT_FOUND")
	c.as("stranger@example.com").api("GET", container, clusterPath(p1, "us-central1", "cluster-1"), "").refused(403, "PERMISSION_DENIED",
		"container.clusters.get")
}

func TestUpdateWorkloadPool(t *testing.T) {
	c := start(t, sim.Options{Clusters: 3})
	path := clusterPath(p1, "us-central1", "cluster-1")
	op := c.api("PUT", container, path, setPool("")).ok().is("RUNNING", "status").is("UPDATE_CLUSTER", "operationType")
	name := op.str("name")
	c.api("GET", container, path, "").ok().is("RECONCILING", "status").is(pool1, "workloadIdentityConfig", "workloadPool")
	c.api("PUT", container, path, setPool(pool1)).refused(400, "FAILED_PRECONDITION",
		"Cluster is running incompatible operation "+name+".", "CLUSTER_ALREADY_HAS_OPERATION", `"reason":"failedPrecondition"`, "RequestInfo")

	c.advance(time.Second)
	opPath := "/v1/projects/" + p1 + "/locations/us-central1/operations/"
	c.api("GET", container, opPath+name, "").ok().is("DONE",
		"status").is("https://container.googleapis.com/v1/projects/"+n1+"/locations/us-central1/clusters/cluster-1", "targetLink")
	c.api("GET", container, "/v1/projects/"+p1+"/locations/-/operations", "").ok().is(name, "operations", 0, "name")
	c.api("GET", container, opPath+"operation-1", "").refused(404, "NOT_FOUND")
	c.api("GET", container, path, "").ok().is("RUNNING", "status").is(nil, "workloadIdentityConfig")
	c.api("PUT", container, path+"/nodePools/default-pool", `{"workloadMetadataConfig":{"mode":"GKE_METADATA"}}`).refused(400,
		"INVALID_ARGUMENT", "Workload Identity is not enabled")

	c.api("PUT", container, path, setPool("other.svc.id.goog")).refused(400, "INVALID_ARGUMENT", pool1)
	c.api("PUT", container, path, `{"update":{}}`).refused(400, "INVALID_ARGUMENT")
	c.api("PUT", container, path, `{"update":{"desiredFoo":1}}`).refused(400, "INVALID_ARGUMENT", `Unknown name \"desiredFoo\" at 'update'`)
	c.api("PUT", container, path, `{"update":{"desiredMasterVersion":"latest"}}`).refused(501, "UNIMPLEMENTED", "desiredMasterVersion")
	c.api("PUT", container, path, `{"update":{"desiredMasterVersion":"latest","desiredWorkloadIdentityConfig":{}}}`).refused(400,
		"INVALID_ARGUMENT", "Exactly one")
	c.api("PUT", container, path, `{"update":{"etag":"stale","desiredWorkloadIdentityConfig":{"workloadPool":"`+pool1+`"}}}`).refused(409,
		"ABORTED")
	c.as("viewer@example.com").api("PUT", container, path, setPool(pool1)).refused(403, "PERMISSION_DENIED", "container.clusters.update")

	// The zonal form, whose links say "zones".
	zonal := c.api("PUT", container, "/v1/projects/"+p1+"/zones/us-central1-a/clusters/cluster-3", setPool("")).ok()
	if !strings.Contains(zonal.str("selfLink"), "/projects/"+n1+"/zones/us-central1-a/operations/") {
		t.Errorf("operation is %s", zonal.raw)
	}
}

func TestUpdateNodePool(t *testing.T) {
	c := start(t, sim.Options{})
	path := clusterPath(p1, "us-central1", "cluster-1") + "/nodePools/default-pool"
	op := c.api("PUT", container, path, `{"name":"x","workloadMetadataConfig":{"mode":"GCE_METADATA"}}`).ok()
	c.api("GET", container, path, "").ok().is("RECONCILING", "status")
	c.api("POST", container, "/v1/projects/"+p1+"/locations/us-central1/operations/"+op.str("name")+":cancel", "{}").ok()
	c.api("GET", container, path, "").ok().is("RUNNING", "status").is("GKE_METADATA", "config", "workloadMetadataConfig", "mode")

	old := "/v1/projects/" + p1 + "/zones/us-central1/clusters/cluster-1/nodePools/default-pool/update"
	c.api("POST", container, old, `{"workloadMetadataConfig":{"mode":"GCE_METADATA"}}`).ok()
	c.advance(time.Second)
	c.api("GET", container, path, "").ok().is("GCE_METADATA", "config", "workloadMetadataConfig", "mode")
	c.api("PUT", container, path, `{"workloadMetadataConfig":{"mode":"X"}}`).refused(400, "INVALID_ARGUMENT")
	c.api("PUT", container, path, `{"machineType":"e2-small"}`).refused(501, "UNIMPLEMENTED")
	c.api("PUT", container, path, `{"update":{}}`).refused(400, "INVALID_ARGUMENT", "Unknown name")
}

func TestRegisterFromTheCluster(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 2})
	c.api("DELETE", hub, "/v1/projects/"+p1+"/locations/us-central1/memberships/cluster-2", "").ok()
	c.advance(time.Second)
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-2"), "").ok().is(nil, "fleet")
	c.api("PUT", container, clusterPath(p2, "us-central1", "cluster-2"), `{"update":{"desiredFleet":{"project":"`+p1+`"}}}`).ok()
	c.advance(time.Second)
	c.api("GET", hub, "/v1/projects/"+p1+"/locations/us-central1/memberships/cluster-2", "").ok().is("READY", "state", "code")
	c.api("PUT", container, clusterPath(p2, "us-central1", "cluster-2"), `{"update":{"desiredFleet":{"project":"nowhere"}}}`).refused(400,
		"INVALID_ARGUMENT")
}

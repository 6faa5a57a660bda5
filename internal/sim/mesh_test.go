package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// meshOf reads what the fleet reports of a membership.
func (c *client) meshOf(membership string) answer {
	c.t.Helper()
	a := c.api("GET", hub, featurePath, "").ok()
	state, _ := a.at("membershipStates", "projects/"+n1+"/locations/us-central1/memberships/"+membership).(map[string]any)
	return answer{t: c.t, what: "state of " + membership, body: state}
}

func (a answer) healthy() answer {
	a.t.Helper()
	return a.is("OK", "state", "code").is("ACTIVE", "servicemesh", "controlPlaneManagement", "state").is("ACTIVE", "servicemesh",
		"dataPlaneManagement", "state")
}

func (a answer) condition() string { return a.str("servicemesh", "conditions", 0, "code") }

// TestCausesAndEffects takes each prerequisite away through the APIs, waits, gives it back and waits again.
func TestCausesAndEffects(t *testing.T) {
	const cluster2 = "cluster-2" // in project 2, in the fleet of project 1
	switchService := func(project, service, verb string) func(*client) {
		return func(c *client) { c.settled(c.api("POST", usage, services(project)+"/"+service+":"+verb, "{}").ok()) }
	}
	pool := func(value string) func(*client) {
		return func(c *client) {
			c.api("PUT", container, clusterPath(p2, "us-central1", cluster2), setPool(value)).ok()
			c.advance(time.Second)
		}
	}
	nodes := func(mode string) func(*client) {
		return func(c *client) {
			c.api("PUT", container, clusterPath(p2, "us-central1", cluster2)+"/nodePools/default-pool",
				`{"workloadMetadataConfig":{"mode":"`+mode+`"}}`).ok()
			c.advance(time.Second)
		}
	}
	for name, tc := range map[string]struct {
		lose, repair                   func(*client)
		control, data, condition, text string
		other                          bool // cluster-1, in the fleet's own project, suffers too
	}{
		"binding on the cluster's project": {
			lose:    func(c *client) { c.revoke(p2) },
			repair:  func(c *client) { c.grant(p2, agentRole, "serviceAccount:"+agent) },
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", condition: "MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED", text: agentRole,
		},
		"binding on the fleet's project": {
			lose:    func(c *client) { c.revoke(p1) },
			repair:  func(c *client) { c.grant(p1, agentRole, "serviceAccount:"+agent) },
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", condition: "MESH_IAM_PERMISSION_DENIED", text: agentRole, other: true,
		},
		"connectgateway": {
			lose: switchService(p2, gateway, "disable"), repair: switchService(p2, gateway, "enable"),
			control: "STALLED", data: "STALLED", text: "Connect Gateway API has not been used in project " + n2,
		},
		"mesh API": {
			lose: switchService(p2, "mesh.googleapis.com", "disable"), repair: switchService(p2, "mesh.googleapis.com", "enable"),
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", text: "Mesh API has not been used in project " + n2,
		},
		"traffic director API": {
			lose:    switchService(p1, "trafficdirector.googleapis.com", "disable"),
			repair:  switchService(p1, "trafficdirector.googleapis.com", "enable"),
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", text: "Traffic Director API", other: true,
		},
		"workload pool": {
			lose: pool(""), repair: pool(p2 + ".svc.id.goog"),
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", condition: "WORKLOAD_IDENTITY_REQUIRED",
			text: "Workload identity is not enabled",
		},
		"cluster": {
			lose:    func(c *client) { c.sim("PUT", "faults/cluster-deleted?cluster=cluster-2", "").ok() },
			repair:  func(c *client) { c.sim("DELETE", "faults/cluster-deleted", "").ok() },
			control: "STALLED", data: "STALLED", text: "does not exist",
		},
		"project": {
			lose:    func(c *client) { c.sim("PUT", "faults/project-deleted?project="+p2, "").ok() },
			repair:  func(c *client) { c.sim("DELETE", "faults/project-deleted", "").ok() },
			control: "STALLED", data: "STALLED", text: "Project " + n2 + " has been deleted",
		},
		"service agent": {
			lose: func(c *client) { c.sim("PUT", "faults/agent-missing", "").ok() },
			repair: func(c *client) {
				c.api("POST", usage, "/v1beta1/projects/"+p1+"/services/mesh.googleapis.com:generateServiceIdentity", "").ok()
				c.grant(p1, agentRole, "serviceAccount:"+agent)
				c.grant(p2, agentRole, "serviceAccount:"+agent)
			},
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", condition: "MESH_IAM_PERMISSION_DENIED", text: agentRole, other: true,
		},
		"node pool": {
			lose: nodes("GCE_METADATA"), repair: nodes("GKE_METADATA"),
			control: "FAILED_PRECONDITION", data: "FAILED_PRECONDITION", condition: "NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED",
			text: "Required in-cluster components are not ready",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t, sim.Options{Projects: 2, Clusters: 2})
			c.meshOf(cluster2).healthy()
			tc.lose(c)
			c.meshOf(cluster2).healthy() // nobody has noticed yet
			c.advance(5 * time.Minute)
			broken := c.meshOf(cluster2).is("ERROR", "state", "code").is(tc.control, "servicemesh", "controlPlaneManagement", "state").
				is(tc.data, "servicemesh", "dataPlaneManagement", "state")
			if !strings.Contains(broken.str("state", "description"), "Revision(s) reporting unhealthy") {
				t.Errorf("description is %q", broken.str("state", "description"))
			}
			if got := broken.condition(); got != tc.condition {
				t.Errorf("condition is %q, want %q", got, tc.condition)
			}
			if got := broken.str("servicemesh", "controlPlaneManagement", "details", 0, "details"); !strings.Contains(got, tc.text) {
				t.Errorf("details are %q, want %q", got, tc.text)
			}
			if healthy := c.meshOf("cluster-1").str("state", "code") == "OK"; healthy == tc.other {
				t.Errorf("cluster-1 healthy: %t", healthy)
			}
			tc.repair(c)
			c.meshOf(cluster2).is("ERROR", "state", "code") // not at once
			c.advance(2 * time.Minute)
			c.meshOf(cluster2).healthy()
			c.meshOf("cluster-1").healthy()
		})
	}
}

// TestShortLossIsNotNoticed checks that a prerequisite which is back before the mesh looks has no effect, and that one
// which is lost again while the mesh still recovers has it at once.
func TestShortLossIsNotNoticed(t *testing.T) {
	c := start(t, sim.Options{})
	c.revoke(p1)
	c.advance(4 * time.Minute)
	c.grant(p1, agentRole, "serviceAccount:"+agent)
	c.advance(10 * time.Minute)
	c.meshOf("cluster-1").healthy()

	c.revoke(p1)
	c.advance(6 * time.Minute)
	c.grant(p1, agentRole, "serviceAccount:"+agent)
	c.advance(time.Minute)
	c.revoke(p1)
	c.advance(2 * time.Minute)
	c.meshOf("cluster-1").is("ERROR", "state", "code")
	since := c.meshOf("cluster-1").str("state", "updateTime")
	c.advance(time.Hour)
	c.meshOf("cluster-1").is(since, "state", "updateTime")
}

func TestConnectGatewayLogs(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 2})
	c.settled(c.api("POST", usage, services(p2)+"/"+gateway+":disable", "{}").ok())
	control := `resource.type="istio_control_plane" AND resource.labels.project_id="` + p2 + `" AND resource.labels.location="us-central1"
		AND severity=ERROR AND jsonPayload.message=~"Connect Gateway API has not been used in project"`
	webhook := `resource.type="k8s_cluster" AND resource.labels.project_id="` + p2 + `" AND resource.labels.location="us-central1"
		AND resource.labels.cluster_name="cluster-2" AND severity=WARNING
		AND jsonPayload.message=~"Internal error occurred: failed calling webhook"`
	if got := c.entries(p2, control); len(got) != 0 {
		t.Errorf("logged at once: %v", got)
	}
	c.advance(5 * time.Minute)
	for _, filter := range []string{control, webhook} {
		if got := c.entries(p2, filter); len(got) != 1 {
			t.Errorf("%d entries for %s", len(got), filter)
		}
	}
	c.advance(time.Hour)
	if got := c.entries(p2, control); len(got) != 1 {
		t.Errorf("%d entries after an hour", len(got))
	}
	if got := c.entries(p1, `resource.type="istio_control_plane"`); len(got) != 0 {
		t.Errorf("the other project has %v", got)
	}
}

func TestProvisioning(t *testing.T) {
	c := start(t, sim.Options{})
	c.api("DELETE", hub, featurePath+"?force=true", "").ok()
	c.advance(time.Second)
	c.api("POST", hub, "/v1/projects/"+p1+"/locations/global/features?featureId=servicemesh", "{}").ok()
	c.advance(time.Second)
	c.meshOf("cluster-1").is(nil, "state", "code").is("DISABLED", "servicemesh", "controlPlaneManagement", "state").
		is("DISABLED", "servicemesh", "dataPlaneManagement", "state")
	c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
		`{"membershipSpecs":{"`+member1+`":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}}`).ok()
	c.advance(time.Minute)
	c.meshOf("cluster-1").is(nil, "state", "code").is("Revision being rolled out: asm-managed.", "state", "description").
		is("PROVISIONING", "servicemesh", "dataPlaneManagement", "state").
		is("MANAGED_CONTROL_PLANE_REQUIRED", "servicemesh", "dataPlaneManagement", "details", 0, "code")
	c.advance(6 * time.Minute)
	c.meshOf("cluster-1").healthy()

	manage := func(value string) {
		c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
			`{"membershipSpecs":{"`+member1+`":{"mesh":{"management":"`+value+`"}}}}`).ok()
		c.advance(time.Second)
	}
	manage("MANAGEMENT_MANUAL")
	c.meshOf("cluster-1").healthy() // observed: what was there stays
	manage("MANAGEMENT_AUTOMATIC")
	c.meshOf("cluster-1").healthy()
	manage("MANAGEMENT_NOT_INSTALLED")
	c.meshOf("cluster-1").is("DEPROVISIONING", "servicemesh", "controlPlaneManagement", "state")
	c.advance(5 * time.Minute)
	c.meshOf("cluster-1").is("DISABLED", "servicemesh", "controlPlaneManagement", "state").is("DISABLED", "servicemesh",
		"dataPlaneManagement", "details", 0, "code")
	manage("MANAGEMENT_AUTOMATIC")
	c.meshOf("cluster-1").is("PROVISIONING", "servicemesh", "controlPlaneManagement", "state")
	c.advance(6 * time.Minute)
	c.meshOf("cluster-1").healthy()
}

// TestTimings checks that a world says how long things take.
func TestTimings(t *testing.T) {
	c := start(t, sim.Options{})
	world := c.sim("GET", "world", "").ok()
	timings := world.at("timings").(map[string]any)
	timings["degradeAfter"], timings["disable"] = "0s", "0s"
	raw, _ := json.Marshal(world.body)
	c.sim("PUT", "world", string(raw)).ok()
	c.revoke(p1)
	c.meshOf("cluster-1").is("ERROR", "state", "code")
	op := c.api("POST", usage, services(p1)+"/"+gateway+":disable", "{}").ok()
	c.api("GET", usage, "/v1/"+op.str("name"), "").ok().is(true, "done")
}

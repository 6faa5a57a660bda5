package sim_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// TestFaults switches every fault on, sees what it does, switches it off and sees that it does it no more.
func TestFaults(t *testing.T) {
	cluster1 := clusterPath(p1, "us-central1", "cluster-1")
	getProject := func(c *client) answer { return c.api("GET", crm, "/v3/projects/"+p1, "") }
	write := func(c *client) answer { return c.setBindings(p1, "", c.policy(p1).at("bindings")) }
	agentHolds := func(c *client) bool {
		for _, b := range c.policy(p1).at("bindings").([]any) {
			m := b.(map[string]any)
			if m["role"] == agentRole && m["condition"] == nil && slices.Contains(m["members"].([]any), any("serviceAccount:"+agent)) {
				return true
			}
		}
		return false
	}
	degraded := func(c *client) bool {
		c.advance(5 * time.Minute)
		return c.meshOf("cluster-1").str("state", "code") == "ERROR"
	}
	state := func(c *client, service string) string {
		return c.api("GET", usage, services(p1)+"/"+service, "").ok().str("state")
	}
	status := func(want int, do func(*client) answer) func(*client) bool {
		return func(c *client) bool { return do(c).status == want }
	}
	finished := func(c *client) answer {
		op := c.api("POST", usage, services(p1)+"/run.googleapis.com:enable", "{}").ok()
		if op.at("done") == true {
			op = c.api("POST", usage, services(p1)+"/run.googleapis.com:disable", "{}").ok()
		}
		c.advance(time.Minute)
		return c.api("GET", usage, "/v1/"+op.str("name"), "").ok()
	}
	policy := func(text string) func(*client) bool {
		return func(c *client) bool {
			return strings.Contains(string(c.policy(p1).raw), text) && !agentHolds(c) && degraded(c)
		}
	}
	// Each says whether the fault shows.
	shows := map[string]func(*client) bool{
		"binding-revoked":       func(c *client) bool { return !agentHolds(c) && degraded(c) },
		"binding-conditional":   policy("request.time"),
		"binding-deleted-agent": policy("deleted:serviceAccount:" + agent),
		"hub-agent-revoked": func(c *client) bool {
			return !strings.Contains(string(c.policy(p1).raw), "roles/gkehub.serviceAgent")
		},
		"agent-missing":           func(c *client) bool { return !agentHolds(c) && degraded(c) },
		"connectgateway-disabled": func(c *client) bool { return state(c, gateway) == "DISABLED" && degraded(c) },
		"mesh-api-disabled":       func(c *client) bool { return state(c, "mesh.googleapis.com") == "DISABLED" && degraded(c) },
		"workload-pool-missing": func(c *client) bool {
			return c.api("GET", container, cluster1, "").ok().at("workloadIdentityConfig") == nil && degraded(c)
		},
		"workload-pool-wrong": func(c *client) bool {
			return c.api("GET", container, cluster1, "").ok().str("workloadIdentityConfig", "workloadPool") != pool1 && degraded(c)
		},
		"node-pool-metadata": func(c *client) bool {
			return c.api("GET", container, cluster1, "").ok().str("nodePools", 0, "config", "workloadMetadataConfig", "mode") == "GCE_METADATA" &&
				degraded(c)
		},
		"feature-disabled": status(404, func(c *client) answer { return c.api("GET", hub, featurePath, "") }),
		"project-deleted": func(c *client) bool {
			return getProject(c).ok().str("state") == "DELETE_REQUESTED" &&
				c.api("POST", crm, "/v3/projects/"+p1+":getIamPolicy", "").status == 403 &&
				strings.Contains(string(c.api("GET", usage, services(p1)+"/"+gateway, "").raw), "CONSUMER_INVALID")
		},
		"cluster-deleted": func(c *client) bool {
			m := c.api("GET", hub, "/v1/projects/"+p1+"/locations/us-central1/memberships/cluster-1", "").ok()
			return c.api("GET", container, cluster1, "").status == 404 && m.at("endpoint", "gkeCluster", "clusterMissing") == true
		},
		"cluster-busy": func(c *client) bool {
			return c.api("PUT", container, cluster1, setPool(pool1)).status == 400 &&
				c.api("GET", container, cluster1, "").str("status") == "RECONCILING"
		},
		"new-enum": func(c *client) bool {
			return c.meshOf("cluster-1").str("servicemesh", "controlPlaneManagement", "state") == "HIBERNATING"
		},
		"everything-broken": func(c *client) bool {
			return !agentHolds(c) && state(c, gateway) == "DISABLED" && state(c, "mesh.googleapis.com") == "DISABLED" &&
				c.api("GET", container, cluster1, "").ok().at("workloadIdentityConfig") == nil && degraded(c)
		},
		"rate-limit":  status(429, getProject),
		"unavailable": status(503, getProject),
		"forbidden":   status(403, getProject),
		"conflict": func(c *client) bool {
			return getProject(c).status == 200 && write(c).str("error", "status") == "ABORTED"
		},
		"conflict-empty-body": func(c *client) bool {
			a := write(c)
			return a.status == 409 && strings.TrimSpace(string(a.raw)) == "{}"
		},
		"cut": func(c *client) bool {
			_, err := c.try("GET", c.s.URL()+"/"+crm+"/v3/projects/"+p1, "")
			var op *net.OpError
			return err != nil && (errors.As(err, &op) || strings.Contains(err.Error(), "EOF"))
		},
		"malformed": func(c *client) bool { a := getProject(c); return a.status == 200 && !json.Valid(a.raw) },
		"slow": func(c *client) bool {
			began := time.Now()
			getProject(c).ok()
			return time.Since(began) >= 50*time.Millisecond
		},
		"failing-operations": func(c *client) bool { return finished(c).at("error", "code") == 13.0 },
		"stuck-operations":   func(c *client) bool { return finished(c).at("done") == nil },
		"slow-propagation": func(c *client) bool {
			before := c.policy(p1).str("etag")
			write(c).ok()
			return c.policy(p1).str("etag") == before
		},
		"concurrent-write": func(c *client) bool {
			before := c.policy(p1)
			refused := c.setBindings(p1, before.str("etag"), before.at("bindings")).status == 409
			return refused && strings.Contains(string(c.policy(p1).raw), "someone-")
		},
		"activation-conflict": func(c *client) bool {
			toggle := func(service string) answer {
				verb := map[string]string{"ENABLED": ":disable", "DISABLED": ":enable"}[state(c, service)]
				return c.api("POST", usage, services(p1)+"/"+service+verb, "{}")
			}
			toggle("run.googleapis.com").ok()
			a := toggle("pubsub.googleapis.com")
			c.advance(time.Minute)
			return strings.Contains(string(a.raw), "Another activation or deactivation is in progress")
		},
		"policy-version-strict": func(c *client) bool {
			c.setBindings(p1, "", append(c.policy(p1).at("bindings").([]any), map[string]any{
				"role": "roles/browser", "members": []string{"user:abe@example.com"}, "condition": map[string]any{"expression": "true"},
			})).ok()
			return c.api("POST", crm, "/v1/projects/"+p1+":getIamPolicy", "").status == 400
		},
		"empty-log-pages": func(c *client) bool {
			write(c)
			a := c.api("POST", logs, "/v2/entries:list", `{"resourceNames":["projects/`+p1+`"]}`).ok()
			return a.at("entries") == nil && a.str("nextPageToken") != ""
		},
		"no-audit": status(403, func(c *client) answer {
			return c.api("POST", logs, "/v2/entries:list", `{"resourceNames":["projects/`+p1+`"]}`)
		}),
		"quota": func(c *client) bool {
			for range 500 {
				if c.api("GET", usage, services(p1)+"/"+gateway, "").status == 429 {
					return true
				}
			}
			return false
		},
	}
	maps.Copy(shows, clusterFaultShows())
	const member = "/v1/projects/" + p1 + "/locations/us-central1/memberships/cluster-1"
	shows["identity-provider-missing"] = func(c *client) bool {
		return c.api("GET", hub, member, "").ok().at("authority") == nil
	}
	shows["management-manual"] = func(c *client) bool {
		return strings.Contains(string(c.api("GET", hub, "/v1/projects/"+p1+"/locations/global/features/servicemesh", "").ok().raw),
			"MANAGEMENT_MANUAL")
	}
	query := map[string]string{"slow": "?by=50ms", "cluster-busy": "?for=10m"}
	for _, f := range world.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			show := shows[f.Name]
			if show == nil {
				t.Fatal("this test does not know the fault")
			}
			if f.Description == "" {
				t.Error("it has no description")
			}
			c := start(t, sim.Options{})
			if show(c) {
				t.Fatal("it shows before it is on")
			}
			c.sim("PUT", "faults/"+f.Name+query[f.Name], "").ok()
			if !show(c) {
				t.Error("it does not show")
			}
			if list := c.sim("GET", "faults", ""); !strings.Contains(string(list.raw), `"active": true`) {
				t.Error("it is not listed as active")
			}
			c.sim("DELETE", "faults/"+f.Name, "").ok()
			c.advance(8 * time.Minute)
			if f.Name == "quota" {
				return // show would have to be throttled to see that it is not
			}
			if show(c) {
				t.Error("it still shows")
			}
			if f.Name != "policy-version-strict" {
				c.advance(8 * time.Minute)
				c.meshOf("cluster-1").healthy()
			}
		})
	}
}

func TestFaultParameters(t *testing.T) {
	c := start(t, sim.Options{Projects: 3, Clusters: 3})
	for path, want := range map[string]int{
		"faults/nonsense":                        404,
		"faults/rate-limit?by=5s":                400,
		"faults/rate-limit?count=0":              400,
		"faults/rate-limit?status=200":           400,
		"faults/cluster-busy?for=soon":           400,
		"faults/binding-revoked?project=none":    400,
		"faults/cluster-deleted?cluster=none":    400,
		"faults/cluster-deleted?membership=none": 400,
	} {
		if a := c.sim("PUT", path, ""); a.status != want || a.str("error") == "" {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := c.sim("PUT", "faults/nonsense", ""); !strings.Contains(a.str("error"), "binding-revoked") {
		t.Errorf("the refusal does not list the faults: %s", a.raw)
	}

	// count, host, method and path select requests.
	c.sim("PUT", "faults/unavailable?host="+crm+"&method=POST&path=:getIamPolicy&count=2&status=500", "").ok()
	c.api("GET", crm, "/v3/projects/"+p1, "").ok()
	c.api("GET", usage, services(p1)+"/"+gateway, "").ok()
	for range 2 {
		if a := c.api("POST", crm, "/v3/projects/"+p1+":getIamPolicy", ""); a.status != 500 {
			t.Errorf("answered %d", a.status)
		}
	}
	c.policy(p1)

	// World faults have targets; DELETE may name some of them.
	holds := func(p string) bool { return strings.Contains(string(c.policy(p).raw), agentRole) }
	c.sim("PUT", "faults/binding-revoked?project=*", "").ok()
	c.sim("DELETE", "faults/binding-revoked?project="+p2, "").ok()
	if holds(p1) || !holds(p2) || holds("mesh-sim-3") {
		t.Error("targets are wrong")
	}
	c.sim("PUT", "faults/workload-pool-missing?membership=cluster-2", "").ok()
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-2"), "").ok().is(nil, "workloadIdentityConfig")
	c.api("GET", container, clusterPath(p1, "us-central1", "cluster-1"), "").ok().is(pool1, "workloadIdentityConfig", "workloadPool")

	// What a fault does is in the audit log, as a CI job's doing.
	got := c.entries(p1,
		`protoPayload.methodName="SetIamPolicy" AND protoPayload.authenticationInfo.principalEmail="ci@mesh-sim-1.iam.gserviceaccount.com"`)
	if len(got) != 1 || !strings.Contains(toJSON(got), "terraform-provider-google/") {
		t.Errorf("audit entries are %s", toJSON(got))
	}
}

func TestStuckOperationsGoOn(t *testing.T) {
	c := start(t, sim.Options{Faults: []string{"stuck-operations"}})
	op := c.api("POST", usage, services(p1)+"/run.googleapis.com:enable", "{}").ok()
	c.advance(time.Hour)
	c.api("GET", usage, "/v1/"+op.str("name"), "").ok().is(nil, "done")
	c.sim("DELETE", "faults/stuck-operations", "").ok()
	c.api("GET", usage, "/v1/"+op.str("name"), "").ok().is(true, "done")
	c.api("GET", usage, services(p1)+"/run.googleapis.com", "").ok().is("ENABLED", "state")
}

// TestFailedOperationsChangeNothing is about each family of operations.
func TestFailedOperationsChangeNothing(t *testing.T) {
	c := start(t, sim.Options{Faults: []string{"failing-operations"}})
	off := c.api("POST", usage, services(p1)+"/"+gateway+":disable", "{}").ok()
	update := c.api("PUT", container, clusterPath(p1, "us-central1", "cluster-1"), setPool("")).ok()
	patch := c.api("PATCH", hub, featurePath+"?updateMask=labels", `{"labels":{"a":"b"}}`).ok()
	c.advance(time.Minute)
	c.api("GET", usage, "/v1/"+off.str("name"), "").ok().is(13, "error", "code")
	c.api("GET", usage, services(p1)+"/"+gateway, "").ok().is("ENABLED", "state")
	c.api("GET", container, "/v1/projects/"+p1+"/locations/us-central1/operations/"+update.str("name"), "").ok().is("DONE", "status").is(13,
		"error", "code")
	c.api("GET", container, clusterPath(p1, "us-central1", "cluster-1"), "").ok().is("RUNNING", "status").is(pool1, "workloadIdentityConfig",
		"workloadPool")
	c.api("GET", hub, "/v1/"+patch.str("name"), "").ok().is(13, "error", "code")
	c.api("GET", hub, featurePath, "").ok().is(nil, "labels")
	if got := c.entries(p1, "severity=ERROR AND operation.last=true"); len(got) != 3 {
		t.Errorf("audit has %d failed ends: %s", len(got), fmt.Sprint(got))
	}
}

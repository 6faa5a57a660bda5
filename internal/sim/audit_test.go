package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func dig(v any, path ...any) any {
	return answer{body: map[string]any{"": v}}.at(append([]any{""}, path...)...)
}

func TestWhoRevokedTheBinding(t *testing.T) {
	c := start(t, sim.Options{})
	c.as("ci@mesh-sim-1.iam.gserviceaccount.com").with("User-Agent", "Terraform/1.14.0 test").with("X-Goog-Request-Reason",
		"ticket 7").revoke(p1)
	filter := `log_id("cloudaudit.googleapis.com/activity") AND resource.type="project"
AND protoPayload.serviceName="cloudresourcemanager.googleapis.com"
AND protoPayload.methodName="SetIamPolicy" AND protoPayload.serviceData.policyDelta.bindingDeltas.action="REMOVE"
AND protoPayload.serviceData.policyDelta.bindingDeltas.member:"gcp-sa-servicemesh.iam.gserviceaccount.com" 
AND timestamp>="2020-01-01T00:00:00Z"`
	got := c.entries(p1, filter)
	if len(got) != 1 {
		t.Fatalf("%d entries", len(got))
	}
	e := got[0]
	for path, want := range map[string]any{
		"logName":  "projects/mesh-sim-1/logs/cloudaudit.googleapis.com%2Factivity",
		"severity": "NOTICE",
		"protoPayload.authenticationInfo.principalEmail":        "ci@mesh-sim-1.iam.gserviceaccount.com",
		"protoPayload.authenticationInfo.principalSubject":      "serviceAccount:ci@mesh-sim-1.iam.gserviceaccount.com",
		"protoPayload.requestMetadata.callerSuppliedUserAgent":  "Terraform/1.14.0 test,gzip(gfe)",
		"protoPayload.requestMetadata.requestAttributes.reason": "ticket 7",
		"protoPayload.resourceName":                             "projects/mesh-sim-1",
		"protoPayload.request.resource":                         "projects/mesh-sim-1", // v3
		"protoPayload.response.etag":                            c.policy(p1).str("etag"),
	} {
		var keys []any
		for k := range strings.SplitSeq(path, ".") {
			keys = append(keys, k)
		}
		if v := dig(e, keys...); v != want {
			t.Errorf("%s is %v, want %v", path, v, want)
		}
	}
	deltas := dig(e, "protoPayload", "serviceData", "policyDelta", "bindingDeltas").([]any)
	want := "map[action:REMOVE member:serviceAccount:" + agent + " role:" + agentRole + "]"
	if len(deltas) != 1 || fmt.Sprint(deltas[0]) != want {
		t.Errorf("deltas are %v", deltas)
	}
}

func TestWhatIsLogged(t *testing.T) {
	c := start(t, sim.Options{})
	count := func(filter string) int { c.t.Helper(); return len(c.entries(p1, filter)) }
	c.policy(p1)
	c.api("GET", hub, featurePath, "").ok()
	c.api("POST", usage, services(p1)+"/"+gateway+":enable", "{}").ok() // on already
	if n := count(""); n != 0 {
		t.Errorf("%d entries for reads and no change", n)
	}

	// A failed write has a status and severity, and no delta.
	c.as("viewer@example.com").setBindings(p1, "", []any{}).refused(403, "PERMISSION_DENIED")
	failed := c.entries(p1, `severity=ERROR AND protoPayload.methodName="SetIamPolicy"`)
	if len(failed) != 1 || dig(failed[0], "protoPayload", "status", "code") != 7.0 || dig(failed[0], "protoPayload", "serviceData") != nil ||
		dig(failed[0], "protoPayload", "authorizationInfo", 0, "granted") != nil {
		t.Errorf("failed write is %v", toJSON(failed))
	}

	// Long-running: two entries with one operation id, the last one at its end.
	op := c.api("POST", usage, services(p1)+"/"+gateway+":disable", "{}").ok()
	disable := `resource.type="audited_resource" AND resource.labels.service="serviceusage.googleapis.com"
		AND protoPayload.methodName="google.api.serviceusage.v1.ServiceUsage.DisableService"
		AND protoPayload.request.name:"services/` + gateway + `"`
	if n := count(disable); n != 1 {
		t.Errorf("%d entries at the start", n)
	}
	c.settled(op)
	got := c.entries(p1, disable)
	if len(got) != 2 || dig(got[0], "operation", "first") != true || dig(got[1], "operation", "last") != true ||
		dig(got[0], "operation", "id") != op.str("name") || dig(got[1], "operation", "id") != op.str("name") {
		t.Errorf("entries are %s", toJSON(got))
	}
	if dig(got[1], "protoPayload", "response", "service", "state") != "DISABLED" {
		t.Errorf("the last entry is %s", toJSON(got[1]))
	}

	c.api("PUT", container, clusterPath(p1, "us-central1", "cluster-1"), setPool("")).ok()
	c.advance(time.Second)
	update := c.entries(p1,
		`resource.type="gke_cluster" AND resource.labels.cluster_name="cluster-1" AND protoPayload.methodName=~"ClusterManager\\.UpdateCluster$"`)
	if len(update) != 2 || dig(update[0], "protoPayload", "metadata", "operationType") != "UPDATE_CLUSTER" ||
		dig(update[0], "protoPayload", "authenticationInfo") == nil || dig(update[1], "protoPayload", "authenticationInfo") != nil {
		t.Errorf("entries are %s", toJSON(update))
	}

	c.api("PATCH", hub, featurePath+"?updateMask=labels", `{"labels":{"a":"b"}}`).ok()
	c.advance(time.Second)
	if n := count(`protoPayload.serviceName="gkehub.googleapis.com"
		AND protoPayload.methodName="google.cloud.gkehub.v1.GkeHub.UpdateFeature" AND protoPayload.resourceName:"servicemesh"`); n != 2 {
		t.Errorf("%d entries of the hub", n)
	}
}

func TestListEntries(t *testing.T) {
	c := start(t, sim.Options{Projects: 2})
	for i := range 5 {
		c.grant(p1, "roles/browser", fmt.Sprintf("user:u%d@example.com", i))
	}
	list := func(c *client, body map[string]any) answer {
		raw, _ := json.Marshal(body)
		return c.api("POST", logs, "/v2/entries:list", string(raw))
	}
	names := []string{"projects/" + p1}
	first := list(c, map[string]any{"resourceNames": names, "orderBy": "timestamp desc", "pageSize": 2}).ok()
	c.grant(p1, "roles/browser", "user:later@example.com") // does not move the pages
	second := list(c, map[string]any{"resourceNames": names, "orderBy": "timestamp desc", "pageSize": 2,
		"pageToken": first.str("nextPageToken")}).ok()
	var times []string
	for _, a := range []answer{first, second} {
		for i := range a.at("entries").([]any) {
			times = append(times, a.str("entries", i, "timestamp"))
		}
	}
	for i := 1; i < len(times); i++ {
		if times[i] >= times[i-1] {
			t.Errorf("not descending: %v", times)
		}
	}
	if len(times) != 4 {
		t.Errorf("pages have %d entries", len(times))
	}
	list(c, map[string]any{"resourceNames": names, "filter": "a = = b"}).refused(400, "INVALID_ARGUMENT", "Unparseable filter: ")
	list(c, map[string]any{"resourceNames": names, "pageSize": -1}).refused(400, "INVALID_ARGUMENT")
	list(c, map[string]any{"resourceNames": names, "orderBy": "severity"}).refused(400, "INVALID_ARGUMENT")
	list(c, map[string]any{"resourceNames": names, "pageToken": "x"}).refused(400, "INVALID_ARGUMENT")
	list(c, map[string]any{}).refused(400, "INVALID_ARGUMENT")
	list(c.as("stranger@example.com"), map[string]any{"resourceNames": names}).refused(403, "PERMISSION_DENIED", "logging.logEntries.list")
	if a := list(c, map[string]any{"resourceNames": []string{"projects/" + p2}}).ok(); strings.TrimSpace(string(a.raw)) != "{}" {
		t.Errorf("nothing found is %s", a.raw)
	}
	c.sim("PUT", "faults/empty-log-pages", "").ok()
	empty := list(c, map[string]any{"resourceNames": names}).ok().is(nil, "entries")
	list(c, map[string]any{"resourceNames": names, "pageToken": empty.str("nextPageToken")}).ok().is(p1, "entries", 0, "resource", "labels",
		"project_id")
}

// TestLogReadsAreLimited checks the one quota that is always on.
func TestLogReadsAreLimited(t *testing.T) {
	c := start(t, sim.Options{})
	body := `{"resourceNames":["projects/` + p1 + `"]}`
	limited := 0
	for range 125 { // two minutes' worth and some, should a minute begin meanwhile
		if a := c.api("POST", logs, "/v2/entries:list", body); a.status == 429 {
			a.refused(429, "RESOURCE_EXHAUSTED", "RATE_LIMIT_EXCEEDED", "project_number:"+n1)
			limited++
		}
	}
	if limited == 0 {
		t.Error("nothing was limited")
	}
	c.advance(time.Minute)
	c.api("POST", logs, "/v2/entries:list", body).ok()
}

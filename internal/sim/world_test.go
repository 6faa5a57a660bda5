package sim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestWorldRoundTrip checks that a world that was read can be put back, with
// operations under way, faults, causes and logs.
func TestWorldRoundTrip(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 4})
	same := func() {
		t.Helper()
		before := c.sim("GET", "world", "").ok()
		c.sim("PUT", "world", string(before.raw)).ok()
		after := c.sim("GET", "world", "").ok()
		if diff := cmp.Diff(before.body, after.body); diff != "" {
			t.Errorf("the world changed: %s", diff)
		}
	}
	same()
	c.grant(p1, "roles/browser", "user:abe@example.com")
	c.revoke(p2)
	for _, f := range []string{
		"connectgateway-disabled", "cluster-deleted?cluster=cluster-4", "cluster-busy?for=1h", "rate-limit?host=nowhere&count=3",
		"new-enum?cluster=cluster-2", "slow-propagation?for=1h", "stuck-operations",
	} {
		c.sim("PUT", "faults/"+f, "").ok()
	}
	same()
	c.advance(10 * time.Minute)
	op := c.api("POST", usage, services(p1)+"/run.googleapis.com:enable", "{}").ok()
	c.api("PATCH", hub, featurePath+"?updateMask=membershipSpecs",
		`{"membershipSpecs":{"`+member1+`":{"mesh":{"management":"MANAGEMENT_MANUAL"}}}}`).ok()
	same()
	state := c.api("GET", hub, featurePath, "").ok()
	same()
	if diff := cmp.Diff(state.body, c.api("GET", hub, featurePath, "").ok().body); diff != "" {
		t.Errorf("the mesh changed: %s", diff)
	}
	// What was under way goes on.
	c.sim("DELETE", "faults/stuck-operations", "").ok()
	c.advance(time.Minute)
	c.api("GET", usage, "/v1/"+op.str("name"), "").ok().is(true, "done")
	c.api("GET", hub, featurePath, "").ok().is("MANAGEMENT_MANUAL", "membershipSpecs", member1, "mesh", "management")
	c.sim("DELETE", "faults/cluster-deleted", "").ok()
	c.api("GET", container, clusterPath(p2, "us-central1", "cluster-4"), "").ok()
	same()
}

func TestWorldMistakes(t *testing.T) {
	c := start(t, sim.Options{})
	before := c.sim("GET", "world", "").ok()
	for name, tc := range map[string]struct {
		change func(w map[string]any)
		want   string
	}{
		"unknown field": {func(w map[string]any) { project(w)["colour"] = "red" }, `unknown field "projects[0].colour"`},
		"deep unknown": {func(w map[string]any) { cluster(w)["nodePools"].([]any)[0].(map[string]any)["x"] = 1 },
			`projects[0].clusters[0].nodePools[0].x`},
		"wrong case":    {func(w map[string]any) { project(w)["projectID"] = "x" }, `projectID`},
		"wrong type":    {func(w map[string]any) { project(w)["clusters"] = "many" }, `projects[0].clusters: "many" is not a list`},
		"bad number":    {func(w map[string]any) { project(w)["projectNumber"] = "x" }, `projectNumber`},
		"bad id":        {func(w map[string]any) { project(w)["projectId"] = "X" }, `projects[0].projectId`},
		"bad lifecycle": {func(w map[string]any) { project(w)["lifecycleState"] = "GONE" }, `projects[0].lifecycleState`},
		"bad duration":  {func(w map[string]any) { w["timings"].(map[string]any)["degradeAfter"] = "soon" }, `timings.degradeAfter`},
		"bad time":      {func(w map[string]any) { project(w)["createTime"] = "today" }, `projects[0].createTime`},
		"bad state": {func(w map[string]any) {
			project(w)["services"] = map[string]any{"a.googleapis.com": map[string]any{"state": "ON"}}
		}, `a.googleapis.com`},
		"bad service": {func(w map[string]any) {
			project(w)["services"] = map[string]any{"A B": map[string]any{"state": "ENABLED"}}
		}, `A B`},
		"no projects":   {func(w map[string]any) { w["projects"] = []any{} }, `projects`},
		"project twice": {func(w map[string]any) { w["projects"] = []any{project(w), project(w)} }, `there twice`},
		"unknown fault": {func(w map[string]any) { w["faults"] = []any{map[string]any{"name": "x"}} }, `faults[0].name`},
		"bad fault": {func(w map[string]any) {
			w["faults"] = []any{map[string]any{"name": "slow", "params": map[string]any{"x": "y"}}}
		}, `faults[0].params`},
		"bad role": {func(w map[string]any) { w["roles"] = map[string]any{"x": []any{}} }, `roles`},
		"bad operation": {func(w map[string]any) {
			w["operations"] = []any{map[string]any{"api": "a", "name": "n", "project": "none"}}
		}, `operations[0].project`},
		"bad membership": {func(w map[string]any) {
			project(w)["fleet"].(map[string]any)["memberships"] = []any{map[string]any{"name": "M"}}
		}, `memberships[0].name`},
		"negative offset": {func(w map[string]any) { w["clock"] = map[string]any{"offset": "-1h"} }, `clock.offset`},
	} {
		t.Run(name, func(t *testing.T) {
			var w map[string]any
			if err := json.Unmarshal(before.raw, &w); err != nil {
				t.Fatal(err)
			}
			tc.change(w)
			a := c.sim("PUT", "world", toJSON(w))
			if a.status != 400 || !strings.Contains(a.str("error"), tc.want) {
				t.Errorf("got %d %q, want %q", a.status, a.str("error"), tc.want)
			}
		})
	}
	for _, body := range []string{"", "{", "[]", `{"projects":null} {}`} {
		if a := c.sim("PUT", "world", body); a.status != 400 {
			t.Errorf("%q was answered %d", body, a.status)
		}
	}
	if diff := cmp.Diff(before.body, c.sim("GET", "world", "").ok().body); diff != "" {
		t.Errorf("a refused world changed something: %s", diff)
	}
}

func project(w map[string]any) map[string]any { return w["projects"].([]any)[0].(map[string]any) }

func cluster(w map[string]any) map[string]any {
	return project(w)["clusters"].([]any)[0].(map[string]any)
}

// TestSmallWorld puts in the least that is a world: what is not said has its default.
func TestSmallWorld(t *testing.T) {
	c := start(t, sim.Options{})
	c.sim("PUT", "world", `{"projects":[{"projectId":"my-project","projectNumber":"42",
		"services":{"cloudresourcemanager.googleapis.com":{"state":"ENABLED"}},
		"policy":{"bindings":[{"role":"roles/owner","members":["user:admin@example.com"]}]}}]}`).ok()
	c.api("GET", crm, "/v3/projects/42", "").ok().is("my-project", "projectId").is("ACTIVE", "state")
	c.api("POST", crm, "/v1/projects/my-project:getIamPolicy", "").ok().is("ACAB", "etag")
	c.api("GET", crm, "/v3/projects/"+p1, "").refused(403, "PERMISSION_DENIED")
}

func TestClock(t *testing.T) {
	c := start(t, sim.Options{})
	now := func(a answer) time.Time {
		v, err := time.Parse(time.RFC3339Nano, a.ok().str("now"))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := now(c.sim("GET", "clock", ""))
	after := now(c.sim("POST", "clock?advance=15m", ""))
	if d := after.Sub(before); d < 15*time.Minute || d > 16*time.Minute {
		t.Errorf("it moved by %s", d)
	}
	for _, bad := range []string{"clock", "clock?advance=-5m", "clock?advance=soon", "clock?advance=99999999h"} {
		if a := c.sim("POST", bad, ""); a.status != 400 {
			t.Errorf("%s was answered %d", bad, a.status)
		}
	}
}

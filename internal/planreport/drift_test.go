package planreport_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/planreport"
)

type object = map[string]any

const (
	member = "projects/shop-1/locations/us-central1/memberships/one"
	gke    = "projects/shop-1/locations/us-central1/clusters/one"
	issuer = "https://container.googleapis.com/v1/" + gke
)

// change is a resource of a plan.
func change(address string, actions []string, before, after object) object {
	kind, name, _ := strings.Cut(address, ".")
	return object{
		"address": address, "mode": "managed", "type": kind, "name": name,
		"change": object{"actions": actions, "before": before, "after": after, "before_sensitive": object{}, "after_sensitive": object{}},
	}
}

// plan is a plan with these parts.
func plan(t testing.TB, parts object) []byte {
	t.Helper()
	all := object{"format_version": "1.2", "terraform_version": "1.16.0", "planned_values": object{}}
	for name, part := range parts {
		all[name] = part
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// with is v with other values.
func with(v, other object) object {
	all := object{}
	for name, value := range v {
		all[name] = value
	}
	for name, value := range other {
		all[name] = value
	}
	return all
}

var update = []string{"update"}

// Each resource and attribute that may drift, by the finding that it is.
func TestDrift(t *testing.T) {
	services := func(on ...any) object {
		enabled := object{}
		for i := 0; i < len(on); i += 2 {
			enabled[on[i].(string)] = on[i+1]
		}
		return object{"project": "shop-1", "enabled": enabled}
	}
	pool := object{"cluster": gke, "workload_pool": "shop-1.svc.id.goog", "node_pools_without_gke_metadata": []any{},
		"migrate_node_pools": false}
	identity := object{"membership": member, "issuer": issuer, "expected_issuer": issuer}
	injection := object{"membership": member, "namespace": "cart", "revision": "asm-managed", "istio_injection": nil}
	plane := object{"cluster": gke, "namespace": "cart", "managed": true}
	management := object{"membership": member, "management": "MANAGEMENT_AUTOMATIC"}
	for _, tc := range []struct {
		name, kind  string
		now, wanted object
		drift       bool // resource_drift has it, too
		want        []string
		code        int
	}{
		{"binding", "asm_service_agent_binding", object{"project": "shop-1", "granted": false}, object{"project": "shop-1", "granted": true},
			false,
			[]string{"service-agent-binding-missing projects/shop-1"}, 2},
		{"two APIs", "asm_project_services", services("a.googleapis.com", false, "b.googleapis.com", true, "c.googleapis.com", false),
			services("a.googleapis.com", true, "b.googleapis.com", true, "c.googleapis.com", true), true,
			[]string{"api-disabled (a.googleapis.com) projects/shop-1", "api-disabled (c.googleapis.com) projects/shop-1"}, 2},
		{"an API that was added to the configuration", "asm_project_services", services("a.googleapis.com", true),
			services("a.googleapis.com", true, "b.googleapis.com", true), false, nil, 2},
		{"an API that was taken out of it", "asm_project_services", services("a.googleapis.com", false), services(), false, nil, 2},
		{"no pool", "asm_workload_pool", with(pool, object{"workload_pool": nil}), pool, true, []string{"workload-pool-missing " + gke}, 2},
		{"no pool, and the wanted one unknown", "asm_workload_pool", with(pool, object{"workload_pool": nil}),
			with(pool, object{"workload_pool": nil}), true, []string{"workload-pool-missing " + gke}, 2},
		{"another pool", "asm_workload_pool", with(pool, object{"workload_pool": "other.svc.id.goog"}), pool, true,
			[]string{"workload-pool-wrong " + gke}, 2},
		{"node pools to migrate", "asm_workload_pool", with(pool, object{"node_pools_without_gke_metadata": []any{"a", "b"}}),
			with(pool, object{"migrate_node_pools": true}), false,
			[]string{"node-pool-without-gke-metadata " + gke}, 2},
		{"no issuer", "asm_membership_identity", with(identity, object{"issuer": nil}), identity, true,
			[]string{"membership-identity-missing " + member}, 2},
		{"another issuer", "asm_membership_identity", with(identity, object{"issuer": issuer + "x"}), identity, true,
			[]string{"membership-identity-wrong " + member}, 2},
		{"management changed outside", "asm_mesh_management", with(management, object{"management": "MANAGEMENT_MANUAL"}), management, true,
			[]string{"mesh-management-differs " + member}, 2},
		{"management changed in the configuration", "asm_mesh_management", with(management, object{"management": "MANAGEMENT_MANUAL"}),
			management, false, nil, 2},
		{"both labels wrong", "asm_namespace_injection", with(injection, object{"revision": nil, "istio_injection": "enabled"}), injection, true,
			[]string{"injection-label-wrong " + member + "/namespaces/cart"}, 2},
		{"a revision changed in the configuration", "asm_namespace_injection", with(injection, object{"revision": "asm-managed-rapid"}),
			injection, false, nil, 2},
		{"proxies not managed", "asm_managed_data_plane", with(plane, object{"managed": nil}), plane, true,
			[]string{"managed-data-plane-off " + gke + "/namespaces/cart"}, 2},
		{"proxies of a revision", "asm_managed_data_plane", object{"membership": member, "revision": "asm-managed", "managed": false},
			object{"membership": member, "revision": "asm-managed", "managed": true}, true,
			[]string{"managed-data-plane-off " + member + "/namespaces/istio-system/controlplanerevisions/asm-managed"}, 2},
		{"a policy", "asm_workload_pool", with(pool, object{"deletion_policy": "ABANDON"}), with(pool, object{"deletion_policy": "DELETE"}),
			false, nil, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			parts := object{"resource_changes": []any{change(tc.kind+".x", update, tc.now, tc.wanted)}}
			if tc.drift {
				parts["resource_drift"] = []any{change(tc.kind+".x", update, tc.wanted, tc.now)}
			}
			r := judge(t, plan(t, parts))
			roots, _ := told(r)
			if diff := cmp.Diff(tc.want, roots); diff != "" || r.ExitCode() != tc.code {
				t.Errorf("exit code %d, roots (-want +got):\n%s", r.ExitCode(), diff)
			}
			if drifted := r.Ours.Drifted; (drifted == 1) != (tc.want != nil) || drifted+r.Ours.Change != 1 {
				t.Errorf("counted as %+v", r.Ours)
			}
			written(t, r)
			if len(tc.want) == 0 || !tc.drift {
				return
			}
			// With -refresh-only there is the drift alone, and it is the same drift.
			delete(parts, "resource_changes")
			only := judge(t, plan(t, parts))
			if roots, _ := told(only); !cmp.Equal(tc.want, roots) || only.ExitCode() != 2 {
				t.Errorf("refresh-only: exit code %d, %v", only.ExitCode(), roots)
			}
		})
	}
}

// A resource without a reader would drift without being named.
func TestEveryResourceIsJudged(t *testing.T) {
	for _, row := range mesh.Prerequisites() {
		if row.Resource != "" && !planreport.Reads(row.Kind) {
			t.Errorf("%s: planreport builds no state of it", row.Resource)
		}
	}
}

// Node pools that are not to be migrated are a note: a job must not alarm for ever
// about what the configuration leaves as it is.
func TestNodePoolsLeftAlone(t *testing.T) {
	v := object{"cluster": gke, "workload_pool": "shop-1.svc.id.goog", "node_pools_without_gke_metadata": []any{"a"},
		"migrate_node_pools": false}
	r := judge(t, plan(t, object{"resource_changes": []any{change("asm_workload_pool.x", []string{"no-op"}, v, v)}}))
	if r.ExitCode() != 0 || len(r.Findings) != 1 || r.Findings[0].Severity != "info" ||
		!strings.Contains(r.Findings[0].Message, "migrate_node_pools is false") {
		t.Errorf("exit code %d, %+v", r.ExitCode(), r.Findings)
	}
}

// Drift that went away by itself, or that nothing is planned about, is none.
func TestDriftForTheBetter(t *testing.T) {
	good, bad := object{"project": "shop-1", "granted": true}, object{"project": "shop-1", "granted": false}
	for name, parts := range map[string]object{
		"restored by hand": {"resource_drift": []any{change("asm_service_agent_binding.x", update, bad, good)},
			"resource_changes": []any{change("asm_service_agent_binding.x", []string{"no-op"}, good, good)}},
		"restored by hand, refresh-only": {"resource_drift": []any{change("asm_service_agent_binding.x", update, bad, good)}},
		"another attribute": {"resource_drift": []any{change("asm_mesh_management.x", update,
			object{"membership": member, "management": "MANAGEMENT_AUTOMATIC", "origin": "FLEET"},
			object{"membership": member, "management": "MANAGEMENT_AUTOMATIC", "origin": "USER"})}},
	} {
		if r := judge(t, plan(t, parts)); r.ExitCode() != 0 || len(r.Findings) != 0 {
			t.Errorf("%s: exit code %d, %+v", name, r.ExitCode(), r.Findings)
		}
	}
}

func TestResourceGone(t *testing.T) {
	v := object{"cluster": gke}
	r := judge(t, plan(t, object{
		"resource_drift":   []any{change("asm_workload_pool.x", []string{"delete"}, v, nil)},
		"resource_changes": []any{change("asm_workload_pool.x", []string{"create"}, nil, v)},
	}))
	roots, _ := told(r)
	if diff := cmp.Diff([]string{"resource-gone " + gke}, roots); diff != "" || r.ExitCode() != 2 {
		t.Errorf("exit code %d, roots (-want +got):\n%s", r.ExitCode(), diff)
	}
}

// What changes and is no drift is counted; reads and outputs change nothing.
func TestCounts(t *testing.T) {
	other := func(name string, actions ...string) object { return change("google_project."+name, actions, nil, nil) }
	imported, moved := other("i", "no-op"), other("m", "no-op")
	imported["change"].(object)["importing"] = object{"id": "x"}
	moved["previous_address"] = "google_project.old"
	read := change("google_thing.read", []string{"read"}, nil, nil)
	read["mode"] = "data"
	for _, tc := range []struct {
		name  string
		parts object
		want  string
		code  int
	}{
		{"nothing", object{"resource_changes": []any{other("a", "no-op")}}, "healthy: nothing is to change", 0},
		{"a read", object{"resource_changes": []any{read}}, "healthy: nothing is to change", 0},
		{"outputs", object{"output_changes": object{"a": object{"actions": update}, "b": object{"actions": []any{"no-op"}}}},
			"healthy: nothing is to change; 1 output would change", 0},
		{"others", object{"resource_changes": []any{other("a", "create"), other("b", "create"), other("c", "update"), other("d", "delete"),
			other("e", "delete", "create"), other("f", "forget"), imported, moved}},
			"healthy: other changes: 2 to add, 1 to change, 1 to destroy, 1 to replace, 1 to import, 1 to move, 1 to do otherwise (forget, " +
				"invoke, defer)", 2},
		{"others that drifted, refresh-only", object{"resource_drift": []any{other("a", "update")}}, "healthy: other changes: 1 to change", 2},
		{"others that drifted and stay so",
			object{"resource_drift": []any{other("a", "update")}, "resource_changes": []any{other("a", "no-op")}}, "healthy: nothing is to change",
			0},
		{"an action", object{"action_invocations": []any{object{"address": "action.x.y"}}}, "healthy: other changes: 1 to do otherwise " +
			"(forget, invoke, defer)", 2},
		{"ours by the configuration",
			object{"resource_changes": []any{change("asm_workload_pool.a", []string{"delete"}, object{"cluster": gke}, nil),
				change("asm_workload_pool.b", []string{"delete", "create"}, nil, nil)}},
			"healthy: by the configuration, 1 to destroy, 1 to replace", 2},
	} {
		if r := judge(t, plan(t, tc.parts)); r.Summary != tc.want || r.ExitCode() != tc.code {
			t.Errorf("%s: exit code %d, %s", tc.name, r.ExitCode(), r.Summary)
		}
	}
}

func checks(status string, problems ...any) []any {
	return []any{object{
		"address": object{"kind": "check", "name": "mesh", "to_display": "check.mesh"}, "status": status,
		"instances": []any{object{"address": object{"to_display": "check.mesh"}, "status": status, "problems": problems}},
	}}
}

// data is a data source as the plan read it.
func data(address string, v object) object {
	kind, name, _ := strings.Cut(strings.TrimPrefix(address, "data."), ".")
	return object{"format_version": "1.0",
		"values": object{"root_module": object{"child_modules": []any{object{"address": "module.m", "resources": []any{
			object{"address": address, "mode": "data", "type": kind, "name": name, "values": v},
		}}}}}}
}

// health is a data source with one finding.
func health(verdict, severity, code string) object {
	return object{"verdict": verdict, "summary": verdict + ": something", "findings": []any{
		object{"code": code, "severity": severity, "subject": member, "message": "something", "fixed_by": "asm_service_agent_binding"},
	}}
}

// With nothing to change, health decides, and what cannot be told is not well.
func TestHealthWithoutChanges(t *testing.T) {
	for _, tc := range []struct {
		name    string
		parts   object
		code    int
		verdict string
	}{
		{"a check passes", object{"checks": checks("pass")}, 0, "healthy"},
		{"a check fails", object{"checks": checks("fail", object{"message": "no"})}, 3, "unhealthy"},
		{"a check is unknown", object{"checks": checks("unknown")}, 4, "unknown"},
		{"a check has an error", object{"checks": checks("error")}, 4, "unknown"},
		{"a check of a later version", object{"checks": checks("perhaps")}, 4, "unknown"},
		{"a data source is unhealthy, and a resource elsewhere would correct it",
			object{"prior_state": data("data.asm_mesh_health.x", health("unhealthy", "error", "revisions-unhealthy"))}, 3, "unhealthy"},
		{"degraded", object{"prior_state": data("data.asm_mesh_health.x", health("degraded", "warning", "control-plane-state"))}, 3, "degraded"},
		{"provisioning", object{"prior_state": data("data.asm_mesh_health.x", health("provisioning", "warning", "control-plane-state"))}, 0,
			"provisioning"},
		{"unknown", object{"prior_state": data("data.asm_mesh_health.x", health("unknown", "warning", "cannot-read"))}, 4, "unknown"},
		{"a note", object{"prior_state": data("data.asm_mesh_health.x", health("healthy", "info", "shared-vpc-host-project"))}, 0, "healthy"},
		{"unhealthy without a finding",
			object{"prior_state": data("data.asm_mesh_health.x", object{"verdict": "unhealthy", "summary": "s", "findings": []any{}})}, 3,
			"unhealthy"},
		{"a verdict of a later version",
			object{"prior_state": data("data.asm_mesh_health.x", object{"verdict": "splendid", "findings": []any{}})}, 4, "unknown"},
		{"prerequisites", object{"prior_state": data("data.asm_prerequisites.x",
			object{"status": "unmet", "summary": "unmet",
				"prerequisites": []any{object{"findings": health("", "error", "service-agent-binding-missing")["findings"]}}})}, 3, "unhealthy"},
		{"another provider's", object{"prior_state": data("data.http.x", health("unhealthy", "error", "revisions-unhealthy"))}, 0, "healthy"},
	} {
		r := judge(t, plan(t, tc.parts))
		if r.ExitCode() != tc.code || string(r.Verdict) != tc.verdict {
			t.Errorf("%s: exit code %d, %s: %+v", tc.name, r.ExitCode(), r.Verdict, r.Findings)
		}
		written(t, r)
	}
}

// A check that repeats the summary of a data source follows from what that found;
// one that says something else stands for itself.
func TestCheckFollowsFromItsDataSource(t *testing.T) {
	found := data("data.asm_mesh_health.x", health("unhealthy", "error", "mesh-condition"))
	r := judge(t, plan(t, object{"prior_state": found, "checks": checks("fail", object{"message": "Mesh is unhealthy: something."})}))
	if roots, explained := told(r); !cmp.Equal(roots, []string{"mesh-condition " + member}) || explained != 1 {
		t.Errorf("roots %v, %d explained", roots, explained)
	}
	r = judge(t, plan(t, object{"prior_state": found, "checks": checks("fail", object{"message": "disk full"})}))
	if roots, _ := told(r); len(roots) != 2 {
		t.Errorf("roots %v", roots)
	}
}

// The mesh of one project says nothing about a binding in another, and the
// membership of a cluster follows from that cluster alone.
func TestLinksStayInPlace(t *testing.T) {
	condition := func(subject, code string) object {
		return object{"code": "mesh-condition", "severity": "error", "subject": subject, "detail": code, "message": code + ": details"}
	}
	elsewhere := strings.Replace(member, "shop-1", "shop-2", 1)
	state := data("data.asm_mesh_health.x", object{"verdict": "unhealthy", "summary": "s", "fleet_project": "shop-1",
		"memberships": []any{object{"name": "projects/123456789012/locations/us-central1/memberships/one", "verdict": "unhealthy"}},
		"findings": []any{
			condition("projects/123456789012/locations/us-central1/memberships/one", "MESH_IAM_PERMISSION_DENIED"),
			condition(elsewhere, "MESH_IAM_PERMISSION_DENIED"),
			condition("projects/123456789012/locations/us-central1/memberships/two", "WORKLOAD_IDENTITY_REQUIRED"),
			condition("projects/123456789012/locations/us-central1/memberships/alias", "WORKLOAD_IDENTITY_REQUIRED"),
		}})
	alias := object{"membership": strings.Replace(member, "/one", "/alias", 1), "issuer": issuer, "expected_issuer": issuer}
	r := judge(t, plan(t, object{"prior_state": state, "resource_changes": []any{
		change("asm_service_agent_binding.x", update, object{"project": "shop-1", "granted": false},
			object{"project": "shop-1", "granted": true}),
		change("asm_workload_pool.x", update, object{"cluster": gke, "workload_pool": nil},
			object{"cluster": gke, "workload_pool": "shop-1.svc.id.goog"}),
		change("asm_membership_identity.x", []string{"no-op"}, alias, alias),
	}}))
	blocked := map[string]bool{}
	for _, f := range r.Findings {
		blocked[f.Subject] = !f.Root()
	}
	want := map[string]bool{
		"projects/shop-1": false, gke: false, elsewhere: false,
		"projects/123456789012/locations/us-central1/memberships/one":   true,
		"projects/123456789012/locations/us-central1/memberships/two":   false, // another cluster's pool
		"projects/123456789012/locations/us-central1/memberships/alias": true,  // whose cluster is "one", by its issuer
	}
	if diff := cmp.Diff(want, blocked); diff != "" {
		t.Errorf("is explained (-want +got):\n%s", diff)
	}
}

// Plans of the earlier version have findings without a detail: which condition it
// is must not be guessed from the message, so it is its own root.
func TestConditionWithoutDetailIsARoot(t *testing.T) {
	state := data("data.asm_mesh_health.x", object{"verdict": "unhealthy", "summary": "s", "findings": []any{
		object{"code": "mesh-condition", "severity": "error", "subject": member, "message": "MESH_IAM_PERMISSION_DENIED: details"},
	}})
	r := judge(t, plan(t, object{"prior_state": state, "resource_changes": []any{
		change("asm_service_agent_binding.x", update, object{"project": "shop-1", "granted": false},
			object{"project": "shop-1", "granted": true}),
	}}))
	if roots, explained := told(r); len(roots) != 2 || explained != 0 || r.ExitCode() != 2 {
		t.Errorf("exit code %d, roots %v, %d explained", r.ExitCode(), roots, explained)
	}
}

// A finding of asm_diagnosis keeps its root, also where that root is told as drift.
func TestDiagnosisKeepsItsRoots(t *testing.T) {
	state := data("data.asm_diagnosis.x", object{"verdict": "unhealthy", "summary": "s", "findings": []any{
		object{"code": "service-agent-binding-missing", "severity": "error", "subject": "projects/shop-1", "message": "gone",
			"fingerprint": "aa"},
		object{"code": "cannot-read", "severity": "warning", "subject": "somewhere/else", "message": "?", "fingerprint": "bb",
			"blocked_by": []any{"aa", "none"}, "waiting": true},
	}})
	r := judge(t, plan(t, object{"prior_state": state, "resource_changes": []any{
		change("asm_service_agent_binding.x", update, object{"project": "shop-1", "granted": false},
			object{"project": "shop-1", "granted": true}),
	}}))
	if len(r.Findings) != 2 || r.Findings[0].About != "asm_service_agent_binding.x" ||
		!cmp.Equal(r.Findings[1].BlockedBy, []string{r.Findings[0].Fingerprint}) || !r.Findings[1].Waiting {
		t.Errorf("got %+v", r.Findings)
	}
}

// A report of a plan is fit for a pull request's comment at any size.
func TestManyClusters(t *testing.T) {
	var findings []any
	for i := range 20_000 {
		subject := strings.Replace(member, "/one", "/c"+string(rune('a'+i%26))+strings.Repeat("x", i%50), 1)
		findings = append(findings,
			object{"code": "mesh-condition", "severity": "error", "subject": subject, "detail": "MESH_IAM_PERMISSION_DENIED",
				"message": "MESH_IAM_PERMISSION_DENIED: details"})
	}
	r := judge(t, plan(t, object{
		"prior_state": data("data.asm_mesh_health.x", object{"verdict": "unhealthy", "summary": "all of it", "findings": findings}),
		"checks":      checks("fail", object{"message": "all of it"}),
		"resource_changes": []any{
			change("asm_service_agent_binding.x", update, object{"project": "shop-1", "granted": false},
				object{"project": "shop-1", "granted": true}),
		},
	}))
	if roots, explained := told(r); len(roots) != 1 || explained != 26*25+1 {
		t.Errorf("%d roots, %d explained", len(roots), explained)
	}
}

// A note of a resource that a data source reports as trouble is trouble.
func TestTheGraverOfTwoCounts(t *testing.T) {
	v := object{"cluster": gke, "workload_pool": "shop-1.svc.id.goog", "node_pools_without_gke_metadata": []any{"a"},
		"migrate_node_pools": false}
	state := data("data.asm_diagnosis.x", object{"verdict": "degraded", "summary": "s", "findings": []any{
		object{"code": "node-pool-without-gke-metadata", "severity": "warning", "subject": member, "message": "m"}, // the cluster's membership
	}})
	r := judge(t, plan(t, object{"prior_state": state, "resource_changes": []any{change("asm_workload_pool.x", []string{"no-op"}, v, v)}}))
	if len(r.Findings) != 1 || r.Findings[0].Severity != "warning" || r.ExitCode() != 3 {
		t.Errorf("exit code %d, %+v", r.ExitCode(), r.Findings)
	}
}

// Sensitive parts of what a data source found are left out; what is left decides.
func TestSensitiveDataSource(t *testing.T) {
	for name, marks := range map[string]any{
		"all of it": true, "a finding": object{"findings": []any{object{"message": true, "subject": true}}},
		"the findings":              object{"findings": true},
		"a shape that does not fit": object{"findings": object{"a": true}}, "another": []any{true},
	} {
		v := health("unhealthy", "error", "mesh-condition")
		v["findings"].([]any)[0].(object)["message"] = "hush"
		v["findings"].([]any)[0].(object)["subject"] = "projects/hush-1"
		state := data("data.asm_mesh_health.x", v)
		resource := state["values"].(object)["root_module"].(object)["child_modules"].([]any)[0].(object)["resources"].([]any)[0].(object)
		resource["sensitive_values"] = marks
		r := judge(t, plan(t, object{"prior_state": state}))
		if code := r.ExitCode(); code != 3 && code != 4 {
			t.Errorf("%s: exit code %d", name, code)
		}
		if text := asJSON(t, r); strings.Contains(text, "hush") {
			t.Errorf("%s: it is shown: %s", name, text)
		}
	}
}

// A cluster in several spellings is one problem, with one fingerprint, also where a data source finds it, too.
func TestSpellingsAreOneSubject(t *testing.T) {
	prints := map[string]bool{}
	for _, spelling := range []string{gke, "https://container.googleapis.com/v1/" + gke, "//container.googleapis.com/" + gke,
		strings.Replace(gke, "locations", "zones", 1)} {
		lacking := object{"cluster": spelling, "workload_pool": nil, "node_pools_without_gke_metadata": []any{}, "migrate_node_pools": false}
		missing := object{"code": "workload-pool-missing", "severity": "error", "subject": gke, "message": "something"}
		r := judge(t, plan(t, object{
			"resource_drift": []any{change("asm_workload_pool.x", update, with(lacking, object{"workload_pool": "shop-1.svc.id.goog"}), lacking)},
			"prior_state": data("data.asm_prerequisites.x", object{"status": "unmet", "summary": "unmet",
				"prerequisites": []any{object{"findings": []any{missing}}}}),
		}))
		roots, _ := told(r)
		if diff := cmp.Diff([]string{"workload-pool-missing " + gke}, roots); diff != "" {
			t.Errorf("%s: roots (-want +got):\n%s", spelling, diff)
		}
		for _, f := range r.Findings {
			prints[f.Fingerprint] = true
		}
	}
	if len(prints) != 1 {
		t.Errorf("%d fingerprints", len(prints))
	}
}

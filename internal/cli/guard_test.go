package cli_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// guardPlan is a plan with one change of the binding of the mesh service agent's role.
func guardPlan(actions, before, after, unknown string) string {
	const binding = `{"project":"shop-prod","role":"roles/anthosservicemesh.serviceAgent","members":%s}`
	return fmt.Sprintf(`{"format_version":"1.2","terraform_version":"1.16.0","planned_values":{},"resource_changes":[
		{"address":"google_project_iam_binding.mesh","mode":"managed","type":"google_project_iam_binding","name":"mesh",
		"provider_name":"registry.terraform.io/hashicorp/google","change":{"actions":%s,"before":`+binding+`,"after":`+binding+`,
		"after_unknown":{"members":%s},"before_sensitive":{},"after_sensitive":{}}}]}`, actions, before, after, unknown)
}

const (
	agents = `["serviceAccount:service-123456789012@gcp-sa-servicemesh.iam.gserviceaccount.com"]`
	others = `["user:x@example.com"]`
)

func TestGuard(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	breaks := file("breaks.json", guardPlan(`["update"]`, agents, others, `false`))
	keeps := file("keeps.json", guardPlan(`["update"]`, others, agents, `false`))
	unknown := file("unknown.json", guardPlan(`["update"]`, agents, `null`, `true`))
	for _, tc := range []struct {
		want int
		head string
		args []string
	}{
		{0, "HARMLESS  ", []string{keeps}},
		{3, "BREAKS  ", []string{breaks}},
		{4, "CANNOT BE TOLD  ", []string{unknown}},
		{3, "BREAKS  ", []string{keeps, unknown, breaks}},
		{3, "BREAKS  ", []string{breaks, "--fleet-project", "shop-fleet=123456789012"}},
		{0, "HARMLESS  ", []string{breaks, "--fleet-project", "shop-fleet=999"}}, // another fleet's agent
		{3, "BREAKS  ", []string{breaks, "--fleet-project", "shop-fleet=999", "--fleet-project=other-fleet=123456789012"}},
		{3, "BREAKS  ", []string{breaks, "--fleet-project", "shop-fleet"}}, // which number is not known
	} {
		code, out, errs := run(t, append([]string{"guard"}, tc.args...)...)
		if code != tc.want || !strings.HasPrefix(out, tc.head) || errs != "" {
			t.Errorf("%v: exit %d, want %d: %q, %q", tc.args, code, tc.want, out, errs)
		}
	}
}

// The plan comes by a pipe, and goes out in several formats.
func TestGuardFromAPipe(t *testing.T) {
	folder := t.TempDir()
	comment, document := filepath.Join(folder, "c.md"), filepath.Join(folder, "r.json")
	code, out, errs := runWith(t, guardPlan(`["delete"]`, agents, `null`, `false`), "guard", "-", "--output", "table",
		"--output=markdown="+comment, "--output", "json="+document)
	if code != 3 || errs != "" || !strings.Contains(out, "google_project_iam_binding.mesh") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if text, err := os.ReadFile(comment); err != nil || !strings.Contains(string(text), "**Instead:**") {
		t.Errorf("%v: %s", err, text)
	}
	var r guard.Result
	text, err := os.ReadFile(document)
	if err != nil || json.Unmarshal(text, &r) != nil || r.Verdict != guard.Breaks || len(r.Findings) != 1 ||
		r.Findings[0].Address != "google_project_iam_binding.mesh" || r.Findings[0].Plan != "-" || r.Tool != "terraform-provider-asm 1.2.3" {
		t.Errorf("%v: %s", err, text)
	}
}

// An error says what and what next, names every plan that cannot be read, and leaves files alone.
func TestGuardErrors(t *testing.T) {
	folder := t.TempDir()
	old, log := filepath.Join(folder, "old.md"), filepath.Join(folder, "log.json")
	for name, text := range map[string]string{old: "old", log: `{"@level":"info","@message":"Terraform 1.11.4"}`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"reading the plan no.json: open no.json: no such file", []string{"no.json", log, "--output=markdown=" + old}},
		{"log.json: it is the log of terraform plan -json, not the plan; make it with", []string{"no.json", log}},
		{"reading the plan guard_test.go: it is not JSON of a plan", []string{"guard_test.go"}},
		{"no.json is given twice", []string{"no.json", "no.json"}},
		{"--fleet-project: \"x\" is neither a project ID", []string{"no.json", "--fleet-project=x"}},
		{"--fleet-project: shop-fleet: \"one\" is not a project number", []string{"no.json", "--fleet-project=shop-fleet=one"}},
		{"there is no report format", []string{"x", "--output=openmetrics"}},
		{"give a plan", nil},
		{"give both", []string{"--against", folder}},
		{"- is given twice", []string{"-", "--manifests", "-"}},
		{"--manifests no: lstat no: no such file", []string{"--manifests", "no"}},
	} {
		if code, out, errs := run(t, append([]string{"guard"}, tc.args...)...); code != 1 || out != "" || !strings.Contains(errs, tc.want) {
			t.Errorf("%v: exit %d, %q, %q", tc.args, code, out, errs)
		}
	}
	if text, _ := os.ReadFile(old); string(text) != "old" {
		t.Errorf("the file of an earlier report holds %q", text)
	}
}

// Manifests come by a pipe, and what was before from a folder.
func TestGuardManifests(t *testing.T) {
	const namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {%s}}\n"
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "shop.yaml"), fmt.Appendf(nil, namespace, "istio.io/rev: asm-managed"), 0o600); err != nil {
		t.Fatal(err)
	}
	for labels, want := range map[string]int{"istio.io/rev: asm-managed, team: a": 0, "team: a": 3} {
		code, out, errs := runWith(t, fmt.Sprintf(namespace, labels), "guard", "--manifests", "-", "--against", folder)
		if code != want || errs != "" || (want == 3) != strings.Contains(out, "Namespace/shop") {
			t.Errorf("%s: exit %d, want %d: %q, %q", labels, code, want, out, errs)
		}
	}
}

// With --live, the fleet's number is asked for, and a finding says what it would hit. No verdict changes by it.
func TestGuardLive(t *testing.T) {
	world := simulate(t, sim.Options{Projects: 2, Clusters: 2})
	const agent = `["serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"]`
	plan := strings.ReplaceAll(guardPlan(`["delete"]`, agent, `null`, `false`), "shop-prod", "mesh-sim-2")
	live := func(fleet string) (int, guard.Result, string) {
		code, out, errs := runWith(t, plan, "guard", "-", "--live", "--fleet-project", fleet, "--output", "json")
		var r guard.Result
		if out != "" {
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatal(err)
			}
		}
		return code, r, errs
	}
	code, r, errs := live("mesh-sim-1")
	if code != 3 || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].Live, "holds the role there today") ||
		len(r.Findings[0].Memberships) == 0 {
		t.Fatalf("exit %d: %+v %s", code, r.Findings, errs)
	}
	for _, m := range r.Findings[0].Memberships {
		if !strings.HasPrefix(m, "projects/mesh-sim-1/locations/") && !strings.HasPrefix(m, "projects/100000000001/locations/") {
			t.Errorf("membership %q", m)
		}
	}
	world.Fault("binding-revoked?project=mesh-sim-2")
	if code, r, errs := live("mesh-sim-1"); code != 3 || !strings.Contains(r.Findings[0].Live, "does not hold the role there today") {
		t.Errorf("revoked: exit %d: %+v %s", code, r.Findings, errs)
	}
	world.Fault("forbidden")
	if code, r, errs := live("mesh-sim-1=100000000001"); code != 3 || !strings.Contains(r.Findings[0].Live, "could not be read") {
		t.Errorf("forbidden: exit %d: %+v %s", code, r.Findings, errs)
	}
	if code, _, errs := live("mesh-sim-1"); code != 1 || !strings.Contains(errs, "resourcemanager.projects.get") {
		t.Errorf("forbidden, the number is not known: exit %d: %s", code, errs)
	}
	if code, _, errs := runWith(t, plan, "guard", "-", "--live"); code != 1 || !strings.Contains(errs, "--live needs --fleet-project") {
		t.Errorf("no fleet: exit %d: %s", code, errs)
	}
}

package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const plans = "../planreport/testdata/"

func TestPlanReport(t *testing.T) {
	for name, want := range map[string]int{"tofu-clean": 0, "terraform-nested": 0, "terraform-drift-nested": 2, "terraform-target": 4} {
		if code, out, errs := run(t, "plan-report", plans+name+".json"); code != want || out == "" || errs != "" {
			t.Errorf("%s: exit %d, want %d: %s", name, code, want, errs)
		}
	}
}

// A failed check and nothing to change: 3. The plan comes by standard input, as in
// a pipe, and goes out in several formats.
func TestPlanReportFromAPipe(t *testing.T) {
	folder := t.TempDir()
	comment, document := filepath.Join(folder, "c.md"), filepath.Join(folder, "r.json")
	const plan = `{"format_version":"1.2","terraform_version":"1.16.0","planned_values":{},"checks":[
		{"address":{"kind":"check","to_display":"check.mesh"},"status":"fail","instances":[
			{"address":{"to_display":"check.mesh"},"status":"fail","problems":[{"message":"not well"}]}]}]}`
	code, out, errs := runWith(t, plan, "plan-report", "-", "--output", "table", "--output=markdown="+comment, "--output", "json="+document)
	if code != 3 || errs != "" || !strings.HasPrefix(out, "UNHEALTHY  nothing is to change; 1 check fails") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if text, err := os.ReadFile(comment); err != nil || !strings.Contains(string(text), "not well") {
		t.Errorf("%v: %s", err, text)
	}
	var report struct{ Tool, Verdict string }
	text, err := os.ReadFile(document)
	if err != nil || json.Unmarshal(text, &report) != nil || report.Verdict != "unhealthy" || report.Tool != "terraform-provider-asm 1.2.3" {
		t.Errorf("%v: %s", err, text)
	}
}

// An error says what and what next, and leaves files alone.
func TestPlanReportErrors(t *testing.T) {
	old := filepath.Join(t.TempDir(), "old.md")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		want string
		args []string
	}{
		{"reading the plan no.json: open no.json: no such file", []string{"no.json"}},
		{"reading the plan planreport_test.go: it is not JSON of a plan", []string{"planreport_test.go"}},
		{"terraform-errored.json: the plan failed", []string{plans + "terraform-errored.json", "--output=markdown=" + old}},
		{"--output html=/no/such/x: the file cannot be written", []string{"no.json", "--output=html=/no/such/x"}},
		{"there is no report format", []string{"x", "--output=xml"}},
		{"accepts 1 arg(s)", nil},
	} {
		if code, out, errs := run(t, append([]string{"plan-report"}, tc.args...)...); code != 1 || out != "" || !strings.Contains(errs, tc.want) {
			t.Errorf("%v: exit %d, %q, %q", tc.args, code, out, errs)
		}
	}
	if text, _ := os.ReadFile(old); string(text) != "old" {
		t.Errorf("the file of an earlier report holds %q", text)
	}
}

// A plan that would take something away says so beside its drift, whoever's resource does it.
func TestPlanReportSaysWhatGuardSays(t *testing.T) {
	code, out, errs := runWith(t, guardPlan(`["delete"]`, agents, `null`, `false`), "plan-report", "-")
	if code != 2 || errs != "" || !strings.Contains(out, "applying it: 1 change takes away what the mesh needs") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if _, out, _ := runWith(t, guardPlan(`["update"]`, others, agents, `false`), "plan-report", "-"); strings.Contains(out, "applying it") {
		t.Errorf("a harmless plan: %q", out)
	}
}

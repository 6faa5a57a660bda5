package report_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// guarded has a plan of each verdict, and one that failed before it came to a resource of the mesh.
func guarded(s string) *guard.Result {
	return &guard.Result{
		Schema: guard.SchemaVersion, Tool: "terraform-provider-asm 0.5.0", Verdict: guard.Breaks,
		Summary: "1 change takes away what the mesh needs" + s,
		Plans: []guard.Plan{
			{Name: "net.json" + s, Verdict: guard.Breaks, Terraform: "1.11.4", Resources: 40, Judged: 2},
			{Name: "apps.json" + s, Verdict: guard.Harmless, Terraform: "1.11.4", Resources: 3},
			{Name: "-" + s, Verdict: guard.Unknown, Reason: "the plan failed" + s},
		},
		Findings: []guard.Finding{
			{Verdict: guard.Breaks, Code: catalogue.BindingMissing, Address: `module.mesh["eu"].google_project_iam_binding.agent` + s,
				Type: "google_project_iam_binding", Action: "update", Subject: "roles/anthosservicemesh.serviceAgent on shop" + s, Plan: "net.json" + s,
				Reason: "It takes the role" + s, Consequence: "Google stops reconciling" + s, Instead: "Keep the grant" + s,
				Source: "https://example.com/iam"},
			{Verdict: guard.Unknown, Code: catalogue.NotManaged, Address: "google_gke_hub_feature_membership.m" + s, Deposed: "5e415dc9" + s,
				Type: "google_gke_hub_feature_membership", Action: "delete", Subject: "shop" + s, Plan: "net.json" + s,
				Reason: "Nothing orders the two" + s, Instead: "Forget it" + s, Source: "https://example.com/hub",
				Live: "1 membership with a mesh is hit" + s, Memberships: []string{"projects/shop/locations/global/memberships/m" + s}},
		},
	}
}

func writeGuard(t testing.TB, format report.Format, r *guard.Result) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.WriteGuard(&out, format, r, report.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestGuardGolden(t *testing.T) {
	t.Parallel()
	for _, format := range report.GuardFormats() {
		got := writeGuard(t, format, guarded(""))
		switch format {
		case report.HTML:
			got = withoutStyle(got)
		case report.JSON:
			if err := validate(t, schemaOf(t, "guard"), got); err != nil {
				t.Error(err)
			}
		}
		extension := extensions[format]
		if format == report.CodeQuality {
			extension = "codequality.json"
		}
		golden(t, filepath.Join("testdata", "guard."+extension), got)
	}
}

// A plan that cannot be told, and has no finding, must not look well to a program.
func TestGuardWithoutFindings(t *testing.T) {
	t.Parallel()
	r := guarded("")
	r.Verdict, r.Plans, r.Findings = guard.Unknown, r.Plans[2:], []guard.Finding{}
	if got := writeGuard(t, report.JUnit, r); !strings.Contains(got, `errors="1"`) {
		t.Errorf("JUnit counts no error:\n%s", got)
	}
	if got := checkSARIF(t, writeGuard(t, report.SARIF, r)); len(got.Runs[0].Results) != 1 {
		t.Errorf("SARIF has %d results, want one for the plan", len(got.Runs[0].Results))
	}
	if got := writeGuard(t, report.CodeQuality, r); strings.Count(got, `"fingerprint"`) != 1 {
		t.Errorf("GitLab has no issue for the plan:\n%s", got)
	}
}

// Whatever a plan says, its report is written, and keeps to its format.
func TestGuardHostileText(t *testing.T) {
	t.Parallel()
	for what, text := range nasty {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := guarded(text)
			checkTable(t, writeGuard(t, report.Table, r))
			checkJSON(t, writeGuard(t, report.JSON, r))
			checkMarkdown(t, writeGuard(t, report.Markdown, r))
			checkHTML(t, writeGuard(t, report.HTML, r))
			checkJUnit(t, writeGuard(t, report.JUnit, r))
			checkSARIF(t, writeGuard(t, report.SARIF, r))
			checkJSON(t, writeGuard(t, report.CodeQuality, r))
		})
	}
	for _, format := range report.GuardFormats() {
		if err := report.WriteGuard(fullDisk{}, format, guarded(""), report.Options{}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := report.WriteGuard(&bytes.Buffer{}, report.OpenMetrics, guarded(""), report.Options{}); err == nil {
		t.Error("a guard has metrics")
	}
}

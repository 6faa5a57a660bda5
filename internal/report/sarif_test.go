package report_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// checkSARIF validates against the schema of OASIS, which go-sarif embeds.
func checkSARIF(t testing.TB, text string) *sarif.Report {
	t.Helper()
	r, err := sarif.FromString(text, sarif.WithStrictValidation())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	return r
}

// withoutCatalogue takes out what the catalogue says of the rules: the golden
// file is about the shape, TestSARIFRules about the words.
func withoutCatalogue(t *testing.T, text string) string {
	var log map[string]any
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	driver := log["runs"].([]any)[0].(map[string]any)["tool"].(map[string]any)["driver"].(map[string]any)
	for _, rule := range driver["rules"].([]any) {
		for _, key := range []string{"fullDescription", "shortDescription", "help", "helpUri", "defaultConfiguration"} {
			delete(rule.(map[string]any), key)
		}
	}
	indented, err := json.MarshalIndent(log, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(indented) + "\n"
}

func TestSARIFValidates(t *testing.T) {
	for _, n := range []int{1, 100} {
		checkSARIF(t, render(t, report.SARIF, fleet(n), report.Options{}))
	}
	checkSARIF(t, render(t, report.SARIF, empty(), report.Options{}))
	if _, err := sarif.FromString(`{"version":"2.1.0","runs":[{}]}`); err != nil {
		t.Fatal(err)
	}
	bad, _ := sarif.FromString(`{"version":"2.0","runs":[{"results":[{"level":"fatal"}]}]}`)
	if bad.Validate() == nil {
		t.Error("the validation accepts everything")
	}
}

func TestSARIFRules(t *testing.T) {
	run := checkSARIF(t, render(t, report.SARIF, broken(), report.Options{})).Runs[0]
	seen := map[string]bool{}
	for _, rule := range run.Tool.Driver.Rules {
		d := catalogue.Describe(catalogue.Code(*rule.ID))
		if *rule.FullDescription.Text != strings.Join(strings.Fields(d.Means), " ") || d.DocURL != "" && *rule.HelpURI != d.DocURL {
			t.Errorf("rule %s does not say what the catalogue says", *rule.ID)
		}
		if want := map[catalogue.Severity]string{catalogue.Error: "error", catalogue.Warning: "warning",
			catalogue.Info: "note"}[d.Severity]; rule.DefaultConfiguration.Level != want {
			t.Errorf("rule %s has level %s, want %s", *rule.ID, rule.DefaultConfiguration.Level, want)
		}
		if seen[*rule.ID] {
			t.Errorf("rule %s is there twice", *rule.ID)
		}
		seen[*rule.ID] = true
	}
	for _, result := range run.Results {
		if *run.Tool.Driver.Rules[result.RuleIndex].ID != *result.RuleID {
			t.Errorf("the rule index of %s points elsewhere", *result.RuleID)
		}
	}
}

func TestSARIFResults(t *testing.T) {
	run := checkSARIF(t, render(t, report.SARIF, broken(), report.Options{})).Runs[0]
	results := map[string]*sarif.Result{}
	for _, r := range run.Results {
		results[r.PartialFingerprints["asmFinding/v1"]] = r
	}
	if len(results) != 7 {
		t.Fatalf("%d results, want 7", len(results))
	}
	root, consequence, hidden := results["f-binding"], results["f-data"], results["f-pool"]
	if root.Level != "error" || *root.BaselineState != "new" ||
		*root.Locations[0].LogicalLocations[0].FullyQualifiedName != "projects/net-host" || len(root.RelatedLocations) != 0 {
		t.Errorf("root: %+v", root)
	}
	if *consequence.BaselineState != "unchanged" || len(consequence.RelatedLocations) != 1 ||
		*consequence.RelatedLocations[0].LogicalLocations[0].FullyQualifiedName != "projects/net-host" ||
		!strings.Contains(*consequence.RelatedLocations[0].Message.Text, string(catalogue.BindingMissing)) {
		t.Errorf("consequence: %+v", consequence)
	}
	if len(hidden.Suppressions) != 1 || *hidden.Suppressions[0].Justification != "the batch pool has no mesh workloads (until "+
		"2026-12-31)" || len(root.Suppressions) != 0 {
		t.Errorf("suppressed: %+v", hidden)
	}
	if n := run.Invocations[0].ToolConfigurationNotifications; len(n) != 1 || !strings.Contains(*n[0].Message.Text, "expired 2026-11-01") {
		t.Errorf("notifications %+v", n)
	}
	if results["f-several"].Level != "note" {
		t.Error("info is not a note")
	}
	old := broken()
	old.Findings[0].New, old.Resolved = false, nil
	for _, r := range checkSARIF(t, render(t, report.SARIF, old, report.Options{})).Runs[0].Results {
		if r.BaselineState != nil {
			t.Error("a baseline state without a baseline")
		}
	}
}

func TestSARIFStaysWithinWhatGitHubTakes(t *testing.T) {
	r := broken()
	for i := range 30_000 {
		f := r.Findings[5]
		f.Fingerprint = fmt.Sprint("more-", i)
		r.Findings = append(r.Findings, f)
	}
	last := r.Findings[1]
	last.Fingerprint = "root-at-the-end"
	r.Findings = append(r.Findings, last)
	text := render(t, report.SARIF, r, report.Options{})
	var log sarif.Report
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if len(run.Results) != 25_000 || !strings.Contains(text, "root-at-the-end") {
		t.Errorf("%d results", len(run.Results))
	}
	if n := run.Invocations[0].ToolExecutionNotifications; len(n) != 1 || !strings.HasPrefix(*n[0].Message.Text, "5,008 findings left out") {
		t.Errorf("notifications %+v", n)
	}
}

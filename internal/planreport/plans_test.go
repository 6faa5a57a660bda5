package planreport_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/planreport"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

func judge(t *testing.T, raw []byte) *planreport.Result {
	t.Helper()
	plan, err := planreport.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return planreport.Make(plan, "terraform-provider-asm 1.2.3")
}

func recorded(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// told are the root causes, as "code (detail) subject", and how many findings they explain.
func told(r *planreport.Result) (roots []string, explained int) {
	for _, f := range r.Findings {
		switch {
		case f.Severity == catalogue.Info:
		case f.Root():
			name := string(f.Code)
			if f.Detail != "" {
				name += " (" + f.Detail + ")"
			}
			roots = append(roots, name+" "+f.Subject)
		default:
			explained++
		}
	}
	return roots, explained
}

// Plans of real Terraform and OpenTofu. terraform is the exit code that "plan
// -detailed-exitcode" had.
func TestRecordedPlans(t *testing.T) {
	const cluster = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
	for _, tc := range []struct {
		plan            string
		terraform, want int
		summary         string
		explained       int
		roots           []string
	}{
		{"tofu-clean", 0, 0, "healthy: nothing is to change; 1 check passes", 0, nil},
		{"terraform-nested", 2, 0, "healthy: nothing is to change; 2 checks pass", 0, nil},
		{"terraform-nested-refresh-only", 2, 0, "healthy: nothing is to change; 2 checks pass", 0, nil},
		{"tofu-drift", 2, 2, "unhealthy: 1 resource has drifted; 1 check fails; 1 root cause", 9, []string{"service-agent-binding-missing " +
			"projects/mesh-sim-1"}},
		{"terraform-drift-nested", 2, 2, "unhealthy: 1 resource has drifted; 2 checks fail; 1 root cause", 10,
			[]string{"service-agent-binding-missing projects/mesh-sim-1"}},
		{"terraform-drift-refresh-only", 2, 2, "unhealthy: 1 resource has drifted; 1 check fails; 1 root cause", 9,
			[]string{"service-agent-binding-missing projects/mesh-sim-1"}},
		{"terraform-api", 2, 2, "unhealthy: 1 resource has drifted; 1 check fails; 1 root cause", 10,
			[]string{"api-disabled (connectgateway.googleapis.com) projects/mesh-sim-1"}},
		{"terraform-pool", 2, 2, "unhealthy: 1 resource has drifted; 1 check fails; 1 root cause", 6,
			[]string{"workload-pool-missing " + cluster}},
		{"terraform-conditional", 2, 2, "unhealthy: 1 resource has drifted; 1 check fails; 1 root cause", 9,
			[]string{"service-agent-binding-conditional projects/mesh-sim-1"}},
		{"terraform-create", 2, 2, "provisioning: 2 are to be brought under management; 1 check passes", 0, nil},
		{"terraform-other", 2, 2, "healthy: other changes: 1 to change; 1 check passes", 0, nil},
		{"terraform-late", 2, 2, "unknown: 1 is to be brought under management; other changes: 1 to add; 1 check has no result; 1 check " +
			"passes; 2 root causes", 0,
			[]string{"cannot-read data.asm_mesh_health.late", "check-undecided check.late"}},
		{"terraform-target", 0, 4, "unknown: nothing is to change; 1 check has no result; 2 root causes", 0,
			[]string{"cannot-read plan", "check-undecided check.top"}},
		{"terraform-sensitive", 2, 2, "unhealthy: 1 resource has drifted; 2 checks pass; 1 root cause", 0,
			[]string{"api-disabled (connectgateway.googleapis.com) projects/(sensitive value)"}},
	} {
		t.Run(tc.plan, func(t *testing.T) {
			r := judge(t, recorded(t, tc.plan))
			if r.ExitCode() != tc.want || r.Summary != tc.summary {
				t.Errorf("exit code %d, want %d (Terraform's is %d): %s", r.ExitCode(), tc.want, tc.terraform, r.Summary)
			}
			roots, explained := told(r)
			if diff := cmp.Diff(tc.roots, roots); diff != "" {
				t.Errorf("roots (-want +got):\n%s", diff)
			}
			if explained != tc.explained {
				t.Errorf("they explain %d findings, want %d", explained, tc.explained)
			}
			written(t, r)
		})
	}
}

// written writes a report in every format; as JSON it must fit the schema.
func written(t *testing.T, r *planreport.Result) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../../docs/schemas/diagnosis.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range report.Formats() {
		var text bytes.Buffer
		if err := report.Write(&text, format, r.Report, report.Options{}); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if format != report.JSON {
			continue
		}
		document, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("the JSON does not fit the schema: %v", err)
		}
	}
}

// What a value is marked as sensitive for is nowhere in a report.
func TestSensitiveValuesAreNotShown(t *testing.T) {
	r := judge(t, recorded(t, "terraform-sensitive"))
	for _, format := range report.Formats() {
		var text bytes.Buffer
		if err := report.Write(&text, format, r.Report, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "mesh-sim-2") {
			t.Errorf("%s names the project:\n%s", format, text.String())
		}
	}
}

// Drift names what it is seen by and which resource of the configuration it is
// about; the rest of the finding is the catalogue's.
func TestDriftIsTheCataloguesFinding(t *testing.T) {
	r := judge(t, recorded(t, "terraform-conditional"))
	f := r.Findings[0]
	about, d := "asm_service_agent_binding.fleet", catalogue.Describe(catalogue.BindingConditional)
	if f.About != about || f.Remediation != d.Remedy || f.FixedBy != "asm_service_agent_binding" || f.Runbook != d.Runbook ||
		f.Kind != mesh.ServiceAgentGrant {
		t.Errorf("got %+v", f)
	}
	want := []diagnosis.Evidence{
		{Source: "plan, " + about, Text: "granted = false -> true"},
		{Source: "plan, resource_drift", Text: "it changed outside of Terraform since the last apply"},
		{Source: "data.asm_diagnosis.all", Text: "the same"},
		{Source: "data.asm_prerequisites.all", Text: "the same"},
	}
	if diff := cmp.Diff(want, f.Evidence); diff != "" {
		t.Error(diff)
	}
	at := slices.IndexFunc(r.Subjects, func(s diagnosis.Subject) bool { return s.Name == about })
	if s := r.Subjects[at]; s.Type != diagnosis.TypeResource || s.Verdict != mesh.Unhealthy ||
		!slices.Equal(s.Checks, []diagnosis.Check{{Kind: mesh.ServiceAgentGrant, Status: diagnosis.Unmet}}) {
		t.Errorf("the resource is %+v", s)
	}
	again := judge(t, recorded(t, "terraform-conditional"))
	if diff := cmp.Diff(asJSON(t, r), asJSON(t, again)); diff != "" {
		t.Errorf("another report of the same plan differs:\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	plan := string(recorded(t, "tofu-clean"))
	for _, tc := range []struct{ want, text string }{
		{"it is empty", ""},
		{"it is empty", " \n"},
		{"the plan file itself", "PK\x03\x04whatever"},
		{"it is not JSON of a plan; a wrapper", "[command]/usr/bin/terraform show\n{}"},
		{"it is not JSON of a plan; a wrapper", "null"},
		{"unexpected EOF", plan[:len(plan)-10]},
		{"there is more after the plan", plan + "{}"},
		{"the log of terraform plan -json", `{"@level":"info","@message":"Terraform 1.16.0"}` + "\n" + `{"@level":"info"}`},
		{"it has no format_version", `{}`},
		{"it is a state", `{"format_version":"1.0","terraform_version":"1.16.0","values":{"root_module":{}}}`},
		{`format_version is "2.0"; this version reads 1.x`, `{"format_version":"2.0","planned_values":{}}`},
		{`format_version is "0.2"; this version reads 1.x`, `{"format_version":"0.2","planned_values":{}}`},
		{`format_version is "new"`, `{"format_version":"new","planned_values":{}}`},
		{"it was made by Terraform 1.4.6", `{"format_version":"1.1","terraform_version":"1.4.6","planned_values":{}}`},
		{"neither planned_values nor", `{"format_version":"1.2","terraform_version":"1.16.0"}`},
		{"it is not a plan as Terraform writes one", `{"format_version":"1.2","terraform_version":"1.16.0","planned_values":[]}`},
		{"the plan failed (errored is true)", string(recorded(t, "terraform-errored"))},
	} {
		if _, err := planreport.Read(strings.NewReader(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("want %q, got %v", tc.want, err)
		}
	}
	if _, err := planreport.Read(strings.NewReader("\xef\xbb\xbf" + plan)); err != nil {
		t.Errorf("with a byte order mark: %v", err)
	}
	if _, err := planreport.Read(io.MultiReader(strings.NewReader("{"), broken{})); err == nil {
		t.Error("a read that fails is taken for an end")
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func asJSON(t *testing.T, r *planreport.Result) string {
	t.Helper()
	var text bytes.Buffer
	if err := report.Write(&text, report.JSON, r.Report, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

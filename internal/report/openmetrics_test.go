package report_test

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// checkOpenMetrics reads text with Prometheus' own parser of OpenMetrics 1.0.0, which goes by the grammar of the
// specification. The samples are returned by name and labels.
func checkOpenMetrics(t testing.TB, text string) map[string]float64 {
	t.Helper()
	if !strings.HasSuffix(text, "\n# EOF\n") || strings.Count(text, "# EOF") != 1 {
		t.Fatal("does not end with # EOF")
	}
	samples := map[string]float64{}
	d := expfmt.NewDecoder(strings.NewReader(text), expfmt.FmtOpenMetrics_1_0_0)
	for {
		var f dto.MetricFamily
		err := d.Decode(&f)
		if errors.Is(err, io.EOF) {
			return samples
		}
		if err != nil {
			t.Fatalf("%v in\n%.3000s", err, text)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			key := f.GetName() + "{" + strings.Join(labels, ",") + "}"
			if _, twice := samples[key]; twice {
				t.Errorf("%s is there twice", key)
			}
			samples[key] = m.GetGauge().GetValue()
		}
	}
}

var metricLine = regexp.MustCompile(`^(# (TYPE|UNIT|HELP) asm_[a-z_]+ [^\n]+|# EOF|` +
	`asm_[a-z_]+(\{[a-z]+="([^"\\\n]|\\[\\"n])*"(,[a-z]+="([^"\\\n]|\\[\\"n])*")*\})? -?[0-9.]+(e\+[0-9]+)?)$`)

// checkMetricLines holds text to the grammar line by line, where the parser is too slow, and to having no series twice.
func checkMetricLines(t testing.TB, text string) {
	t.Helper()
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !metricLine.MatchString(line) || !utf8.ValidString(line) {
			t.Fatalf("%.300q is no line of OpenMetrics", line)
		}
		series := line[:strings.LastIndexByte(line, ' ')]
		if !strings.HasPrefix(line, "#") && seen[series] {
			t.Fatalf("%.300s is there twice", series)
		}
		seen[series] = true
	}
}

func TestOpenMetrics(t *testing.T) {
	samples := checkOpenMetrics(t, render(t, report.OpenMetrics, broken(), report.Options{}))
	for name, want := range map[string]float64{
		`asm_diagnosis_verdict{verdict="unhealthy"}`:                  1,
		`asm_diagnosis_verdict{verdict="healthy"}`:                    0,
		`asm_diagnosis_subjects{type="membership",verdict="unknown"}`: 1,
		`asm_diagnosis_subjects{type="membership",verdict="healthy"}`: 0,
		`asm_diagnosis_checks{kind="control_plane",status="blocked"}`: 1,
		`asm_diagnosis_suppressed{}`:                                  1,
		`asm_diagnosis_suppressions_expired{}`:                        1,
		`asm_diagnosis_resolved{}`:                                    1,
		`asm_diagnosis_timestamp_seconds{}`:                           1795354623,
		`asm_diagnosis_duration_seconds{}`:                            3,
		`asm_diagnosis_finding_left_out{}`:                            0,
		`asm_diagnosis_findings{code="data-plane-state",detail="FAILED_PRECONDITION",severity="error",` +
			`root="false",waiting="false",new="false"}`: 1,
		`asm_diagnosis_finding{code="service-agent-binding-missing",detail="",severity="error",` +
			`subject="projects/net-host",root="true",waiting="false",new="true"}`: 1,
	} {
		if got, found := samples[name]; !found || got != want {
			t.Errorf("%s is %v (%v), want %v", name, got, found, want)
		}
	}
	for name := range samples {
		if strings.HasPrefix(name, "asm_diagnosis_finding{") && strings.Contains(name, "data-plane-state") {
			t.Error("a consequence has a series of its own:", name)
		}
	}
}

func TestOpenMetricsKeepsSeriesFew(t *testing.T) {
	r := broken()
	for i := range 1500 {
		f := r.Findings[2]
		f.Subject = fmt.Sprint("projects/p/clusters/", i)
		r.Findings = append(r.Findings, f)
	}
	samples := checkOpenMetrics(t, render(t, report.OpenMetrics, r, report.Options{}))
	if len(samples) > 1100 {
		t.Errorf("%d series", len(samples))
	}
	if got := samples["asm_diagnosis_finding_left_out{}"]; got != 504 {
		t.Errorf("%v left out, want 504", got)
	}
	unreadable := `asm_diagnosis_findings{code="` + string(catalogue.Unreadable) +
		`",detail="",severity="warning",root="true",waiting="false",new="false"}`
	if got := samples[unreadable]; got != 1501 {
		t.Errorf("%v counted, want 1501", got)
	}
}

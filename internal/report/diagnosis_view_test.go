package report_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// What is explained by a suppressed finding, by one that is not there or by
// another consequence has no root to stand under; it must not be lost.
func TestStrayConsequencesAreTold(t *testing.T) {
	for _, by := range []string{"f-pool", "f-nowhere", "f-revisions"} {
		r := broken()
		r.Findings[5].BlockedBy = []string{by}
		for _, format := range []report.Format{report.Table, report.Markdown, report.HTML} {
			text := render(t, format, r, report.Options{})
			at := strings.Index(text, "explained by a cause that is not listed here")
			if at < 0 {
				at = strings.Index(text, "Consequences of a cause that is not listed")
			}
			if at < 0 || !strings.Contains(text[at:], string(catalogue.DataPlaneState)) {
				t.Errorf("%s by %s is lost in %s", catalogue.DataPlaneState, by, format)
			}
		}
	}
}

// Conditions share a code and are different things.
func TestDetailsAreToldApart(t *testing.T) {
	r := broken()
	for i, detail := range []string{"A", "A", "A", "A", "B", "B", "B", "B", "B"} {
		f := r.Findings[2]
		f.Code, f.Detail, f.Fingerprint = catalogue.ConditionReported, detail, string(rune('a'+i))
		r.Findings = append(r.Findings, f)
	}
	inOrder(t, render(t, report.Table, r, report.Options{}), "mesh-condition (A)", "4 findings", "mesh-condition (B)", "5 findings")
}

// A kind of finding whose remedies differ is shown with the general one.
func TestRemedyOfMany(t *testing.T) {
	r := broken()
	for i := range 4 {
		f := r.Findings[2]
		f.Code, f.Fingerprint = catalogue.PoolMissing, string(rune('a'+i))
		f.Remediation = "Set the pool of cluster " + string(rune('a'+i))
		r.Findings = append(r.Findings, f)
	}
	inOrder(t, render(t, report.Table, r, report.Options{}), string(catalogue.PoolMissing),
		"remedy: "+catalogue.Describe(catalogue.PoolMissing).Remedy)
}

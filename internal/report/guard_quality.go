package report

import (
	"io"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// qualityIssue is what GitLab reads of Code Climate's issues (docs.gitlab.com/ci/testing/code_quality).
type qualityIssue struct {
	Description string          `json:"description"`
	CheckName   string          `json:"check_name"`
	Fingerprint string          `json:"fingerprint"`
	Severity    string          `json:"severity"`
	Location    qualityLocation `json:"location"`
}

type qualityLocation struct {
	Path  string       `json:"path"`
	Lines qualityLines `json:"lines"`
}

type qualityLines struct {
	Begin int `json:"begin"`
}

func writeGuardQuality(w io.Writer, r *guard.Result) error {
	issues := []qualityIssue{}
	findings := append(slices.Clone(r.Findings), untold(r)...)
	for i := range findings {
		f := &findings[i]
		severity := "critical"
		if f.Verdict != guard.Breaks {
			severity = "major"
		}
		issues = append(issues, qualityIssue{
			Description: Shorten(Clean(f.Address+": "+f.Reason+" Instead: "+f.Instead), sarifText), CheckName: Clean(string(f.Code)),
			Fingerprint: guardPrint(f), Severity: severity, Location: qualityLocation{guardPlace(f), qualityLines{1}},
		})
	}
	return encodeJSON(w, issues)
}

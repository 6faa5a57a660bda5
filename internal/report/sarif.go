package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

const (
	toolURI = "https://github.com/managed-mesh/terraform-provider-asm"
	// sarifResults is how many results GitHub accepts in a run (its page "SARIF
	// support for code scanning"); roots come first.
	sarifResults = 25_000
	sarifExpired = 100
	sarifText    = 4000 // characters of a message
	// sarifPrint names our fingerprint and its version, as SARIF 3.27.17 requires.
	sarifPrint = "asmFinding/v1"
)

func writeSARIF(w io.Writer, d *diagnosisView, _ Options) error {
	run := sarif.NewRun()
	s := sarifWriter{diagnosisView: d, run: run, rules: map[catalogue.Code]int{}, baseline: hasBaseline(d.Report)}
	name, version := toolName(d.Tool)
	run.Tool = sarif.NewTool().WithDriver(sarif.NewToolComponent().WithName(name).WithInformationURI(toolURI))
	if version != "" {
		run.Tool.Driver.WithVersion(version)
	}
	total := len(d.Findings) + len(d.Suppressed)
	for _, root := range []bool{true, false} {
		for i := range d.Findings {
			if f := &d.Findings[i]; f.Root() == root {
				s.add(f)
			}
		}
	}
	for i := range d.Suppressed {
		s.add(&d.Suppressed[i])
	}
	run.Properties = sarif.NewPropertyBag().Add("verdict", string(d.Verdict)).Add("summary", Clean(d.Summary))
	if len(d.Resolved) > 0 {
		run.Properties.Add("resolved", d.Resolved)
	}
	run.AddInvocation(s.invocation(total - len(run.Results)))
	report := sarif.NewReport()
	report.AddRun(run)
	return report.Write(w)
}

type sarifWriter struct {
	*diagnosisView
	run      *sarif.Run
	rules    map[catalogue.Code]int
	baseline bool
}

// hasBaseline reports whether r was compared with an earlier run, which shows only in new or resolved findings.
func hasBaseline(r *diagnosis.Report) bool {
	if len(r.Resolved) > 0 {
		return true
	}
	for i := range r.Findings {
		if r.Findings[i].New {
			return true
		}
	}
	return false
}

func toolName(tool string) (name, version string) {
	name, version, _ = strings.Cut(Clean(tool), " ")
	if name == "" {
		name = "terraform-provider-asm"
	}
	return name, version
}

func (s *sarifWriter) invocation(leftOut int) *sarif.Invocation {
	// A broken mesh is a result; the diagnosis itself ran.
	i := sarif.NewInvocation().WithExecutionSuccessful(true)
	if !s.Started.IsZero() && !s.Finished.IsZero() {
		i.WithStartTimeUtc(s.Started.UTC().Format(time.RFC3339)).WithEndTimeUtc(s.Finished.UTC().Format(time.RFC3339))
	}
	for _, e := range s.Expired[:min(len(s.Expired), sarifExpired)] {
		i.AddToolConfigurationNotification(sarifWarning("suppression of " + expired(e)))
	}
	if leftOut > 0 {
		i.AddToolExecutionNotification(sarifWarning(fmt.Sprintf(
			"%s left out: code scanning accepts %s results in a run. See the formats json and html for all.",
			Plural(leftOut, "finding"), number(sarifResults))))
	}
	return i
}

func sarifWarning(text string) *sarif.Notification {
	return sarif.NewNotification().WithLevel("warning").WithMessage(sarif.NewTextMessage(text))
}

func (s *sarifWriter) add(f *diagnosis.Finding) {
	if len(s.run.Results) == sarifResults {
		return
	}
	result := sarif.NewRuleResult(Clean(string(f.Code))).
		WithRuleIndex(s.rule(f.Code)).
		WithLevel(sarifLevel(f.Severity)).
		WithMessage(sarif.NewTextMessage(sarifMessage(f))).
		WithPartialFingerprints(map[string]string{sarifPrint: Clean(f.Fingerprint)})
	result.AddLocation(s.location(f.Subject, f.About))
	for i, print := range f.BlockedBy {
		if root := s.byPrint[print]; root != nil {
			result.AddRelatedLocation(s.location(root.Subject, root.About).WithID(i).
				WithMessage(sarif.NewTextMessage("root cause: " + named(root.Code, root.Detail) + ": " + Shorten(Clean(root.Message), sarifText))))
		}
	}
	if f.Suppression != nil {
		result.AddSuppression(sarif.NewSuppression().WithKind("external").WithJustification(suppressedUntil(f.Suppression)))
	}
	if s.baseline {
		result.WithBaselineState(map[bool]string{true: "new", false: "unchanged"}[f.New])
	}
	result.WithProperties(sarifProperties(f))
	s.run.AddResult(result)
}

func sarifMessage(f *diagnosis.Finding) string {
	message := Shorten(Clean(f.Message), sarifText)
	if message == "" {
		message = Clean(string(f.Code))
	}
	if f.Remediation != "" {
		message += " Remedy: " + Shorten(Clean(f.Remediation), sarifText)
	}
	return message
}

func sarifProperties(f *diagnosis.Finding) *sarif.PropertyBag {
	p := sarif.NewPropertyBag()
	for key, value := range map[string]string{
		"detail": f.Detail, "fixedBy": f.FixedBy, "runbook": f.Runbook, "kind": string(f.Kind), "culprit": culprit(f.Culprit),
	} {
		if value != "" {
			p.Add(key, Clean(value))
		}
	}
	p.Add("root", f.Root())
	if f.Waiting {
		p.Add("waiting", true)
	}
	if len(f.BlockedBy) > 0 {
		p.Add("blockedBy", f.BlockedBy)
	}
	return p
}

// location is the place of a finding. A mesh has no files, so it is a logical location.
func (s *sarifWriter) location(name, about string) *sarif.Location {
	logical := sarif.NewLogicalLocation().WithName(Clean(base(name))).WithFullyQualifiedName(Clean(name)).WithKind("resource")
	if about != "" && about != name {
		logical.WithDecoratedName(Clean(about))
	}
	return sarif.NewLocation().WithLogicalLocations([]*sarif.LogicalLocation{logical})
}

// rule returns the index of a code's rule, and adds the rule at its first use.
func (s *sarifWriter) rule(code catalogue.Code) int {
	if i, known := s.rules[code]; known {
		return i
	}
	d := catalogue.Describe(code)
	rule := sarif.NewRule(Clean(string(code))).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(sarifLevel(d.Severity)))
	if d.Means != "" {
		rule.WithShortDescription(multi(firstSentence(d.Means))).WithFullDescription(multi(d.Means))
	}
	if d.Remedy != "" {
		rule.WithHelp(multi(d.Remedy))
	}
	if strings.HasPrefix(d.DocURL, "https://") {
		rule.WithHelpURI(d.DocURL)
	}
	i := len(s.run.Tool.Driver.Rules)
	s.run.Tool.Driver.AddRule(rule)
	s.rules[code] = i
	return i
}

func multi(text string) *sarif.MultiformatMessageString {
	return sarif.NewMultiformatMessageString().WithText(Clean(text))
}

func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}

func sarifLevel(s catalogue.Severity) string {
	switch s {
	case catalogue.Error:
		return "error"
	case catalogue.Info:
		return "note"
	}
	return "warning"
}

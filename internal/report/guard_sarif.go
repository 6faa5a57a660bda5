package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// sarifGuardPrint names the guard's fingerprint and its version, as SARIF 3.27.17 requires.
const sarifGuardPrint = "asmGuard/v1"

// writeGuardSARIF writes a result for each finding. Code scanning shows only results that have a place in a file, which is
// the plan: where the configuration has the resource, a plan does not say.
func writeGuardSARIF(w io.Writer, r *guard.Result) error {
	run := sarif.NewRun()
	name, version := toolName(r.Tool)
	run.Tool = sarif.NewTool().WithDriver(sarif.NewToolComponent().WithName(name).WithInformationURI(toolURI))
	if version != "" {
		run.Tool.Driver.WithVersion(version)
	}
	rules := map[catalogue.Code]int{}
	findings := append(slices.Clone(r.Findings), untold(r)...)
	for i := range findings[:min(len(findings), sarifResults)] {
		f := &findings[i]
		at, known := rules[f.Code]
		if !known {
			at = len(run.Tool.Driver.Rules)
			rules[f.Code] = at
			run.Tool.Driver.AddRule(guardRule(f))
		}
		run.AddResult(guardResult(f, at))
	}
	run.Properties = sarif.NewPropertyBag().Add("verdict", string(r.Verdict)).Add("summary", Clean(r.Summary))
	i := sarif.NewInvocation().WithExecutionSuccessful(true)
	if over := len(findings) - len(run.Results); over > 0 {
		i.AddToolExecutionNotification(sarifWarning(fmt.Sprintf("%s left out: code scanning accepts %s results in a run. See the format json "+
			"for all.", Plural(over, "finding"), number(sarifResults))))
	}
	run.AddInvocation(i)
	report := sarif.NewReport()
	report.AddRun(run)
	return report.Write(w)
}

// untold has a finding for each plan that cannot be told as a whole.
func untold(r *guard.Result) []guard.Finding {
	var all []guard.Finding
	for _, p := range r.Plans {
		if p.Verdict == guard.Unknown && !slices.ContainsFunc(r.Findings, func(f guard.Finding) bool { return f.Plan == p.Name }) {
			all = append(all, guard.Finding{
				Verdict: guard.Unknown, Code: catalogue.Unreadable, Address: wholePlan, Plan: p.Name, Reason: p.Reason,
				Instead: "Make a plan that can be applied, and guard that.",
			})
		}
	}
	return all
}

func guardRule(f *guard.Finding) *sarif.ReportingDescriptor {
	rule := sarif.NewRule(Clean(string(f.Code))).WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel("error"))
	title := catalogue.Describe(f.Code).Title
	if title == "" {
		title = "A plan takes away what managed mesh needs: " + string(f.Code)
	}
	rule.WithShortDescription(multi(title))
	if f.Consequence != "" {
		rule.WithFullDescription(multi(f.Consequence))
	}
	return rule.WithHelp(multi(f.Instead))
}

func guardResult(f *guard.Finding, rule int) *sarif.Result {
	level := "error"
	if f.Verdict != guard.Breaks {
		level = "warning"
	}
	logical := sarif.NewLogicalLocation().WithName(Clean(f.Address)).WithFullyQualifiedName(Clean(f.Address)).WithKind("resource")
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation((&url.URL{Path: guardPlace(f)}).String())).
		WithRegion(sarif.NewRegion().WithStartLine(1))
	result := sarif.NewRuleResult(Clean(string(f.Code))).WithRuleIndex(rule).WithLevel(level).
		WithMessage(sarif.NewTextMessage(Shorten(Clean(f.Address+": "+f.Reason+" "+f.Consequence+" Instead: "+f.Instead), sarifText))).
		WithPartialFingerprints(map[string]string{sarifGuardPrint: guardPrint(f)})
	result.AddLocation(sarif.NewLocation().WithPhysicalLocation(physical).WithLogicalLocations([]*sarif.LogicalLocation{logical}))
	result.WithProperties(sarif.NewPropertyBag().Add("verdict", string(f.Verdict)).Add("subject", Clean(f.Subject)).
		Add("action", Clean(f.Action)).Add("source", f.Source))
	return result
}

// guardPrint is the same for a finding in every run, whatever it is about besides.
func guardPrint(f *guard.Finding) string {
	print := sha256.Sum256([]byte(strings.Join([]string{string(f.Code), f.Address, f.Deposed, f.Subject}, "\x00")))
	return hex.EncodeToString(print[:16])
}

// guardPlace is the file of a finding: the plan.
func guardPlace(f *guard.Finding) string {
	if f.Plan == "-" || f.Plan == "" {
		return "plan.json"
	}
	return Clean(f.Plan)
}

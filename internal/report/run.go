package report

import (
	"io"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// Plans are the plans of a runbook for its targets, as runbook plan --output json
// writes them; docs/schemas/plan.schema.json describes them.
type Plans struct {
	Schema  int             `json:"schema"` // runbook.PlanSchema
	Tool    string          `json:"tool"`
	Summary string          `json:"summary"` // one line for a person
	Plans   []*runbook.Plan `json:"plans"`   // by target
	Failed  []Unplanned     `json:"failed,omitempty"`
}

// Unplanned is a target that could not be planned.
type Unplanned struct {
	Target string `json:"target"`
	Error  string `json:"error"`
}

// NewPlans puts plans into one document.
func NewPlans(tool string, plans []*runbook.Plan, failed []Unplanned) Plans {
	p := Plans{Schema: runbook.PlanSchema, Tool: tool, Plans: plans, Failed: failed}
	if p.Plans == nil {
		p.Plans = []*runbook.Plan{}
	}
	p.Summary = p.summarize()
	return p
}

// ExitCode is the gravest exit code of the plans: 2, then 4, then 3.
func (p *Plans) ExitCode() int {
	codes := map[int]bool{}
	for _, one := range p.Plans {
		codes[one.ExitCode()] = true
	}
	for _, code := range []int{diagnosis.ExitChanges, diagnosis.ExitUnknown, diagnosis.ExitUnhealthy} {
		if codes[code] {
			return code
		}
	}
	return diagnosis.ExitClean
}

func (p *Plans) summarize() string {
	if len(p.Plans) == 1 && len(p.Failed) == 0 {
		return planSummary(p.Plans[0])
	}
	counts := map[int]int{}
	for _, one := range p.Plans {
		counts[one.ExitCode()]++
	}
	parts := []string{Plural(len(p.Plans)+len(p.Failed), "target")}
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+what)
		}
	}
	add(counts[diagnosis.ExitChanges], "to change")
	add(counts[diagnosis.ExitUnhealthy], "unhealthy with nothing to change")
	add(counts[diagnosis.ExitUnknown], "unknown")
	add(len(p.Failed), "could not be planned")
	add(counts[diagnosis.ExitClean], "in place")
	return strings.Join(parts, ", ")
}

// Remediation is a remediation with the plans that were shown.
type Remediation struct {
	*runbook.Remediation
	// Plans are those that were shown last, when they were not run.
	Plans   []*runbook.Plan `json:"plans,omitempty"`
	Refused string          `json:"refused,omitempty"` // why they were not run
	Stopped string          `json:"stopped,omitempty"` // why it stopped before its end
}

// WritePlans writes plans. The same plans always give the same bytes.
func WritePlans(w io.Writer, format Format, p *Plans, o Options) error {
	whole := *p
	whole.Plans = wholePlans(p.Plans)
	return writeRun(w, format, whole, newPlansView(p), o)
}

// WriteRun writes the results of runs.
func WriteRun(w io.Writer, format Format, r *runbook.Report, o Options) error {
	return writeRun(w, format, wholeRun(r), newRunView(r), o)
}

// WriteRemediation writes the findings and the results of a remediation.
func WriteRemediation(w io.Writer, format Format, r *Remediation, o Options) error {
	inner := *r.Remediation
	inner.Before, inner.After, inner.Rounds = whole(inner.Before), whole(inner.After), slices.Clone(orEmpty(inner.Rounds))
	for i := range inner.Rounds {
		inner.Rounds[i].Remedies = orEmpty(inner.Rounds[i].Remedies)
		if inner.Rounds[i].Report != nil {
			inner.Rounds[i].Report = wholeRun(inner.Rounds[i].Report)
		}
	}
	outer := *r
	outer.Remediation = &inner
	if r.Plans != nil {
		outer.Plans = wholePlans(r.Plans)
	}
	return writeRun(w, format, outer, newRemediationView(r), o)
}

// wholePlans returns plans without nil lists.
func wholePlans(plans []*runbook.Plan) []*runbook.Plan {
	all := []*runbook.Plan{}
	for _, p := range plans {
		one := *p
		one.Steps = orEmpty(one.Steps)
		all = append(all, &one)
	}
	return all
}

// wholeRun returns a report without nil lists.
func wholeRun(r *runbook.Report) *runbook.Report {
	one := *r
	one.Results = slices.Clone(orEmpty(one.Results))
	for i := range one.Results {
		one.Results[i].Steps = orEmpty(one.Results[i].Steps)
	}
	return &one
}

func writeRun(w io.Writer, format Format, document any, v *runView, o Options) error {
	f, err := lookup(RunFormats(), format)
	if err != nil {
		return err
	}
	v.document = document
	return buffer(w, format, func(w io.Writer) error { return f.run(w, v, o) })
}

func writeRunJSON(w io.Writer, v *runView, _ Options) error { return encodeJSON(w, v.document) }

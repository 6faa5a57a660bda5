package planreport

import (
	"fmt"
	"strings"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Result is the verdict on a plan.
type Result struct {
	*diagnosis.Report
	// Ours and Others count what the plan would do to resources of this provider and to all others.
	Ours, Others Counts
	// Outputs is how many root outputs would change. That alone is no drift.
	Outputs int
}

// Make judges a plan. The report is of the plan alone: the same plan always gives
// the same report. tool is the Tool of the report.
func Make(plan *tfjson.Plan, tool string) *Result {
	j := newJoin(plan)
	result := &Result{Report: &diagnosis.Report{Schema: diagnosis.SchemaVersion, Tool: tool, Scope: []string{}}}
	if made, err := time.Parse(time.RFC3339, plan.Timestamp); err == nil {
		result.Started, result.Finished = made.UTC(), made.UTC()
	}
	result.Ours, result.Others = j.changes(plan)
	j.dataSources(plan)
	j.checks(plan)
	j.partial(plan)
	for _, o := range plan.OutputChanges {
		if o != nil && !o.Actions.NoOp() {
			result.Outputs++
		}
	}
	result.Subjects, result.Findings = j.conclude()
	verdicts := []mesh.Verdict{mesh.Healthy}
	for _, s := range result.Subjects {
		verdicts = append(verdicts, s.Verdict)
	}
	for _, f := range result.Findings {
		verdicts = append(verdicts, f.Verdict)
	}
	result.Verdict = mesh.Worst(verdicts...)
	result.Summary = string(result.Verdict) + ": " + result.summarize(j)
	return result
}

// ExitCode is the exit code that a plan deserves: 2 when applying it would change something, as Terraform's own; 3 when
// it would not and the mesh is not well; 4 when that is not known.
func (r *Result) ExitCode() int {
	if r.Ours.any() || r.Others.any() {
		return diagnosis.ExitChanges
	}
	code := r.Report.ExitCode(diagnosis.FailDegraded)
	if code == diagnosis.ExitChanges { // a resource would correct it, but none in this plan does
		return diagnosis.ExitUnhealthy
	}
	return code
}

func (r *Result) summarize(j *join) string {
	var parts []string
	say := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, "1 "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	say(r.Ours.Drifted, "resource has drifted", "resources have drifted")
	say(r.Ours.Add, "is to be brought under management", "are to be brought under management")
	ours := r.Ours
	ours.Add, ours.Drifted = 0, 0
	if ours.any() {
		parts = append(parts, "by the configuration, "+ours.String())
	}
	if r.Others.any() {
		parts = append(parts, "other changes: "+r.Others.String())
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing is to change")
	}
	say(j.failed, "check fails", "checks fail")
	say(j.undecided, "check has no result", "checks have no result")
	say(j.passed, "check passes", "checks pass")
	roots := 0
	for _, f := range r.Findings {
		if f.Root() && f.Severity != catalogue.Info {
			roots++
		}
	}
	say(roots, "root cause", "root causes")
	say(r.Outputs, "output would change", "outputs would change")
	return strings.Join(parts, "; ")
}

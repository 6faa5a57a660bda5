package runbook

import "slices"

// Join makes one report of results from anywhere, in their order. notRun are
// targets of which there is none.
func Join(tool, job string, results []Result, notRun []string) *Report {
	r := &Report{Schema: ReportSchema, Tool: tool, Job: job, Results: slices.Clone(results), NotRun: notRun}
	for _, one := range results {
		if r.Started.IsZero() || one.Started.Before(r.Started) {
			r.Started = one.Started
		}
		if one.Finished.After(r.Finished) {
			r.Finished = one.Finished
		}
	}
	r.summarize()
	return r
}

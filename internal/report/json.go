package report

import (
	"io"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
)

func writeJSON(w io.Writer, d *diagnosisView, _ Options) error { return encodeJSON(w, whole(d.Report)) }

// whole returns a report without nil lists.
func whole(report *diagnosis.Report) *diagnosis.Report {
	if report == nil {
		return nil
	}
	r := *report
	r.Scope = orEmpty(r.Scope)
	r.Findings = orEmpty(r.Findings)
	r.Subjects = slices.Clone(orEmpty(r.Subjects))
	for i := range r.Subjects {
		r.Subjects[i].Checks = orEmpty(r.Subjects[i].Checks)
	}
	return &r
}

// orEmpty makes a nil list an empty one: a consumer can count it without a check.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

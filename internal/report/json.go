package report

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
)

func writeJSON(w io.Writer, d *digest, _ Options) error {
	r := whole(d.Report)
	buffered := bufio.NewWriter(w)
	e := json.NewEncoder(buffered)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // a person reads it, too
	if err := e.Encode(r); err != nil {
		return err
	}
	return buffered.Flush()
}

// whole is a report whose lists are all there.
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

// orEmpty makes a list that a consumer can count without asking whether it is there.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

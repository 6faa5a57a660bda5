package rehearsal

import (
	"fmt"
	"io"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// WriteText writes a report for people: a line for each test that passed, and the
// differences and the log of one that failed.
func (r *Report) WriteText(w io.Writer) error {
	for i := range r.Results {
		if err := r.Results[i].WriteText(w); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r.Summary())
	return err
}

// Summary is the report in one line.
func (r *Report) Summary() string {
	took := fmt.Sprintf("in %.1fs", r.Duration.Seconds())
	n, failed := len(r.Results), r.Failed()
	switch {
	case n == 0:
		return "no tests were run"
	case failed == 0:
		return fmt.Sprintf("%s passed %s", report.Plural(n, "test"), took)
	}
	return fmt.Sprintf("%d of %s failed %s", failed, report.Plural(n, "test"), took)
}

// WriteText writes the result of one test for people.
func (r *Result) WriteText(w io.Writer) error {
	var b strings.Builder
	word := "ok  "
	if !r.Passed() {
		word = "FAIL"
	}
	fmt.Fprintf(&b, "%s  %s: %s (%.2fs)\n", word, r.File, r.Test, r.Duration.Seconds())
	if !r.Passed() {
		b.WriteString(indented("      ", r.detail()))
	}
	_, err := io.WriteString(w, report.CleanLines(b.String()))
	return err
}

// detail is everything about a test that failed.
func (r *Result) detail() string {
	var b strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "%s:%d: %s\n", r.File, f.Line, f.Text)
	}
	if len(r.Story) > 0 {
		b.WriteString("what happened:\n" + indented("    ", strings.Join(r.Story, "\n")))
	}
	return b.String()
}

func indented(by, text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(by + strings.TrimSuffix(line, "\n") + "\n")
	}
	return b.String()
}

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// writeSheetJUnit makes a suite of each target and a case of each step. Of a plan
// what is to be changed fails, as drift does; of a run what failed.
func writeSheetJUnit(w io.Writer, s *sheet) error {
	suites := junit.Testsuites{Name: strings.ToLower(s.kind)}
	for i, p := range s.parts {
		suite := newSuite(titled(p.title, p.target), i)
		suite.AddProperty("status", p.status)
		for _, r := range p.rows {
			suite.AddTestcase(sheetCase(p, r))
		}
		suites.Suites = append(suites.Suites, suite)
		suites.Tests += suite.Tests
		suites.Failures += suite.Failures
		suites.Errors += suite.Errors
	}
	fmt.Fprint(w, xml.Header)
	return suites.WriteXML(w)
}

func sheetCase(p part, r row) junit.Testcase {
	c := junit.Testcase{Name: orSome(r.name), Classname: orSome(titled(p.title, p.target)), Time: "0"}
	var b strings.Builder
	if r.subject != "" {
		fmt.Fprintln(&b, r.subject)
	}
	for _, change := range r.changes {
		fmt.Fprintf(&b, "%s: %s -> %s\n", change.field, change.from, change.to)
	}
	message := r.status
	for i, n := range r.notes {
		line := n.text
		if n.label != "" {
			line = n.label + ": " + line
		}
		if i == 0 {
			message += ": " + line
		}
		fmt.Fprintln(&b, line)
	}
	result := &junit.Result{Message: shorten(message, junitText), Data: b.String()}
	switch r.outcome {
	case failed:
		c.Failure = result
	case errored:
		c.Error = result
	case skipped:
		c.Skipped = result
	default:
		if b.Len() > 0 {
			c.SystemOut = &junit.Output{Data: b.String()}
		}
	}
	return c
}

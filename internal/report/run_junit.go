package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"
)

// writeRunJUnit makes a suite of each target and a case of each step. In a plan a step
// with changes fails, as drift does; in a run a step that failed.
func writeRunJUnit(w io.Writer, s *runView, _ Options) error {
	suites := junit.Testsuites{Name: strings.ToLower(s.kind)}
	for i, p := range s.parts {
		suite := newSuite(titled(p.title, p.target), i)
		suite.AddProperty("status", p.status)
		for _, r := range p.rows {
			suite.AddTestcase(stepCase(p, r))
		}
		suites.Suites = append(suites.Suites, suite)
	}
	return writeSuites(w, suites)
}

func stepCase(p part, r row) junit.Testcase {
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
	result := &junit.Result{Message: Shorten(message, junitText), Data: b.String()}
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

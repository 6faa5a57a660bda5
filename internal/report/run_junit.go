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
	suites := junit.Testsuites{Name: strings.ToLower(s.Kind)}
	for i, p := range s.Parts {
		suite := newSuite(titled(p.Title, p.Target), i)
		suite.AddProperty("status", p.Status)
		for _, r := range p.Rows {
			suite.AddTestcase(stepCase(p, r))
		}
		suites.Suites = append(suites.Suites, suite)
	}
	return writeSuites(w, suites)
}

func stepCase(p part, r row) junit.Testcase {
	c := junit.Testcase{Name: orSome(r.Name), Classname: orSome(titled(p.Title, p.Target)), Time: "0"}
	var b strings.Builder
	if r.Subject != "" {
		fmt.Fprintln(&b, r.Subject)
	}
	for _, change := range r.Changes {
		fmt.Fprintf(&b, "%s: %s -> %s\n", change.Field, change.From, change.To)
	}
	message := r.Status
	for i, n := range r.Notes {
		line := n.Text
		if n.Label != "" {
			line = n.Label + ": " + line
		}
		if i == 0 {
			message += ": " + line
		}
		fmt.Fprintln(&b, line)
	}
	result := &junit.Result{Message: Shorten(message, junitText), Data: b.String()}
	switch r.Outcome {
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

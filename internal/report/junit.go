package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

const (
	junitText     = 2000 // characters of a message
	junitFindings = 50   // findings in one case
)

// junitWriter makes a suite of each subject and a case of each check. It uses only
// attributes that Jenkins' schema junit-10.xsd allows.
type junitWriter struct {
	*diagnosisView
	byCheck map[junitCheck][]*diagnosis.Finding
	written map[junitCheck]bool
}

type junitCheck struct {
	subject string
	kind    mesh.Kind
}

func writeJUnit(w io.Writer, d *diagnosisView, _ Options) error {
	j := junitWriter{d, map[junitCheck][]*diagnosis.Finding{}, map[junitCheck]bool{}}
	var order []junitCheck
	for i := range d.Findings {
		f := &d.Findings[i]
		check := junitCheck{f.About, f.Kind}
		if j.byCheck[check] == nil {
			order = append(order, check)
		}
		j.byCheck[check] = append(j.byCheck[check], f)
	}
	suites := junit.Testsuites{Name: "mesh diagnosis"}
	at := map[string]int{}
	for i := range d.Subjects {
		s := &d.Subjects[i]
		suite := newSuite(s.Name, len(suites.Suites))
		suite.AddProperty("type", Clean(s.Type))
		suite.AddProperty("verdict", Clean(string(s.Verdict)))
		suite.AddProperty("summary", Shorten(Clean(s.Summary), junitText))
		for _, check := range s.Checks {
			suite.AddTestcase(j.testcase(junitCheck{s.Name, check.Kind}, check.Status))
		}
		at[s.Name] = len(suites.Suites)
		suites.Suites = append(suites.Suites, suite)
	}
	// A finding without a check would otherwise be lost.
	for _, check := range order {
		if j.written[check] {
			continue
		}
		i, known := at[check.subject]
		if !known {
			i = len(suites.Suites)
			at[check.subject] = i
			suites.Suites = append(suites.Suites, newSuite(check.subject, i))
		}
		suites.Suites[i].AddTestcase(j.testcase(check, statusOf(j.byCheck[check])))
	}
	return writeSuites(w, suites)
}

// writeSuites adds the sums of the suites and writes them.
func writeSuites(w io.Writer, suites junit.Testsuites) error {
	// Not AddSuite: the schema has no attribute skipped here.
	for _, s := range suites.Suites {
		suites.Tests += s.Tests
		suites.Failures += s.Failures
		suites.Errors += s.Errors
	}
	fmt.Fprint(w, xml.Header)
	return suites.WriteXML(w)
}

func newSuite(subject string, id int) junit.Testsuite {
	return junit.Testsuite{Name: orSome(Clean(subject)), ID: id, Time: "0"}
}

func orSome(name string) string {
	if name == "" {
		return "(no name)"
	}
	return name
}

// statusOf derives the status of a check from its findings.
func statusOf(findings []*diagnosis.Finding) diagnosis.Status {
	status := diagnosis.Met
	for _, f := range findings {
		switch {
		case f.Severity == catalogue.Info:
		case f.Code == catalogue.Unreadable:
			if status == diagnosis.Met {
				status = diagnosis.Unknown
			}
		case !f.Root():
			if status == diagnosis.Met {
				status = diagnosis.Blocked
			}
		default:
			return diagnosis.Unmet
		}
	}
	return status
}

func (j *junitWriter) testcase(check junitCheck, status diagnosis.Status) junit.Testcase {
	j.written[check] = true
	findings := j.byCheck[check]
	c := junit.Testcase{Name: orSome(Clean(string(check.kind))), Classname: orSome(Clean(check.subject)), Time: "0"}
	message, body := fmt.Sprintf("%s is %s", c.Name, Clean(string(status))), j.body(findings)
	result := &junit.Result{Data: body}
	if f := decisive(findings, status); f != nil {
		message, result.Type = Shorten(Clean(f.Message), junitText), Clean(string(f.Code))
	}
	result.Message = message
	switch status {
	case diagnosis.Met:
		if body != "" {
			c.SystemOut = &junit.Output{Data: body}
		}
	case diagnosis.Unmet:
		c.Failure = result
	case diagnosis.Blocked:
		result.Message = j.blockers(findings)
		c.Skipped = result
	default:
		c.Error = result
	}
	return c
}

// decisive returns the finding that most likely decided a status.
func decisive(findings []*diagnosis.Finding, status diagnosis.Status) *diagnosis.Finding {
	for _, f := range findings {
		if f.Severity != catalogue.Info && f.Root() != (status == diagnosis.Blocked) {
			return f
		}
	}
	if len(findings) > 0 {
		return findings[0]
	}
	return nil
}

// blockers names what blocks a check.
func (j *junitWriter) blockers(findings []*diagnosis.Finding) string {
	var names []string
	seen := map[string]bool{}
	for _, f := range findings {
		for _, print := range f.BlockedBy {
			if root := j.byPrint[print]; root != nil && !seen[print] {
				seen[print] = true
				names = append(names, named(root.Code, root.Detail)+" on "+Clean(root.Subject))
			}
		}
	}
	if len(names) == 0 {
		return "blocked by another unmet prerequisite"
	}
	return "blocked by " + someNames(names, 5)
}

func (j *junitWriter) body(findings []*diagnosis.Finding) string {
	var b strings.Builder
	for i, f := range findings {
		if i == junitFindings {
			fmt.Fprintf(&b, "and %s\n", Plural(len(findings)-i, "more finding"))
			break
		}
		fmt.Fprintf(&b, "%s %s: %s: %s%s\n", Clean(string(f.Severity)), named(f.Code, f.Detail), Clean(f.Subject),
			Shorten(Clean(f.Message), junitText), waitingNote(f))
		if who := culprit(f.Culprit); who != "" {
			fmt.Fprintf(&b, "  caused by %s\n", who)
		}
		if f.Remediation != "" {
			fmt.Fprintf(&b, "  remedy: %s\n", Shorten(Clean(f.Remediation), junitText))
		}
		if f.Root() {
			fmt.Fprintf(&b, "  next: %s\n", j.next([]*diagnosis.Finding{f}))
		}
	}
	return b.String()
}

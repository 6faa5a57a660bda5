package rehearsal

import (
	"fmt"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// JUnit returns a suite of each file with a case of each test. It keeps to the
// attributes that Jenkins' schema junit-10.xsd allows.
func (r *Report) JUnit() junit.Testsuites {
	suites := junit.Testsuites{Name: "runbook tests"}
	at := map[string]int{}
	seconds := map[string]float64{}
	for i := range r.Results {
		one := &r.Results[i]
		n, known := at[one.File]
		if !known {
			n = len(suites.Suites)
			at[one.File] = n
			suites.Suites = append(suites.Suites, junit.Testsuite{Name: report.CleanLines(one.File), ID: n})
		}
		c := junit.Testcase{
			Name:      report.CleanLines(one.Test),
			Classname: report.CleanLines(one.Runbook),
			Time:      fmt.Sprintf("%.3f", one.Duration.Seconds()),
		}
		if !one.Passed() {
			first := one.Failures[0]
			c.Failure = &junit.Result{
				Message: report.CleanLines(fmt.Sprintf("line %d: %s", first.Line, first.Text)),
				Data:    report.CleanLines(one.detail()),
			}
		}
		suites.Suites[n].AddTestcase(c)
		seconds[one.File] += one.Duration.Seconds()
	}
	for file, n := range at {
		suites.Suites[n].Time = fmt.Sprintf("%.3f", seconds[file])
	}
	return suites
}

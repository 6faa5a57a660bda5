// Package summary counts the tests in the JSON stream of go test and finds the suites that should have
// run and did not. gotestsum shows the tests themselves.
package summary

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Summary collects the results of go test, and of other checks.
type Summary struct {
	module   string // import path that is left out of the names
	packages map[string]*pkg
	checks   []check
}

type pkg struct {
	name   string
	tests  map[string]string // the last action of each test: pass, fail, skip, or "" while it runs
	action string            // likewise, of the package
}

type check struct {
	name string
	err  error
}

// event is what counts in a line of go test -json; see "go doc test2json".
type event struct {
	Action  string
	Package string
	Test    string
}

// New returns an empty summary of the module with the given path.
func New(module string) *Summary {
	return &Summary{module: module, packages: map[string]*pkg{}}
}

// Check records a check that is not a Go test, such as the linter.
func (s *Summary) Check(name string, err error) {
	s.checks = append(s.checks, check{name, err})
}

// Read reads the output of go test -json to its end. Results of a package that is there twice add up.
func (s *Summary) Read(r io.Reader) error {
	decoder := json.NewDecoder(r)
	for {
		var e event
		err := decoder.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the output of go test -json: %w", err)
		}
		if e.Package != "" && slices.Contains([]string{"start", "run", "pass", "fail", "skip"}, e.Action) {
			s.event(e)
		}
	}
}

func (s *Summary) event(e event) {
	p := s.packages[e.Package]
	if p == nil {
		p = &pkg{name: s.short(e.Package), tests: map[string]string{}}
		s.packages[e.Package] = p
	}
	next := e.Action
	if next == "start" || next == "run" {
		next = "" // not ended yet
	}
	if e.Test == "" {
		if p.action != "fail" { // another run does not make up for a failed one
			p.action = next
		}
	} else if p.tests[e.Test] != "fail" {
		p.tests[e.Test] = next
	}
}

// failed reports whether a test failed, or never came to an end because its process did.
func (p *pkg) failed(name string) bool {
	return p.tests[name] == "fail" || p.tests[name] == ""
}

// results lists the tests that count: those without subtests, and those that failed by themselves.
// Counting a parent, which only repeats the result of its subtests, would count them twice.
func (p *pkg) results() []string {
	parents, failing := map[string]bool{}, map[string]bool{} // failing: because of a subtest
	for name := range p.tests {
		for i, c := range name {
			if c == '/' {
				parents[name[:i]] = true
				failing[name[:i]] = failing[name[:i]] || p.failed(name)
			}
		}
	}
	var names []string
	for name := range p.tests {
		if !parents[name] || p.failed(name) && !failing[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Finish writes what failed and, as the last line, the counts. It reports whether everything passed.
// Suites are those that had to run.
func (s *Summary) Finish(out io.Writer, suites []Suite) bool {
	var passed, skipped int
	failures := s.failedTests(&passed, &skipped)
	for _, c := range s.checks {
		if c.err == nil {
			passed++
		} else {
			failures = append(failures, c.name+": "+c.err.Error())
		}
	}
	for _, suite := range suites {
		if err := suite.missing(s); err != nil {
			failures = append(failures, err.Error())
		}
	}
	if len(failures) > 0 {
		fmt.Fprintf(out, "\nFailed:\n    %s\n", strings.Join(failures, "\n    "))
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", passed, len(failures), skipped)
	return len(failures) == 0
}

func (s *Summary) failedTests(passed, skipped *int) []string {
	var failures []string
	for _, p := range s.sorted() {
		before := len(failures)
		for _, name := range p.results() {
			switch {
			case p.failed(name):
				failures = append(failures, p.name+" "+name)
			case p.tests[name] == "skip":
				*skipped++
			default:
				*passed++
			}
		}
		if p.action != "pass" && p.action != "skip" && len(failures) == before {
			failures = append(failures, p.name+": its tests did not build or did not come to an end")
		}
	}
	return failures
}

// Failed reports whether a test or a package failed so far.
func (s *Summary) Failed() bool {
	var passed, skipped int
	return len(s.failedTests(&passed, &skipped)) > 0
}

func (s *Summary) sorted() []*pkg {
	var list []*pkg
	for _, p := range s.packages {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b *pkg) int { return strings.Compare(a.name, b.name) })
	return list
}

// short names a package as it is found in the repository.
func (s *Summary) short(path string) string {
	if path == s.module {
		return "."
	}
	return strings.TrimPrefix(path, s.module+"/")
}

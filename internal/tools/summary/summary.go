// Package summary turns the output of go test -json into what a person and a job need to know: what
// failed and why, what was skipped by name, what should have run and did not, and the counts.
package summary

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A Summary collects the results of any number of runs of go test, and of other checks.
type Summary struct {
	out      io.Writer
	module   string // import path that is left out of the names
	packages map[string]*pkg
	builds   map[string][]string // output of failed builds, by import path
	checks   []check
	failures int // of runs of packages
}

type pkg struct {
	name   string
	tests  map[string]*test
	order  []string
	output []string // that belongs to no test
	action string   // pass, fail, skip, or "" while it runs
}

type test struct {
	output []string
	action string
}

type check struct {
	name string
	err  error
}

// event is a line of go test -json; see "go doc test2json" and "go help buildjson".
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	Elapsed     float64
	FailedBuild string
}

// New returns an empty summary of the module with the given path, which reports on out.
func New(out io.Writer, module string) *Summary {
	return &Summary{out: out, module: module, packages: map[string]*pkg{}, builds: map[string][]string{}}
}

// Check records a check that is not a Go test, such as the linter.
func (s *Summary) Check(name string, err error) {
	s.checks = append(s.checks, check{name, err})
}

// Read consumes the output of one go test -json to its end.
func (s *Summary) Read(r io.Reader) error {
	reader := bufio.NewReader(r)
	for {
		line, err := reader.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *Summary) line(line string) {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(s.out, line) // not from test2json: a user wants to see it
		return
	}
	switch e.Action {
	case "build-output":
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
	case "start", "run", "output", "pass", "fail", "skip":
		s.event(e)
	}
}

func (s *Summary) event(e event) {
	p := s.packages[e.Package]
	if p == nil {
		p = &pkg{name: s.short(e.Package), tests: map[string]*test{}}
		s.packages[e.Package] = p
	}
	if e.Test == "" {
		switch e.Action {
		case "output":
			p.output = append(p.output, e.Output)
		case "pass", "fail", "skip":
			if p.action != "fail" { // another run of the package makes up for nothing
				p.action = e.Action
			}
			if e.Action == "fail" {
				s.failures++
			}
			s.finished(p, e)
		}
		return
	}
	t := p.tests[e.Test]
	if t == nil {
		t = &test{}
		p.tests[e.Test] = t
		p.order = append(p.order, e.Test)
	}
	switch e.Action {
	case "output":
		t.output = append(t.output, e.Output)
	case "pass", "fail", "skip":
		if t.action != "fail" {
			t.action = e.Action
		}
	}
}

// finished prints one line about a package, and above it what its failing tests wrote.
func (s *Summary) finished(p *pkg, e event) {
	if e.Action == "skip" && len(p.tests) == 0 {
		return // no test files
	}
	if e.Action == "fail" {
		for _, name := range p.order {
			if p.failed(name) {
				printOutput(s.out, p.tests[name].output)
			}
		}
		printOutput(s.out, s.builds[e.FailedBuild])
		printOutput(s.out, p.output)
	}
	passed, failed, skipped := p.count(nil)
	took := time.Duration(e.Elapsed * float64(time.Second)).Round(10 * time.Millisecond)
	word := "ok  "
	if e.Action == "fail" {
		word = "FAIL"
	}
	fmt.Fprintf(s.out, "%s  %-40s %8s  %s\n", word, p.name, took, counts(passed, failed, skipped))
}

// failed reports whether a test failed, or never came to an end because its process did.
func (p *pkg) failed(name string) bool {
	action := p.tests[name].action
	return action == "fail" || action == ""
}

// results lists the tests that count: those without subtests, and those that failed on their own
// account. A parent that only hands on what its subtests did would be counted twice.
func (p *pkg) results() []string {
	var names []string
	for _, name := range p.order {
		parent, failing := false, false
		for _, other := range p.order {
			if strings.HasPrefix(other, name+"/") {
				parent = true
				failing = failing || p.failed(other)
			}
		}
		if !parent || p.failed(name) && !failing {
			names = append(names, name)
		}
	}
	return names
}

// count counts the tests for which want is true, or all when it is nil.
func (p *pkg) count(want func(name string) bool) (passed, failed, skipped int) {
	for _, name := range p.results() {
		if want != nil && !want(name) {
			continue
		}
		switch {
		case p.failed(name):
			failed++
		case p.tests[name].action == "skip":
			skipped++
		default:
			passed++
		}
	}
	return passed, failed, skipped
}

// Failures counts the runs of packages that failed so far.
func (s *Summary) Failures() int { return s.failures }

// Finish prints the lists and the last line, and reports whether everything passed. Suites are those
// that had to run.
func (s *Summary) Finish(suites []Suite) bool {
	var passed, skipped int
	var failures, skips []string
	for _, path := range s.sorted() {
		p := s.packages[path]
		ok, failed, left := p.count(nil)
		passed, skipped = passed+ok, skipped+left
		for _, name := range p.results() {
			switch {
			case p.failed(name):
				failures = append(failures, p.name+" "+name)
			case p.tests[name].action == "skip":
				skips = append(skips, p.name+" "+name+reason(p.tests[name].output))
			}
		}
		if p.action != "pass" && p.action != "skip" && failed == 0 {
			failures = append(failures, p.name+": its tests did not build or did not come to an end")
		}
	}
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
	list(s.out, "Skipped:", skips)
	list(s.out, "Failed:", failures)
	fmt.Fprintf(s.out, "\n%d passed, %d failed, %d skipped\n", passed, len(failures), skipped)
	return len(failures) == 0
}

func (s *Summary) sorted() []string {
	var paths []string
	for path := range s.packages {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// short names a package as it is found in the repository.
func (s *Summary) short(path string) string {
	if path == s.module {
		return "."
	}
	return strings.TrimPrefix(path, s.module+"/")
}

func counts(passed, failed, skipped int) string {
	text := fmt.Sprintf("%d passed", passed)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	if skipped > 0 {
		text += fmt.Sprintf(", %d skipped", skipped)
	}
	return text
}

func list(out io.Writer, title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, line := range lines {
		fmt.Fprintf(out, "    %s\n", line)
	}
}

// printOutput prints what a test wrote, without the lines that only say what runs when.
func printOutput(out io.Writer, lines []string) {
	for _, line := range lines {
		if !marker(line) {
			fmt.Fprint(out, line)
		}
	}
}

func marker(line string) bool {
	line = strings.TrimSpace(line)
	return line == "PASS" || line == "FAIL" || strings.HasPrefix(line, "=== ")
}

// reason finds what a test said when it skipped: the text behind "file_test.go:12: ".
func reason(output []string) string {
	for _, line := range slices.Backward(output) {
		line = strings.TrimSpace(line)
		if line == "" || marker(line) || strings.HasPrefix(line, "--- SKIP") {
			continue
		}
		if _, said, ok := strings.Cut(line, ": "); ok {
			line = said
		}
		return " (" + line + ")"
	}
	return ""
}

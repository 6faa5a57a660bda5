package summary

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const module = "example.test/m"

// stream writes what go test -json would: one event per line of "ACTION PACKAGE [TEST] [| OUTPUT]".
func stream(lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		head, output, _ := strings.Cut(strings.TrimSpace(line), " | ")
		fields := strings.Fields(head)
		if len(fields) < 2 {
			continue
		}
		test := ""
		if len(fields) > 2 {
			test = fmt.Sprintf(",%q:%q", "Test", fields[2])
		}
		key := "Package"
		if strings.HasPrefix(fields[0], "build") {
			key = "ImportPath"
		}
		more := ""
		if name, ok := strings.CutPrefix(output, "FailedBuild="); ok {
			more, output = fmt.Sprintf(",%q:%q", "FailedBuild", name), ""
		}
		fmt.Fprintf(&out, "{%q:%q,%q:%q%s,%q:%q%s}\n", "Action", fields[0], key, module+"/"+fields[1], test, "Output", output+"\n", more)
	}
	return out.String()
}

func TestSummary(t *testing.T) {
	for name, test := range map[string]struct {
		events string
		suites string
		check  error
		ok     bool
		last   string
		says   []string
		hides  []string
	}{
		"subtests count, their parents do not": {
			events: `run a T
				run a T/one
				run a T/two
				pass a T/one
				pass a T/two
				pass a T
				pass a`,
			ok: true, last: "2 passed, 0 failed, 0 skipped",
			hides: []string{"Failed:", "Skipped:"},
		},
		"a failing test is shown with what it wrote": {
			events: `run a T
				output a T | === RUN   T
				output a T |     a_test.go:7: got 1, want 2
				output a T | --- FAIL: T (0.00s)
				fail a T
				run a U
				output a U |     a_test.go:9: chatter
				pass a U
				output a | FAIL
				fail a`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"a_test.go:7: got 1, want 2", "--- FAIL: T", "Failed:\n    a T\n"}, hides: []string{"chatter", "=== RUN"},
		},
		"a failing subtest is one failure": {
			events: `run a T
				run a T/one
				fail a T/one
				fail a T
				fail a`,
			last: "0 passed, 1 failed, 0 skipped",
			says: []string{"    a T/one\n"},
		},
		"a parent that fails by itself is one": {
			events: `run a T
				run a T/one
				pass a T/one
				fail a T
				fail a`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"    a T\n"},
		},
		"a skipped test is named with its reason": {
			events: `run a T
				output a T |     a_test.go:7: needs Terraform 1.14
				output a T | --- SKIP: T (0.00s)
				skip a T
				pass a`,
			ok: true, last: "0 passed, 0 failed, 1 skipped",
			says: []string{"Skipped:\n    a T (needs Terraform 1.14)\n"},
		},
		"a package that does not build fails": {
			events: `build-output a | a.go:3: undefined: x
				build-fail a
				fail a | FailedBuild=` + module + `/a`,
			last: "0 passed, 1 failed, 0 skipped",
			says: []string{"a.go:3: undefined: x", "a: its tests did not build or did not come to an end"},
		},
		"a test that never ended failed": {
			events: `run a T
				output a T | panic: test timed out
				run a U
				pass a U
				fail a`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"panic: test timed out", "    a T\n"},
		},
		"output that is cut off fails": {
			events: `start a
				run a T
				pass a T`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"a: its tests did not build or did not come to an end"},
		},
		"packages without tests say nothing": {
			events: `skip a`,
			ok:     true, last: "0 passed, 0 failed, 0 skipped",
		},
		"a suite that ran is enough": {
			events: `run a T
				pass a T
				pass a`,
			suites: "a 1",
			ok:     true, last: "1 passed, 0 failed, 0 skipped",
		},
		"a suite of which nothing is heard fails": {
			events: `run a T
				pass a T
				pass a`,
			suites: "# of the cluster\n\nb 1",
			last:   "1 passed, 1 failed, 0 skipped",
			says:   []string{"b: 0 tests ran, at least 1 were expected"},
		},
		"a suite that skips everything fails": {
			events: `run a T
				skip a T
				pass a`,
			suites: "a 1",
			last:   "0 passed, 1 failed, 1 skipped",
		},
		"a suite is counted by its pattern": {
			events: `run a TestApply
				run a TestApply/terraform_1.16.0
				pass a TestApply/terraform_1.16.0
				pass a TestApply
				pass a`,
			suites: "a 1 /terraform_1.16\na 1 /tofu_",
			last:   "1 passed, 1 failed, 0 skipped",
			says:   []string{"a: 0 tests like /tofu_ ran, at least 1 were expected"},
		},
		"a second run of a package adds to the first": {
			events: `run a TestOne
				pass a TestOne
				pass a
				run a TestScale
				pass a TestScale
				pass a`,
			suites: "a 2",
			ok:     true,
			last:   "2 passed, 0 failed, 0 skipped",
		},
		"a second run makes up for nothing": {
			events: `run a TestOne
				fail a TestOne
				fail a
				run b TestOne
				pass b TestOne
				fail b
				run a TestOne
				pass a TestOne
				pass a
				run b TestOne
				pass b TestOne
				pass b`,
			last: "1 passed, 2 failed, 0 skipped",
			says: []string{"a TestOne", "b: its tests did not build or did not come to an end"},
		},
		"a failed check counts": {
			check: errors.New("exit status 1"),
			last:  "0 passed, 1 failed, 0 skipped",
			says:  []string{"lint: exit status 1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			suites, err := ParseSuites("suites", test.suites)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			s := New(&out, module)
			if test.check != nil {
				s.Check("lint", test.check)
			}
			if err := s.Read(strings.NewReader(stream(test.events))); err != nil {
				t.Fatal(err)
			}
			if ok := s.Finish(suites); ok != test.ok {
				t.Errorf("Finish() = %v, want %v", ok, test.ok)
			}
			if !strings.HasSuffix(out.String(), "\n"+test.last+"\n") {
				t.Errorf("the last line is not %q", test.last)
			}
			for _, want := range test.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q", want)
				}
			}
			for _, unwanted := range test.hides {
				if strings.Contains(out.String(), unwanted) {
					t.Errorf("it says %q", unwanted)
				}
			}
			if t.Failed() {
				t.Logf("it said:\n%s", out.String())
			}
		})
	}
}

func TestOtherOutputIsPassedOn(t *testing.T) {
	var out strings.Builder
	if err := New(&out, module).Read(strings.NewReader("go: warning: \"./...\" matched no packages\nunfinished")); err != nil {
		t.Fatal(err)
	}
	if want := "go: warning: \"./...\" matched no packages\nunfinished"; out.String() != want {
		t.Errorf("it printed %q, want %q", out.String(), want)
	}
}

func TestParseSuitesRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"a":         "suites:1: a suite is",
		"a 1 b c":   "suites:1: a suite is",
		"\na many":  "suites:2: the least number of tests is a number from 1",
		"a 0":       "suites:1: the least number of tests is a number from 1",
		"a 1 (open": "suites:1: error parsing regexp",
	} {
		if _, err := ParseSuites("suites", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSuites(%q) says %v, want %q", text, err, want)
		}
	}
}

package summary

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const module = "example.test/m"

// stream writes what go test -json would: one event for each line of "ACTION PACKAGE [TEST]".
func stream(lines string) string {
	var out strings.Builder
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		test := ""
		if len(fields) > 2 {
			test = fmt.Sprintf(",%q:%q", "Test", fields[2])
		}
		fmt.Fprintf(&out, "{%q:%q,%q:%q%s}\n", "Action", fields[0], "Package", module+"/"+fields[1], test)
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
			hides: []string{"Failed:"},
		},
		"a failing test is named": {
			events: `run a T
				fail a T
				run a U
				pass a U
				fail a`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"Failed:\n    a T\n"},
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
		"a skipped test is counted": {
			events: `run a T
				skip a T
				pass a`,
			ok: true, last: "0 passed, 0 failed, 1 skipped",
		},
		"a package that does not build fails": {
			events: `start a
				fail a`,
			last: "0 passed, 1 failed, 0 skipped",
			says: []string{"a: its tests did not build or did not come to an end"},
		},
		"a test that never ended failed": {
			events: `run a T
				run a U
				pass a U
				fail a`,
			last: "1 passed, 1 failed, 0 skipped",
			says: []string{"    a T\n"},
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
		"a failed check counts": {check: errors.New("exit status 1"), last: "0 passed, 1 failed, 0 skipped",
			says: []string{"lint: exit status 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			suites, err := ParseSuites("suites", test.suites)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			s := New(module)
			if test.check != nil {
				s.Check("lint", test.check)
			}
			if err := s.Read(strings.NewReader(stream(test.events))); err != nil {
				t.Fatal(err)
			}
			if ok := s.Finish(&out, suites); ok != test.ok {
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

func TestReadRefusesWhatIsNoStream(t *testing.T) {
	for _, text := range []string{"FAIL", `{"Action":"run","Package":"a"`} {
		if err := New(module).Read(strings.NewReader(text)); err == nil {
			t.Errorf("Read(%q) returned no error", text)
		}
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

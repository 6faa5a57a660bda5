package report_test

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// junitRule is what Jenkins' schema junit-10.xsd of the xunit plugin says about an element, as far as we write it.
type junitRule struct {
	required, optional, children []string
	text                         bool
}

var junitRules = map[string]junitRule{
	"testsuites": {optional: []string{"name", "time", "tests", "failures", "errors"}, children: []string{"testsuite"}},
	"testsuite": {required: []string{"name", "tests", "failures", "errors"},
		optional: []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
		children: []string{"testsuite", "properties", "testcase", "system-out", "system-err"}},
	"properties": {children: []string{"property"}},
	"property":   {required: []string{"name", "value"}},
	"testcase": {required: []string{"name"}, optional: []string{"time", "classname", "group"},
		children: []string{"skipped", "error", "failure", "system-out", "system-err"}},
	"failure":    {optional: []string{"type", "message"}, text: true},
	"error":      {optional: []string{"type", "message"}, text: true},
	"skipped":    {optional: []string{"type", "message"}, text: true},
	"system-out": {text: true},
	"system-err": {text: true},
}

var junitTime = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)

func checkJUnit(t testing.TB, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			if len(open) == 0 && name != "testsuites" || len(open) > 0 && !slices.Contains(junitRules[open[len(open)-1]].children, name) {
				t.Fatalf("<%s> within %v", name, open)
			}
			checkAttributes(t, name, token.Attr)
			open = append(open, name)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && !junitRules[open[len(open)-1]].text && strings.TrimSpace(string(token)) != "" {
				t.Errorf("text %q within %v", token, open)
			}
		}
	}
}

func checkAttributes(t testing.TB, name string, attributes []xml.Attr) {
	t.Helper()
	rule := junitRules[name]
	var got []string
	for _, a := range attributes {
		got = append(got, a.Name.Local)
		if !slices.Contains(rule.required, a.Name.Local) && !slices.Contains(rule.optional, a.Name.Local) {
			t.Errorf("<%s> has no attribute %s", name, a.Name.Local)
		}
		if a.Name.Local == "time" && !junitTime.MatchString(a.Value) {
			t.Errorf("time %q", a.Value)
		}
	}
	for _, want := range rule.required {
		if !slices.Contains(got, want) {
			t.Errorf("<%s> lacks %s", name, want)
		}
	}
}

type suites struct {
	Suites []struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Cases    []struct {
			Name    string  `xml:"name,attr"`
			Failure *result `xml:"failure"`
			Error   *result `xml:"error"`
			Skipped *result `xml:"skipped"`
			Out     string  `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

type result struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

func readJUnit(t *testing.T, text string) suites {
	t.Helper()
	checkJUnit(t, text)
	var s suites
	if err := xml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJUnit(t *testing.T) {
	text := render(t, report.JUnit, broken(), report.Options{})
	s := readJUnit(t, text)
	outcome := map[string]string{}
	for _, suite := range s.Suites {
		short := suite.Name[strings.LastIndex(suite.Name, "/")+1:]
		for _, c := range suite.Cases {
			how := "passed"
			switch {
			case c.Failure != nil:
				how = "failure " + c.Failure.Type
			case c.Error != nil:
				how = "error " + c.Error.Type
			case c.Skipped != nil:
				how = "skipped: " + c.Skipped.Message
			}
			outcome[short+" "+c.Name] = how
		}
	}
	for name, want := range map[string]string{
		"net-host apis":                  "passed",
		"net-host service_agent_binding": "failure " + string(catalogue.BindingMissing),
		"cart workload_pool":             "passed",
		"cart data_plane":                "skipped: blocked by service-agent-binding-missing on projects/net-host",
		"search control_plane":           "failure " + string(catalogue.ControlPlaneState),
		"wish control_plane":             "error ",
		"wish mesh_feature":              "error " + string(catalogue.Unreadable), // a finding without a check
	} {
		if outcome[name] != want {
			t.Errorf("%s: %q, want %q", name, outcome[name], want)
		}
	}
	inOrder(t, text, "next: terraform-provider-asm runbook plan restore-service-agent-binding")
}

// A note that comes first does not name the failure.
func TestJUnitNamesTheFailure(t *testing.T) {
	r := broken()
	note := r.Findings[0]
	note.Code, note.Severity, note.Message, note.Fingerprint = catalogue.UnlistedValue, catalogue.Info, "by the way", "note"
	r.Findings = append([]diagnosis.Finding{note}, r.Findings...)
	for _, suite := range readJUnit(t, render(t, report.JUnit, r, report.Options{})).Suites {
		for _, c := range suite.Cases {
			if suite.Name == "projects/net-host" && c.Name == string(mesh.ServiceAgentGrant) &&
				(c.Failure.Type != string(catalogue.BindingMissing) || !strings.Contains(c.Failure.Text, "by the way")) {
				t.Errorf("failure %+v", c.Failure)
			}
		}
	}
}

func TestJUnitCounts(t *testing.T) {
	s := readJUnit(t, render(t, report.JUnit, fleet(500), report.Options{}))
	tests, failures, errs := 0, 0, 0
	for _, suite := range s.Suites {
		n, skipped := 0, 0
		for _, c := range suite.Cases {
			n++
			if c.Failure != nil {
				failures++
			}
			if c.Error != nil {
				errs++
			}
			if c.Skipped != nil {
				skipped++
			}
		}
		if n != suite.Tests || skipped != suite.Skipped {
			t.Errorf("%s has %d cases and says %d, %d skipped and says %d", suite.Name, n, suite.Tests, skipped, suite.Skipped)
		}
		tests += n
	}
	got := map[string]string{}
	d := xml.NewDecoder(strings.NewReader(render(t, report.JUnit, fleet(500), report.Options{})))
	for {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if start, is := token.(xml.StartElement); is {
			for _, a := range start.Attr {
				got[a.Name.Local] = a.Value
			}
			break
		}
	}
	if got["tests"] != strconv.Itoa(tests) || got["failures"] != strconv.Itoa(failures) || got["errors"] != strconv.Itoa(errs) ||
		failures == 0 || errs == 0 {
		t.Errorf("totals %v; there are %d tests, %d failures, %d errors", got, tests, failures, errs)
	}
}

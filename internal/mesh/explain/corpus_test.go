package explain_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
)

// published is a published message or output, with what explain has to answer.
type published struct {
	Text, From, Want, Says, Next string
}

func corpus(t testing.TB) map[string][]published {
	t.Helper()
	files, err := filepath.Glob("testdata/corpus/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	all := map[string][]published{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var entries []published
		if err := yaml.UnmarshalStrict(raw, &entries); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".yaml")] = entries
	}
	return all
}

// judged is how an answer compares with the right one.
type judged string

const (
	right      judged = "right"
	silent     judged = "silent"
	misleading judged = "misleading"
)

// judge compares an answer with the right one. To claim what is not ours, to give an all-clear on an error or an alarm on
// what works, and to name another cause are misleading.
func (p published) judge(got []explain.Explanation) (judged, string) {
	wanted := strings.Fields(p.Want)
	switch {
	case len(got) == 0 && len(wanted) == 0:
		return right, ""
	case len(got) == 0:
		return silent, "not known"
	case len(wanted) == 0:
		return misleading, "taken for " + names(got) + " (" + got[0].Evidence + ")"
	}
	first := got[0]
	name := strings.TrimSuffix(string(first.Code)+"/"+first.Detail, "/")
	if !slices.Contains(wanted, name) && !slices.Contains(wanted, string(first.Code)+"/*") {
		return misleading, "is " + names(got)
	}
	text := strings.Join(slices.Concat([]string{first.Title, first.Means, first.Cause, first.Remedy, first.NextCommand}, first.Subjects), " ")
	if !strings.Contains(text, p.Says) {
		return misleading, "does not say " + p.Says + ": " + text
	}
	if !strings.Contains(first.NextCommand, p.Next) {
		return misleading, "next is " + first.NextCommand
	}
	return right, ""
}

// Every message of the corpus has its right answer. The counts are printed, so that a change of the whole is seen.
func TestCorpus(t *testing.T) {
	for name, entries := range corpus(t) {
		count := map[judged]int{}
		for _, p := range entries {
			got := explain.Explain(p.Text)
			verdict, why := p.judge(got)
			count[verdict]++
			if verdict != right {
				t.Errorf("%s: %s\n%s\n(%s)", verdict, why, p.Text, p.From)
			}
			if p.From == "" {
				t.Errorf("no source: %s", p.Text)
			}
			complete(t, got)
		}
		t.Logf("%-10s %3d messages: %d right, %d silent, %d misleading", name, len(entries), count[right], count[silent], count[misleading])
	}
}

// A message that is right stays so, or is answered by nothing, when its lines are quoted, indented or logged: a form is
// no reason to claim another cause.
func TestCorpusInOtherForms(t *testing.T) {
	forms := map[string]func(string) string{
		"quoted mail":       func(s string) string { return "> " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n> ") },
		"Windows lines":     func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"indented":          func(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") },
		"between sentences": func(s string) string { return "Hello, this is what I see:\n\n" + s + "\n\nWhat can I do?\n" },
	}
	for name, entries := range corpus(t) {
		for form, apply := range forms {
			for _, p := range entries {
				if verdict, why := p.judge(explain.Explain(apply(p.Text))); verdict == misleading {
					t.Errorf("%s, %s: %s\n%s", name, form, why, p.Text)
				}
			}
		}
	}
}

// What others print stays theirs beside a sentence that speaks of Istio, and in a namespace of that name.
func TestForeignBesideProse(t *testing.T) {
	for _, before := range []string{"We run Istio on a fleet of clusters. Now I see: ", "namespace: istio-system\n"} {
		for _, p := range append(corpus(t)["foreign"], corpus(t)["foreign-near"]...) {
			if got := explain.Explain(before + p.Text); len(got) > 0 {
				t.Errorf("%s%s\nis taken for %s (%s)", before, p.Text, names(got), got[0].Evidence)
			}
		}
	}
}

// wellMesh is an answer about a mesh that works, with every field that says so.
const wellMesh = `membershipSpecs:
  projects/123456789012/locations/us-central1/memberships/cluster-1:
    mesh:
      management: MANAGEMENT_AUTOMATIC
membershipStates:
  projects/123456789012/locations/us-central1/memberships/cluster-1:
    servicemesh:
      conditions:
      - code: VPCSC_GA_SUPPORTED
        details: This control plane supports VPC-SC GA.
        severity: INFO
      controlPlaneManagement:
        details:
        - code: REVISION_READY
          details: 'Ready: asm-managed'
        implementation: TRAFFIC_DIRECTOR
        state: ACTIVE
      dataPlaneManagement:
        details:
        - code: OK
          details: Service is running.
        state: ACTIVE
    state:
      code: OK
      description: 'Revision(s) ready for use: asm-managed.'
name: projects/my-project/locations/global/features/servicemesh
resourceState:
  state: ACTIVE
`

// One field that does not say that all is well takes the all-clear away, in YAML, in JSON, quoted, and on one line.
func TestNoAllClearBesideTrouble(t *testing.T) {
	forms := map[string]func(string) string{
		"YAML":   func(s string) string { return s },
		"quoted": func(s string) string { return "> " + strings.ReplaceAll(s, "\n", "\n> ") },
		"JSON": func(s string) string {
			raw, err := yaml.YAMLToJSON([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
		"one line":   func(s string) string { return strings.Join(strings.Fields(s), " ") },
		"fragment":   func(s string) string { return s[strings.Index(s, "servicemesh:"):] },
		"with noise": func(s string) string { return "$ gcloud container fleet mesh describe\n" + s + "$ \n" },
		"colours":    func(s string) string { return strings.ReplaceAll(s, "state:", "\x1b[1;34mstate\x1b[0m:") },
		"logged": func(s string) string {
			return "2026-11-22T13:40:29Z " + strings.ReplaceAll(s, "\n", "\n2026-11-22T13:40:29Z ")
		},
		"escaped": func(s string) string {
			raw, err := json.Marshal(map[string]string{"message": s})
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		},
	}
	for form, apply := range forms {
		if got := names(explain.Explain(apply(wellMesh))); !strings.Contains(got, "nothing-wrong") {
			t.Errorf("%s: a mesh that works is %q", form, got)
		}
		for _, c := range [][2]string{
			{"        state: ACTIVE\n      dataPlane", "        state: SOMETHING_NEW\n      dataPlane"},
			{"        implementation: TRAFFIC_DIRECTOR\n        state: ACTIVE\n", ""},
			{"severity: INFO", "severity: ERROR"},
			{"severity: INFO", "severity: WARNING"},
			{"code: VPCSC_GA_SUPPORTED", "code: SOMETHING_NEW\n        severity: ERROR\n      - code: VPCSC_GA_SUPPORTED"},
			{"code: REVISION_READY", "code: REVISION_ON_FIRE"},
			{"code: OK\n          details", "code: SOMETHING_NEW\n          details"},
			{"Service is running.\n        state: ACTIVE", "Service is running.\n        state: SOMETHING_NEW"},
			{"Service is running.\n        state: ACTIVE", "Service is running.\n        state: NEEDS_ATTENTION"},
			{"      code: OK\n      description", "      code: ERROR\n      description"},
			{"      code: OK\n      description", "      code: SOMETHING_NEW\n      description"},
		} {
			broken := strings.Replace(wellMesh, c[0], c[1], 1)
			if broken == wellMesh {
				t.Fatalf("%q is not in the answer", c[0])
			}
			if got := names(explain.Explain(apply(broken))); strings.Contains(got, "nothing-wrong") {
				t.Errorf("%s: with %q it is given an all-clear: %q", form, c[1], got)
			}
		}
	}
}

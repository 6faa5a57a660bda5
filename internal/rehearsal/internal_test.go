package rehearsal

import (
	"bytes"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func TestInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		want, got string
		diff      string // "" is the same
	}{
		"nothing":              {"", "", ""},
		"same":                 {"a b", "a b", ""},
		"patterns":             {"a* *", "abc x/y", ""},
		"more":                 {"a c", "a b c", "  a|+ b|  c"},
		"less":                 {"a b c", "a c", "  a|- b|  c"},
		"another order":        {"a b", "b a", "- a|  b|+ a"},
		"another":              {"a", "b", "- a|+ b"},
		"twice":                {"a", "a a", "  a|+ a"},
		"a greedy pattern":     {"* b", "b", "  b|- b"},
		"no pattern inside":    {"a.c", "abc", "- a.c|+ abc"},
		"everything unwanted":  {"", "a b", "+ a|+ b"},
		"everything is missed": {"a b", "", "- a|- b"},
	} {
		t.Run(name, func(t *testing.T) {
			diff, same := inOrder(strings.Fields(c.want), strings.Fields(c.got))
			if got := strings.Join(diff, "|"); same != (c.diff == "") || !same && got != c.diff {
				t.Errorf("same %t, %s", same, got)
			}
		})
	}
}

func TestInAnyOrder(t *testing.T) {
	for name, c := range map[string]struct {
		want, got string
		diff      string
	}{
		"nothing":             {"", "", ""},
		"another order":       {"a b", "b a", ""},
		"a pattern for two":   {"api-*", "api-x api-y", ""},
		"a detail too much":   {"api", "api:x", "- api|+ api:x"},
		"one more, one less":  {"a b", "b c", "- a|  b|+ c"},
		"nothing is expected": {"", "a", "+ a"},
	} {
		t.Run(name, func(t *testing.T) {
			diff, same := inAnyOrder(strings.Fields(c.want), strings.Fields(c.got))
			if got := strings.Join(diff, "|"); same != (c.diff == "") || !same && got != c.diff {
				t.Errorf("same %t, %s", same, got)
			}
		})
	}
}

func TestAt(t *testing.T) {
	doc := map[string]any{"projects": []any{
		map[string]any{
			"id":       "one",
			"services": map[string]any{"mesh.googleapis.com": map[string]any{"state": "ENABLED"}},
			"n":        3.0,
			"none":     nil,
		},
		map[string]any{"id": "two"},
	}}
	for path, want := range map[string]string{
		"projects[0].id":                                     `"one"`,
		".projects[1].id":                                    `"two"`,
		"{.projects[1].id}":                                  `"two"`,
		"projects[*].id":                                     `["one","two"]`,
		`projects[?(@.id=="two")].id`:                        `"two"`,
		`projects[?(@.id=='none')].id`:                       `null`,
		`projects[0].services.mesh\.googleapis\.com.state`:   `"ENABLED"`,
		`projects[0]['services']['mesh\.googleapis\.com']`:   `{"state":"ENABLED"}`,
		"projects[0].n":                                      `3`,
		"projects[0].none":                                   `null`,
		"projects[1].services.mesh\\.googleapis\\.com.state": `null`,
		"nothing": `null`,
	} {
		got, err := valueAt(doc, path)
		if err != nil || formatJSON(got) != want {
			t.Errorf("%s: %s, want %s, %v", path, formatJSON(got), want, err)
		}
	}
	if _, err := valueAt(doc, "projects[7].id"); err == nil {
		t.Error("an index that is not there is no mistake")
	}
}

// FuzzParse holds that no text makes the parser panic, and that what is wrong with one can be shown.
func FuzzParse(f *testing.F) {
	b, diags := lang.Check("book.hcl", []byte(`
runbook "book" {
  title = "Book"
  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }
}
`), kinds.Catalogue())
	if diags.HasErrors() {
		f.Fatal(diags)
	}
	f.Add(
		"test \"a\" {\n  fault \"binding-revoked\" { project = \"x\" }\n  after = \"1h\"\n  expect {\n    changes = [\"POST a b\"]\n    world " +
			"= { \"projects[?(@.a=='b')]\" = 1 }\n  }\n  undo {}\n}\n",
	)
	f.Add(
		"test \"a\" {\n  inputs = { x = test.directory }\n  approve = [\"grant\"]\n  world {\n    projects = 1e99\n    file = \"/\"\n  }\n  " +
			"resume {\n    expect {\n      steps = { (null) = [] }\n    }\n  }\n}\n",
	)
	f.Add("test \"\\\"\" { again { approve = \"all\" } }")
	f.Fuzz(func(t *testing.T, text string) {
		file, diags := parse("book.test.hcl", []byte(text), b)
		if !diags.HasErrors() && len(file.Tests) == 0 {
			t.Error("a file without tests is no mistake")
		}
		var out bytes.Buffer
		if err := lang.Render(&out, diags, nil, &lang.File{Name: "book.test.hcl", Bytes: []byte(text)}); err != nil {
			t.Error(err)
		}
	})
}

package rehearsal_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/managed-mesh/terraform-provider-asm/internal/rehearsal"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var update = flag.Bool("update", false, "write what is shown into testdata; read the difference")

const builtIn = "../../runbooks"

// TestBuiltIn rehearses every runbook that this program brings along.
func TestBuiltIn(t *testing.T) {
	paths, err := rehearsal.Find(builtIn)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), rehearsal.Extension), func(t *testing.T) {
			t.Parallel()
			file, err := rehearsal.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, test := range file.Tests {
				t.Run(test.Name, func(t *testing.T) {
					t.Parallel()
					only := &rehearsal.File{Name: file.Name, Tests: []*rehearsal.Test{test}}
					report, err := rehearsal.Run(t.Context(), []*rehearsal.File{only}, rehearsal.Options{Parallel: 1})
					if err != nil {
						t.Fatal(err)
					}
					if report.Failed() > 0 {
						t.Errorf("\n%s", text(t, report))
					}
				})
			}
		})
	}
}

// TestEveryBuiltInHasTests keeps a runbook from coming along that nobody rehearses.
func TestEveryBuiltInHasTests(t *testing.T) {
	books, err := runbook.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	files, err := rehearsal.LoadAll(builtIn)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		source, err := os.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if formatted := lang.Format(source); !bytes.Equal(formatted, source) {
			t.Errorf("%s is not formatted: runbook fmt %s", f.Name, f.Name)
		}
		for _, test := range f.Tests {
			tested[test.Runbook.Name] = true
		}
	}
	if len(books.All()) < 18 {
		t.Errorf("there are %d runbooks only", len(books.All()))
	}
	for _, b := range books.All() {
		if !tested[b.Name] {
			t.Errorf("runbook %s has no test", b.Name)
		}
	}
}

func text(t testing.TB, r *rehearsal.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// times differ from run to run.
var times = regexp.MustCompile(`\b\d+\.\d+s\b`)

// golden compares a text with that of a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	got = times.ReplaceAllString(got, "0.0s")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

// TestFailing holds what people are shown of a test that fails, and CI systems.
func TestFailing(t *testing.T) {
	t.Chdir("testdata/failing")
	file, err := rehearsal.Load("book.test.hcl")
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	result, err := rehearsal.Run(t.Context(), []*rehearsal.File{file}, rehearsal.Options{Done: func(rehearsal.Result) { done++ }})
	if err != nil {
		t.Fatal(err)
	}
	if done != len(file.Tests) || result.Failed() != len(file.Tests)-1 {
		t.Errorf("%d of %d tests ended, %d failed", done, len(file.Tests), result.Failed())
	}
	golden(t, "want.txt", text(t, result))
	var b bytes.Buffer
	if err := report.WriteList(&b, report.JUnit, &report.List{JUnit: result.JUnit}, report.Options{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "want.xml", regexp.MustCompile(`time="[^"]*"`).ReplaceAllString(b.String(), `time="0"`))
}

// sound is the runbook that the files of testdata/bad are about, where they bring none.
const sound = `
runbook "book" {
  title = "Book"

  input "patience" {}

  step "grant" {
    ensure "service_agent_binding" {
      project       = target.project
      fleet_project = target.fleet_project
    }
  }

  step "active" {
    wait "control_plane_state" {
      membership = target.membership
      timeout    = input.patience
    }
  }
}
`

// TestMistakes holds every kind of mistake to what people are shown of it.
func TestMistakes(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(paths) < 5 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	for _, path := range paths {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			if err := os.WriteFile("book.hcl", []byte(sound), 0o600); err != nil {
				t.Fatal(err)
			}
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want.txt" {
					want = &archive.Files[i]
				} else if err := os.WriteFile(f.Name, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err = rehearsal.Load("book.test.hcl")
			var mistakes *runbook.Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("no mistake was found: %v", err)
			}
			got := err.Error() + "\n"
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

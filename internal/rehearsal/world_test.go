package rehearsal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/rehearsal"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// written writes the runbook of testdata/failing and tests of it to a folder, and loads them.
func written(t *testing.T, dir, tests string) *rehearsal.File {
	t.Helper()
	book, err := os.ReadFile("testdata/failing/book.hcl")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "book"+rehearsal.Extension)
	for name, text := range map[string]string{filepath.Join(dir, "book.hcl"): string(book), path: tests} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := rehearsal.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func rehearse(t *testing.T, o rehearsal.Options, files ...*rehearsal.File) *rehearsal.Report {
	t.Helper()
	r, err := rehearsal.Run(t.Context(), files, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWorldFromFile lets a test begin with the world of a simulation in which an hour
// has gone by since the role was revoked.
func TestWorldFromFile(t *testing.T) {
	world := simtest.Start(t, sim.Options{Projects: 2, Clusters: 2, Faults: []string{"binding-revoked"}})
	world.Advance(time.Hour)
	document, err := world.Control.World(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "world.json"), document, 0o600); err != nil {
		t.Fatal(err)
	}
	report := rehearse(t, rehearsal.Options{}, written(t, dir, `
test "from a file" {
  world {
    file = "world.json"
  }
  target  = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"
  approve = "all"
  expect {
    plan    = { grant = "change" }
    changes = ["POST cloudresourcemanager.googleapis.com /v3/projects/mesh-sim-1:setIamPolicy"]
    world   = { "projects[*].projectId" = ["mesh-sim-1", "mesh-sim-2"], "clock.offset" = "1h0m0s" }
  }
}
`))
	if report.Failed() > 0 {
		t.Error(text(t, report))
	}
	if err := os.WriteFile(filepath.Join(dir, "world.json"), []byte(`{"projects": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	report = rehearse(t, rehearsal.Options{}, written(t, dir, "test \"bad\" {\n  world {\n    file = \"world.json\"\n  }\n}\n"))
	if got := text(t, report); report.Failed() != 1 || !strings.Contains(got, "world.json is no world: projects: a world has at least one "+
		"project") {
		t.Error(got)
	}
}

// TestRefused is about a phase that does not begin.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := written(t, dir, `
test "the end" {
  fault "binding-revoked" {}
  approve = "all"
  resume {
    expect {
      outcome = "refused"
      error   = "there is nothing to resume"
      changes = []
    }
  }
  undo {}
  meanwhile {
    fault "project-deleted" {}
  }
  undo {
    expect {
      outcome = "refused"
      error   = "cannot be undone"
      changes = []
    }
  }
}
`)
	if report := rehearse(t, rehearsal.Options{}, file); report.Failed() > 0 {
		t.Error(text(t, report))
	}
}

func TestOnlyThoseThatAreNamed(t *testing.T) {
	file := written(t, t.TempDir(), "test \"one\" {\n}\n\ntest \"two\" {\n}\n")
	if r := rehearse(t, rehearsal.Options{Run: regexp.MustCompile("^two$")}, file); len(r.Results) != 1 || r.Results[0].Test != "two" ||
		!r.Results[0].Passed() {
		t.Error(text(t, r))
	}
	if r := rehearse(t, rehearsal.Options{Run: regexp.MustCompile("three")}, file); r.Summary() != "no tests were run" {
		t.Error(text(t, r))
	}
}

func TestTestsEnd(t *testing.T) {
	file := written(t, t.TempDir(), "test \"one\" {\n}\n")
	r := rehearse(t, rehearsal.Options{Timeout: time.Nanosecond}, file)
	if got := text(t, r); r.Failed() != 1 || !strings.Contains(got, "the test took longer than 1ns") {
		t.Error(got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("Ctrl-C"))
	calls := 0
	if _, err := rehearsal.Run(ctx, []*rehearsal.File{file},
		rehearsal.Options{Done: func(rehearsal.Result) { calls++ }}); err == nil || err.Error() != "Ctrl-C" || calls > 0 {
		t.Errorf("%v, %d calls", err, calls)
	}
}

func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"[a]/one.test.hcl", "[a]/one.hcl", "[a]/two.test.hcl", "a/other.test.hcl", "b/none.hcl"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := rehearsal.Find("[a]", "a/other.test.hcl", "./[a]/one.test.hcl")
	if got := strings.Join(found, " "); err != nil || got != "[a]/one.test.hcl [a]/two.test.hcl a/other.test.hcl" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := rehearsal.Find("b", "c"); err == nil || !strings.Contains(err.Error(), "b has no tests") ||
		!strings.Contains(err.Error(), "c: no such file") {
		t.Errorf("%v", err)
	}
	for name, want := range map[string]string{"a/other.test.hcl": "a/other.hcl, which does not exist", "b/none.hcl": "must end in .test.hcl"} {
		if _, err := rehearsal.Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package lang_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func render(t testing.TB, diags hcl.Diagnostics, file *lang.File) string {
	t.Helper()
	var b bytes.Buffer
	wrap := func(line string) []string { return report.Wrap(line, 100) }
	if err := lang.Render(&b, diags, wrap, file); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// good reads a runbook of testdata/good, which must have no mistake.
func good(t testing.TB, name string) (*lang.Runbook, *lang.Catalogue) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", "good", name+".hcl"))
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue(t)
	file, diags := lang.Check(name+".hcl", src, c)
	if len(diags) > 0 {
		t.Fatal(render(t, diags, file))
	}
	return file.Runbooks[0], c
}

func TestGoodRunbooks(t *testing.T) {
	for name, order := range map[string]string{
		"restore-service-agent-binding": "apis grant find-the-culprit healthy",
		"restore-connect-gateway":       "enable-api propagated agree reprovision restart injected no-new-errors",
		"correct-injection":             "injectors labels configuration leftover restart",
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := good(t, name)
			var steps []string
			for _, s := range r.Steps {
				steps = append(steps, s.Name)
			}
			if got := strings.Join(steps, " "); got != order {
				t.Errorf("steps %q, want %q", got, order)
			}
			src, err := os.ReadFile(filepath.Join("testdata", "good", name+".hcl"))
			if err != nil {
				t.Fatal(err)
			}
			if formatted := lang.Format(src); !bytes.Equal(formatted, src) {
				t.Errorf("not formatted; want\n%s", formatted)
			}
		})
	}
}

func TestParseDirReadsEveryRunbookOnce(t *testing.T) {
	files, diags := lang.ParseDir(filepath.Join("testdata", "good"))
	if len(diags) > 0 || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), diags)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.hcl":      `runbook "same" {}`,
		"b.hcl":      `runbook "same" {}`,
		"b.test.hcl": "not read",
		"readme.md":  "not read",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, diags = lang.ParseDir(dir)
	if len(files) != 2 {
		t.Errorf("%d files, want 2", len(files))
	}
	if !slices.ContainsFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Summary == "Duplicate runbook" && strings.HasSuffix(d.Subject.Filename, "b.hcl") && strings.Contains(d.Detail, "a.hcl line 1")
	}) {
		t.Errorf("the same name in two files is not reported: %v", diags)
	}
	if _, diags = lang.ParseDir(filepath.Join(dir, "none")); !diags.HasErrors() {
		t.Error("a folder that is not there is no error")
	}
}

func TestFormatChangesLayoutOnly(t *testing.T) {
	got := string(lang.Format([]byte("runbook \"a\" {\ntitle=\"x\"\n  description   = \"y\"\n}\n")))
	want := "runbook \"a\" {\n  title       = \"x\"\n  description = \"y\"\n}\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
	if broken := "runbook {{{ \"\n"; len(lang.Format([]byte(broken))) == 0 {
		t.Error("a broken file was emptied")
	}
}

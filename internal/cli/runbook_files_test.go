package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
)

const wrongBook = `runbook "wrong" {
  title = "Wrong in many ways"

  step "one" {
    ensure "project_service" {
      project = target.project
    }
  }
  step "two" {
    when = upperr(target.nam) == "X"
    ensure "project_services" {
      project  = 7 < 5
      services = input.missing
    }
  }
  step "one" {
    approve {
      message = "again"
    }
  }
  step "three" {
    approve {
      message = step.nowhere.result
    }
  }
}
`

// Every mistake is reported at once, with its line and a caret.
func TestRunbookValidate(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if code, _, errs := run(t, "runbook", "validate", "."); code != 1 || !strings.Contains(errs, "has no file *.hcl") {
		t.Errorf("exit %d: %s", code, errs)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong.hcl", wrongBook)
	write("picky.hcl", failing)
	write("picky.test.hcl", "this is for test")
	code, out, errs := run(t, "runbook", "validate", ".")
	if code != 1 || out != "" {
		t.Errorf("exit %d, %q", code, out)
	}
	contains(t, errs, "wrong.hcl line 5", `did you mean "project_services"`, "upperr", "nam", "missing", "line 16", "nowhere", "^^^",
		"mistakes in 2 files")
	code, out, _ = run(t, "runbook", "validate", "wrong.hcl", "--output=json")
	var got struct {
		Sound       bool
		Diagnostics []struct {
			File  string
			Start struct{ Line, Column int }
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 1 || got.Sound || len(got.Diagnostics) < 6 ||
		got.Diagnostics[0].Start.Line == 0 {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	if code, out, errs := run(t, "runbook", "validate", "picky.hcl"); code != 0 || !strings.Contains(out, "Valid: 1 runbook in 1 file.") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	write("copy.hcl", failing)
	if code, _, errs := run(t, "runbook", "validate", "picky.hcl", "copy.hcl"); code != 1 || !strings.Contains(errs,
		`copy.hcl line 1 has a runbook "picky", too`) {
		t.Errorf("exit %d, %q", code, errs)
	}
}

func TestRunbookFmt(t *testing.T) {
	t.Chdir(t.TempDir())
	const messy, tidy = "runbook \"x\" {\n title=\"X\"\n}\n", "runbook \"x\" {\n  title = \"X\"\n}\n"
	for name, text := range map[string]string{"messy.hcl": messy, "tidy.hcl": tidy, "messy.test.hcl": messy} {
		if err := os.WriteFile(name, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := run(t, "runbook", "fmt", "--check", "."); code != 2 || out != "messy.hcl\nmessy.test.hcl\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if text, _ := os.ReadFile("messy.hcl"); string(text) != messy {
		t.Errorf("--check changed it: %s", text)
	}
	if code, out, errs := run(t, "runbook", "fmt", "."); code != 0 || out != "messy.hcl\nmessy.test.hcl\n" {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if text, _ := os.ReadFile("messy.hcl"); string(text) != tidy {
		t.Errorf("formatted: %s", text)
	}
	if code, out, _ := run(t, "runbook", "fmt", "--check", "."); code != 0 || out != "" {
		t.Errorf("exit %d, %q", code, out)
	}
	if code, out, _ := runWith(t, messy, "runbook", "fmt", "-"); code != 0 || out != tidy {
		t.Errorf("exit %d, %q", code, out)
	}
	// What cannot be read is not touched.
	if err := os.WriteFile("broken.hcl", []byte("runbook {\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := run(t, "runbook", "fmt", "broken.hcl"); code != 1 || !strings.Contains(errs, "broken.hcl line 1") {
		t.Errorf("exit %d, %q", code, errs)
	}
}

// What the program brings along is listed, printed and sound.
func TestRunbookList(t *testing.T) {
	code, out, _ := run(t, "runbook", "list", "--output=json")
	var all []struct {
		Name    string
		Steps   []string
		BuiltIn bool `json:"built_in"`
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 || len(all) < 13 {
		t.Fatalf("exit %d, %v, %d runbooks", code, err, len(all))
	}
	folder := t.TempDir()
	for _, b := range all {
		if len(b.Steps) == 0 || !b.BuiltIn {
			t.Errorf("%+v", b)
		}
		code, source, _ := run(t, "runbook", "print", b.Name)
		if err := os.WriteFile(filepath.Join(folder, b.Name+".hcl"), []byte(source), 0o600); err != nil || code != 0 {
			t.Fatal(err)
		}
	}
	if code, _, errs := run(t, "runbook", "validate", folder); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := run(t, "runbook", "fmt", "--check", folder); code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	// One's own takes the place of that of the same name.
	if err := os.WriteFile(filepath.Join(folder, bindingBook+".hcl"), []byte(strings.Replace(failing, "picky", bindingBook, 1)),
		0o600); err != nil {
		t.Fatal(err)
	}
	if code, source, _ := run(t, "runbook", "print", bindingBook, "--dir", folder); code != 0 || !strings.Contains(source, "not good on") {
		t.Errorf("exit %d: %s", code, source)
	}
	if code, _, errs := run(t, "runbook", "print", "restart-proxy"); code != 1 || !strings.Contains(errs, `did you mean "restart-proxies"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestRunbookReferences(t *testing.T) {
	for args, want := range map[string]string{
		"catalogue": "ensure", "catalogue --output=markdown": "### ensure \"project_services\"", "catalogue --output=json": `"permissions"`,
		"reference": "# The runbook language", "schema": `"type": "runbook"`,
	} {
		code, out, errs := run(t, append([]string{"runbook"}, strings.Fields(args)...)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: exit %d, %q", args, code, errs)
		}
		if strings.Contains(args, "catalogue") {
			for _, k := range kinds.All() {
				if !strings.Contains(out, k.Name) {
					t.Errorf("%s lacks %s", args, k.Name)
				}
			}
		}
	}
}

// runbook test fails with the differences, and passes without.
func TestRunbookTest(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"picky.hcl": failing,
		"picky.test.hcl": `test "it fails" {
  expect {
    outcome = "OUTCOME"
    changes = []
  }
}
`,
	} {
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(text, "OUTCOME", "failed")), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("other-"+name, []byte(strings.ReplaceAll(strings.ReplaceAll(text, "OUTCOME", "succeeded"), "picky",
			"other-picky")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := run(t, "runbook", "test", "picky.test.hcl", "--output=table",
		"--output=junit=out.xml"); code != 0 || !strings.Contains(out, "1 test passed") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
	if text, err := os.ReadFile("out.xml"); err != nil || !strings.Contains(string(text), `name="it fails"`) {
		t.Errorf("%v: %s", err, text)
	}
	if code, out, errs := run(t, "runbook", "test", "."); code != 1 || !strings.Contains(out, "FAIL") || !strings.Contains(out,
		"1 of 2 tests failed") {
		t.Errorf("exit %d, %q, %q", code, out, errs)
	}
}

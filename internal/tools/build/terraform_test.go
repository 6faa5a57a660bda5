package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// unpackFixture writes testdata/terraform.txtar, a Terraform of two files, into a folder. Edit may
// change the text first.
func unpackFixture(t *testing.T, edit func(string) string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "terraform.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if edit != nil {
		if changed := edit(text); changed == text {
			t.Fatal("the edit of the fixture changes nothing")
		} else {
			text = changed
		}
	}
	dir := t.TempDir()
	for _, file := range txtar.Parse([]byte(text)).Files {
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// Read-only, as unpacked archives are.
		if err := os.WriteFile(path, file.Data, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRemoveUnshippedModules(t *testing.T) {
	dir := unpackFixture(t, nil)
	if err := removeUnshippedModules(dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"go.mod":     "want-go.mod",
		backendsFile: "want-init.go",
	} {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		expected, err := os.ReadFile(filepath.Join(dir, want))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(expected) {
			t.Errorf("%s is\n%s\nwant\n%s", file, got, expected)
		}
	}
}

// A new Terraform may be laid out otherwise. Then the build has to say so, not to produce something else.
func TestRemoveUnshippedModulesRefusesOtherSource(t *testing.T) {
	swap := func(old, new string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, new, 1) }
	}
	for name, test := range map[string]struct {
		edit func(string) string
		want string
	}{
		"a replace of another module": {swap("replace github.com/hashicorp/terraform/internal/legacy", "replace example.test/other"),
			"replaces example.test/other"},
		"a folder that is in the archive": {swap("-- want-go.mod --", "-- internal/legacy/go.mod --\nmodule x\n-- want-go.mod --"),
			"./internal/legacy is in the archive"},
		"a requirement that nothing replaces": {swap("replace github.com/hashicorp/terraform/internal/legacy => ./internal/legacy\n", ""),
			"requires github.com/hashicorp/terraform/internal/legacy"},
		"nothing to remove": {
			func(text string) string {
				var kept []string
				for line := range strings.Lines(text) {
					if !strings.HasPrefix(line, "replace ") {
						kept = append(kept, line)
					}
				}
				return strings.Join(kept, "")
			},
			"replaces no module",
		},
		"a backend in no table entry": {swap("\t\"gcs\":  func() backend.Backend { return backendGCS.New() },\n", ""),
			"remote-state/gcs in 0 table entries"},
		"a backend used elsewhere": {swap("var Removed", "var Again = backendGCS.New\n\nvar Removed"), "outside its table"},
		"backends listed somewhere else": {
			func(text string) string {
				text = strings.ReplaceAll(text, "\tbackendGCS \"github.com/hashicorp/terraform/internal/backend/remote-state/gcs\"\n", "")
				return strings.ReplaceAll(text, "\tbackendS3 \"github.com/hashicorp/terraform/internal/backend/remote-state/s3\"\n", "")
			},
			"imports none of the modules",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := removeUnshippedModules(unpackFixture(t, test.edit))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

package rehearsal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Find lists the test files among paths: a file itself, and the files *.test.hcl of a folder.
func Find(paths ...string) ([]string, error) {
	var found []string
	var wrong []error
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case !info.IsDir():
			found = append(found, path)
		default:
			names, err := filepath.Glob(filepath.Join(escaped(path), "*"+Extension))
			if err != nil {
				wrong = append(wrong, err)
			}
			if len(names) == 0 {
				wrong = append(wrong,
					fmt.Errorf("%s has no tests: tests are in files NAME%s beside the runbook's NAME%s", path, Extension, lang.Extension))
			}
			found = append(found, names...)
		}
	}
	seen := map[string]bool{}
	found = slices.DeleteFunc(found, func(name string) bool {
		twice := seen[filepath.Clean(name)]
		seen[filepath.Clean(name)] = true
		return twice
	})
	return found, errors.Join(wrong...)
}

// escaped keeps characters in a folder's name from being read as a pattern.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// LoadAll reads the test files among paths. Its error joins a *runbook.Mistakes for each file that has mistakes.
func LoadAll(paths ...string) ([]*File, error) {
	names, err := Find(paths...)
	wrong := []error{err}
	var files []*File
	for _, name := range names {
		file, err := Load(name)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		files = append(files, file)
	}
	return files, errors.Join(wrong...)
}

// Load reads a test file NAME.test.hcl, and NAME.hcl beside it. Its error is a
// *runbook.Mistakes where either file has mistakes.
func Load(path string) (*File, error) {
	src, err := lang.ReadFile(path)
	if err != nil {
		return nil, err
	}
	base, is := strings.CutSuffix(path, Extension)
	if !is {
		return nil, fmt.Errorf("%s: the name of a test file must end in %s", path, Extension)
	}
	runbookPath := base + lang.Extension
	source, err := lang.ReadFile(runbookPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s tests the runbooks of %s, which does not exist", path, runbookPath)
	}
	if err != nil {
		return nil, err
	}
	runbooks, diags := lang.Check(runbookPath, source, kinds.Catalogue())
	if diags.HasErrors() {
		return nil, &runbook.Mistakes{Diags: diags, File: runbooks}
	}
	file, diags := parse(path, src, runbooks)
	if diags.HasErrors() {
		return nil, &runbook.Mistakes{Diags: diags, File: &lang.File{Name: path, Bytes: src}}
	}
	return file, nil
}

package rehearsal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Find lists the files of tests among paths: a file as it is, of a folder its files
// *.test.hcl.
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
				wrong = append(wrong, fmt.Errorf("%s has no tests: they are in files NAME%s beside the runbook's NAME%s", path, Extension, lang.Extension))
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

// escaped keeps what is in a folder's name from being a pattern.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// LoadAll reads the files of tests among paths. The error joins a *runbook.Mistakes
// for each file that has some.
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

// Load reads a file of tests NAME.test.hcl, and NAME.hcl beside it. The error is a
// *runbook.Mistakes for what is wrong with either text.
func Load(path string) (*File, error) {
	src, err := read(path)
	if err != nil {
		return nil, err
	}
	base, is := strings.CutSuffix(path, Extension)
	if !is {
		return nil, fmt.Errorf("%s: the name of a file of tests ends in %s", path, Extension)
	}
	bookPath := base + lang.Extension
	source, err := read(bookPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s tests the runbooks of %s, which is not there", path, bookPath)
	}
	if err != nil {
		return nil, err
	}
	books, err := readBooks(bookPath, source)
	if err != nil {
		return nil, err
	}
	file, diags := parse(path, src, books)
	if diags.HasErrors() {
		return nil, &runbook.Mistakes{Diags: diags, File: &lang.File{Name: path, Bytes: src}}
	}
	return file, nil
}

// read reads a file, and of one that is too large no more than it takes to see that.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, lang.MaxFile+1))
}

// books are the runbooks that a file of tests can be about.
type books struct{ file *lang.File }

func readBooks(path string, source []byte) (books, error) {
	file, diags := lang.Check(path, source, kinds.Catalogue())
	if diags.HasErrors() {
		return books{}, &runbook.Mistakes{Diags: diags, File: file}
	}
	return books{file}, nil
}

func (b books) names() []string {
	var names []string
	for _, r := range b.file.Runbooks {
		names = append(names, r.Name)
	}
	return names
}

func (b books) find(name string) *lang.Runbook {
	i := slices.IndexFunc(b.file.Runbooks, func(r *lang.Runbook) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return b.file.Runbooks[i]
}

// parse reads the text of a file of tests.
func parse(path string, src []byte, b books) (*File, hcl.Diagnostics) {
	_, top, diags := lang.ParseParts(path, src, fileSchema, "A file of tests")
	file := &File{Name: path}
	if top == nil {
		return file, diags
	}
	p := &parser{books: b, path: path, diags: diags}
	seen := map[string]hcl.Range{}
	for _, part := range top.Parts {
		if first, twice := seen[part.Label]; twice {
			p.fail("Duplicate test", fmt.Sprintf("There is a test %q already, in line %d. Give one of them another name.", part.Label, first.Start.Line), part.LabelRange)
			continue
		}
		seen[part.Label] = part.DeclRange
		file.Tests = append(file.Tests, p.test(part))
	}
	if len(top.Parts) == 0 && !diags.HasErrors() {
		p.fail("No test", "The file has no test. It has blocks `test \"NAME\" { … }`.", top.DeclRange)
	}
	return file, lang.Tidy(p.diags)
}

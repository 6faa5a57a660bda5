package runbook

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/runbooks"
)

// Book is a runbook with the file that it is in.
type Book struct {
	*lang.Runbook
	File *lang.File
	// BuiltIn is set for those that this program brings along.
	BuiltIn bool
}

// Library is a set of runbooks, by name.
type Library struct{ list []Book }

// BuiltIn are the runbooks that this program brings along.
func BuiltIn() (*Library, error) { return ReadLibrary(runbooks.Files(), true) }

// ReadLibrary reads the runbooks of a folder: its files *.hcl without *.test.hcl. The
// error joins a *Mistakes for each file that has some.
func ReadLibrary(dir fs.FS, builtIn bool) (*Library, error) {
	names, err := fs.Glob(dir, "*.hcl")
	if err != nil {
		return nil, err
	}
	b := &Library{}
	var wrong []error
	for _, name := range names {
		if strings.HasSuffix(name, ".test.hcl") {
			continue
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		file, diags := lang.Check(name, text, kinds.Catalogue())
		if diags.HasErrors() {
			wrong = append(wrong, &Mistakes{diags, file})
			continue
		}
		for _, r := range file.Runbooks {
			if other, found := b.Find(r.Name); found {
				wrong = append(wrong, &Mistakes{hcl.Diagnostics{{
					Severity: hcl.DiagError, Summary: "Duplicate runbook", Subject: r.DeclRange.Ptr(),
					Detail: fmt.Sprintf("%s has a runbook %q, too.", other.File.Name, r.Name),
				}}, file})
				continue
			}
			b.list = append(b.list, Book{r, file, builtIn})
		}
	}
	slices.SortFunc(b.list, func(x, y Book) int { return strings.Compare(x.Name, y.Name) })
	return b, errors.Join(wrong...)
}

// All lists the runbooks by name.
func (b *Library) All() []Book { return slices.Clone(b.list) }

// Find returns the runbook of a name.
func (b *Library) Find(name string) (Book, bool) {
	for _, one := range b.list {
		if one.Name == name {
			return one, true
		}
	}
	return Book{}, false
}

// With adds the runbooks of others, which take the place of those of the same name.
func (b *Library) With(others *Library) *Library {
	all := &Library{list: slices.Clone(others.list)}
	for _, one := range b.list {
		if _, replaced := others.Find(one.Name); !replaced {
			all.list = append(all.list, one)
		}
	}
	slices.SortFunc(all.list, func(x, y Book) int { return strings.Compare(x.Name, y.Name) })
	return all
}

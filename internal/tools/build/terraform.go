package build

import (
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

// terraformRecipe is this file: a change in it changes what Terraform is built from.
//
//go:embed terraform.go
var terraformRecipe string

const (
	terraformInternal = "github.com/hashicorp/terraform/internal/"
	backendsFile      = "internal/backend/init/init.go"
)

// removeUnshippedModules makes Terraform's module archive buildable.
//
// Nine remote state backends and a package for old tests are modules of their own inside Terraform's
// repository. Its go.mod finds them by replace directives to folders, and a module's archive does not
// hold the folders of other modules. So they are taken out of go.mod, and the backends out of the
// table that names them. What is lost is only the ability to keep state there.
func removeUnshippedModules(dir string) error {
	gone, err := removeRequirements(dir)
	if err != nil {
		return err
	}
	return removeBackends(filepath.Join(dir, filepath.FromSlash(backendsFile)), gone)
}

// removeRequirements takes every module that is replaced by a missing folder out of go.mod, and returns their paths.
func removeRequirements(dir string) ([]string, error) {
	file := filepath.Join(dir, "go.mod")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, directive := range slices.Clone(mod.Replace) {
		replace := *directive // dropping it empties it
		if !strings.HasPrefix(replace.Old.Path, terraformInternal) {
			return nil, fmt.Errorf("go.mod replaces %s, which this recipe does not know", replace.Old.Path)
		}
		_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(replace.New.Path), "go.mod"))
		if err == nil {
			return nil, fmt.Errorf("%s is in the archive, which this recipe does not expect", replace.New.Path)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		gone = append(gone, replace.Old.Path)
		if err := errors.Join(mod.DropReplace(replace.Old.Path, replace.Old.Version), mod.DropRequire(replace.Old.Path)); err != nil {
			return nil, err
		}
	}
	if len(gone) == 0 {
		return nil, errors.New("go.mod replaces no module by a folder, which this recipe expects")
	}
	mod.Cleanup()
	for _, require := range mod.Require {
		if strings.HasPrefix(require.Mod.Path, terraformInternal) {
			return nil, fmt.Errorf("go.mod requires %s, which nothing replaces", require.Mod.Path)
		}
	}
	out, err := mod.Format()
	if err != nil {
		return nil, err
	}
	return gone, overwrite(file, out)
}

// removeBackends takes the imports of the given modules, and the entries of the table that use them,
// out of the Go file that lists the backends.
func removeBackends(file string, modules []string) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, backendsFile, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}

	var cut []ast.Node
	removed := map[string]string{} // the name under which a removed module was imported, and its path
	for _, spec := range tree.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if !slices.Contains(modules, imported) {
			continue
		}
		name := path.Base(imported)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		removed[name] = imported
		cut = append(cut, spec)
	}
	if len(removed) == 0 {
		return fmt.Errorf("%s imports none of the modules that the archive leaves out", backendsFile)
	}

	entries := map[string]int{}
	ast.Inspect(tree, func(n ast.Node) bool {
		entry, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		for _, name := range packagesUsed(entry) {
			if _, ok := removed[name]; ok {
				entries[name]++
				cut = append(cut, entry)
				return false
			}
		}
		return true
	})
	for name, imported := range removed {
		if entries[name] != 1 {
			return fmt.Errorf("%s uses %s in %d table entries instead of one", backendsFile, imported, entries[name])
		}
	}

	out := withoutLines(source, fset, cut)
	tree, err = parser.ParseFile(token.NewFileSet(), backendsFile, out, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("%s is not as expected: without the backends it is no Go any more: %w", backendsFile, err)
	}
	for _, name := range packagesUsed(tree) {
		if imported, ok := removed[name]; ok {
			return fmt.Errorf("%s uses %s outside its table of backends", backendsFile, imported)
		}
	}
	return overwrite(file, out)
}

// packagesUsed lists every x of an expression x.y below the node.
func packagesUsed(node ast.Node) []string {
	var names []string
	ast.Inspect(node, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := selector.X.(*ast.Ident); ok {
				names = append(names, x.Name)
			}
		}
		return true
	})
	return names
}

// withoutLines returns the source without the lines on which the nodes stand.
func withoutLines(source []byte, fset *token.FileSet, nodes []ast.Node) []byte {
	drop := map[int]bool{}
	for _, node := range nodes {
		for line := fset.Position(node.Pos()).Line; line <= fset.Position(node.End()).Line; line++ {
			drop[line] = true
		}
	}
	var kept []byte
	number := 0
	for line := range strings.Lines(string(source)) {
		number++
		if !drop[number] {
			kept = append(kept, line...)
		}
	}
	return kept
}

// overwrite replaces a file of an unpacked archive, where every file is read-only.
func overwrite(file string, data []byte) error {
	if err := os.Remove(file); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

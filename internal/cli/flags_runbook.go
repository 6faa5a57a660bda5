package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// bookFlags name further sources of runbooks beside the built-in ones.
type bookFlags struct{ file, dir string }

func (f *bookFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "file", "", "file with the runbook, instead of the built-in ones")
	flags.StringVar(&f.dir, "dir", "", "folder of further runbooks; a runbook replaces the built-in one of the same name")
}

// all returns the built-in runbooks and those of --dir.
func (f *bookFlags) all() (*runbook.Library, error) {
	books, err := runbook.BuiltIn()
	if err != nil || f.dir == "" {
		return books, err
	}
	if info, err := os.Stat(f.dir); err != nil {
		return nil, fmt.Errorf("--dir: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("--dir: %s is not a folder; give a single file with --file", f.dir)
	}
	own, err := runbook.ReadLibrary(os.DirFS(f.dir), false)
	if err != nil {
		return nil, fmt.Errorf("--dir %s:\n\n%w", f.dir, err)
	}
	return books.With(own), nil
}

// find returns the runbook with a name. With --file the name may be "" for the only one.
func (f *bookFlags) find(name string) (*lang.Runbook, *lang.File, error) {
	if f.file != "" && f.dir != "" {
		return nil, nil, errors.New("--file and --dir: give one of the two")
	}
	if f.file != "" {
		source, err := readRunbook(f.file)
		if err != nil {
			return nil, nil, fmt.Errorf("--file: %w", err)
		}
		return runbook.Load(filepath.ToSlash(f.file), source, name)
	}
	books, err := f.all()
	if err != nil {
		return nil, nil, err
	}
	if name == "" {
		return nil, nil, errors.New("name a runbook; \"runbook list\" lists them")
	}
	book, found := books.Find(name)
	if !found {
		if strings.HasSuffix(name, lang.Extension) {
			return nil, nil, fmt.Errorf("%s looks like a file: give it with --file", name)
		}
		return nil, nil, fmt.Errorf("there is no runbook %q%s; \"runbook list\" lists them", name, near(name, books))
	}
	return book.Runbook, book.File, nil
}

func near(name string, books *runbook.Library) string {
	best, least := "", 4
	for _, b := range books.All() {
		if d := levenshtein.Distance(name, b.Name, nil); d < least || best == "" && len(name) > 3 && strings.Contains(b.Name, name) {
			best, least = b.Name, min(d, least)
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// readRunbook reads a file, but no more of it than one byte above the limit.
func readRunbook(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, lang.MaxFile+1))
}

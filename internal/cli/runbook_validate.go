package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookValidate() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "validate FILE|FOLDER...",
		Short: "Check runbooks completely, without asking anybody",
		Long: `Check files of runbooks completely: their syntax, what they refer to, what they
ask of the catalogue, every type that can be known before a run. All mistakes are
told in one go, each with its line. Nobody is asked. Of a folder these are its
files *.hcl; tests, *.test.hcl, are checked by test.

Exit codes: 0 they are sound, 1 one is not.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := oneOf("--output", output, "text", "json"); err != nil {
				return err
			}
			return validateRunbooks(cmd, args, output)
		},
	}
	cmd.Flags().StringVar(&output, "output", "text", "format: text, or json for an editor")
	return cmd
}

func validateRunbooks(cmd *cobra.Command, args []string, output string) error {
	paths, err := runbookFiles(args)
	if err != nil {
		return err
	}
	var files []*lang.File
	var diags hcl.Diagnostics
	books := 0
	seen := map[string]hcl.Range{}
	for _, path := range paths {
		source, err := readRunbook(path)
		if err != nil {
			return fmt.Errorf("%s cannot be read: %w", path, err)
		}
		file, more := lang.Check(filepath.ToSlash(path), source, kinds.Catalogue())
		files, diags, books = append(files, file), append(diags, more...), books+len(file.Runbooks)
		for _, r := range file.Runbooks {
			if first, twice := seen[r.Name]; twice && first.Filename != r.DeclRange.Filename {
				diags = append(diags, &hcl.Diagnostic{
					Severity: hcl.DiagError, Summary: "Duplicate runbook", Subject: r.DeclRange.Ptr(),
					Detail: fmt.Sprintf("There is a runbook %q already, in %s line %d. Give one of them another name.", r.Name, first.Filename, first.Start.Line),
				})
			}
			seen[r.Name] = r.DeclRange
		}
	}
	mistakes := 0
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			mistakes++
		}
	}
	if output == "json" {
		err = printDiagnostics(cmd.OutOrStdout(), diags, mistakes == 0)
	} else {
		_, width := terminal(cmd.ErrOrStderr())
		err = lang.Render(cmd.ErrOrStderr(), diags, width, files...)
	}
	switch {
	case err != nil:
		return err
	case mistakes > 0 && output == "json":
		return exit(exitError)
	case mistakes > 0:
		return fmt.Errorf("%s in %s", count(mistakes, "mistake"), count(len(files), "file"))
	case output == "text":
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Sound: %s in %s.\n", count(books, "runbook"), count(len(files), "file"))
	}
	return err
}

// runbookFiles are the files that are named, and those of the folders that are.
func runbookFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, err
		}
		none := true
		for _, e := range entries {
			if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && strings.HasSuffix(name, lang.Extension) && !strings.HasSuffix(name, lang.TestExtension) {
				files, none = append(files, filepath.Join(arg, name)), false
			}
		}
		if none {
			return nil, fmt.Errorf("the folder %s has no file *%s", arg, lang.Extension)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// told is a diagnostic as JSON, for an editor.
type told struct {
	Severity string `json:"severity"` // error or warning
	Summary  string `json:"summary"`
	Detail   string `json:"detail"`
	File     string `json:"file,omitempty"`
	Start    *place `json:"start,omitempty"`
	End      *place `json:"end,omitempty"`
}

// place is a place in a file; lines and columns count from 1.
type place struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

func printDiagnostics(w io.Writer, diags hcl.Diagnostics, sound bool) error {
	all := struct {
		Sound       bool   `json:"sound"`
		Diagnostics []told `json:"diagnostics"`
	}{sound, []told{}}
	for _, d := range diags {
		one := told{Severity: "error", Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			one.Severity = "warning"
		}
		if r := d.Subject; r != nil {
			one.File, one.Start, one.End = r.Filename, &place{r.Start.Line, r.Start.Column, r.Start.Byte}, &place{r.End.Line, r.End.Column, r.End.Byte}
		}
		all.Diagnostics = append(all.Diagnostics, one)
	}
	return printJSON(w, all)
}

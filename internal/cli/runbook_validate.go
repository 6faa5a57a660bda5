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

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookValidate() *cobra.Command {
	out := listOutputs()
	cmd := &cobra.Command{
		Use:   "validate FILE|FOLDER...",
		Short: "Check runbooks completely, without any request",
		Long: `Check runbooks completely: their syntax, their references, their use of the
catalogue, and every type that is known before a run. It reports all mistakes at
once, each with its line, and makes no request. For a folder, it checks all its
files *.hcl; the command test checks the tests, *.test.hcl.

Exit codes: 0 valid, 1 a file is not valid.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return validateRunbooks(cmd, args, out)
		},
	}
	out.flag(cmd.Flags())
	return cmd
}

func validateRunbooks(cmd *cobra.Command, args []string, out outputs) error {
	paths, err := runbookFiles(args)
	if err != nil {
		return err
	}
	sinks, err := out.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	var files []*lang.File
	var diags hcl.Diagnostics
	books := 0
	seen := map[string]hcl.Range{}
	for _, path := range paths {
		source, err := readRunbook(path)
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		file, more := lang.Check(filepath.ToSlash(path), source, kinds.Catalogue())
		files, diags, books = append(files, file), append(diags, more...), books+len(file.Runbooks)
		for _, r := range file.Runbooks {
			if first, twice := seen[r.Name]; twice && first.Filename != r.DeclRange.Filename {
				diags = append(diags, &hcl.Diagnostic{
					Severity: hcl.DiagError, Summary: "Duplicate runbook", Subject: r.DeclRange.Ptr(),
					Detail: fmt.Sprintf("%s line %d has a runbook %q, too. Rename one of them.", first.Filename, first.Start.Line, r.Name),
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
	if sinks.table() {
		_, width := terminal(cmd.ErrOrStderr())
		wrap := func(line string) []string { return report.Wrap(line, width) }
		if err := lang.Render(cmd.ErrOrStderr(), diags, wrap, files...); err != nil {
			return err
		}
	}
	err = sinks.list(&report.List{JSON: diagnosticsOf(diags, mistakes == 0), Table: func(w io.Writer, _ report.Options) error {
		if mistakes > 0 {
			return nil // they are on standard error
		}
		_, err := fmt.Fprintf(w, "Valid: %s in %s.\n", report.Plural(books, "runbook"), report.Plural(len(files), "file"))
		return err
	}})
	switch {
	case err != nil || mistakes == 0:
		return err
	case !sinks.table():
		return exit(exitError)
	}
	return fmt.Errorf("%s in %s", report.Plural(mistakes, "mistake"), report.Plural(len(files), "file"))
}

// runbookFiles returns the named files and those in the named folders, without tests.
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
			name := e.Name()
			runbook := strings.HasSuffix(name, lang.Extension) && !strings.HasSuffix(name, lang.TestExtension)
			if runbook && !e.IsDir() && !strings.HasPrefix(name, ".") {
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

// diagnostic is a mistake or a warning as JSON, for an editor.
type diagnostic struct {
	Severity string    `json:"severity"` // error or warning
	Summary  string    `json:"summary"`
	Detail   string    `json:"detail"`
	File     string    `json:"file,omitempty"`
	Start    *position `json:"start,omitempty"`
	End      *position `json:"end,omitempty"`
}

// position is a position in a file; lines and columns count from 1.
type position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// diagnostics are the JSON of validate.
type diagnostics struct {
	Sound       bool         `json:"sound"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

func diagnosticsOf(diags hcl.Diagnostics, sound bool) diagnostics {
	all := diagnostics{sound, []diagnostic{}}
	for _, d := range diags {
		one := diagnostic{Severity: "error", Summary: d.Summary, Detail: d.Detail}
		if d.Severity == hcl.DiagWarning {
			one.Severity = "warning"
		}
		if r := d.Subject; r != nil {
			one.File = r.Filename
			one.Start = &position{r.Start.Line, r.Start.Column, r.Start.Byte}
			one.End = &position{r.End.Line, r.End.Column, r.End.Byte}
		}
		all.Diagnostics = append(all.Diagnostics, one)
	}
	return all
}

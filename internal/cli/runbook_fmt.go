package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookFmt() *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "fmt FILE|FOLDER...|-",
		Short: "Format runbooks and their tests",
		Long: `Format runbooks and their tests as terraform fmt does: indentation and alignment,
nothing else. It prints the names of the files that change. For a folder, it
formats all its files *.hcl. With - it formats standard input.

Exit codes: 0 formatted, 1 error, 2 with --check a file is not formatted.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Equal(args, []string{"-"}) {
				return formatStream(cmd, check)
			}
			return formatFiles(cmd.OutOrStdout(), args, check)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, and print the files that are not formatted")
	return cmd
}

func formatStream(cmd *cobra.Command, check bool) error {
	source, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), lang.MaxFile+1))
	if err != nil {
		return err
	}
	formatted, err := format("standard input", source)
	if err != nil {
		return err
	}
	if check {
		return exit(changedOr(formatted, source))
	}
	_, err = cmd.OutOrStdout().Write(formatted)
	return err
}

func changedOr(formatted, source []byte) int {
	if bytes.Equal(formatted, source) {
		return exitOK
	}
	return diagnosis.ExitChanges
}

// format formats a source without mistakes: the structure of any other is unclear.
func format(name string, source []byte) ([]byte, error) {
	if len(source) > lang.MaxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes, the limit for a file of runbooks", name, lang.MaxFile)
	}
	if _, diags := hclsyntax.ParseConfig(source, name, hcl.InitialPos); diags.HasErrors() {
		var b bytes.Buffer
		if err := lang.Render(&b, diags, nil, &lang.File{Name: name, Bytes: source}); err != nil {
			return nil, err
		}
		return nil, errors.New(string(bytes.TrimSpace(b.Bytes())))
	}
	return lang.Format(source), nil
}

func formatFiles(w io.Writer, args []string, check bool) error {
	files, err := hclFiles(args)
	if err != nil {
		return err
	}
	code := exitOK
	var wrong []error
	for _, file := range files {
		source, err := readRunbook(file)
		if err != nil {
			return err
		}
		formatted, err := format(filepath.ToSlash(file), source)
		switch {
		case err != nil:
			wrong = append(wrong, err)
			continue
		case changedOr(formatted, source) == exitOK:
			continue
		}
		if _, err := fmt.Fprintln(w, file); err != nil {
			return err
		}
		if check {
			code = diagnosis.ExitChanges
			continue
		}
		d, err := newDraft(file)
		if err == nil {
			_, err = d.Write(formatted)
			if err == nil {
				err = d.publish()
			}
			d.drop()
		}
		if err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return errors.Join(wrong...)
	}
	return exit(code)
}

// hclFiles returns the named files and those in the named folders, with tests.
func hclFiles(args []string) ([]string, error) {
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
		found, err := filepath.Glob(filepath.Join(arg, "*"+lang.Extension))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

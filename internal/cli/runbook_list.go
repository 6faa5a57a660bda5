package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookList() *cobra.Command {
	var books bookFlags
	var output string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runbooks, with the findings that each fixes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", output, "table", "json"); err != nil {
				return err
			}
			all, err := books.all()
			if err != nil {
				return err
			}
			return listRunbooks(cmd.OutOrStdout(), all, output)
		},
	}
	cmd.Flags().StringVar(&books.dir, "dir", "", "folder of further runbooks; one replaces that of the same name")
	cmd.Flags().StringVar(&output, "output", "table", "format: table or json")
	return cmd
}

// listed is one runbook of the list as JSON.
type listed struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description,omitempty"`
	Reference   string          `json:"reference,omitempty"`
	Target      lang.TargetKind `json:"target"`
	Fixes       []mesh.Code     `json:"fixes"`
	Inputs      []string        `json:"inputs"`
	Steps       []string        `json:"steps"`
	BuiltIn     bool            `json:"built_in"`
}

func listRunbooks(w io.Writer, books *runbook.Books, output string) error {
	all := []listed{}
	for _, b := range books.All() {
		one := listed{b.Name, b.Title, b.Description, b.Reference, b.Target, append([]mesh.Code{}, b.Fixes...), []string{}, []string{}, b.BuiltIn}
		for _, i := range b.Inputs {
			one.Inputs = append(one.Inputs, i.Name)
		}
		for _, s := range b.Steps {
			one.Steps = append(one.Steps, s.Name)
		}
		all = append(all, one)
	}
	if output == "json" {
		return printJSON(w, all)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tTARGET\tTITLE\tFIXES")
	for _, b := range all {
		fixes := codes(b.Fixes)
		if fixes == "" {
			fixes = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", b.Name, b.Target, printable(b.Title), fixes)
	}
	return t.Flush()
}

func newRunbookPrint() *cobra.Command {
	var books bookFlags
	cmd := &cobra.Command{
		Use:   "print NAME",
		Short: "Print the source of a runbook, to read or to make one's own of",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, file, err := books.find(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(file.Bytes)
			return err
		},
	}
	cmd.Flags().StringVar(&books.dir, "dir", "", "folder of further runbooks; one replaces that of the same name")
	return cmd
}

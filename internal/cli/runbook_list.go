package cli

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookList() *cobra.Command {
	var books bookFlags
	out := listOutputs()
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the runbooks and the findings that they correct",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := books.all()
			if err != nil {
				return err
			}
			return out.print(cmd.OutOrStdout(), listOf(all))
		},
	}
	cmd.Flags().StringVar(&books.dir, "dir", "", "folder of further runbooks; a runbook replaces the built-in one of the same name")
	out.flag(cmd.Flags())
	return cmd
}

// listed is a runbook as JSON.
type listed struct {
	Name        string           `json:"name"`
	Title       string           `json:"title"`
	Description string           `json:"description,omitempty"`
	Reference   string           `json:"reference,omitempty"`
	Target      lang.TargetKind  `json:"target"`
	Fixes       []catalogue.Code `json:"fixes"`
	Inputs      []string         `json:"inputs"`
	Steps       []string         `json:"steps"`
	BuiltIn     bool             `json:"built_in"`
}

func listOf(books *runbook.Library) *report.List {
	all, rows := []listed{}, [][]string{}
	for _, b := range books.All() {
		one := listed{b.Name, b.Title, b.Description, b.Reference, b.Target, append([]catalogue.Code{}, b.Fixes...), []string{}, []string{},
			b.BuiltIn}
		for _, i := range b.Inputs {
			one.Inputs = append(one.Inputs, i.Name)
		}
		for _, s := range b.Steps {
			one.Steps = append(one.Steps, s.Name)
		}
		all = append(all, one)
		rows = append(rows, []string{b.Name, string(b.Target), report.Clean(b.Title), cmp.Or(codes(b.Fixes), "-")})
	}
	return &report.List{JSON: all, Table: report.Rows([]string{"NAME", "TARGET", "TITLE", "FIXES"}, rows)}
}

func newRunbookPrint() *cobra.Command {
	var books bookFlags
	cmd := &cobra.Command{
		Use:   "print NAME",
		Short: "Print the source of a runbook, to read or to copy",
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
	cmd.Flags().StringVar(&books.dir, "dir", "", "folder of further runbooks; a runbook replaces the built-in one of the same name")
	return cmd
}

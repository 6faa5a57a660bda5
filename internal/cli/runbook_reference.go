package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookCatalogue() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "List everything that runbooks can ensure, assert and wait for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := oneOf("--output", output, "table", "markdown", "json"); err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			switch output {
			case "markdown":
				return kinds.Catalogue().WriteMarkdown(w)
			case "json":
				return printCatalogue(w)
			}
			return tableCatalogue(w)
		},
	}
	cmd.Flags().StringVar(&output, "output", "table", "format: table, markdown with every argument, or json")
	return cmd
}

func everyKind(do func(k *lang.Kind)) {
	for _, action := range []lang.ActionKind{lang.Ensure, lang.Assert, lang.Wait} {
		for _, k := range kinds.Catalogue().Kinds(action) {
			do(k)
		}
	}
}

func tableCatalogue(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACTION\tKIND\tRISK\tARGUMENTS\tWHAT IT DOES")
	everyKind(func(k *lang.Kind) {
		var args []string
		for _, a := range k.Args {
			if a.Required {
				args = append(args, a.Name)
			} else {
				args = append(args, "["+a.Name+"]")
			}
		}
		what, _, _ := strings.Cut(k.Doc, ". ")
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", k.Action, k.Name, k.Risk, strings.Join(args, " "), strings.TrimSuffix(what, "."))
	})
	return t.Flush()
}

// catalogued is a kind as JSON.
type catalogued struct {
	Action       lang.ActionKind `json:"action"`
	Name         string          `json:"name"`
	Doc          string          `json:"doc"`
	Risk         lang.Risk       `json:"risk"`
	Permissions  []string        `json:"permissions"`
	Arguments    []argument      `json:"arguments"`
	Result       any             `json:"result,omitempty"` // type, as cty writes types as JSON
	Success      []string        `json:"success,omitempty"`
	Transitional []string        `json:"transitional,omitempty"`
	Failure      []string        `json:"failure,omitempty"`
}

type argument struct {
	Name     string `json:"name"`
	Type     any    `json:"type"`
	Required bool   `json:"required"`
	Default  any    `json:"default,omitempty"`
	Doc      string `json:"doc"`
}

func printCatalogue(w io.Writer) error {
	all := []catalogued{}
	everyKind(func(k *lang.Kind) {
		one := catalogued{
			Action: k.Action, Name: k.Name, Doc: k.Doc, Risk: k.Risk, Permissions: append([]string{}, k.Permissions...), Arguments: []argument{},
			Success: k.Success, Transitional: k.Transitional, Failure: k.Failure,
		}
		if k.Result != cty.NilType {
			one.Result = k.Result
		}
		for _, a := range k.Args {
			arg := argument{Name: a.Name, Type: a.Type, Required: a.Required, Doc: a.Doc}
			if a.Default != cty.NilVal && !a.Default.IsNull() {
				arg.Default = ctyjson.SimpleJSONValue{Value: a.Default}
			}
			one.Arguments = append(one.Arguments, arg)
		}
		all = append(all, one)
	})
	return printJSON(w, all)
}

func newRunbookReference() *cobra.Command {
	return &cobra.Command{
		Use:   "reference",
		Short: "Print the reference of the runbook language, as Markdown",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return lang.WriteReference(cmd.OutOrStdout()) },
	}
}

func newRunbookSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the blocks and arguments of the runbook language as JSON, for an editor",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return printJSON(cmd.OutOrStdout(), lang.Schema()) },
	}
}

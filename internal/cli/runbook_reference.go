package cli

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func newRunbookCatalogue() *cobra.Command {
	out := listOutputs(report.Markdown)
	cmd := &cobra.Command{
		Use:   "catalogue",
		Short: "List what runbooks can ensure, assert and wait for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return out.print(cmd.OutOrStdout(), &report.List{
				Table: report.Rows(catalogueRows()), JSON: catalogueDocument(), Markdown: kinds.Catalogue().WriteMarkdown,
			})
		},
	}
	out.flag(cmd.Flags())
	return cmd
}

func everyKind(do func(k *lang.Kind)) {
	for _, action := range []lang.ActionKind{lang.Ensure, lang.Assert, lang.Wait} {
		for _, k := range kinds.Catalogue().Kinds(action) {
			do(k)
		}
	}
}

func catalogueRows() (heading []string, rows [][]string) {
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
		rows = append(rows, []string{string(k.Action), k.Name, string(k.Risk), strings.Join(args, " "), strings.TrimSuffix(what, ".")})
	})
	return []string{"ACTION", "KIND", "RISK", "ARGUMENTS", "DESCRIPTION"}, rows
}

// catalogued is a kind as JSON.
type catalogued struct {
	Action       lang.ActionKind `json:"action"`
	Name         string          `json:"name"`
	Doc          string          `json:"doc"`
	Risk         lang.Risk       `json:"risk"`
	Permissions  []string        `json:"permissions"`
	Arguments    []argument      `json:"arguments"`
	Result       any             `json:"result,omitempty"` // the type in cty's JSON form
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

func catalogueDocument() []catalogued {
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
	return all
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
		RunE: func(cmd *cobra.Command, _ []string) error {
			return report.WriteList(cmd.OutOrStdout(), report.JSON, &report.List{JSON: lang.Schema()}, report.Options{})
		},
	}
}

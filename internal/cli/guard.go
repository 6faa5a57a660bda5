package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

func newGuard(version string) *cobra.Command {
	out := outputs{formats: report.GuardFormats()}
	var fleets []string
	cmd := &cobra.Command{
		Use:   "guard PLAN.json...|-",
		Short: "Say before an apply whether a plan would take away what the mesh needs",
		Long: `Read the output of "terraform show -json PLANFILE", or of OpenTofu, of any
configuration and any provider, and say whether applying the plan would take away
something that managed mesh needs: by which resource, what then happens to the
mesh, and what to write instead. It makes no request.

Without --fleet-project, the mesh service agent of every fleet counts. With it,
only those of the given fleets do; a number saves the guess.

Several plans are judged one by one: nothing orders them. Sensitive values are
used, and never printed.

Exit codes:
  0  harmless: nothing is taken away
  1  error: no verdict
  3  breaks: something that the mesh needs is taken away
  4  unknown: the plan does not say`,
		Example: `  terraform plan -out=plan
  terraform show -json plan | terraform-provider-asm guard -
  terraform-provider-asm guard plan.json --fleet-project my-fleet-project=123456789012
  terraform-provider-asm guard */plan.json --output table --output markdown=comment.md`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			options := guard.Options{Tool: "terraform-provider-asm " + version}
			for _, one := range fleets {
				fleet, err := guard.ParseFleet(one)
				if err != nil {
					return fmt.Errorf("--fleet-project: %w", err)
				}
				options.Fleets = append(options.Fleets, fleet)
			}
			writers, err := out.open(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			defer writers.close()
			result, err := guardPlans(cmd.InOrStdin(), args, options)
			if err != nil {
				return err
			}
			if err := writers.each(func(to io.Writer, format report.Format, o report.Options) error {
				return report.WriteGuard(to, format, result, o)
			}); err != nil {
				return err
			}
			return exit(result.ExitCode())
		},
	}
	cmd.Flags().StringArrayVar(&fleets, "fleet-project", nil,
		"ID of a guarded fleet's host project, or ID=NUMBER (repeatable; default every fleet in the plan)")
	out.flag(cmd.Flags())
	return cmd
}

// guardPlans judges every plan. It reports all plans that cannot be read at once.
func guardPlans(stdin io.Reader, names []string, options guard.Options) (*guard.Result, error) {
	g := guard.New(options)
	var failed []error
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		if err := guardPlan(g, stdin, name); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	return g.Result(), nil
}

func guardPlan(g *guard.Guard, stdin io.Reader, name string) error {
	from, what := stdin, "the plan on standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("reading the plan %s: %w", name, err)
		}
		defer f.Close()
		from, what = f, "the plan "+name
	}
	if err := g.Add(name, from); err != nil {
		return fmt.Errorf("reading %s: %w", what, err)
	}
	return nil
}

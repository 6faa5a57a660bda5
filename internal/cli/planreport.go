package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
	"github.com/managed-mesh/terraform-provider-asm/internal/planreport"
)

func newPlanReport(version string) *cobra.Command {
	var out outputs
	cmd := &cobra.Command{
		Use:   "plan-report PLAN.json|-",
		Short: "Give one verdict for the drift and the checks of a Terraform plan",
		Long: `Read the output of "terraform show -json PLANFILE", or of OpenTofu, and give one
verdict for drift and checks together. It makes no request.

The report shows drift of this provider's resources with its cause, and the
findings of the data sources and check blocks in the configuration. It ignores
changed outputs, and data sources in check blocks, which make
"plan -detailed-exitcode" exit with 2 for ever. Where applying the plan would take
away what the mesh needs, the summary has it; guard shows by what.

Exit codes:
  0  no changes, and every check passes
  1  error: no verdict
  2  applying the plan would change something
  3  no changes, but the mesh is unhealthy or a check fails
  4  no changes, but something is unknown`,
		Example: `  terraform plan -out=plan
  terraform show -json plan | terraform-provider-asm plan-report -
  terraform-provider-asm plan-report plan.json --output table --output markdown=comment.md`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			writers, err := out.open(cmd.OutOrStdout())
			if err != nil {
				return err
			}
			defer writers.close()
			result, err := readPlan(cmd.InOrStdin(), args[0], "terraform-provider-asm "+version)
			if err != nil {
				return err
			}
			if err := writers.write(result.Report); err != nil {
				return err
			}
			return exit(result.ExitCode())
		},
	}
	out.flag(cmd.Flags())
	return cmd
}

func readPlan(stdin io.Reader, name, tool string) (*planreport.Result, error) {
	from, what := stdin, "the plan on standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("reading the plan %s: %w", name, err)
		}
		defer f.Close()
		from, what = f, "the plan "+name
	}
	raw, err := io.ReadAll(from)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	plan, err := planreport.Read(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	result := planreport.Make(plan, tool)
	// What the plan would take away is not drift, and does not count; but a reader of one must see the other.
	g := guard.New(guard.Options{Tool: tool})
	if err := g.Add(name, bytes.NewReader(raw)); err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	if would := g.Result(); would.Verdict != guard.Harmless {
		result.Summary += "; applying it: " + would.Summary + " (see terraform-provider-asm guard)"
	}
	return result, nil
}

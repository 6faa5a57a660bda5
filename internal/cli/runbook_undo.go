package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

type undoFlags struct {
	sessionFlags
	approvalFlags
	planOnly bool
	outputs  outputs
}

func newRunbookUndo(p program) *cobra.Command {
	var f undoFlags
	cmd := &cobra.Command{
		Use:   "undo RUN",
		Short: "Undo the changes of a run",
		Long: `Undo the changes of a run, the last change first: restore the earlier values from
the run's journal. It refuses, and changes nothing, where the values have changed
since. An undo is itself a run with a journal; each change needs approval.

Exit codes: those of run; with --plan those of plan.`,
		Example: `  terraform-provider-asm runbook undo 20261122-145012-k7q2m9xw --plan
  terraform-provider-asm runbook undo 20261122-145012-k7q2m9xw --yes`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.planOnly, "plan", false, "show what would be undone, and change nothing")
	f.approvalFlags.flags(flags)
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.events.flags(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

func (f *undoFlags) run(cmd *cobra.Command, p program, typed string) error {
	approvals, err1 := f.read(p.clock.Now())
	_, err2 := journal.ParseID(typed)
	if err := errors.Join(err2, err1, f.check()); err != nil {
		return err
	}
	return f.withSession(cmd, p, f.outputs, func(ctx context.Context, s *session) error {
		s.askAt(&approvals)
		run, err := findRun(ctx, s.Store, typed)
		if err != nil {
			return err
		}
		plan, err := s.PlanUndo(ctx, run)
		if err != nil {
			return err
		}
		if f.planOnly {
			return s.writePlans([]*runbook.Plan{plan.Plan}, nil)
		}
		s.live.start()
		result, err := s.Run(ctx, plan, approvals)
		s.live.end()
		return s.finish(result, err)
	})
}

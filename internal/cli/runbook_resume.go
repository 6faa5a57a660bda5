package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

type resumeFlags struct {
	sessionFlags
	approvalFlags
	inputFlags
	outputs outputs
}

func newRunbookResume(p program) *cobra.Command {
	var f resumeFlags
	cmd := &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was interrupted, failed, or waits for somebody",
		Long: `Go on with a run that was interrupted, that failed, or that waits for somebody.
What was under way is looked at before anything is done again; a step that ended
is checked again, and not done again. Sensitive inputs are kept nowhere and have
to be given again.

Exit codes: as of run.`,
		Example: `  terraform-provider-asm runbook resume 20261122-145012-k7q2m9xw --approve restart`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args[0]) },
	}
	flags := cmd.Flags()
	f.approvalFlags.flags(flags)
	f.inputFlags.flags(flags)
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.events.flags(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

func (f *resumeFlags) run(cmd *cobra.Command, p program, typed string) error {
	approvals, err1 := f.approvalFlags.read()
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
		given, err := f.inputsOf(ctx, s, run)
		if err != nil {
			return err
		}
		s.live.start()
		result, err := s.Resume(ctx, run, given, approvals)
		s.live.end()
		return s.finish(result, err)
	})
}

// inputsOf reads the inputs that were given again, by the runbook that the run has.
func (f *resumeFlags) inputsOf(ctx context.Context, s *session, run string) (map[string]cty.Value, error) {
	state, _, err := s.History(ctx, run)
	if err != nil {
		return nil, err
	}
	if state.UndoOf != "" {
		if f.inputFlags.any() {
			return nil, fmt.Errorf("run %s takes another back, which has no inputs: leave --input out", run)
		}
		return nil, nil
	}
	r, _, err := runbook.Load(state.Runbook+".hcl", []byte(state.Source), state.Runbook)
	if err != nil {
		return nil, fmt.Errorf("run %s: its runbook cannot be read any more: %w", run, err)
	}
	given, err := f.inputFlags.read(r)
	return given, errors.Join(err, f.checkSteps(r))
}

// finish writes what became of one run, and gives its exit code. An error before
// the run was begun or gone on with is the command's.
func (s *session) finish(result *runbook.Result, err error) error {
	if err != nil && (result == nil || result.Run == "" || result.Finished.IsZero()) {
		return err
	}
	one := *result
	if err != nil { // what happened since cannot be recorded
		one.Outcome, one.Error = journal.Failed, err.Error()
		one.Next = resumes + one.Run
	}
	return s.write(runbook.Join(s.tool(), "", []runbook.Result{one}, nil))
}

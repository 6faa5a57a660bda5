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
		Short: "Resume a run that was interrupted, failed, or waits for a person",
		Long: `Resume a run that was interrupted, that failed, or that waits for a person. The
interrupted step is checked before it is repeated; a finished step is checked, and
not repeated. Sensitive inputs are not stored: give them again.

Exit codes: those of run.`,
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
	approvals, err1 := f.approvalFlags.read(p.clock.Now())
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

// inputsOf reads the inputs that were given again, for the runbook of the run.
func (f *resumeFlags) inputsOf(ctx context.Context, s *session, run string) (map[string]cty.Value, error) {
	state, _, err := s.History(ctx, run)
	if err != nil {
		return nil, err
	}
	if state.UndoOf != "" {
		if f.any() {
			return nil, fmt.Errorf("run %s undoes another run, which takes no inputs: leave out --input", run)
		}
		return nil, nil
	}
	r, _, err := runbook.Load(state.Runbook+".hcl", []byte(state.Source), state.Runbook)
	if err != nil {
		return nil, fmt.Errorf("run %s: reading its runbook: %w", run, err)
	}
	given, err := f.inputFlags.read(r)
	return given, errors.Join(err, f.checkSteps(r))
}

// finish writes the result of one run, and returns its exit code. An error before the
// run started or resumed is the command's error.
func (s *session) finish(result *runbook.Result, err error) error {
	if err != nil && (result == nil || result.Run == "" || result.Finished.IsZero()) {
		return err
	}
	one := *result
	if err != nil { // the journal lacks the error
		one.Outcome, one.Error = journal.Failed, err.Error()
		one.Next = resumes + one.Run
	}
	return s.write(runbook.Join(s.tool(), "", []runbook.Result{one}, nil))
}

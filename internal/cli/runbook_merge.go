package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

type mergeFlags struct {
	sessionFlags
	jobFlags
	name    string
	outputs outputs
}

func newRunbookMerge(p program) *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge JOB",
		Short: "Merge the runs of a job that several executors shared into one report",
		Long: `Merge the runs of a job, which its executors left in their shared store, into one
report. With the runbook and the targets of the job, it plans each target without
a run: a target with nothing to do counts as succeeded, any other as not started.

Exit codes: those of run, for the whole job.`,
		Example: `  terraform-provider-asm runbook merge night-4711 --state-namespace asm-runs \
    --runbook restart-proxies --fleet-project prod-fleet`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "runbook", "", "the job's runbook, to find its targets")
	f.jobFlags.flags(flags)
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

func (f *mergeFlags) run(cmd *cobra.Command, p program, job string) error {
	var order *order
	err := f.check()
	switch named := f.name != "" || f.file != ""; {
	case named:
		var wrong error
		order, wrong = f.read(cmd.Flags(), some(f.name))
		err = errors.Join(err, wrong)
	case f.targetFlags.any():
		err = errors.Join(err, errors.New("--runbook: name the runbook of the job, so that its targets are known"))
	}
	if err != nil {
		return err
	}
	return f.withSession(cmd, p, f.outputs, func(ctx context.Context, s *session) error {
		r, err := s.merge(ctx, job, order)
		if err != nil {
			return err
		}
		return s.write(r)
	})
}

// merge merges the runs of a job. Without an order it has only the targets with a run.
func (s *session) merge(ctx context.Context, name string, order *order) (*runbook.Report, error) {
	if order == nil {
		return fleet.Merge(ctx, s.Engine, name, nil)
	}
	jobs, err := order.jobs(ctx, s.Engine, name)
	if err != nil {
		return nil, err
	}
	var targets []runbook.Target
	for _, job := range jobs {
		targets = append(targets, job.Target)
	}
	r, err := fleet.Merge(ctx, s.Engine, name, targets)
	if err != nil || len(r.NotRun) == 0 {
		return r, err
	}
	jobs = slices.DeleteFunc(jobs, func(j runbook.Job) bool { return !slices.Contains(r.NotRun, j.Target.Name) })
	clean, err := s.cleanOnes(ctx, jobs)
	if err != nil {
		return nil, err
	}
	for _, target := range r.NotRun {
		if p := clean[target]; p != nil {
			r.Results = append(r.Results, runbook.Result{
				Runbook: p.Runbook, Target: target, Outcome: journal.Succeeded, Steps: []runbook.StepResult{}, Started: p.Made, Finished: p.Made,
			})
		}
	}
	left := slices.DeleteFunc(r.NotRun, func(target string) bool { return clean[target] != nil })
	return runbook.Join(r.Tool, r.Job, r.Results, left), nil
}

// cleanOnes returns the plans with nothing to do, by target. A target that cannot be planned is not among them.
func (s *session) cleanOnes(ctx context.Context, jobs []runbook.Job) (map[string]*engine.Prepared, error) {
	plans := make([]*engine.Prepared, len(jobs))
	var group errgroup.Group
	group.SetLimit(8)
	for i, job := range jobs {
		group.Go(func() error {
			plans[i], _ = s.Plan(ctx, job) // a target that cannot be planned is not clean
			return nil
		})
	}
	_ = group.Wait() // never fails
	if ctx.Err() != nil {
		return nil, errors.New("interrupted; nothing was changed")
	}
	clean := map[string]*engine.Prepared{}
	for _, p := range plans {
		if p != nil && p.Clean() {
			clean[p.Target.Name] = p
		}
	}
	return clean, nil
}

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// fanFlags say how several targets are worked on.
type fanFlags struct {
	canary      int
	concurrency int
	maxFailures string
	job         string
}

func (f *fanFlags) flags(flags *pflag.FlagSet) {
	flags.IntVar(&f.canary, "canary", 1, "targets that go first, one after the other, and must succeed before the rest is begun")
	flags.IntVar(&f.concurrency, "concurrency", 8, "targets at once")
	flags.StringVar(&f.maxFailures, "max-failures", "0", "failed targets, or a share of them such as 10%, with which further ones are still begun")
	flags.StringVar(&f.job, "job", "", "name that the runs share, by which history and merge find them (default one is made for several targets)")
}

func (f *fanFlags) read() (runbook.Fan, error) {
	fan := runbook.Fan{Concurrency: f.concurrency, Canary: f.canary}
	var wrong []error
	if f.canary < 0 {
		wrong = append(wrong, fmt.Errorf("--canary: %d is negative", f.canary))
	}
	if f.concurrency < 1 {
		wrong = append(wrong, fmt.Errorf("--concurrency: %d is less than 1", f.concurrency))
	}
	var err error
	if fan.MaxFailures, err = runbook.ParseThreshold(f.maxFailures); err != nil {
		wrong = append(wrong, fmt.Errorf("--max-failures: %w", err))
	}
	return fan, errors.Join(wrong...)
}

// fanOf is the fan for so many targets: one is its own canary.
func fanOf(fan runbook.Fan, targets int) runbook.Fan {
	if targets <= 1 {
		fan.Canary = 0
	}
	return fan
}

type runFlags struct {
	sessionFlags
	jobFlags
	approvalFlags
	fanFlags
	outputs outputs
}

func newRunbookRun(p program) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run NAME|PLAN.json",
		Short: "Run a runbook, or a plan that was saved",
		Long: `Run a runbook on its targets, or a plan that "runbook plan --out" saved. What is
right already is left alone. Steps that need approval ask at a terminal; without
one the run stops there, exits with 5, and says how it goes on. Ctrl-C stops it
cleanly; a second one ends the process, and resume still goes on.

A saved plan is refused when the world has changed since it was made. A folder
that "plan --out FOLDER/" wrote is run plan by plan.

Exit codes: 0 succeeded, 1 nothing was begun, 5 approval needed or refused, 6 a
target failed or was stopped, 7 so many failed that the rest was not begun.`,
		Example: `  terraform-provider-asm runbook run restore-service-agent-binding --membership projects/prod-fleet/locations/europe-west1/memberships/orders
  terraform-provider-asm runbook run plan.json --approve restart --approver oncall@example.com
  terraform-provider-asm runbook run restart-proxies --fleet-project prod-fleet --approve-risk medium --canary 2 --max-failures 5%`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args) },
	}
	flags := cmd.Flags()
	f.jobFlags.flags(flags)
	f.approvalFlags.flags(flags)
	f.fanFlags.flags(flags)
	f.shardFlags(flags)
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.events.flags(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

// assignment is a target with what is done when its turn comes.
type assignment struct {
	target string
	run    func(ctx context.Context, s *session, approvals runbook.Approvals) (*runbook.Result, error)
}

func (f *runFlags) run(cmd *cobra.Command, p program, args []string) error {
	fan, err1 := f.fanFlags.read()
	approvals, err2 := f.approvalFlags.read()
	prepare, err3 := f.prepare(cmd.Flags(), args)
	if err := errors.Join(err3, err2, err1, f.check()); err != nil {
		return err
	}
	sinks, err := f.outputs.open(cmd.OutOrStdout())
	if err != nil {
		return err
	}
	defer sinks.close()
	s, err := f.open(cmd, p)
	if err != nil {
		return err
	}
	defer s.Close()
	s.askAt(cmd, p, &approvals)
	ctx := cmd.Context()
	assignments, err := prepare(ctx, s)
	if err != nil {
		return s.quietly(err)
	}
	r, err := s.runAll(ctx, f.job, assignments, fan, approvals)
	if err != nil {
		return s.quietly(err)
	}
	if err := s.write(sinks, r); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	return exit(r.ExitCode())
}

// prepare checks what is to be run. What it returns finds the targets.
func (f *runFlags) prepare(flags *pflag.FlagSet, args []string) (func(ctx context.Context, s *session) ([]assignment, error), error) {
	if len(args) == 1 && strings.ContainsAny(args[0], "./") && !strings.HasSuffix(args[0], lang.Extension) {
		return f.prepareSaved(args[0])
	}
	order, err := f.jobFlags.read(flags, args)
	if order.runbook != nil {
		err = errors.Join(err, f.checkSteps(order.runbook))
	}
	if f.shards > 0 && f.job == "" {
		err = errors.Join(err, errors.New("--shards: give the job a name with --job, the same in every shard: a retry and merge find its runs by it"))
	}
	return func(ctx context.Context, s *session) ([]assignment, error) {
		jobs, err := order.jobs(ctx, s.Engine, "")
		if err != nil {
			return nil, err
		}
		keep := f.job != "" // somebody may merge it
		if len(jobs) > 1 {
			f.job = orNewJob(f.job, s)
		}
		var all []assignment
		for _, job := range jobs {
			job.Name, job.Keep = f.job, keep
			all = append(all, assignment{job.Target.Name, func(ctx context.Context, s *session, approvals runbook.Approvals) (*runbook.Result, error) {
				return s.Continue(ctx, job, approvals)
			}})
		}
		return all, nil
	}, err
}

func (f *runFlags) prepareSaved(path string) (func(ctx context.Context, s *session) ([]assignment, error), error) {
	plans, err := savedPlans(path)
	if err != nil {
		return nil, err
	}
	wrong := []error{}
	if f.targetFlags.any() || f.bookFlags != (bookFlags{}) || f.shards != 0 {
		wrong = append(wrong, errors.New("a saved plan says itself on what it works and which runbook it is of: leave the flags that name targets, files and shards out"))
	}
	var all []assignment
	for _, saved := range plans {
		r, _, err := runbook.Load(saved.File, []byte(saved.Source), saved.Runbook)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		given, err := f.inputFlags.read(r)
		wrong = append(wrong, err, f.checkSteps(r))
		all = append(all, assignment{saved.Target.Name, func(ctx context.Context, s *session, approvals runbook.Approvals) (*runbook.Result, error) {
			job, err := saved.Job(given)
			if err != nil {
				return nil, err
			}
			job.Name = f.job
			fresh, err := s.Plan(ctx, job)
			if err != nil {
				return nil, err
			}
			if err := saved.Same(fresh); err != nil {
				return nil, err
			}
			return s.Run(ctx, fresh, approvals)
		}})
	}
	return func(_ context.Context, s *session) ([]assignment, error) {
		if len(all) > 1 {
			f.job = orNewJob(f.job, s)
		}
		return all, nil
	}, errors.Join(wrong...)
}

// orNewJob names work on several targets where nobody has.
func orNewJob(name string, s *session) string {
	if name != "" {
		return name
	}
	return "job-" + journal.NewID(s.Clock.Now())
}

// runAll plans and runs on each target. What kept the only target from being begun
// is the error; with several it is in the report.
func (s *session) runAll(ctx context.Context, job string, assignments []assignment, fan runbook.Fan, approvals runbook.Approvals) (*runbook.Report, error) {
	var names []string
	by := map[string]assignment{}
	for _, a := range assignments {
		names = append(names, a.target)
		by[a.target] = a
	}
	var mu sync.Mutex
	var notBegun error
	s.live.start()
	defer s.live.end()
	r, err := s.RunAll(ctx, job, names, fanOf(fan, len(names)), func(target string) runbook.Work {
		return func(ctx context.Context) ([]runbook.Result, error) {
			result, err := by[target].run(ctx, s, approvals)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && (result == nil || result.Run == "") {
				notBegun = err
				return nil, err
			}
			return []runbook.Result{*result}, err
		}
	})
	if notBegun != nil && len(names) == 1 {
		return nil, notBegun
	}
	if err != nil && len(r.Results) == 0 {
		return nil, fmt.Errorf("%w; nothing was begun", err)
	}
	return r, nil
}

// write writes what became of runs, without secrets and with commands that can be
// copied.
func (s *session) write(sinks *writers, r *runbook.Report) error {
	for i := range r.Results {
		s.complete(&r.Results[i])
	}
	shown, err := withoutSecrets(s.Redactor, *r)
	if err != nil {
		return err
	}
	return sinks.each(func(to io.Writer, format report.Format, o report.Options) error {
		return report.WriteRun(to, format, &shown, o)
	})
}

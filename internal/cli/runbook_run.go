package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// fanFlags configure the work on several targets.
type fanFlags struct {
	canary      int
	concurrency int
	maxFailures string
	job         string
}

func (f *fanFlags) flags(flags *pflag.FlagSet) {
	flags.IntVar(&f.canary, "canary", 1, "targets that run first, one after the other, and must succeed before the rest starts")
	flags.IntVar(&f.concurrency, "concurrency", 8, "targets at once")
	flags.StringVar(&f.maxFailures, "max-failures", "0", "failed targets, or a share such as 10%, up to which further targets start")
	flags.StringVar(&f.job, "job", "", "name of the runs for history and merge (default a generated one for several targets)")
}

func (f *fanFlags) read() (fleet.Rollout, error) {
	fan := fleet.Rollout{Concurrency: f.concurrency, Canary: f.canary}
	var wrong []error
	if f.canary < 0 {
		wrong = append(wrong, fmt.Errorf("--canary: %d is negative", f.canary))
	}
	if f.concurrency < 1 {
		wrong = append(wrong, fmt.Errorf("--concurrency: %d is less than 1", f.concurrency))
	}
	var err error
	if fan.MaxFailures, err = fleet.ParseThreshold(f.maxFailures); err != nil {
		wrong = append(wrong, fmt.Errorf("--max-failures: %w", err))
	}
	return fan, errors.Join(wrong...)
}

// fanOf adapts a fan to a number of targets: a single target needs no canary.
func fanOf(fan fleet.Rollout, targets int) fleet.Rollout {
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
		Short: "Run a runbook, or a saved plan",
		Long: `Run a runbook on its targets, or a plan that "runbook plan --out" saved. Steps that
are in place change nothing. Steps that need approval ask at a terminal; without
one the run stops there, exits with 5, and prints the command that resumes it.
Ctrl-C stops the run cleanly, as SIGTERM and a hang-up do; a second one after more than
a second ends the process, and resume still works.

A saved plan is refused when its target has changed since. The plans in a folder
of "plan --out FOLDER/" run one by one.

Exit codes: 0 succeeded, 1 nothing was started, 5 approval needed or refused, 6 a
target failed or was stopped, 7 too many targets failed and the rest was not started.`,
		Example: `  terraform-provider-asm runbook run restore-service-agent-binding --fleet-project prod-fleet
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

// assignment is a target with the job to run there, or the plan that was saved for
// it and the inputs that a plan does not keep.
type assignment struct {
	target string
	job    runbook.Job
	saved  *runbook.Plan
	given  map[string]cty.Value
}

// request is what a command line asks to run: a runbook on targets, or saved plans.
type request struct {
	order *order
	saved []assignment
}

func (f *runFlags) run(cmd *cobra.Command, p program, args []string) error {
	fan, err1 := f.fanFlags.read()
	approvals, err2 := f.approvalFlags.read(p.clock.Now())
	asked, err3 := f.request(cmd.Flags(), args)
	if err := errors.Join(err3, err2, err1, f.check()); err != nil {
		return err
	}
	return f.withSession(cmd, p, f.outputs, func(ctx context.Context, s *session) error {
		s.askAt(&approvals)
		assignments, job, err := f.assign(ctx, s, asked)
		if err != nil {
			return err
		}
		r, err := s.runAll(ctx, job, assignments, fan, approvals)
		if err != nil {
			return err
		}
		return s.write(r)
	})
}

// request checks the flags before any request to an API is made.
func (f *runFlags) request(flags *pflag.FlagSet, args []string) (*request, error) {
	if len(args) == 1 && strings.ContainsAny(args[0], "./") && !strings.HasSuffix(args[0], lang.Extension) {
		saved, err := f.savedAssignments(args[0])
		return &request{saved: saved}, err
	}
	order, err := f.jobFlags.read(flags, args)
	if order.runbook != nil {
		err = errors.Join(err, f.checkSteps(order.runbook))
	}
	if f.shards > 0 && f.job == "" {
		err = errors.Join(err, errors.New("--shards: name the job with --job, the same in every shard; a retry and merge find its runs by it"))
	}
	return &request{order: order}, err
}

func (f *runFlags) savedAssignments(path string) ([]assignment, error) {
	plans, err := savedPlans(path)
	if err != nil {
		return nil, err
	}
	var wrong []error
	if f.targetFlags.any() || f.bookFlags != (bookFlags{}) || f.shards != 0 {
		wrong = append(wrong, errors.New("a saved plan names its targets and its runbook: leave out the flags for targets, files and shards"))
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
		all = append(all, assignment{target: saved.Target.Name, saved: saved, given: given})
	}
	return all, errors.Join(wrong...)
}

// assign finds the targets of a request. Work on several targets gets a job name.
func (f *runFlags) assign(ctx context.Context, s *session, asked *request) ([]assignment, string, error) {
	all := asked.saved
	if asked.order != nil {
		jobs, err := asked.order.jobs(ctx, s.Engine, "")
		if err != nil {
			return nil, "", err
		}
		for _, job := range jobs {
			job.Keep = f.job != "" // a merge may look for it
			all = append(all, assignment{target: job.Target.Name, job: job})
		}
	}
	name := f.job
	if name == "" && len(all) > 1 {
		name = "job-" + journal.NewID(s.Clock.Now())
	}
	for i := range all {
		all[i].job.Name = name
	}
	return all, name, nil
}

// runOne runs on one target, or resumes its unfinished run. A saved plan is refused when a fresh one differs from it.
func (s *session) runOne(ctx context.Context, a assignment, approvals engine.Approvals) (*runbook.Result, error) {
	if a.saved == nil {
		return fleet.Continue(ctx, s.Engine, a.job, approvals)
	}
	job, err := a.saved.Job(a.given)
	if err != nil {
		return nil, err
	}
	job.Name = a.job.Name
	fresh, err := s.Plan(ctx, job)
	if err != nil {
		return nil, err
	}
	if err := a.saved.Same(fresh.Plan); err != nil {
		return nil, err
	}
	return s.Run(ctx, fresh, approvals)
}

// runAll plans and runs on each target. An error that keeps the only target from
// starting is returned; with several targets it is in the report.
func (s *session) runAll(
	ctx context.Context, job string, assignments []assignment, fan fleet.Rollout, approvals engine.Approvals,
) (*runbook.Report, error) {
	var names []string
	of := map[string][]assignment{} // saved plans can have a target in common
	for _, a := range assignments {
		if of[a.target] == nil {
			names = append(names, a.target)
		}
		of[a.target] = append(of[a.target], a)
	}
	var mu sync.Mutex
	var notStarted error
	var left []string
	s.live.start()
	defer s.live.end()
	r, err := fleet.RunAll(ctx, s.Engine, job, names, fanOf(fan, len(names)), func(target string) fleet.TargetFunc {
		return func(ctx context.Context) (results []runbook.Result, err error) {
			for i, a := range of[target] {
				result, err := s.runOne(ctx, a, approvals)
				refused := err != nil && (result == nil || result.Run == "")
				if !refused {
					results = append(results, *result)
				}
				if err == nil && result.Outcome != journal.Failed && result.Outcome != journal.Stopped {
					continue
				}
				mu.Lock()
				defer mu.Unlock()
				if refused {
					notStarted = err
				}
				for _, later := range of[target][i+1:] {
					left = append(left, fmt.Sprintf("%s (%s)", target, later.saved.Runbook))
				}
				return results, err
			}
			return results, nil
		}
	})
	if notStarted != nil && len(assignments) == 1 {
		return nil, notStarted
	}
	if r != nil && len(left) > 0 {
		r.NotRun = append(r.NotRun, left...)
		r.Summarize()
	}
	if err != nil && len(r.Results) == 0 {
		return nil, fmt.Errorf("%w; nothing was started", err)
	}
	return r, nil
}

// write writes the results of runs, without secrets and with commands that can be copied, and returns their exit code.
func (s *session) write(r *runbook.Report) error {
	for i := range r.Results {
		s.complete(&r.Results[i])
	}
	shown, err := withoutSecrets(s.Redactor, *r)
	if err != nil {
		return err
	}
	err = s.sinks.each(func(to io.Writer, format report.Format, o report.Options) error {
		return report.WriteRun(to, format, &shown, o)
	})
	if err != nil {
		ran := slices.ContainsFunc(r.Results, func(one runbook.Result) bool { return one.Run != "" })
		return unreported(err, r.ExitCode(), ran)
	}
	return exit(r.ExitCode())
}

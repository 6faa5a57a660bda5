package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

type remediateFlags struct {
	sessionFlags
	diagnose diagnoseFlags
	dir      string
	planOnly bool
	patience time.Duration
	approvalFlags
	fanFlags
	outputs outputs
}

func newRemediate(p program) *cobra.Command {
	f := remediateFlags{diagnose: diagnoseFlags{concurrency: 64, failOn: string(diagnosis.FailDegraded)}}
	cmd := &cobra.Command{
		Use:   "remediate",
		Short: "Diagnose, and run the runbooks of the root causes",
		Long: `Diagnose the managed mesh of fleets, memberships or clusters, pick the runbooks of
the root causes in the order of their dependences, show one plan, run it, and
diagnose again, until no root cause is left that a runbook corrects. The report
lists root causes that need a person with their remedy.

At a terminal it asks once for the whole plan, then for each step that needs
approval. Without a terminal it runs nothing unless --yes, --approve,
--approve-risk or --approval-file approves something.

Exit codes: those of diagnose, for the state at the end; 5 approval needed or
refused, 6 a target failed or was stopped, 7 too many targets failed and the rest
was not started. With --plan, those of diagnose.`,
		Example: `  terraform-provider-asm remediate --fleet-project prod-fleet --plan
  terraform-provider-asm remediate --membership projects/prod-fleet/locations/europe-west1/memberships/orders
  terraform-provider-asm remediate --fleet-project prod-fleet --approve-risk medium --max-failures 5% --request-reason INC-4711`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, p) },
	}
	flags := cmd.Flags()
	f.diagnose.targetFlags(flags)
	flags.StringVar(&f.dir, "dir", "", "folder of further runbooks; a runbook replaces the built-in one of the same name")
	flags.BoolVar(&f.planOnly, "plan", false, "show the plan, and change nothing")
	flags.DurationVar(&f.patience, "patience", time.Hour, "how long to wait for the mesh after the last change")
	f.approvalFlags.flags(flags)
	f.fanFlags.flags(flags)
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.events.flags(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

// remediation is one run of the command.
type remediation struct {
	*session
	flags  *remediateFlags
	ask    *asker
	stderr io.Writer
	plans  []*runbook.Plan  // that were shown last
	given  engine.Approvals // by the flags
	refuse string           // why no plan was run
}

func (f *remediateFlags) run(cmd *cobra.Command, p program) error {
	options, err1 := f.diagnose.options(p.version)
	approvals, err2 := f.approvalFlags.read(p.clock.Now())
	fan, err3 := f.fanFlags.read()
	books, err4 := (&bookFlags{dir: f.dir}).all()
	var err5 error
	if f.patience <= 0 {
		err5 = fmt.Errorf("--patience: %s is not a positive duration", f.patience)
	}
	if err := errors.Join(err1, err2, err3, err4, err5, f.check()); err != nil {
		return err
	}
	if err := f.checkSteps(books); err != nil {
		return err
	}
	options.Clock = p.clock
	o := fleet.RemediateOptions{Diagnosis: options, Library: books, Rollout: fan, Approvals: approvals, Job: f.job, Patience: f.patience}
	if o.Job == "" {
		o.Job = "remediate-" + journal.NewID(p.clock.Now())
	}
	return f.withSession(cmd, p, f.outputs, func(ctx context.Context, s *session) error {
		m := &remediation{session: s, flags: f, stderr: cmd.ErrOrStderr(), given: approvals}
		return m.run(ctx, o)
	})
}

func (m *remediation) run(ctx context.Context, o fleet.RemediateOptions) error {
	m.ask = m.askAt(&o.Approvals)
	progress := newProgress(m.stderr)
	o.Diagnosis.Progress = func(done, total int, name string) {
		if m.plans == nil { // only for the first diagnosis; the others are short
			progress.update(done, total, name)
		}
	}
	o.Unseen = m.flags.yes || m.ask == nil && m.flags.risk != ""
	o.Show = func(ctx context.Context, r *diagnosis.Report, remedies []runbook.Remedy, plans []*runbook.Plan) (bool, error) {
		progress.done()
		return m.show(ctx, r, remedies, plans)
	}
	m.live.start()
	done, err := fleet.Remediate(ctx, m.Engine, o)
	progress.done()
	m.live.end()
	if err != nil && (done.Before == nil || ctx.Err() == nil && !started(done)) {
		return err
	}
	return m.conclude(done, err)
}

// started reports whether a run was started, so that there is something to report.
func started(m *runbook.Remediation) bool {
	return slices.ContainsFunc(m.Rounds, func(r runbook.Round) bool { return r.Report != nil })
}

// checkSteps refuses approvals of steps that no runbook has.
func (f *remediateFlags) checkSteps(books *runbook.Library) error {
	var wrong []error
	for _, step := range f.steps {
		name, _, _ := strings.Cut(step, "[")
		if !slices.ContainsFunc(books.All(), func(b runbook.Book) bool { return b.Step(name) != nil }) {
			wrong = append(wrong, fmt.Errorf("--approve: no runbook has a step %q", name))
		}
	}
	return errors.Join(wrong...)
}

// show shows the plans of a round, and reports whether they may run.
func (m *remediation) show(ctx context.Context, r *diagnosis.Report, remedies []runbook.Remedy, plans []*runbook.Plan) (bool, error) {
	first := m.plans == nil
	m.plans = plans
	if m.flags.planOnly {
		return false, nil
	}
	if m.ask == nil {
		agreed := m.flags.agree(m.given, plans, m.WaitClock().Now())
		if !agreed {
			m.refuse = "nothing is approved: there is no terminal to ask at, and neither --yes nor --approve-risk, nor an --approve or a valid " +
				"--approval-file for each of the plans"
		}
		return agreed, nil
	}
	if m.flags.yes {
		return true, nil
	}
	color, width := terminal(m.stderr)
	unplanned := slices.DeleteFunc(slices.Clone(remedies), func(r runbook.Remedy) bool { return r.Error == "" })
	shown, err := withoutSecrets(m.Redactor, report.Remediation{Plans: plans, Remediation: &runbook.Remediation{
		Before: r, Rounds: []runbook.Round{{Remedies: unplanned}},
	}})
	if err != nil {
		return false, err
	}
	m.ask.live.hold()
	defer m.ask.live.release()
	if err := report.WriteRemediation(m.stderr, report.Table, &shown, report.Options{Color: color, Width: width}); err != nil {
		return false, err
	}
	question := "Run this plan?"
	if !first {
		question = "The correction has revealed more root causes. Run this plan, too?"
	}
	ok, err := m.ask.whole(ctx, question)
	if err == nil && !ok {
		m.refuse = "refused by " + m.ask.who
	}
	return ok, err
}

// conclude writes the result. stopped is why the remediation ended early.
func (m *remediation) conclude(done *runbook.Remediation, stopped error) error {
	for _, round := range done.Rounds {
		if round.Report != nil {
			for i := range round.Report.Results {
				m.complete(&round.Report.Results[i])
			}
		}
	}
	whole := report.Remediation{Remediation: done, Refused: m.refuse}
	if m.flags.planOnly || m.refuse != "" {
		whole.Plans = m.plans
	}
	if stopped != nil {
		whole.Stopped = stopped.Error()
	}
	shown, err := withoutSecrets(m.Redactor, whole)
	if err != nil {
		return err
	}
	err = m.sinks.each(func(to io.Writer, format report.Format, o report.Options) error {
		return report.WriteRemediation(to, format, &shown, o)
	})
	code := done.ExitCode(diagnosis.FailOn(m.flags.diagnose.failOn))
	switch {
	case stopped != nil:
		code = runbook.ExitFailed
	case m.refuse != "":
		code = runbook.ExitApproval
	}
	if err != nil {
		return unreported(err, code, started(done))
	}
	return exit(code)
}

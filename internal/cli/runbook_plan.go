package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

type planFlags struct {
	sessionFlags
	jobFlags
	out         string
	concurrency int
	outputs     outputs
}

func newRunbookPlan(p program) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan NAME",
		Short: "Show what a runbook would do, and change nothing",
		Long: `Show what a runbook would do on its targets, step by step: the current and the
desired values, the steps that are in place, the steps that need approval, the
missing permissions, and the time it may take. It changes nothing.

--out saves the plan for "runbook run", which refuses the plan when its target
has changed since. With a folder, ending in /, it saves a plan for each target.

Exit codes: 0 nothing to do, 1 error, 2 changes, 3 no changes, but a wait or a
failing assertion, 4 unknown.`,
		Example: `  terraform-provider-asm runbook plan restore-connect-gateway --fleet-project prod-fleet
  terraform-provider-asm runbook plan restart-proxies --fleet-project prod-fleet --output table --output markdown=comment.md
  terraform-provider-asm runbook plan --file own.hcl --project prod-orders --input reason=INC-4711 --out plan.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, p, args) },
	}
	flags := cmd.Flags()
	f.jobFlags.flags(flags)
	f.shardFlags(flags)
	flags.StringVar(&f.out, "out", "", "save the plan to this file, or one for each target in this folder, which ends in /")
	flags.IntVar(&f.concurrency, "concurrency", 8, "targets to plan at once")
	f.outputs.formats = report.RunFormats()
	f.outputs.flag(flags)
	f.sessionFlags.flags(flags)
	return cmd
}

func (f *planFlags) run(cmd *cobra.Command, p program, args []string) error {
	order, err := f.read(cmd.Flags(), args)
	if f.concurrency < 1 {
		err = errors.Join(err, fmt.Errorf("--concurrency: %d is less than 1", f.concurrency))
	}
	if err != nil {
		return err
	}
	saved, err := newPlanSaver(f.out)
	if err != nil {
		return err
	}
	defer saved.drop()
	return f.withSession(cmd, p, f.outputs, func(ctx context.Context, s *session) error { return f.plan(ctx, s, order, saved) })
}

func (f *planFlags) plan(ctx context.Context, s *session, order *order, saved *planSaver) error {
	jobs, err := order.jobs(ctx, s.Engine, "")
	if err != nil {
		return err
	}
	if err := saved.fits(jobs, f.shards > 0); err != nil {
		return err
	}
	plans, failed, err := s.planAll(ctx, jobs, f.concurrency)
	if err != nil {
		return err
	}
	for _, one := range plans {
		if err := saved.save(s.Redactor, one); err != nil {
			return err
		}
	}
	return s.writePlans(plans, failed)
}

// writePlans writes plans without secrets, and returns their exit code.
func (s *session) writePlans(plans []*runbook.Plan, failed []report.Unplanned) error {
	shown, err := withoutSecrets(s.Redactor, report.NewPlans(s.tool(), plans, failed))
	if err != nil {
		return err
	}
	err = s.sinks.each(func(to io.Writer, format report.Format, o report.Options) error {
		return report.WritePlans(to, format, &shown, o)
	})
	if err != nil {
		return err
	}
	if len(failed) > 0 {
		return exit(exitError)
	}
	return exit(shown.ExitCode())
}

// planAll plans several jobs at once. It returns an error for a mistake in the runbook
// itself, and the targets that could not be planned otherwise.
func (s *session) planAll(ctx context.Context, jobs []runbook.Job, atOnce int) ([]*runbook.Plan, []report.Unplanned, error) {
	plans, errs := make([]*engine.Prepared, len(jobs)), make([]error, len(jobs))
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, job := range jobs {
		group.Go(func() error {
			plans[i], errs[i] = s.Plan(ctx, job)
			return nil
		})
	}
	_ = group.Wait() // errs has the errors
	if ctx.Err() != nil {
		return nil, nil, errors.New("interrupted; nothing was changed")
	}
	var planned []*runbook.Plan
	var failed []report.Unplanned
	for i, err := range errs {
		var mistakes *runbook.Mistakes
		switch {
		case err == nil:
			planned = append(planned, plans[i].Plan)
		case len(jobs) == 1 || errors.As(err, &mistakes):
			return nil, nil, err
		default:
			failed = append(failed, report.Unplanned{Target: jobs[i].Target.Name, Error: s.Redactor.String(err.Error())})
		}
	}
	return planned, failed, nil
}

// planSaver saves plans: one in a file, or several in a folder.
type planSaver struct {
	folder string
	draft  *draft
}

func newPlanSaver(out string) (*planSaver, error) {
	if out == "" {
		return &planSaver{}, nil
	}
	info, err := os.Stat(out)
	if strings.HasSuffix(out, "/") || err == nil && info.IsDir() {
		if err := os.MkdirAll(out, 0o777); err != nil {
			return nil, fmt.Errorf("--out: %w", err)
		}
		return &planSaver{folder: out}, nil
	}
	d, err := newDraft(out)
	if err != nil {
		return nil, fmt.Errorf("--out %s: the file cannot be written: %w", out, err)
	}
	return &planSaver{draft: d}, nil
}

// fits refuses to save several plans in one file. It also refuses a folder with a plan of the same runbook for another
// target: who runs the folder would run it, too. Other shards may share the folder.
func (s *planSaver) fits(jobs []runbook.Job, shared bool) error {
	if s.draft != nil && len(jobs) != 1 {
		return fmt.Errorf("--out is a file, but there are %d targets: give a folder, ending in /", len(jobs))
	}
	if s.folder == "" || shared || len(jobs) == 0 {
		return nil
	}
	mine := map[string]bool{}
	for _, job := range jobs {
		mine[fileOf(job.Runbook.Name, job.Target.Name)] = true
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	for _, e := range entries {
		of, _, _ := strings.Cut(e.Name(), "_")
		if of == jobs[0].Runbook.Name && strings.HasSuffix(e.Name(), ".json") && !mine[e.Name()] {
			return fmt.Errorf("--out: %s is an older plan of %s for another target, and a run of the folder would run it, too: "+
				"delete it, or give an empty folder", filepath.Join(s.folder, e.Name()), of)
		}
	}
	return nil
}

// save saves a plan unredacted: a run compares it with a fresh one. It refuses a plan that contains a likely secret.
func (s *planSaver) save(redactor *journal.Redactor, p *runbook.Plan) error {
	if s.folder == "" && s.draft == nil {
		return nil
	}
	if where, err := secretIn(redactor, p); err != nil || where != "" {
		return errors.Join(err, fmt.Errorf("the plan is not saved: %s looks like a secret, which must not be in a file; "+
			"declare its input \"sensitive = true\"", where))
	}
	if s.draft != nil {
		if err := p.Write(s.draft); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
		return s.draft.publish()
	}
	d, err := newDraft(filepath.Join(s.folder, fileOf(p.Runbook, p.Target.Name)))
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer d.drop()
	if err := p.Write(d); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return d.publish()
}

func (s *planSaver) drop() {
	if s.draft != nil {
		s.draft.drop()
	}
}

// fileOf is the file name for the plan of a runbook for a target.
func fileOf(name, target string) string {
	return name + "_" + strings.ReplaceAll(target, "/", "_") + ".json"
}

// secretIn returns the first place in a document where the redactor finds a secret, or "".
func secretIn(redactor *journal.Redactor, document any) (string, error) {
	raw, err := json.Marshal(document)
	if err != nil {
		return "", err
	}
	var generic any
	if err := json.Unmarshal(raw, &generic); err != nil {
		return "", err
	}
	return differs(generic, redactor.Value(generic), ""), nil
}

func differs(a, b any, at string) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	switch a := a.(type) {
	case map[string]any:
		other, _ := b.(map[string]any)
		for key, v := range a {
			if where := differs(v, other[key], strings.TrimPrefix(at+"."+key, ".")); where != "" {
				return where
			}
		}
	case []any:
		other, _ := b.([]any)
		for i := range min(len(a), len(other)) {
			if where := differs(a[i], other[i], fmt.Sprintf("%s[%d]", at, i)); where != "" {
				return where
			}
		}
	}
	return at
}

// savedPlans reads the plans of a file or folder.
func savedPlans(path string) ([]*runbook.Plan, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the plan %s: %w", path, err)
	}
	files := []string{path}
	if info.IsDir() {
		if files, err = fs.Glob(os.DirFS(path), "*.json"); err != nil {
			return nil, err
		}
		for i := range files {
			files[i] = filepath.Join(path, files[i])
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("the folder %s has no plan", path)
		}
	}
	var plans []*runbook.Plan
	var wrong []error
	for _, file := range files {
		p, err := readFile(file, "the plan", runbook.ReadPlan)
		plans, wrong = append(plans, p), append(wrong, err)
	}
	return plans, errors.Join(wrong...)
}

package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Remedies picks the runbooks for the root causes of a diagnosis: by membership, and for each in the order in which
// prerequisites depend on each other. byHand are the root causes that no runbook fixes.
func Remedies(report *diagnosis.Report, books *runbook.Library) (remedies []runbook.Remedy, byHand []diagnosis.Finding) {
	type key struct{ membership, runbook string }
	found := map[key]*runbook.Remedy{}
	rank := map[key]mesh.Kind{}
	for _, f := range report.Findings {
		if !f.Root() || f.Severity == catalogue.Info || f.Waiting || f.Suppression != nil {
			continue
		}
		name := catalogue.RunbookOf(f.Finding)
		book, have := books.Find(name)
		memberships := Affected(report, f)
		if name == "" || !have || book.Target != lang.TargetMembership || len(memberships) == 0 {
			byHand = append(byHand, f)
			continue
		}
		for _, m := range memberships {
			k := key{m, name}
			if found[k] == nil {
				found[k], rank[k] = &runbook.Remedy{Membership: m, Runbook: name}, f.Kind
			}
			if f.Kind.Before(rank[k]) {
				rank[k] = f.Kind
			}
			code := string(f.Code)
			if f.Detail != "" {
				code += ":" + f.Detail
			}
			if !slices.Contains(found[k].Findings, code) {
				found[k].Findings = append(found[k].Findings, code)
			}
		}
	}
	for _, r := range found {
		remedies = append(remedies, *r)
	}
	slices.SortFunc(remedies, func(a, b runbook.Remedy) int {
		return cmp.Or(strings.Compare(a.Membership, b.Membership),
			rank[key{a.Membership, a.Runbook}].Compare(rank[key{b.Membership, b.Runbook}]), strings.Compare(a.Runbook, b.Runbook))
	})
	return remedies, byHand
}

// maxRounds bounds how often Remediate diagnoses anew what it has corrected: a cause may hide another.
const maxRounds = 4

// RemediateOptions say what to diagnose, and how to correct it.
type RemediateOptions struct {
	Diagnosis diagnosis.Options
	Library   *runbook.Library
	Rollout   Rollout
	Approvals engine.Approvals
	Job       string
	// Patience is how long to wait, after the last change, for the mesh to notice; 0:
	// an hour.
	Patience time.Duration
	// Show is told of each round's plans before they are run; false ends it there.
	// What it may know of a runbook that follows another is as things stand now.
	Show func(ctx context.Context, report *diagnosis.Report, remedies []runbook.Remedy, plans []*runbook.Plan) (bool, error)
}

// Remediate diagnoses, runs the runbooks of the root causes membership by membership, waits until the mesh has noticed,
// and diagnoses again, until nothing is left that a runbook fixes.
func Remediate(ctx context.Context, e *engine.Engine, o RemediateOptions) (*runbook.Remediation, error) {
	m := &runbook.Remediation{Schema: runbook.ReportSchema}
	tried := map[string]bool{}
	var until time.Time // when the mesh has had its time to notice the last change
	for {
		report, err := diagnose(ctx, e, o.Diagnosis)
		if err != nil {
			return m, err
		}
		if m.Before == nil {
			m.Before = report
		} else {
			m.After = report
		}
		remedies, byHand := Remedies(report, o.Library)
		m.ByHand = byHand
		// What was tried and is found again is not tried again and again.
		fresh := slices.DeleteFunc(slices.Clone(remedies), func(r runbook.Remedy) bool { return tried[remedyKey(r)] })
		if len(fresh) == 0 || len(m.Rounds) == maxRounds {
			if !lingers(report, remedies) || !e.WaitClock().Now().Before(until) {
				return m, nil
			}
			e.Emit(engine.Event{Seen: "corrected; waiting for the mesh to notice: " + report.Summary})
			if err := wait.Sleep(ctx, e.WaitClock(), lookAgain); err != nil {
				return m, err
			}
			continue
		}
		plans, err := planRemedies(ctx, e, fresh, o.Library, o.Job)
		if err != nil {
			return m, err
		}
		round := runbook.Round{Remedies: fresh}
		if o.Show != nil {
			if goOn, err := o.Show(ctx, report, fresh, plans); err != nil || !goOn {
				m.Rounds = append(m.Rounds, round)
				return m, err
			}
		}
		for _, r := range fresh {
			tried[remedyKey(r)] = true
		}
		round.Report, err = runRemedies(ctx, e, fresh, o)
		m.Rounds = append(m.Rounds, round)
		if err != nil {
			return m, err
		}
		if slices.ContainsFunc(round.Report.Results, func(r runbook.Result) bool { return r.ChangedRemote() }) {
			until = e.WaitClock().Now().Add(cmp.Or(o.Patience, patience))
		}
	}
}

// patience is how long the mesh may take to notice that a cause is gone: an hour is
// four times what Google's page allows it.
const (
	patience  = time.Hour
	lookAgain = 30 * time.Second
)

func remedyKey(r runbook.Remedy) string {
	return strings.Join(append([]string{r.Membership, r.Runbook}, r.Findings...), " ")
}

// lingers reports that something is found that may go away by itself: a finding
// that waits, or one whose runbook was run.
func lingers(report *diagnosis.Report, tried []runbook.Remedy) bool {
	return len(tried) > 0 || slices.ContainsFunc(report.Findings, func(f diagnosis.Finding) bool {
		return f.Waiting && f.Severity != catalogue.Info
	})
}

func diagnose(ctx context.Context, e *engine.Engine, o diagnosis.Options) (*diagnosis.Report, error) {
	e.Client.Forget()
	return diagnosis.Run(ctx, diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, o)
}

// planRemedies plans every remedy as things stand now.
func planRemedies(
	ctx context.Context, e *engine.Engine, remedies []runbook.Remedy, books *runbook.Library, job string,
) ([]*runbook.Plan, error) {
	defer e.ShareReads()() // the diagnosis has just read all of it
	plans := make([]*runbook.Plan, len(remedies))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for i, r := range remedies {
		group.Go(func() error {
			p, err := planRemedy(ctx, e, r, books, job)
			if err == nil {
				plans[i] = p.Plan
			}
			return err
		})
	}
	return plans, group.Wait()
}

func planRemedy(ctx context.Context, e *engine.Engine, r runbook.Remedy, books *runbook.Library, job string) (*engine.Prepared, error) {
	book, found := books.Find(r.Runbook)
	if !found {
		return nil, fmt.Errorf("there is no runbook %q", r.Runbook)
	}
	target, err := runbook.ParseTarget(lang.TargetMembership, r.Membership, "")
	if err != nil {
		return nil, err
	}
	return e.Plan(ctx, runbook.Job{Runbook: book.Runbook, File: book.File, Target: target, Name: job})
}

// runRemedies runs the runbooks of each membership one after the other, planned
// anew when their turn comes, and memberships beside each other.
func runRemedies(ctx context.Context, e *engine.Engine, remedies []runbook.Remedy, o RemediateOptions) (*runbook.Report, error) {
	var memberships []string
	of := map[string][]runbook.Remedy{}
	for _, r := range remedies {
		if of[r.Membership] == nil {
			memberships = append(memberships, r.Membership)
		}
		of[r.Membership] = append(of[r.Membership], r)
	}
	return RunAll(ctx, e, o.Job, memberships, o.Rollout, func(membership string) TargetFunc {
		return func(ctx context.Context) ([]runbook.Result, error) {
			var results []runbook.Result
			for _, r := range of[membership] {
				p, err := planRemedy(ctx, e, r, o.Library, o.Job)
				if err != nil {
					return results, err
				}
				result, err := e.Run(ctx, p, o.Approvals)
				if result != nil {
					results = append(results, *result)
				}
				if err != nil || result.Outcome == journal.Failed || result.Outcome == journal.Stopped {
					return results, err
				}
			}
			return results, nil
		}
	})
}

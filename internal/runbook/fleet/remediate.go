package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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
	type key struct{ target, runbook string }
	found := map[key]*runbook.Remedy{}
	rank := map[key]mesh.Kind{}
	for _, f := range report.Findings {
		if !f.Root() || f.Severity == catalogue.Info || f.Waiting || f.Suppression != nil {
			continue
		}
		name := catalogue.RunbookOf(f.Finding)
		book, have := books.Find(name)
		var targets []runbook.Remedy
		if have {
			targets = remediesOf(report, f, book.Runbook)
		}
		if len(targets) == 0 {
			byHand = append(byHand, f)
			continue
		}
		for _, one := range targets {
			k := key{one.Target(), name}
			if found[k] == nil {
				found[k], rank[k] = &one, f.Kind
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
		return cmp.Or(strings.Compare(a.Target(), b.Target()),
			rank[key{a.Target(), a.Runbook}].Compare(rank[key{b.Target(), b.Runbook}]), strings.Compare(a.Runbook, b.Runbook))
	})
	return remedies, byHand
}

// remediesOf is a runbook on each of what a finding is about or brings into trouble, as far as it works on such targets.
func remediesOf(report *diagnosis.Report, f diagnosis.Finding, r *lang.Runbook) (remedies []runbook.Remedy) {
	switch r.Target {
	case lang.TargetMembership:
		for _, m := range Affected(report, f) {
			remedies = append(remedies, runbook.Remedy{Membership: m, Runbook: r.Name})
		}
	case lang.TargetProject:
		if project, found := strings.CutPrefix(f.Subject, "projects/"); found && !strings.Contains(project, "/") {
			remedies = append(remedies, runbook.Remedy{Project: f.Subject, Runbook: r.Name})
		}
	}
	return remedies
}

// first are the remedies of projects, where there are any: what is found of memberships without them may be wrong.
func first(remedies []runbook.Remedy) []runbook.Remedy {
	projects := slices.DeleteFunc(slices.Clone(remedies), func(r runbook.Remedy) bool { return r.Project == "" })
	if len(projects) > 0 {
		return projects
	}
	return remedies
}

// maxRounds bounds how often Remediate diagnoses again what it has corrected: a cause may hide another.
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
	// Show receives the plans of each round before they run; false ends it there. The plan of a runbook that follows
	// another one is made from the present state. Remedies without a plan have an Error.
	Show func(ctx context.Context, report *diagnosis.Report, remedies []runbook.Remedy, plans []*runbook.Plan) (bool, error)
	// Unseen lets a runbook run whose plan, when its turn comes, has more than what Show received. Otherwise it waits for
	// the next round, in which that is shown.
	Unseen bool
}

// Remediate diagnoses, runs the runbooks of the root causes membership by membership, waits until the mesh has noticed,
// and diagnoses again, until nothing is left that a runbook fixes or only a person can go on.
func Remediate(ctx context.Context, e *engine.Engine, o RemediateOptions) (*runbook.Remediation, error) {
	r := &remediator{engine: e, o: o, tried: map[string]bool{}, corrected: map[string]bool{}, person: map[string]bool{}}
	r.o.Approvals.Ask = askOnce(o.Approvals.Ask)
	m := &runbook.Remediation{Schema: runbook.ReportSchema}
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
		var remedies []runbook.Remedy
		remedies, m.ByHand = Remedies(report, o.Library)
		fresh := first(slices.DeleteFunc(slices.Clone(remedies), r.over))
		if len(fresh) == 0 || len(m.Rounds) == maxRounds {
			if !r.lingers(report, remedies) || !e.WaitClock().Now().Before(r.until) {
				return m, nil
			}
			e.Emit(engine.Event{Seen: "corrected; waiting for the mesh to notice: " + report.Summary})
			if err := wait.Sleep(ctx, e.WaitClock(), lookAgain); err != nil {
				return m, err
			}
			continue
		}
		round, agreed, err := r.round(ctx, report, fresh)
		if round != nil {
			m.Rounds = append(m.Rounds, *round)
		}
		if err != nil || !agreed {
			return m, err
		}
	}
}

// patience is how long the mesh may take to notice that a cause is gone: an hour is
// four times what Google's page allows it.
const (
	patience  = time.Hour
	lookAgain = 30 * time.Second
)

// remediator is one remediation while it is made.
type remediator struct {
	engine *engine.Engine
	o      RemediateOptions
	soon   time.Time // when Google has had its time to show the last change
	until  time.Time // when the mesh has had its time to notice it

	mu        sync.Mutex
	tried     map[string]bool // remedies that are not run again, by remedyKey
	corrected map[string]bool // those of them that succeeded
	person    map[string]bool // targets on which only a person can go on
}

// over reports a remedy that is not run again: what was tried and is found again is not tried again and again, and
// remedies are in the order of their dependences, so that none follows one that waits for a person.
func (r *remediator) over(remedy runbook.Remedy) bool {
	return r.tried[remedyKey(remedy)] || r.person[remedy.Target()]
}

func remedyKey(r runbook.Remedy) string {
	return strings.Join(append([]string{r.Target(), r.Runbook}, r.Findings...), " ")
}

// lingers reports that something is found that may go away by itself: a finding that waits, or one whose runbook succeeded.
// What does not depend on the mesh is soon seen as it is: later it has come back.
func (r *remediator) lingers(report *diagnosis.Report, found []runbook.Remedy) bool {
	late := !r.engine.WaitClock().Now().Before(r.soon)
	return slices.ContainsFunc(found, func(one runbook.Remedy) bool {
		return r.corrected[remedyKey(one)] && !r.person[one.Target()] && (!late || slices.ContainsFunc(one.Findings, noticedLater))
	}) ||
		slices.ContainsFunc(report.Findings, func(f diagnosis.Finding) bool {
			return f.Waiting && f.Severity != catalogue.Info && !r.person[f.About]
		})
}

// noticedLater reports whether a finding, CODE[:DETAIL], may be found for a while after its cause was corrected.
func noticedLater(finding string) bool {
	code, _, _ := strings.Cut(finding, ":")
	return catalogue.NoticedLater(catalogue.Code(code))
}

// round plans the remedies, has the plans shown, and runs them. It returns no round where none could be planned.
func (r *remediator) round(ctx context.Context, report *diagnosis.Report, fresh []runbook.Remedy) (_ *runbook.Round, agreed bool, _ error) {
	plans, failures := planRemedies(ctx, r.engine, fresh, r.o.Library, r.o.Job)
	if ctx.Err() != nil {
		return nil, false, context.Cause(ctx)
	}
	shown, unplanned := map[string]*runbook.Plan{}, map[string]string{} // by remedyKey, and the runbook by target
	var all []*runbook.Plan
	var failed []runbook.Result
	for i := range fresh {
		one := &fresh[i]
		switch before, have := unplanned[one.Target()]; {
		case have:
			one.Error = "it follows " + before + ", which could not be planned"
		case failures[i] != nil:
			unplanned[one.Target()] = one.Runbook
			result := failedWith(nil, one.Target(), failures[i], r.engine)[0]
			result.Runbook, one.Error = one.Runbook, result.Error
			failed = append(failed, result)
		default:
			all, shown[remedyKey(*one)] = append(all, plans[i]), plans[i]
		}
	}
	if len(all) == 0 {
		return nil, false, errors.Join(failures...)
	}
	round := &runbook.Round{Remedies: fresh}
	if r.o.Show != nil {
		if agreed, err := r.o.Show(ctx, report, fresh, all); err != nil || !agreed {
			return round, agreed, err
		}
	}
	for _, one := range fresh {
		r.tried[remedyKey(one)] = true
	}
	var err error
	round.Report, err = r.run(ctx, fresh, shown)
	round.Report.Results = append(round.Report.Results, failed...)
	round.Report.Summarize()
	if slices.ContainsFunc(round.Report.Results, func(r runbook.Result) bool { return r.ChangedRemote() }) {
		now := r.engine.WaitClock().Now()
		r.soon, r.until = now.Add(catalogue.Propagation), now.Add(cmp.Or(r.o.Patience, patience))
	}
	return round, true, err
}

func diagnose(ctx context.Context, e *engine.Engine, o diagnosis.Options) (*diagnosis.Report, error) {
	e.Client.Forget()
	return diagnosis.Run(ctx, diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, o)
}

// planRemedies plans every remedy from the present state. Each has either a plan or an error.
func planRemedies(
	ctx context.Context, e *engine.Engine, remedies []runbook.Remedy, books *runbook.Library, job string,
) ([]*runbook.Plan, []error) {
	defer e.ShareReads()() // the diagnosis has just read all of it
	plans, failures := make([]*runbook.Plan, len(remedies)), make([]error, len(remedies))
	var group errgroup.Group
	group.SetLimit(16)
	for i, r := range remedies {
		group.Go(func() error {
			p, err := planRemedy(ctx, e, r, books, job)
			if failures[i] = err; err == nil {
				plans[i] = p.Plan
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in failures
	return plans, failures
}

func planRemedy(ctx context.Context, e *engine.Engine, r runbook.Remedy, books *runbook.Library, job string) (*engine.Prepared, error) {
	book, found := books.Find(r.Runbook)
	if !found {
		return nil, fmt.Errorf("there is no runbook %q", r.Runbook)
	}
	target, err := runbook.ParseTarget(book.Target, r.Target(), "")
	if err != nil {
		return nil, err
	}
	return e.Plan(ctx, runbook.Job{Runbook: book.Runbook, File: book.File, Target: target, Name: job})
}

// run runs the runbooks of each target one after the other, planned again when their turn comes, and targets beside each
// other. A remedy without a plan is left out.
func (r *remediator) run(ctx context.Context, remedies []runbook.Remedy, shown map[string]*runbook.Plan) (*runbook.Report, error) {
	var targets []string
	of := map[string][]runbook.Remedy{}
	for _, one := range remedies {
		if one.Error != "" {
			continue
		}
		if of[one.Target()] == nil {
			targets = append(targets, one.Target())
		}
		of[one.Target()] = append(of[one.Target()], one)
	}
	return RunAll(ctx, r.engine, r.o.Job, targets, r.o.Rollout, func(target string) TargetFunc {
		return func(ctx context.Context) ([]runbook.Result, error) { return r.runAt(ctx, of[target], shown) }
	})
}

// runAt runs the runbooks of one target, until one does not succeed.
func (r *remediator) runAt(ctx context.Context, remedies []runbook.Remedy, shown map[string]*runbook.Plan) ([]runbook.Result, error) {
	var results []runbook.Result
	for i, one := range remedies {
		p, err := planRemedy(ctx, r.engine, one, r.o.Library, r.o.Job)
		if err != nil {
			return results, err
		}
		if more := p.Beyond(shown[remedyKey(one)]); len(more) > 0 && r.o.Show != nil && !r.o.Unseen {
			r.engine.Emit(engine.Event{Runbook: p.Runbook, Target: p.Target.Name,
				Seen: "not run yet: it would do more than what was shown: " + strings.Join(more, "; ")})
			r.mu.Lock()
			for _, later := range remedies[i:] {
				delete(r.tried, remedyKey(later))
			}
			r.mu.Unlock()
			return results, nil
		}
		result, err := r.engine.Run(ctx, p, r.o.Approvals)
		if result != nil {
			results = append(results, *result)
		}
		if err != nil {
			return results, err
		}
		r.mu.Lock()
		r.corrected[remedyKey(one)] = result.Outcome == journal.Succeeded
		r.person[one.Target()] = result.Outcome == journal.NeedsApprove
		r.mu.Unlock()
		if result.Outcome != journal.Succeeded {
			return results, nil
		}
	}
	return results, nil
}

type askFunc = func(context.Context, engine.Question) (agreed bool, by string, err error)

// askOnce asks nothing that was refused before, on whichever membership: a refusal is an answer.
func askOnce(ask askFunc) askFunc {
	if ask == nil {
		return nil
	}
	refused := map[string]string{} // by whom; calls do not overlap
	return func(ctx context.Context, q engine.Question) (bool, string, error) {
		key := fmt.Sprintf("%q %q %q %q %v %v", q.Runbook, q.Step, q.Subject, q.Why, q.Current, q.Desired)
		if q.Subject == "" {
			key += " " + q.Target
		}
		if by, before := refused[key]; before {
			return false, by, nil
		}
		agreed, by, err := ask(ctx, q)
		if err == nil && !agreed {
			refused[key] = by
		}
		return agreed, by, err
	}
}

package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// undoPlan is what an undo restores.
type undoPlan struct {
	run   string // whose changes it undoes
	env   *kinds.Runtime
	items []undoItem // the last change first
}

// undoItem is one change that is undone.
type undoItem struct {
	step         string // as the undoing run calls it: grant#12
	made         journal.Made
	def          *kinds.Def
	prerequisite prereq.Prerequisite
	refused      string // why it cannot be undone now, or ""
	why          string // for the person who is asked
}

// change is what was changed, as prereq knows it.
func (i undoItem) change() prereq.Change { return prereqChange(i.made.Change) }

func prereqChange(c journal.FieldChange) prereq.Change {
	return prereq.Change{Subject: c.Subject, Before: c.Before, After: c.After}
}

// UndoRefusedError says why a run is not undone: something is not as the run left
// it, or its journal does not have what was there before.
type UndoRefusedError struct {
	Run     string
	Reasons []string // one line each
}

func (e *UndoRefusedError) Error() string {
	return fmt.Sprintf("run %s cannot be undone:\n  %s\n\n"+
		"Nothing was changed. Where something has changed since the run, it belongs to whoever changed it.",
		e.Run, strings.Join(e.Reasons, "\n  "))
}

// PlanUndo plans to undo what a run changed, the last change first. It returns an
// *UndoRefusedError where something was changed again since, or where the journal
// does not have what was there before. What cannot be undone, such as a restart, stays, and the plan says so.
func (e *Engine) PlanUndo(ctx context.Context, id string) (*Prepared, error) {
	state, _, err := e.History(ctx, id)
	if err != nil {
		return nil, err
	}
	if state.UndoOf != "" {
		return nil, fmt.Errorf("run %s is itself an undo, of run %s, and an undo is not undone: run the runbook %s again instead", state.Run,
			state.UndoOf, state.Runbook)
	}
	if state.Outcome == "" {
		if holder, held, err := e.Store.Holder(ctx, state.Target); err == nil && held && holder.Run == state.Run {
			return nil, fmt.Errorf("run %s is still under way, by %s: stop it first", state.Run, holder.Owner)
		}
	}
	p, refused, err := e.planUndo(ctx, state.Run)
	if err == nil && len(refused) > 0 {
		err = &UndoRefusedError{Run: state.Run, Reasons: refused}
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// planUndo plans to undo a run. refused says which changes cannot be undone; in the plan, those are steps that fail.
func (e *Engine) planUndo(ctx context.Context, id string) (p *Prepared, refused []string, err error) {
	state, entries, err := e.History(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	start, ok := entries[0].Data.(journal.RunStarted)
	if !ok {
		return nil, nil, fmt.Errorf("the journal of run %s does not begin with its start", id)
	}
	env := e.environment()
	env.Run = state.Run
	p = &Prepared{undo: &undoPlan{run: state.Run, env: env}, Plan: &runbook.Plan{
		Schema: runbook.PlanSchema, Tool: e.Tool(), Made: e.WaitClock().Now().UTC().Truncate(time.Second),
		Runbook: state.Runbook, Digest: start.Digest,
		Target: runbook.Target{Kind: targetKind(state.Target), Name: state.Target, Fleet: start.Fleet}, UndoOf: state.Run,
	}}
	changes := state.ToUndo()
	rely, err := e.reliers(ctx, state, changes)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range changes {
		item, planned, why := e.planItem(ctx, p.undo, m)
		if planned.Status == runbook.StatusChange && why == "" {
			item.why += rely[place{m.Change.Kind, m.Change.Subject}]
			planned.Approval = item.why
		}
		if why != "" {
			refused = append(refused, fmt.Sprintf("step %s: %s", m.Step, why))
			item.refused, planned.Text = why, why
		}
		p.undo.items = append(p.undo.items, item)
		p.Steps = append(p.Steps, planned)
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, context.Cause(ctx)
	}
	return p, refused, p.Seal()
}

// targetKind is the kind of target that a full resource name is of.
func targetKind(name string) lang.TargetKind {
	switch {
	case strings.Contains(name, "/memberships/"):
		return lang.TargetMembership
	case strings.Contains(name, "/clusters/"):
		return lang.TargetCluster
	}
	return lang.TargetProject
}

// planItem plans to undo one change. why says why that is refused.
func (e *Engine) planItem(ctx context.Context, u *undoPlan, m journal.Made) (item undoItem, p runbook.PlannedStep, why string) {
	item = undoItem{step: fmt.Sprintf("%s#%d", m.Step, m.Seq), made: m}
	p = runbook.PlannedStep{
		Step: item.step, Action: lang.Ensure, Kind: m.Change.Kind, Subject: m.Change.Subject,
		Status: runbook.StatusChange, AtMost: int(defaultTimeout.Seconds()),
	}
	if m.Redacted {
		return item, p, "what was there before, or what the step was given, held a secret, which no journal keeps"
	}
	if item.def = kinds.Find(lang.Ensure, m.Change.Kind); item.def == nil {
		return item, p, fmt.Sprintf("this version does not know %q: undo with the version that ran it", m.Change.Kind)
	}
	item.why = undoReason(u.run, m.Change.Subject)
	p.Risk, p.Usual = undoRisk(item.def), int(item.def.UsualDuration.Seconds())
	var err error
	if item.prerequisite, err = rebuild(item.def, u.env, m.Change.Args); err != nil {
		return item, p, err.Error()
	}
	if kept, stays := item.prerequisite.(prereq.Irreversible); stays {
		p.Status, p.Text = runbook.StatusStays, kept.WhyIrreversible()
		return item, p, ""
	}
	state, err := item.prerequisite.Check(ctx, true)
	var gone *prereq.GoneError
	if err != nil && !errors.As(err, &gone) {
		return item, p, "what is there now cannot be read: " + ErrorText(err)
	}
	if err != nil {
		return item, p, ErrorText(err)
	}
	switch status, differences := prereq.StatusOf(state, item.change()); status {
	case prereq.AsBefore:
		p.Status, p.Text = runbook.StatusSatisfied, asBefore
	case prereq.ChangedSince:
		return item, p, fmt.Sprintf("%s is not as the run left it: %s", m.Change.Subject, strings.Join(differences, "; "))
	default:
		p.Current, p.Desired = m.Change.After, m.Change.Before
		p.Approval = item.why
	}
	return item, p, ""
}

const asBefore = "it is as it was before"

func undoReason(run, subject string) string {
	return fmt.Sprintf("Takes back what run %s changed of %s.", run, subject)
}

// rebuild makes the prerequisite again that a change was made to.
func rebuild(def *kinds.Def, env *kinds.Runtime, fields map[string]any) (prereq.Prerequisite, error) {
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	args, err := kinds.ReadArgs(&def.Kind, raw)
	if err != nil {
		return nil, err
	}
	return def.Prerequisite(env, args)
}

package runbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// undoing is the taking back of the changes of a run.
type undoing struct {
	run   string
	env   *kinds.Runtime
	items []undoItem     // the last change first
	state *journal.State // of the undoing run, when it is resumed
}

type undoItem struct {
	step  string // as the undoing run calls it
	made  journal.Made
	def   *kinds.Def
	thing prereq.Prerequisite
}

// UndoRefusedError is the refusal to take a run back because what it changed is
// not as it left it.
type UndoRefusedError struct {
	Run     string
	Reasons []string // one line each
}

func (e *UndoRefusedError) Error() string {
	return fmt.Sprintf("run %s cannot be taken back:\n  %s\n\nNothing was changed. Somebody has been there since; what is there now is theirs.",
		e.Run, strings.Join(e.Reasons, "\n  "))
}

// PlanUndo plans the taking back of what a run changed, the last change first. It
// refuses with an *UndoRefusedError where somebody changed the thing since, or
// where the journal does not have what was there. What no undo can take back, such
// as a restart, stays, and the plan says so.
func (e *Engine) PlanUndo(ctx context.Context, id string) (*Plan, error) {
	state, _, err := e.History(ctx, id)
	if err != nil {
		return nil, err
	}
	if state.Outcome == "" {
		if holder, held, err := e.Store.Holder(ctx, state.Target); err == nil && held && holder.Run == state.Run {
			return nil, fmt.Errorf("run %s is still at work, by %s: stop it first", state.Run, holder.Owner)
		}
	}
	return e.planUndo(ctx, state.Run, nil)
}

func (e *Engine) planUndo(ctx context.Context, id string, resumed *journal.State) (*Plan, error) {
	state, entries, err := e.History(ctx, id)
	if err != nil {
		return nil, err
	}
	start, ok := entries[0].Data.(journal.RunStarted)
	if !ok {
		return nil, fmt.Errorf("the journal of run %s does not begin with what was started", id)
	}
	u := &undoing{run: state.Run, state: resumed, env: &kinds.Runtime{
		Client: e.Client, Clusters: e.Clusters, Clock: e.clock(), Started: state.Started.Truncate(time.Second), Run: state.Run, Tool: e.tool(), Redactor: e.Redactor,
	}}
	p := &Plan{
		Schema: PlanSchema, Tool: e.tool(), Made: e.clock().Now().UTC().Truncate(time.Second), Runbook: state.Runbook, Digest: start.Digest,
		Target: Target{Kind: targetKind(state.Target), Name: state.Target, Fleet: start.Fleet}, UndoOf: state.Run, undo: u,
	}
	var refused []string
	for _, m := range state.ToUndo() {
		item, planned, why := e.planItem(ctx, u, m)
		if why != "" {
			refused = append(refused, fmt.Sprintf("step %s: %s", m.Step, why))
			continue
		}
		u.items = append(u.items, item)
		p.Steps = append(p.Steps, planned)
	}
	if len(refused) > 0 && resumed == nil {
		return nil, &UndoRefusedError{Run: id, Reasons: refused}
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	return p, p.seal()
}

// targetKind is what kind of thing a full resource name names.
func targetKind(name string) lang.TargetKind {
	switch {
	case strings.Contains(name, "/memberships/"):
		return lang.TargetMembership
	case strings.Contains(name, "/clusters/"):
		return lang.TargetCluster
	}
	return lang.TargetProject
}

// planItem plans the taking back of one change. why says why that is refused.
func (e *Engine) planItem(ctx context.Context, u *undoing, m journal.Made) (item undoItem, p PlannedStep, why string) {
	item = undoItem{step: fmt.Sprintf("%s#%d", m.Step, m.Seq), made: m}
	p = PlannedStep{Step: item.step, Action: lang.Ensure, Kind: m.Change.Kind, Subject: m.Change.Subject, Status: Change, AtMost: int(defaultTimeout.Seconds())}
	if m.Redacted {
		return item, p, "what was there before held a secret, which no journal keeps"
	}
	if item.def = kinds.Find(lang.Ensure, m.Change.Kind); item.def == nil {
		return item, p, fmt.Sprintf("this version does not know %q: undo with the version that ran it", m.Change.Kind)
	}
	p.Risk, p.Usual = item.def.Risk, int(item.def.UsualDuration.Seconds())
	raw, err := json.Marshal(m.Change.Args)
	if err != nil {
		return item, p, err.Error()
	}
	args, err := kinds.ReadArgs(&item.def.Kind, raw)
	if err != nil {
		return item, p, err.Error()
	}
	if item.thing, err = item.def.Prerequisite(u.env, args); err != nil {
		return item, p, err.Error()
	}
	if kept, stays := item.thing.(prereq.Keeper); stays {
		p.Status, p.Text = Stays, kept.Keeps()
		return item, p, ""
	}
	state, err := item.thing.Check(ctx, true)
	var gone *prereq.GoneError
	if err != nil && !errors.As(err, &gone) {
		return item, p, "what is there now cannot be read: " + plainly(err)
	}
	if err != nil {
		return item, p, plainly(err)
	}
	switch standing, differences := prereq.Stands(state, prereqChange(m.Change)); standing {
	case prereq.AsBefore:
		p.Status, p.Text = Satisfied, "it is as it was before"
	case prereq.ChangedSince:
		return item, p, fmt.Sprintf("%s is not as the run left it: %s", m.Change.Subject, strings.Join(differences, "; "))
	default:
		p.Current, p.Desired = m.Change.After, m.Change.Before
		p.Approval = fmt.Sprintf("Takes back what run %s changed of %s.", u.run, m.Change.Subject)
	}
	return item, p, ""
}

func prereqChange(c journal.Change) prereq.Change {
	return prereq.Change{Subject: c.Subject, Before: c.Before, After: c.After}
}

// undo takes back the changes of another run.
func (r *run) undo(ctx context.Context) error {
	for _, item := range r.plan.undo.items {
		if err := r.takeItem(ctx, r.plan.undo.run, item); err != nil {
			return err
		}
	}
	return nil
}

// takeBack takes back what this run has changed, this executor or one before it,
// after a step whose on_failure asks for that.
func (r *run) takeBack(ctx context.Context) error {
	state, _, err := r.engine.History(ctx, r.id)
	if err != nil {
		return err
	}
	u := &undoing{run: r.id, env: r.plan.session.env}
	r.approvals.All = true // the runbook says so, and whoever started it has read it
	for _, m := range state.ToUndo() {
		if state.Undone(journal.Origin{Run: r.id, Seq: m.Seq}) {
			continue
		}
		item, planned, why := r.engine.planItem(ctx, u, m)
		if why != "" || planned.Status == Stays {
			if _, err := r.write(ctx, journal.Note{Step: m.Step, Text: "not taken back: " + why + planned.Text}); err != nil {
				return err
			}
			continue
		}
		if err := r.takeItem(ctx, r.id, item); err != nil {
			return err
		}
	}
	return nil
}

// takeItem takes back one change, and verifies that what was there is there again.
func (r *run) takeItem(ctx context.Context, of string, item undoItem) error {
	started := r.engine.clock().Now()
	done := StepResult{Step: item.step, Subject: item.made.Change.Subject}
	end := func(status StepOutcome, text string) error {
		if _, err := r.write(ctx, journal.StepVerified{Step: item.step, Found: text}); err != nil {
			return err
		}
		done.Status, done.Text, done.Seconds = status, text, r.engine.clock().Now().Sub(started).Seconds()
		r.result.Steps, r.done[item.step] = append(r.result.Steps, done), true
		return nil
	}
	fail := func(cause error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		done.Status, done.Error, done.Next = StepFailed, r.engine.words(plainly(cause)), r.engine.words(nextStep(cause))
		if _, err := r.write(ctx, journal.StepFailed{Step: item.step, Error: done.Error, Next: done.Next}); err != nil {
			return err
		}
		r.result.Steps, r.done[item.step], r.failed[item.step] = append(r.result.Steps, done), true, true
		r.stopping = true
		return errStop
	}
	if kept, stays := item.thing.(prereq.Keeper); stays {
		if _, err := r.write(ctx, journal.StepSkipped{Step: item.step, Why: kept.Keeps()}); err != nil {
			return err
		}
		done.Status, done.Text = StepSkipped, kept.Keeps()
		r.result.Steps, r.done[item.step] = append(r.result.Steps, done), true
		return nil
	}
	if _, err := r.write(ctx, journal.UndoOf{Run: of, Seq: item.made.Seq, Step: item.step}); err != nil {
		return err
	}
	if _, err := r.write(ctx, journal.StepStarted{Step: item.step, Attempt: 1}); err != nil {
		return err
	}
	if s, can := item.thing.(prereq.Settler); can {
		if err := s.Settle(ctx); err != nil {
			return fail(err)
		}
	}
	state, err := item.thing.Check(ctx, true)
	if err != nil {
		return fail(err)
	}
	change := prereqChange(item.made.Change)
	switch standing, differences := prereq.Stands(state, change); standing {
	case prereq.AsBefore:
		return end(StepAlready, "it is as it was before")
	case prereq.ChangedSince:
		return fail(fmt.Errorf("%s is not as the run left it, so it is left alone: %s", change.Subject, strings.Join(differences, "; ")))
	}
	w := &work{run: r, name: item.step, started: started}
	q := Question{
		Step: item.step, Why: fmt.Sprintf("Takes back what run %s changed of %s.", of, change.Subject), Risk: item.def.Risk,
		Subject: change.Subject, Current: change.After, Desired: change.Before,
	}
	if err := w.gate(ctx, q); err != nil {
		return err
	}
	back := journal.Change{Kind: item.made.Change.Kind, Subject: change.Subject, Before: change.After, After: change.Before, Args: item.made.Change.Args}
	if _, err := r.write(ctx, journal.ActIntended{Step: item.step, Change: back}); err != nil {
		return err
	}
	bounded, cancel := wait.Deadline(ctx, r.engine.clock(), started.Add(defaultTimeout), "step "+item.step)
	err = item.thing.Undo(bounded, change)
	cancel()
	var keeps *prereq.KeptError
	if errors.As(err, &keeps) {
		if _, err := r.write(ctx, journal.ActFailed{Step: item.step, Change: journal.Change{Kind: back.Kind, Subject: back.Subject}, Error: r.engine.words(keeps.Error())}); err != nil {
			return err
		}
		if _, err := r.write(ctx, journal.StepSkipped{Step: item.step, Why: keeps.Why}); err != nil {
			return err
		}
		done.Status, done.Text = StepSkipped, keeps.Error()
		r.result.Steps, r.done[item.step] = append(r.result.Steps, done), true
		return nil
	}
	if err != nil {
		doubt := prereq.Doubtful(err) || ctx.Err() != nil
		if _, written := r.write(ctx, journal.ActFailed{Step: item.step, Change: journal.Change{Kind: back.Kind, Subject: back.Subject}, Doubtful: doubt, Error: r.engine.words(plainly(err))}); written != nil {
			return written
		}
		return fail(err)
	}
	if _, err := r.write(ctx, journal.ActDone{Step: item.step, Change: back}); err != nil {
		return err
	}
	done.Before, done.After = back.Before, back.After
	if err := r.awaitBefore(ctx, item, change, started); err != nil {
		return fail(err)
	}
	return end(StepChanged, "what was there before is there again")
}

// awaitBefore checks until what was there before a change is there again.
func (r *run) awaitBefore(ctx context.Context, item undoItem, change prereq.Change, started time.Time) error {
	clock := r.engine.clock()
	deadline := started.Add(defaultTimeout)
	pauses := wait.Backoff{First: 500 * time.Millisecond, Max: defaultInterval}.Pauses()
	for {
		state, err := item.thing.Check(ctx, true)
		if err == nil {
			if standing, _ := prereq.Stands(state, change); standing == prereq.AsBefore {
				return nil
			}
			err = &VerificationError{Subject: change.Subject, Seen: messages(state), After: clock.Now().Sub(started).Round(time.Second)}
		} else if !prereq.Retryable(err) {
			return fmt.Errorf("it was taken back, and that cannot be verified: %w", err)
		}
		if !clock.Now().Before(deadline) {
			return err
		}
		if err := wait.Sleep(ctx, clock, pauses()); err != nil {
			return context.Cause(ctx)
		}
	}
}

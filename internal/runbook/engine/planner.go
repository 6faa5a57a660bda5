package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// How long a step may take and what it waits with, unless the runbook says.
const (
	defaultTimeout  = time.Hour
	defaultWait     = 30 * time.Minute
	defaultInterval = 15 * time.Second
	defaultAttempts = 3
	defaultBackoff  = 2 * time.Second
)

// Prepared is a plan that was just made, with what it takes to run it. Only this
// can be run: a Plan from a file is compared with a new one, which is then run.
type Prepared struct {
	*runbook.Plan
	job        runbook.Job
	evaluation *evaluation // nil for an undo
	undo       *undoPlan   // nil for anything but an undo
}

// Plan reads the target and plans what the runbook would do. It changes nothing. It returns a *Mistakes for what is
// wrong with the runbook or its inputs; what a step could not read is in the plan.
func (e *Engine) Plan(ctx context.Context, job runbook.Job) (*Prepared, error) {
	var err error
	if job.Target, err = e.Canonical(ctx, job.Target); err != nil {
		return nil, err
	}
	v, err := e.evaluate(ctx, job)
	if err != nil {
		return nil, err
	}
	if startsWithPerson(job.Runbook) {
		if err := v.facts.exists(ctx); err != nil {
			return nil, err
		}
	}
	inputs, err := job.ShownInputs()
	if err != nil {
		return nil, err
	}
	p := &Prepared{job: job, evaluation: v, Plan: &runbook.Plan{
		Schema: runbook.PlanSchema, Tool: e.Tool(), Made: e.WaitClock().Now().UTC().Truncate(time.Second),
		Runbook: job.Runbook.Name, Title: job.Runbook.Title,
		File: job.File.Name, Source: string(job.File.Bytes), Digest: runbook.Digest(job.File.Bytes), Target: job.Target, Inputs: inputs,
	}}
	l := newPlanner(v)
	for _, st := range job.Runbook.Steps {
		steps, err := l.step(ctx, st)
		if err != nil {
			return nil, err
		}
		p.Steps = append(p.Steps, steps...)
	}
	l.dropIdleGates(p.Plan)
	for i := range p.Steps {
		step := &p.Steps[i]
		if !step.NothingToDo() {
			p.Usual += step.Usual
			p.AtMost += step.AtMost
		}
		for _, text := range []*string{&step.Step, &step.Subject, &step.Text, &step.Error, &step.Approval} {
			*text = e.Redact(*text)
		}
		step.Current, step.Desired = e.RedactFields(step.Current), e.RedactFields(step.Desired)
	}
	p.Missing = l.missing(ctx)
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	return p, p.Seal()
}

// startsWithPerson reports whether a runbook asks a person before a step reads anything.
func startsWithPerson(r *lang.Runbook) bool {
	first := r.Steps[0].Action
	return first.Kind == lang.Instruct || first.Kind == lang.Approve
}

// planner plans the steps of one runbook in their order.
type planner struct {
	*evaluation
	changing bool            // an earlier step changes something
	affected map[string]bool // steps that change something, and those that need them
	needs    []need
}

func newPlanner(v *evaluation) *planner { return &planner{evaluation: v, affected: map[string]bool{}} }

// need is what a step needs permissions for.
type need struct {
	step  string
	place kinds.PermissionScope
	def   *kinds.Def
}

func (l *planner) step(ctx context.Context, st *lang.Step) ([]runbook.PlannedStep, error) {
	instances, diags := st.Instances(l.scope)
	if diags.HasErrors() {
		return nil, l.mistakes(diags)
	}
	if !instances.Known {
		p := l.blank(st, st.Name+"[...]")
		p.Status, p.After = runbook.StatusLater, instances.After
		l.later(st, &p)
		l.affected[st.Name] = true
		return []runbook.PlannedStep{p}, nil
	}
	var steps []runbook.PlannedStep
	for _, i := range instances.List {
		p, err := l.instance(ctx, st, i)
		if err != nil {
			return nil, err
		}
		steps = append(steps, p)
	}
	if len(l.affectedNeeds(st)) > 0 || slices.ContainsFunc(steps, acts) {
		l.affected[st.Name] = true
	}
	return steps, nil
}

// affectedNeeds are the steps that a step needs and that change something, or need
// one that does: what they leave may differ from what is there now.
func (l *planner) affectedNeeds(st *lang.Step) []string {
	return slices.DeleteFunc(slices.Clone(st.Needs), func(name string) bool { return !l.affected[name] })
}

// later completes a step whose arguments are not known yet. Where no earlier step
// is the reason, something of the target could not be read.
func (l *planner) later(st *lang.Step, p *runbook.PlannedStep) {
	p.Status = runbook.StatusLater
	if len(p.After) == 0 {
		p.After = l.after(st)
	}
	if len(p.After) == 0 && !l.changing {
		p.Status = runbook.StatusUnknown
		p.Error = "something of the target that this step needs could not be read"
		if l.unread != nil {
			p.Error = ErrorText(l.unread)
		}
	}
	l.changing = true
}

// blank is a step with what is known of it without a request.
func (l *planner) blank(st *lang.Step, name string) runbook.PlannedStep {
	p := runbook.PlannedStep{Step: name, Action: st.Action.Kind, Kind: st.Action.Name}
	set, _ := st.Settings(l.scope) // Check has reported what is wrong with them
	usual, atMost := time.Duration(0), defaultTimeout
	if def := kinds.Find(st.Action.Kind, st.Action.Name); def != nil {
		p.Risk, usual = def.Risk, def.UsualDuration
	}
	switch st.Action.Kind {
	case lang.Wait:
		atMost = orElse(set.WaitTimeout, defaultWait)
	case lang.Approve:
		p.Risk, atMost = st.Action.Risk, 0
	case lang.Assert:
		atMost = 0
	case lang.Instruct:
		atMost = 0
	}
	if set.Timeout > 0 && atMost > 0 {
		atMost = set.Timeout
	}
	p.Usual, p.AtMost = int(usual.Seconds()), int(atMost.Seconds())
	return p
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

func (l *planner) instance(ctx context.Context, st *lang.Step, i lang.Instance) (runbook.PlannedStep, error) {
	p := l.blank(st, stepName(st, i))
	when, diags := st.RunsWhen(l.scope, i)
	if diags.HasErrors() {
		return p, l.mistakes(diags)
	}
	if when.IsKnown() && when.False() {
		p.Status = runbook.StatusSkipped
		return p, l.record(st, i, lang.Skipped, false, cty.NilVal)
	}
	gate, diags := st.ApprovalText(l.scope, i)
	if diags.HasErrors() {
		return p, l.mistakes(diags)
	}
	var err error
	switch st.Action.Kind {
	case lang.Ensure:
		err = l.ensure(ctx, st, i, &p, gate)
	case lang.Assert, lang.Wait:
		err = l.planObservation(ctx, st, i, &p)
	case lang.Approve:
		err = l.approve(st, i, &p)
	case lang.Instruct:
		err = l.instruct(ctx, st, i, &p)
	}
	if err == nil && !when.IsKnown() && !p.NothingToDo() {
		p.Text = strings.TrimSpace("only if what it depends on asks for it. " + p.Text)
		l.changing = true
	}
	return p, err
}

// gateText is why a step needs approval: what the runbook says, or that the change
// is one of high risk. It is "" where the step needs none.
func gateText(text cty.Value, risk lang.Risk, subject string) string {
	switch {
	case !text.IsNull() && text.IsKnown():
		return text.AsString()
	case !text.IsNull():
		return "What it does is known only after earlier steps."
	case risk == lang.HighRisk:
		return "The change to " + subject + " interrupts what runs, or cannot be taken back."
	}
	return ""
}

func (l *planner) ensure(ctx context.Context, st *lang.Step, i lang.Instance, p *runbook.PlannedStep, gate cty.Value) error {
	args, known, err := l.args(st.Action, i)
	if err != nil {
		return err
	}
	if !known {
		p.Approval = gateText(gate, p.Risk, p.Kind)
		l.later(st, p)
		return nil
	}
	def, prerequisite, err := l.prerequisite(st.Action, args)
	if err != nil {
		return l.invalidArguments(st, i, err)
	}
	p.Subject = prerequisite.Subject()
	// Where many targets are planned at once they share what they read: before anything is changed, it is read anew.
	state, err := prerequisite.Check(ctx, l.engine.sharing.Load() == 0)
	if err != nil {
		var gone *prereq.GoneError
		p.Status, p.Error = runbook.StatusUnknown, ErrorText(err)
		if errors.As(err, &gone) {
			p.Status = runbook.StatusFails
		}
		if l.changing { // an earlier step may be what lets it be read
			p.Status, p.Text, p.Error = runbook.StatusLater, "not readable yet: "+p.Error, ""
			p.Approval = gateText(gate, p.Risk, p.Subject)
		}
		return nil
	}
	if state.Met() {
		if before := l.affectedNeeds(st); def.KnownAfterChanges && len(before) > 0 {
			p.Status, p.After, p.Text = runbook.StatusLater, before, "as it should be now, and looked at again then"+leaves(ctx, prerequisite)
			p.Approval = gateText(gate, p.Risk, p.Subject)
			return nil
		}
		p.Status, p.Text = runbook.StatusSatisfied, messages(state)
		return l.record(st, i, lang.Done, false, value(def, state))
	}
	if err := prereq.Refusal(state); err != nil && !l.changing { // what an earlier step changes may be what was missing
		p.Status, p.Error = runbook.StatusFails, ErrorText(err)
		return nil
	}
	p.Status = runbook.StatusChange
	p.Current, p.Desired = state.Gap()
	p.Approval = gateText(gate, p.Risk, p.Subject)
	p.Text = messages(state)
	l.changing = true
	if def.PermissionScope != nil {
		l.needs = append(l.needs, need{p.Step, def.PermissionScope(args), def})
	}
	return nil
}

// invalidArguments names the step whose arguments are invalid.
func (l *planner) invalidArguments(st *lang.Step, i lang.Instance, err error) error {
	return fmt.Errorf("step %s of runbook %s: %w", stepName(st, i), l.job.Runbook.Name, err)
}

func value(def *kinds.Def, state prereq.State) cty.Value {
	if def.ResultValue == nil {
		return cty.NilVal
	}
	return def.ResultValue(state)
}

// leaves is what a prerequisite leaves to a person, for the end of a sentence.
func leaves(ctx context.Context, p prereq.Prerequisite) string {
	leaver, some := p.(prereq.Leaver)
	if !some {
		return ""
	}
	left, err := leaver.Leaves(ctx)
	if err != nil {
		return "; what would be left to a person is unknown: " + ErrorText(err)
	}
	if len(left) == 0 {
		return ""
	}
	return "; left to a person: " + strings.Join(left, ", ")
}

func messages(s prereq.State) string {
	var all []string
	for _, f := range s.Findings() {
		all = append(all, f.Message)
	}
	return strings.Join(all, "; ")
}

func (l *planner) planObservation(ctx context.Context, st *lang.Step, i lang.Instance, p *runbook.PlannedStep) error {
	if l.changing && st.Action.Name != "" { // what it sees before the changes says nothing about what it will see
		p.Status, p.After = runbook.StatusWait, l.after(st)
		p.Text = "looked at when the changes are made"
		return nil
	}
	seen, good, known, err := l.judge(ctx, st.Action, i)
	switch {
	case err != nil:
		var mistakes *runbook.Mistakes
		if errors.As(err, &mistakes) {
			return err
		}
		p.Status, p.Error = runbook.StatusUnknown, ErrorText(err)
		return nil
	case !known:
		l.observeLater(st, p)
		return nil
	case good && !l.changing:
		p.Status, p.Text = runbook.StatusSatisfied, seen.Message
		return l.record(st, i, lang.Done, false, seen.Result)
	case good:
		p.Status, p.Text, p.After = runbook.StatusSatisfied, seen.Message, nil
		return nil // what it sees after the changes may be another thing
	case l.changing || st.Action.Kind == lang.Wait:
		p.Status, p.Text = runbook.StatusWait, seen.Message
		return nil
	}
	p.Status, p.Error = runbook.StatusFails, seen.Message
	return nil
}

func (l *planner) observeLater(st *lang.Step, p *runbook.PlannedStep) {
	p.Status, p.After = runbook.StatusWait, l.after(st)
}

// judge observes once, and says whether the condition of an assert or wait holds.
func (v *evaluation) judge(ctx context.Context, a *lang.Action, i lang.Instance) (seen kinds.Observation, good, known bool, err error) {
	if a.Name == "" {
		holds, message, diags := a.Holds(v.scope, i)
		if diags.HasErrors() {
			return seen, false, true, v.mistakes(diags)
		}
		if !holds.IsKnown() {
			return seen, false, false, nil
		}
		seen.State, seen.Message = kinds.Holds, "the condition holds"
		if holds.False() {
			seen.State, seen.Message = kinds.Fails, message
		}
		return seen, holds.True(), true, nil
	}
	seen, known, err = v.observe(ctx, a, i)
	if err != nil || !known {
		return seen, false, known, err
	}
	def := kinds.Find(a.Kind, a.Name)
	if a.Kind == lang.Wait {
		return seen, slices.Contains(def.Success, seen.State), true, nil
	}
	return seen, seen.State == kinds.Holds, true, nil
}

func (l *planner) approve(st *lang.Step, i lang.Instance, p *runbook.PlannedStep) error {
	message, diags := st.Action.Prose(l.scope, i)
	if diags.HasErrors() {
		return l.mistakes(diags)
	}
	p.Status, p.Approval = runbook.StatusApproval, gateText(message, p.Risk, "what follows")
	return nil
}

func (l *planner) instruct(ctx context.Context, st *lang.Step, i lang.Instance, p *runbook.PlannedStep) error {
	text, diags := st.Action.Prose(l.scope, i)
	if diags.HasErrors() {
		return l.mistakes(diags)
	}
	p.Status = runbook.StatusPerson
	if text.IsKnown() && !text.IsNull() {
		p.Text = strings.TrimSpace(text.AsString())
	}
	if st.Action.Verify == nil {
		return nil
	}
	seen, good, known, err := l.judge(ctx, st.Action.Verify, i)
	switch {
	case err != nil:
		var mistakes *runbook.Mistakes
		if errors.As(err, &mistakes) {
			return err
		}
		p.Error = ErrorText(err)
	case known && good:
		p.Status, p.Text = runbook.StatusSatisfied, seen.Message
		return l.record(st, i, lang.Done, false, cty.NilVal)
	case known:
		p.Error = seen.Message
	}
	return nil
}

// dropIdleGates takes approvals out of the plan where nothing is left to be done behind them.
func (l *planner) dropIdleGates(p *runbook.Plan) {
	for i := range p.Steps {
		if p.Steps[i].Status == runbook.StatusApproval && l.idle(p, i) {
			p.Steps[i].Status, p.Steps[i].Approval, p.Steps[i].Text = runbook.StatusSkipped, "", "nothing behind it is left to be done"
		}
	}
}

// idle reports that every step that needs a gate, or every later one where none does, is settled.
func (l *planner) idle(p *runbook.Plan, gate int) bool {
	behind := l.behind(runbook.BaseName(p.Steps[gate].Step))
	for _, s := range p.Steps[gate+1:] {
		if (len(behind) == 0 || behind[runbook.BaseName(s.Step)]) && acts(s) {
			return false
		}
	}
	return true
}

// acts reports that a step will do something, or may.
func acts(s runbook.PlannedStep) bool {
	return s.Action == lang.Ensure && !s.NothingToDo() || s.Status == runbook.StatusPerson
}

// behind are the steps that need a step, directly or through others.
func (v *evaluation) behind(name string) map[string]bool {
	found := map[string]bool{}
	for _, st := range v.job.Runbook.Steps { // in the order in which they need each other
		for _, needed := range st.Needs {
			if needed == name || found[needed] {
				found[st.Name] = true
			}
		}
	}
	return found
}

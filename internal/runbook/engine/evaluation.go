package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// evaluation is a runbook on a target with what is known so far: of the target, and of the steps that have run.
type evaluation struct {
	engine *Engine
	job    runbook.Job
	scope  *lang.Scope
	env    *kinds.Runtime
	facts  *targetFacts
	unread error // why something of the target could not be read, last
}

// environment is what prerequisites and observations work with.
func (e *Engine) environment() *kinds.Runtime {
	return &kinds.Runtime{Client: e.Client, Clusters: e.Clusters, Clock: e.WaitClock(), Tool: e.Tool(), Redactor: e.Redactor}
}

// evaluate starts to evaluate a job: it checks the inputs, and reads what the runbook says of its target.
func (e *Engine) evaluate(ctx context.Context, job runbook.Job) (*evaluation, error) {
	if job.Runbook.Target != job.Target.Kind {
		return nil, fmt.Errorf("runbook %s works on a %s, and %s is a %s", job.Runbook.Name, job.Runbook.Target, job.Target.Name, job.Target.Kind)
	}
	facts, err := newTargetFacts(e, job.Target)
	if err != nil {
		return nil, err
	}
	v := &evaluation{engine: e, job: job, facts: facts, env: e.environment()}
	scope, diags := lang.NewScope(job.Runbook, kinds.Catalogue(), job.Inputs, cty.NilVal)
	e.hideSecrets(scope.Secrets()...)
	if diags.HasErrors() {
		return nil, &runbook.Mistakes{Diags: diags, File: job.File}
	}
	v.scope = scope
	// What cannot be read now may be readable when a step needs it.
	var known cty.Value
	known, v.unread = facts.read(ctx, job.Runbook.TargetReads(nil))
	var gone *prereq.GoneError
	if errors.As(v.unread, &gone) && gone.Subject == job.Target.Name {
		return nil, gone
	}
	if diags := scope.SetTarget(known); diags.HasErrors() {
		return nil, &runbook.Mistakes{Diags: diags, File: job.File}
	}
	return v, nil
}

// readTarget reads what a step needs to know of the target and is not known yet.
func (v *evaluation) readTarget(ctx context.Context, st *lang.Step) error {
	known, err := v.facts.read(ctx, v.job.Runbook.TargetReads(st))
	if diags := v.scope.SetTarget(known); diags.HasErrors() {
		return v.mistakes(diags)
	}
	return err
}

func (v *evaluation) mistakes(diags hcl.Diagnostics) error {
	if !diags.HasErrors() {
		return nil
	}
	return &runbook.Mistakes{Diags: diags, File: v.job.File}
}

// stepName is a step with its instance: restart["web"].
func stepName(st *lang.Step, i lang.Instance) string {
	if st.ForEach == nil {
		return st.Name
	}
	return fmt.Sprintf("%s[%q]", st.Name, i.Key)
}

// args are the arguments of an action, when all of them are known.
func (v *evaluation) args(a *lang.Action, i lang.Instance) (args kinds.Args, known bool, err error) {
	value, diags := a.Args(v.scope, i)
	if diags.HasErrors() {
		return kinds.Args{}, false, v.mistakes(diags)
	}
	v.engine.hideSecrets(lang.SensitiveTexts(value)...) // before anything is read or written by them
	bare, _ := value.UnmarkDeep()
	if !bare.IsWhollyKnown() {
		return kinds.Args{}, false, nil
	}
	return kinds.NewArgs(value), true, nil
}

// prerequisite is what an ensure makes so.
func (v *evaluation) prerequisite(a *lang.Action, args kinds.Args) (*kinds.Def, prereq.Prerequisite, error) {
	def := kinds.Find(a.Kind, a.Name)
	if def == nil {
		return nil, nil, fmt.Errorf("the catalogue has no %s %q", a.Kind, a.Name)
	}
	p, err := def.Prerequisite(v.env, args)
	return def, p, err
}

// observe reads once what an assert or wait is about.
func (v *evaluation) observe(ctx context.Context, a *lang.Action, i lang.Instance) (seen kinds.Observation, known bool, err error) {
	args, known, err := v.args(a, i)
	if err != nil || !known {
		return kinds.Observation{}, known, err
	}
	def := kinds.Find(a.Kind, a.Name)
	if def == nil {
		return kinds.Observation{}, true, fmt.Errorf("the catalogue has no %s %q", a.Kind, a.Name)
	}
	seen, err = def.Observe(ctx, v.env, args)
	return seen, true, err
}

// record makes the outcome of a step known to expressions.
func (v *evaluation) record(st *lang.Step, i lang.Instance, status lang.Status, changed bool, value cty.Value) error {
	return v.scope.Record(st.Name, i.Key, lang.Result{Status: status, Changed: changed, Value: value})
}

// after are the steps that a step waits for, all arguments together.
func (v *evaluation) after(st *lang.Step) []string {
	var all []string
	for _, steps := range st.After(v.scope) {
		all = append(all, steps...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// ErrorText is an error in the words of the API that refused, on one line.
func ErrorText(err error) string {
	var mistakes *runbook.Mistakes
	if errors.As(err, &mistakes) {
		return strings.Join(strings.Fields(mistakes.Error()), " ")
	}
	what, _ := apierr.Describe(err)
	return what
}

// NextStep is what the reader of an error can do, or "".
func NextStep(err error) string {
	_, next := apierr.Describe(err)
	return next
}

// lacksFacts reports that a step needs to know something of the target that could not be read.
func (v *evaluation) lacksFacts(st *lang.Step) bool {
	for _, name := range v.job.Runbook.TargetReads(st) {
		if _, known := v.facts.known[name]; !known {
			return true
		}
	}
	return false
}

package runbook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// session is a runbook on a target with what is known so far: of the target, and
// of what became of the steps.
type session struct {
	engine  *Engine
	job     Job
	scope   *lang.Scope
	env     *kinds.Runtime
	subject *subject
	unread  error // of the target, when it was last read
}

func (e *Engine) session(ctx context.Context, job Job) (*session, error) {
	if job.Runbook.Target != job.Target.Kind {
		return nil, fmt.Errorf("runbook %s works on a %s, and %s is a %s", job.Runbook.Name, job.Runbook.Target, job.Target.Name, job.Target.Kind)
	}
	sub, err := newSubject(e, job.Target)
	if err != nil {
		return nil, err
	}
	s := &session{engine: e, job: job, subject: sub, env: &kinds.Runtime{
		Client: e.Client, Clusters: e.Clusters, Clock: e.clock(), Started: e.clock().Now().UTC().Truncate(time.Second), Tool: e.tool(), Redactor: e.Redactor,
	}}
	scope, diags := lang.NewScope(job.Runbook, kinds.Catalogue(), job.Inputs, cty.NilVal)
	e.secret(scope.Secrets()...)
	if diags.HasErrors() {
		return nil, &Mistakes{diags, job.File}
	}
	s.scope = scope
	// What cannot be read now may be readable when a step needs it.
	var known cty.Value
	known, s.unread = sub.read(ctx, job.Runbook.TargetReads(nil))
	var gone *prereq.GoneError
	if errors.As(s.unread, &gone) && gone.Subject == job.Target.Name {
		return nil, gone
	}
	if diags := scope.SetTarget(known); diags.HasErrors() {
		return nil, &Mistakes{diags, job.File}
	}
	return s, nil
}

// learn reads what a step needs to know of the target and is not known yet.
func (s *session) learn(ctx context.Context, st *lang.Step) error {
	known, err := s.subject.read(ctx, s.job.Runbook.TargetReads(st))
	if diags := s.scope.SetTarget(known); diags.HasErrors() {
		return s.mistakes(diags)
	}
	return err
}

func (s *session) mistakes(diags hcl.Diagnostics) error {
	if !diags.HasErrors() {
		return nil
	}
	return &Mistakes{diags, s.job.File}
}

// stepName is a step with its instance: restart["web"].
func stepName(st *lang.Step, i lang.Instance) string {
	if st.ForEach == nil {
		return st.Name
	}
	return fmt.Sprintf("%s[%q]", st.Name, i.Key)
}

// baseName is the step of restart["web"]: restart.
func baseName(step string) string {
	name, _, _ := strings.Cut(step, "[")
	return name
}

// args are the arguments of an action, when all of them are known.
func (s *session) args(a *lang.Action, i lang.Instance) (args kinds.Args, known bool, err error) {
	v, diags := a.Args(s.scope, i)
	if diags.HasErrors() {
		return kinds.Args{}, false, s.mistakes(diags)
	}
	bare, _ := v.UnmarkDeep()
	if !bare.IsWhollyKnown() {
		return kinds.Args{}, false, nil
	}
	return kinds.NewArgs(v), true, nil
}

// thing is what an ensure brings about.
func (s *session) thing(a *lang.Action, args kinds.Args) (*kinds.Def, prereq.Prerequisite, error) {
	def := kinds.Find(a.Kind, a.Name)
	if def == nil {
		return nil, nil, fmt.Errorf("the catalogue has no %s %q", a.Kind, a.Name)
	}
	thing, err := def.Prerequisite(s.env, args)
	return def, thing, err
}

func (s *session) look(ctx context.Context, a *lang.Action, i lang.Instance) (seen kinds.Observation, known bool, err error) {
	args, known, err := s.args(a, i)
	if err != nil || !known {
		return kinds.Observation{}, known, err
	}
	def := kinds.Find(a.Kind, a.Name)
	if def == nil {
		return kinds.Observation{}, true, fmt.Errorf("the catalogue has no %s %q", a.Kind, a.Name)
	}
	seen, err = def.Observe(ctx, s.env, args)
	return seen, true, err
}

// record tells the expressions what became of a step.
func (s *session) record(st *lang.Step, i lang.Instance, status lang.Status, changed bool, value cty.Value) error {
	return s.scope.Record(st.Name, i.Key, lang.Result{Status: status, Changed: changed, Value: value})
}

// after are the steps that a step waits for, all arguments together.
func (s *session) after(st *lang.Step) []string {
	var all []string
	for _, steps := range st.After(s.scope) {
		all = append(all, steps...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// plainly is an error in the words of whoever refused, on one line.
func plainly(err error) string {
	var mistakes *Mistakes
	if errors.As(err, &mistakes) {
		return strings.Join(strings.Fields(mistakes.Error()), " ")
	}
	what, _ := prereq.Words(err)
	return what
}

// nextStep is what the reader of an error can do, or "".
func nextStep(err error) string {
	_, next := prereq.Words(err)
	return next
}

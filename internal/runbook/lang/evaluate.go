package lang

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// evaluate evaluates an expression in the scope, for one instance of a step.
func (s *Scope) evaluate(expr hcl.Expression, i Instance) (cty.Value, hcl.Diagnostics) {
	if diags := checkSize(expr); diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	variables, diags := s.variables(expr, i)
	b := &budget{left: min(maxEvaluation, scopeShare*maxEvaluation-s.made)}
	before, ctx := b.left, withBudget(variables, b)
	v, more := expr.Value(ctx)
	s.made += before - b.left
	if b.exhausted() {
		return cty.DynamicVal, append(diags, i.annotate(hcl.Diagnostics{tooMuch(expr, before < maxEvaluation)})...)
	}
	if readsSecret(expr, ctx) {
		more = hideValues(more)
	}
	diags = append(diags, i.annotate(plain(more))...)
	if !more.HasErrors() && tooLarge(v) {
		diags = append(diags, Problem("Value too large", fmt.Sprintf("This value is larger than %d bytes.", MaxValue), expr.Range()))
	}
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	return v, diags
}

// variables is what an expression refers to, and no more: locals are evaluated when they are needed.
func (s *Scope) variables(expr hcl.Expression, i Instance) (map[string]cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	variables, locals, steps := map[string]cty.Value{}, map[string]cty.Value{}, map[string]cty.Value{}
	for _, t := range expr.Variables() {
		name, _, _ := member(t)
		switch t.RootName() {
		case "input":
			variables["input"] = cty.ObjectVal(s.inputs)
		case "target":
			variables["target"] = s.target
		case "each":
			if i.Each != cty.NilVal {
				variables["each"] = i.Each
			}
		case "local":
			if _, have := locals[name]; !have && s.runbook.local(name) != nil {
				l := s.local(name)
				diags = append(diags, l.diags...)
				locals[name] = l.value
			}
			variables["local"] = cty.ObjectVal(locals)
		case "step":
			if st := s.runbook.Step(name); st != nil && steps[name] == cty.NilVal {
				steps[name] = s.stepValue(st)
			}
			variables["step"] = cty.ObjectVal(steps)
		}
	}
	return variables, diags
}

func (s *Scope) local(name string) evaluated {
	if l, have := s.locals[name]; have {
		return l
	}
	if s.computing["local."+name] {
		return evaluated{value: cty.DynamicVal}
	}
	s.computing["local."+name] = true
	defer delete(s.computing, "local."+name)
	v, diags := s.evaluate(s.runbook.local(name).Expr, Instance{})
	// Without repetitions: locals made of broken locals would double them each time.
	s.locals[name] = evaluated{v, slices.Clip(Tidy(diags))}
	return s.locals[name]
}

// readsSecret reports whether an expression refers to anything sensitive.
func readsSecret(expr hcl.Expression, ctx *hcl.EvalContext) bool {
	for _, t := range expr.Variables() {
		v, diags := t.TraverseAbs(ctx)
		if diags.HasErrors() {
			v = ctx.Variables[t.RootName()]
		}
		if IsSensitive(v) {
			return true
		}
	}
	return false
}

// hideValues replaces the details of diagnostics, because functions quote their arguments in errors.
func hideValues(diags hcl.Diagnostics) hcl.Diagnostics {
	for _, d := range diags {
		d.Detail = "This cannot be evaluated. The reason is not shown, because it reads a sensitive input."
	}
	return diags
}

// evaluateAs evaluates an expression and converts its value. what names it in messages.
func (s *Scope) evaluateAs(ty cty.Type, expr hcl.Expression, i Instance, what string) (cty.Value, hcl.Diagnostics) {
	v, diags := s.evaluate(expr, i)
	if diags.HasErrors() {
		return cty.UnknownVal(ty), diags
	}
	converted, err := convert.Convert(v, ty)
	if err == nil && converted.IsNull() {
		err = fmt.Errorf("it is null")
	}
	if err != nil {
		return cty.UnknownVal(ty), append(diags,
			i.annotate(hcl.Diagnostics{Problem("Wrong type", fmt.Sprintf("%q must be %s: %s.", what, typeName(ty), reasonFor(v, err)),
				expr.Range())})...)
	}
	return converted, diags
}

// reasonFor is reason without what could quote a part of a secret.
func reasonFor(v cty.Value, err error) string {
	if IsSensitive(v) {
		return "the sensitive value that it reads is of another type"
	}
	return reason(err)
}

// evaluateBool evaluates a condition. Its outcome may be shown even if it depends on a sensitive value.
func (s *Scope) evaluateBool(expr hcl.Expression, i Instance, what string) (cty.Value, hcl.Diagnostics) {
	v, diags := s.evaluateAs(cty.Bool, expr, i, what)
	v, _ = v.Unmark()
	return v, diags
}

// evaluateText evaluates a text for people, which must not contain sensitive values.
func (s *Scope) evaluateText(expr hcl.Expression, i Instance, what string) (cty.Value, hcl.Diagnostics) {
	v, diags := s.evaluateAs(cty.String, expr, i, what)
	if IsSensitive(v) {
		return cty.UnknownVal(cty.String), append(diags, i.annotate(hcl.Diagnostics{
			Problem("Secret in a text",
				fmt.Sprintf("%q is shown to people and written to the journal, but it reads a sensitive input. Remove that reference.", what),
				expr.Range()),
		})...)
	}
	return v, diags
}

// evaluateMessage evaluates an error message. It returns otherwise if that fails or would show a secret.
func (s *Scope) evaluateMessage(expr hcl.Expression, i Instance, otherwise string) (string, hcl.Diagnostics) {
	v, diags := s.evaluateText(expr, i, "error_message")
	if diags.HasErrors() || !v.IsKnown() {
		return otherwise, diags
	}
	return v.AsString(), diags
}

const (
	maxDuration = 30 * 24 * time.Hour
	maxAttempts = 20
	maxInRow    = 100
)

// duration evaluates a duration; 0 where there is no expression. known is false where the value is not known yet.
func (s *Scope) duration(expr hcl.Expression, what string) (d time.Duration, known bool, diags hcl.Diagnostics) {
	if expr == nil {
		return 0, true, nil
	}
	v, diags := s.evaluateText(expr, Instance{}, what)
	if diags.HasErrors() || !v.IsKnown() {
		return 0, false, diags
	}
	d, err := time.ParseDuration(v.AsString())
	why := ""
	switch {
	case err != nil:
		why = fmt.Sprintf("%q is not a duration", v.AsString())
	case d <= 0:
		why = fmt.Sprintf("%q is not longer than zero", v.AsString())
	case d > maxDuration:
		why = fmt.Sprintf("%q is longer than 30 days", v.AsString())
	default:
		return d, true, diags
	}
	return 0, false, append(diags,
		Problem("Invalid duration", fmt.Sprintf("%q: %s. Write a number and a unit, such as \"90s\", \"10m\" or \"1h30m\".", what, why),
			expr.Range()))
}

// count evaluates a whole number from 1 to most; 0 where there is no expression.
func (s *Scope) count(expr hcl.Expression, what string, most int64) (int, hcl.Diagnostics) {
	if expr == nil {
		return 0, nil
	}
	v, diags := s.evaluateAs(cty.Number, expr, Instance{}, what)
	if IsSensitive(v) {
		return 0, append(diags,
			Problem("Secret in a setting", fmt.Sprintf("%q is shown in the plan, but it reads a sensitive input.", what), expr.Range()))
	}
	if diags.HasErrors() || !v.IsKnown() {
		return 0, diags
	}
	n, exact := v.AsBigFloat().Int64()
	if exact != 0 || n < 1 || n > most {
		return 0, append(diags, Problem("Invalid number", fmt.Sprintf("%q must be a whole number from 1 to %d.", what, most), expr.Range()))
	}
	return int(n), diags
}

// annotate adds the instance to diagnostics: the same expression is evaluated for each.
func (i Instance) annotate(diags hcl.Diagnostics) hcl.Diagnostics {
	if i.Key == "" {
		return diags
	}
	for _, d := range diags {
		d.Detail = strings.TrimRight(d.Detail, "\n") + fmt.Sprintf("\n\nThis is for each.key = %q.", i.Key)
	}
	return diags
}

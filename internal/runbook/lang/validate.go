package lang

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Validate checks a runbook that Parse has read, completely and without a cloud:
// what it refers to, what it asks of the catalogue, every type that can be known
// before a run. Each mistake has one diagnostic, in the order of the file.
func Validate(r *Runbook, c *Catalogue) hcl.Diagnostics {
	v := &validator{
		checker:   checker{runbook: r, used: map[string]bool{}, scope: emptyScope(r, c)},
		catalogue: c,
		valid:     map[hcl.Expression]bool{},
		evaluable: map[hcl.Expression]bool{},
	}
	v.fixes()
	for _, p := range r.expressions() {
		v.valid[p.expr] = v.check(p)
	}
	v.cycles()
	v.values()
	v.unused()
	return Tidy(v.diags)
}

type validator struct {
	checker
	catalogue *Catalogue
	valid     map[hcl.Expression]bool // everything that it refers to directly exists
	evaluable map[hcl.Expression]bool // and so does what that refers to
}

func (v *validator) fixes() {
	var known []string
	for _, d := range catalogue.Catalogue() {
		known = append(known, string(d.Code))
	}
	for i, code := range v.runbook.Fixes {
		if catalogue.Describe(code).Title == "" {
			v.fail("Unknown finding", fmt.Sprintf("There is no finding %q%s", code, Suggest(string(code), known)), v.runbook.fixRanges[i])
		}
	}
}

func (v *validator) cycles() {
	r := v.runbook
	needs, written := map[string][]dependency{}, []string(nil)
	for _, s := range r.Steps {
		written = append(written, s.Name)
		for _, other := range r.Steps {
			if where, needed := s.reads[other.Name]; needed {
				needs[s.Name] = append(needs[s.Name], dependency{other.Name, where})
			}
		}
	}
	for _, cycle := range findCycles(written, needs) {
		v.fail("Dependency cycle", fmt.Sprintf("These steps depend on each other, so none can start: %s.", describeCycle(cycle)),
			r.Step(cycle[len(cycle)-1].to).DeclRange)
	}
	for _, s := range r.Steps {
		v.selfReferences(s)
	}
	clear(needs)
	written = nil
	for _, l := range r.Locals {
		written = append(written, l.Name)
		for _, t := range l.Expr.Variables() {
			switch to, ok := stepName(t); {
			case !ok || t.RootName() != "local" || r.local(to) == nil:
			case to == l.Name:
				v.fail("Self reference", fmt.Sprintf("Local %q refers to itself.", l.Name), t.SourceRange())
				v.valid[l.Expr] = false
			default:
				needs[l.Name] = append(needs[l.Name], dependency{to, t.SourceRange()})
			}
		}
	}
	for _, cycle := range findCycles(written, needs) {
		v.fail("Dependency cycle", fmt.Sprintf("These locals refer to each other: %s.", describeCycle(cycle)),
			r.local(cycle[len(cycle)-1].to).DeclRange)
		for _, l := range cycle {
			v.valid[r.local(l.to).Expr] = false
		}
	}
}

// selfReferences reports what check does not see: mistakes in depends_on, and a local
// that reads the outcome of the step that uses it.
func (v *validator) selfReferences(s *Step) {
	for _, t := range s.DependsOn {
		name, at, _ := member(t)
		switch {
		case v.runbook.Step(name) == nil:
			v.fail("Unknown reference", fmt.Sprintf("There is no step %q%s", name, Suggest(name, v.runbook.StepNames())), at)
		case name == s.Name:
			v.fail("Self reference", fmt.Sprintf("Step %q depends on itself.", name), t.SourceRange())
		}
	}
	if where, reads := v.runbook.stepReads(s.expressions()...)[s.Name]; reads && !v.direct(s) {
		v.fail("Self reference", fmt.Sprintf("This needs the outcome of step %q itself, which is not known before it has run.", s.Name), where)
	}
}

// direct reports whether a step's own expressions name the step.
func (v *validator) direct(s *Step) bool {
	for _, e := range s.expressions() {
		for _, t := range e.Variables() {
			if name, ok := stepName(t); ok && t.RootName() == "step" && name == s.Name {
				return true
			}
		}
	}
	return false
}

// values evaluates every expression with what is known before a run: types and constants.
func (v *validator) values() {
	s := v.scope
	for _, i := range v.runbook.Inputs {
		for _, rule := range i.Validations {
			if v.canEvaluate(rule.Condition) {
				v.add(s.evaluateBool(rule.Condition, Instance{}, "condition"))
			}
			if v.canEvaluate(rule.ErrorMessage) {
				v.add(s.evaluateText(rule.ErrorMessage, Instance{}, "error_message"))
			}
		}
		v.defaultHolds(i)
	}
	for _, l := range v.runbook.Locals {
		if v.canEvaluate(l.Expr) {
			v.diags = append(v.diags, s.local(l.Name).diags...)
		}
	}
	for _, st := range v.runbook.Steps {
		v.step(st)
	}
}

// defaultHolds checks a default by the input's own conditions, as far as they are about it alone.
func (v *validator) defaultHolds(i *Input) {
	if i.Required() || i.Default.IsNull() {
		return
	}
	alone := emptyScope(v.runbook, v.catalogue)
	alone.inputs[i.Name] = i.marked(i.Default)
	for _, rule := range i.Validations {
		if !v.canEvaluate(rule.Condition) || !v.canEvaluate(rule.ErrorMessage) {
			continue
		}
		holds, diags := alone.evaluateBool(rule.Condition, Instance{}, "condition")
		if !diags.HasErrors() && holds.IsKnown() && holds.False() {
			message, _ := alone.evaluateMessage(rule.ErrorMessage, Instance{}, "it is not valid.")
			v.fail("Invalid default", fmt.Sprintf("The default of input %q does not meet its own validation: %s", i.Name, message), rule.DeclRange)
		}
	}
}

// canEvaluate reports whether an expression is given and can be evaluated. A mistake in
// a local that it uses has been reported; its consequences need not be.
func (v *validator) canEvaluate(expr hcl.Expression) bool {
	if expr == nil || !v.valid[expr] {
		return false
	}
	if whole, known := v.evaluable[expr]; known {
		return whole
	}
	v.evaluable[expr] = false // until shown otherwise: circles end here
	for _, t := range expr.Variables() {
		name, _ := stepName(t)
		if l := v.runbook.local(name); t.RootName() == "local" && l != nil &&
			(!v.canEvaluate(l.Expr) || v.scope.local(name).diags.HasErrors()) {
			return false
		}
	}
	v.evaluable[expr] = true
	return true
}

func (v *validator) add(_ cty.Value, diags hcl.Diagnostics) { v.diags = append(v.diags, diags...) }

func (v *validator) step(st *Step) {
	s, each := v.scope, Instance{}
	if st.ForEach != nil {
		each = pattern(cty.DynamicPseudoType, false)
		if v.canEvaluate(st.ForEach) {
			instances, diags := st.Instances(s)
			v.diags, each = append(v.diags, diags...), instances.Pattern
		}
	}
	if v.canEvaluate(st.When) {
		when, diags := st.RunsWhen(s, each)
		v.diags = append(v.diags, diags...)
		if !diags.HasErrors() && when.IsKnown() && when.False() {
			v.diags = append(v.diags, warning("Step never runs", fmt.Sprintf("\"when\" of step %q is always false.", st.Name), st.When.Range()))
		}
	}
	if v.canEvaluate(st.Approval) {
		v.add(st.ApprovalText(s, each))
	}
	v.settings(st)
	for a := st.Action; a != nil; a = a.Verify {
		v.action(a, each)
	}
}

// settings evaluates the settings that can be evaluated: Step.Settings evaluates all of them.
func (v *validator) settings(st *Step) {
	sound := *st
	keep := func(expr *hcl.Expression) {
		if !v.canEvaluate(*expr) {
			*expr = nil
		}
	}
	keep(&sound.timeout)
	keep(&sound.attempts)
	keep(&sound.backoff)
	if st.Action != nil {
		action := *st.Action
		keep(&action.timeout)
		keep(&action.interval)
		keep(&action.consecutive)
		sound.Action = &action
	}
	_, diags := sound.Settings(v.scope)
	v.diags = append(v.diags, diags...)
}

func (v *validator) action(a *Action, each Instance) {
	s := v.scope
	for _, text := range []struct {
		expr hcl.Expression
		what string
	}{{a.Message, "message"}, {a.Text, "text"}, {a.ErrorMessage, "error_message"}} {
		if v.canEvaluate(text.expr) {
			v.add(s.evaluateText(text.expr, each, text.what))
		}
	}
	if v.canEvaluate(a.Condition) {
		holds, diags := s.evaluateBool(a.Condition, each, "condition")
		v.diags = append(v.diags, diags...)
		if !diags.HasErrors() && holds.IsKnown() {
			v.diags = append(v.diags,
				warning("Constant condition", fmt.Sprintf("This condition is always %t.", holds.True()), a.Condition.Range()))
		}
	}
	if a.Name != "" {
		v.catalogueAction(a, each)
	}
}

// catalogueAction checks an action by its kind in the catalogue.
func (v *validator) catalogueAction(a *Action, each Instance) {
	k := v.catalogue.Kind(a.Kind, a.Name)
	if k == nil {
		v.fail("Unknown "+string(a.Kind), fmt.Sprintf("The catalogue has no %s %q%s", a.Kind, a.Name, v.suggestKind(a)), a.nameRange)
		for _, attr := range a.args {
			if v.canEvaluate(attr.Expr) {
				v.add(v.scope.evaluate(attr.Expr, each))
			}
		}
		return
	}
	misspelt := map[string]bool{}
	for _, attr := range a.args {
		arg := k.arg(attr.Name)
		switch {
		case arg == nil:
			misspelt[nearest(attr.Name, k.argNames())] = true
			v.fail("Unknown argument",
				fmt.Sprintf("%s %q has no argument %q%s", capital(string(a.Kind)), a.Name, attr.Name, Suggest(attr.Name, k.argNames())),
				attr.NameRange)
		case v.canEvaluate(attr.Expr):
			v.add(v.scope.argument(arg, attr, each))
		}
	}
	for _, arg := range k.Args {
		if arg.Required && !misspelt[arg.Name] && !a.reported[arg.Name] &&
			!slices.ContainsFunc(a.args, func(attr *hclsyntax.Attribute) bool { return attr.Name == arg.Name }) {
			v.fail("Missing argument",
				fmt.Sprintf("%s %q needs the argument %q (%s): %s", capital(string(a.Kind)), a.Name, arg.Name, typeName(arg.Type), arg.Doc),
				a.DeclRange)
		}
	}
}

// suggestKind suggests a kind, also one of another action.
func (v *validator) suggestKind(a *Action) string {
	known := v.catalogue.kindNames(a.Kind)
	if nearest(a.Name, known) == "" {
		for _, other := range []ActionKind{Ensure, Assert, Wait} {
			if v.catalogue.Kind(other, a.Name) != nil {
				return fmt.Sprintf("; there is %s %q instead.", other, a.Name)
			}
		}
	}
	return Suggest(a.Name, known)
}

func (v *validator) unused() {
	for _, i := range v.runbook.Inputs {
		if !v.used["input."+i.Name] {
			v.diags = append(v.diags,
				warning("Unused input", fmt.Sprintf("Input %q is not used. Use it in a step, or remove it.", i.Name), i.DeclRange))
		}
	}
	for _, l := range v.runbook.Locals {
		if !v.used["local."+l.Name] {
			v.diags = append(v.diags, warning("Unused local", fmt.Sprintf("Local %q is not used.", l.Name), l.DeclRange))
		}
	}
}

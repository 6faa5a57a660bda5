package lang

import (
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Instance is one execution of a step; a step with for_each has several.
type Instance struct {
	Key  string    // "" where the step has no for_each
	Each cty.Value // object of key and value; cty.NilVal where there is no for_each
}

// Instances are the executions of a step.
type Instances struct {
	List []Instance // in the order of the keys, or of a list
	// Known is false if for_each is not known yet. Pattern then represents each instance, with unknown key and value.
	Known   bool
	Pattern Instance
	After   []string // steps that for_each waits for
}

// Instances evaluates for_each. A step without it has one instance.
func (st *Step) Instances(s *Scope) (Instances, hcl.Diagnostics) {
	if st.ForEach == nil {
		return Instances{List: []Instance{{}}, Known: true}, nil
	}
	e := s.expand(st)
	if !e.instances.Known {
		e.instances.After = s.pending(st.ForEach)
	}
	return e.instances, e.diags
}

type expanded struct {
	instances Instances // without After
	diags     hcl.Diagnostics
}

// expand evaluates a for_each once for as long as no step is recorded: steps over
// the instances of steps would take exponential time otherwise.
func (s *Scope) expand(st *Step) expanded {
	name := "step." + st.Name
	if e, have := s.expanded[name]; have {
		return e
	}
	if s.computing[name] {
		return expanded{instances: Instances{Pattern: pattern(cty.DynamicPseudoType, false)}}
	}
	s.computing[name] = true
	defer delete(s.computing, name)
	instances, diags := st.expand(s)
	e := expanded{instances, slices.Clip(Tidy(diags))}
	s.expanded[name] = e
	return e
}

func (st *Step) expand(s *Scope) (Instances, hcl.Diagnostics) {
	unknown := Instances{Pattern: pattern(cty.DynamicPseudoType, false)}
	fail := func(diags hcl.Diagnostics, detail string) (Instances, hcl.Diagnostics) {
		return unknown, append(diags, Problem("Invalid for_each", detail, st.ForEach.Range()))
	}
	v, diags := s.evaluate(st.ForEach, Instance{})
	if diags.HasErrors() {
		return unknown, diags
	}
	if IsSensitive(v) {
		return fail(diags, "for_each reads a sensitive input, and the plan would show its keys.")
	}
	ty := v.Type()
	mapping := ty.IsMapType() || ty.IsObjectType()
	switch {
	case v.IsNull():
		return fail(diags, "for_each is null; it must be a set, list or map. If there may be no value, use coalesce or an empty list [].")
	case ty == cty.DynamicPseudoType:
		return unknown, diags
	case !mapping && !ty.IsListType() && !ty.IsSetType() && !ty.IsTupleType():
		return fail(diags, fmt.Sprintf("for_each must be a set, list or map; this is %s.", typeName(ty)))
	case (ty.IsListType() || ty.IsSetType()) && ty.ElementType() != cty.String && ty.ElementType() != cty.DynamicPseudoType:
		return fail(diags,
			fmt.Sprintf("for_each over a list or set needs strings; this is %s. Use a map instead: { for x in LIST : x.NAME => x }.",
				typeName(ty)))
	}
	unknown.Pattern = pattern(elementType(ty), !mapping)
	instances := Instances{Known: true, Pattern: unknown.Pattern}
	if !v.IsKnown() || !mapping && !v.IsWhollyKnown() {
		return unknown, diags
	}
	seen := map[string]bool{}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if !mapping {
			key = value
		}
		if key.IsNull() || key.Type() != cty.String {
			return fail(diags, "for_each over a list or set needs strings that are not null.")
		}
		name := key.AsString()
		switch {
		case name == "":
			return fail(diags, "for_each has an empty key. Each instance needs a name for the plan and the journal.")
		case seen[name]:
			return fail(diags, fmt.Sprintf("for_each has the key %q twice. Use distinct or toset to drop repetitions.", name))
		}
		seen[name] = true
		instances.List = append(instances.List, Instance{name, cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(name), "value": value})})
	}
	return instances, diags
}

// pattern is an instance of which only the types are known.
func pattern(element cty.Type, text bool) Instance {
	if text {
		element = cty.String
	}
	return Instance{Each: cty.ObjectVal(map[string]cty.Value{"key": cty.UnknownVal(cty.String), "value": cty.UnknownVal(element)})}
}

// elementType is the type of each.value, as far as all elements share one.
func elementType(ty cty.Type) cty.Type {
	switch {
	case ty.IsCollectionType():
		return ty.ElementType()
	case ty.IsObjectType():
		var shared cty.Type
		for _, t := range ty.AttributeTypes() {
			if shared != cty.NilType && !shared.Equals(t) {
				return cty.DynamicPseudoType
			}
			shared = t
		}
		if shared != cty.NilType {
			return shared
		}
	}
	return cty.DynamicPseudoType
}

// RunsWhen evaluates when: true, false, or unknown as long as it waits for a step.
func (st *Step) RunsWhen(s *Scope, i Instance) (cty.Value, hcl.Diagnostics) {
	if st.When == nil {
		return cty.True, nil
	}
	return s.evaluateBool(st.When, i, "when")
}

// ApprovalText evaluates approval: a string, unknown as long as it waits for a
// step, or null where the step has no gate.
func (st *Step) ApprovalText(s *Scope, i Instance) (cty.Value, hcl.Diagnostics) {
	return s.optionalText(st.Approval, i, "approval")
}

func (s *Scope) optionalText(expr hcl.Expression, i Instance, what string) (cty.Value, hcl.Diagnostics) {
	if expr == nil {
		return cty.NullVal(cty.String), nil
	}
	return s.evaluateText(expr, i, what)
}

// Args evaluates the arguments of a step's ensure, assert or wait: an object of the types in the catalogue, with
// defaults filled in. Arguments that wait for a step are unknown; After says for which.
func (st *Step) Args(s *Scope, i Instance) (cty.Value, hcl.Diagnostics) {
	return st.Action.Args(s, i)
}

// Args is Step.Args of one action, such as the verification of an instruction.
func (a *Action) Args(s *Scope, i Instance) (cty.Value, hcl.Diagnostics) {
	k := s.catalogue.Kind(a.Kind, a.Name)
	if k == nil {
		return cty.EmptyObjectVal, nil
	}
	var diags hcl.Diagnostics
	values := map[string]cty.Value{}
	for _, arg := range k.Args {
		values[arg.Name] = arg.Default
		if arg.Default == cty.NilVal {
			values[arg.Name] = cty.NullVal(arg.Type)
		}
	}
	for _, attr := range a.args {
		if arg := k.arg(attr.Name); arg != nil {
			v, more := s.argument(arg, attr, i)
			diags = append(diags, more...)
			if !v.IsNull() || arg.Default == cty.NilVal {
				values[arg.Name] = v
			}
		}
	}
	return cty.ObjectVal(values), diags
}

// argument evaluates an argument and checks it by its definition in the catalogue. As
// in Terraform, null means that the argument is not given.
func (s *Scope) argument(arg *Arg, attr *hclsyntax.Attribute, i Instance) (cty.Value, hcl.Diagnostics) {
	v, diags := s.evaluate(attr.Expr, i)
	if diags.HasErrors() {
		return cty.UnknownVal(arg.Type), diags
	}
	fail := func(summary, detail string) (cty.Value, hcl.Diagnostics) {
		return cty.UnknownVal(arg.Type), append(diags, i.annotate(hcl.Diagnostics{Problem(summary, detail, attr.Expr.Range())})...)
	}
	converted, err := convert.Convert(v, arg.Type)
	switch {
	case err != nil:
		return fail("Wrong type", fmt.Sprintf("%q must be %s: %s.", arg.Name, typeName(arg.Type), reasonFor(v, err)))
	case converted.IsNull() && arg.Required:
		return fail("Missing argument", fmt.Sprintf("%q is null, but it is required: %s", arg.Name, arg.Doc))
	case arg.Check == nil || converted.IsNull() || !converted.IsWhollyKnown():
		return converted, diags
	}
	bare, _ := converted.UnmarkDeep()
	if err := arg.Check(bare); err != nil {
		if IsSensitive(converted) {
			return fail("Invalid value", fmt.Sprintf("%q is not valid. The reason is not shown, because it reads a sensitive input.", arg.Name))
		}
		return fail("Invalid value", fmt.Sprintf("%q: %s.", arg.Name, err))
	}
	return converted, diags
}

// After returns the steps that each argument waits for: a plan shows such an argument as known after them.
func (st *Step) After(s *Scope) map[string][]string { return st.Action.After(s, st.ForEach) }

// After is Step.After of one action. forEach is that of its step, or nil.
func (a *Action) After(s *Scope, forEach hcl.Expression) map[string][]string {
	waiting := map[string][]string{}
	for _, attr := range a.args {
		exprs := []hcl.Expression{attr.Expr}
		if forEach != nil && readsEach(attr.Expr) {
			exprs = append(exprs, forEach)
		}
		if steps := s.pending(exprs...); len(steps) > 0 {
			waiting[attr.Name] = steps
		}
	}
	return waiting
}

func readsEach(expr hcl.Expression) bool {
	return slices.ContainsFunc(expr.Variables(), func(t hcl.Traversal) bool { return t.RootName() == "each" })
}

// Holds evaluates the condition of an assert without a label: true, false, or unknown as long as it waits for a step.
// message is the error message where it is false.
func (a *Action) Holds(s *Scope, i Instance) (holds cty.Value, message string, diags hcl.Diagnostics) {
	holds, diags = s.evaluateBool(a.Condition, i, "condition")
	if diags.HasErrors() || !holds.IsKnown() || holds.True() {
		return holds, "", diags
	}
	message, more := s.evaluateMessage(a.ErrorMessage, i, "the condition does not hold")
	return holds, message, append(diags, more...)
}

// Prose evaluates the text of an approve or instruct: a string, or unknown as long
// as it waits for a step; null for other actions.
func (a *Action) Prose(s *Scope, i Instance) (cty.Value, hcl.Diagnostics) {
	if a.Kind == Approve {
		return s.optionalText(a.Message, i, "message")
	}
	return s.optionalText(a.Text, i, "text")
}

// Settings are the timeouts, pauses and counts of a step. Zero is the executor's default.
type Settings struct {
	Timeout         time.Duration // of the whole step
	Attempts        int           // 1 or more where a retry block is given
	Backoff         time.Duration // before the second attempt
	WaitTimeout     time.Duration // of a wait block, as the next two
	WaitInterval    time.Duration
	WaitConsecutive int
}

// Settings evaluates the timeouts, pauses and counts of a step.
func (st *Step) Settings(s *Scope) (Settings, hcl.Diagnostics) {
	var set Settings
	var diags hcl.Diagnostics
	duration := func(to *time.Duration, expr hcl.Expression, what string) {
		d, known, more := s.duration(expr, what)
		if diags = append(diags, more...); known {
			*to = d
		}
	}
	count := func(to *int, expr hcl.Expression, what string, most int64) {
		n, more := s.count(expr, what, most)
		diags, *to = append(diags, more...), n
	}
	duration(&set.Timeout, st.timeout, "timeout")
	count(&set.Attempts, st.attempts, "attempts", maxAttempts)
	duration(&set.Backoff, st.backoff, "backoff")
	if a := st.Action; a != nil {
		duration(&set.WaitTimeout, a.timeout, "timeout")
		duration(&set.WaitInterval, a.interval, "interval")
		count(&set.WaitConsecutive, a.consecutive, "consecutive", maxInRow)
	}
	return set, diags
}

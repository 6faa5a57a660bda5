package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

type mark string

// Sensitive marks what came from a sensitive input, in part or in whole. Nothing
// that carries it may be shown or stored.
const Sensitive = mark("sensitive")

// IsSensitive reports whether any part of a value is sensitive.
func IsSensitive(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, is := marks[Sensitive]
	return is
}

// Status is the outcome of a step, as in step.NAME.status.
type Status string

// The statuses.
const (
	Done    Status = "done" // also if there was nothing to do
	Skipped Status = "skipped"
	Failed  Status = "failed"
)

// Result is the outcome of a step, or of one instance of it.
type Result struct {
	Status  Status
	Changed bool      // the step changed something
	Value   cty.Value // of the type in the catalogue; cty.NilVal for none
}

// Scope holds what the expressions of a runbook can refer to in one run on one
// target. It is not safe for concurrent use.
type Scope struct {
	runbook   *Runbook
	catalogue *Catalogue
	inputs    map[string]cty.Value
	target    cty.Value
	results   map[string]map[string]Result

	made      int                  // bytes of the values that expressions made, since a step was recorded
	locals    map[string]evaluated // as the next, until a step is recorded
	expanded  map[string]expanded
	computing map[string]bool // locals and steps that are being evaluated: circles end there
}

type evaluated struct {
	value cty.Value
	diags hcl.Diagnostics
}

// NewScope makes the scope in which nothing has run yet. inputs are what was given; they are converted and checked, and
// defaults are filled in. target is an object with some of the attributes of the runbook's target; what it lacks is
// unknown. The runbook must have passed Validate.
func NewScope(r *Runbook, c *Catalogue, inputs map[string]cty.Value, target cty.Value) (*Scope, hcl.Diagnostics) {
	s := emptyScope(r, c)
	var diags hcl.Diagnostics
	s.inputs, diags = r.inputValues(inputs)
	diags = append(diags, s.SetTarget(target)...)
	if diags.HasErrors() {
		return s, diags
	}
	return s, Tidy(append(diags, s.validateInputs()...))
}

// SetTarget sets attributes of the target from an object that has some of them. The others keep their values.
func (s *Scope) SetTarget(target cty.Value) hcl.Diagnostics {
	if target == cty.NilVal || target.IsNull() || !target.IsKnown() || !target.Type().IsObjectType() {
		return nil
	}
	var diags hcl.Diagnostics
	attributes := s.target.AsValueMap()
	for name, v := range target.AsValueMap() {
		want, known := attributes[name]
		if !known {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Unknown target attribute",
				Detail:   fmt.Sprintf("A target of kind %s has no %q%s", s.runbook.Target, name, Suggest(name, slices.Sorted(maps.Keys(attributes)))),
			})
			continue
		}
		converted, err := convert.Convert(v, want.Type())
		if err != nil {
			diags = append(diags, &hcl.Diagnostic{
				Severity: hcl.DiagError,
				Summary:  "Invalid target",
				Detail:   fmt.Sprintf("%q of the target must be %s: %s.", name, typeName(want.Type()), reason(err)),
			})
			continue
		}
		attributes[name] = converted
	}
	s.target = cty.ObjectVal(attributes)
	s.forget()
	return diags
}

// emptyScope knows the types of everything, and no value.
func emptyScope(r *Runbook, c *Catalogue) *Scope {
	s := &Scope{
		runbook: r, catalogue: c,
		inputs: map[string]cty.Value{}, results: map[string]map[string]Result{},
		locals: map[string]evaluated{}, expanded: map[string]expanded{}, computing: map[string]bool{},
	}
	for _, i := range r.Inputs {
		s.inputs[i.Name] = i.marked(cty.UnknownVal(i.Type.WithoutOptionalAttributesDeep()))
	}
	target := map[string]cty.Value{}
	for _, a := range r.Target.Attributes() {
		target[a.Name] = cty.UnknownVal(a.Type)
	}
	s.target = cty.ObjectVal(target)
	return s
}

// Record stores the result of a step, or of its instance with this key ("" if the step
// has no for_each). An error is a bug in the program.
func (s *Scope) Record(step, key string, result Result) error {
	st := s.runbook.Step(step)
	if st == nil {
		return fmt.Errorf("runbook %q has no step %q", s.runbook.Name, step)
	}
	want := s.resultType(st)
	switch {
	case want == cty.NilType:
		result.Value = cty.NilVal
	case result.Value == cty.NilVal:
		result.Value = cty.NullVal(want)
	default:
		value, err := convert.Convert(result.Value, want)
		if err != nil {
			return fmt.Errorf("step %q: the catalogue says that its result is %s: %s", step, typeName(want), reason(err))
		}
		result.Value = value
	}
	if s.results[step] == nil {
		s.results[step] = map[string]Result{}
	}
	s.results[step][key] = result
	s.forget()
	return nil
}

// forget drops what was evaluated with what was known before.
func (s *Scope) forget() {
	clear(s.locals)
	clear(s.expanded)
	s.made = 0
}

// resultType is the type of step.NAME.result, or cty.NilType where there is none.
func (s *Scope) resultType(st *Step) cty.Type {
	if st.Action == nil {
		return cty.DynamicPseudoType
	}
	if st.Action.Name == "" || st.Action.Kind == Approve || st.Action.Kind == Instruct {
		return cty.NilType
	}
	if k := s.catalogue.Kind(st.Action.Kind, st.Action.Name); k != nil {
		return k.Result
	}
	return cty.DynamicPseudoType
}

// outcomeType is the type of step.NAME, or of step.NAME[key].
func (s *Scope) outcomeType(st *Step) cty.Type {
	types := map[string]cty.Type{"changed": cty.Bool, "status": cty.String}
	if result := s.resultType(st); result != cty.NilType {
		types["result"] = result
	}
	return cty.Object(types)
}

func (s *Scope) outcome(st *Step, key string) cty.Value {
	r, known := s.results[st.Name][key]
	if !known {
		return unknownObject(s.outcomeType(st))
	}
	values := map[string]cty.Value{"changed": cty.BoolVal(r.Changed), "status": cty.StringVal(string(r.Status))}
	if r.Value != cty.NilVal {
		values["result"] = r.Value
	}
	return cty.ObjectVal(values)
}

// unknownObject is an object that is known to be there, with attributes that are not known yet.
func unknownObject(ty cty.Type) cty.Value {
	values := map[string]cty.Value{}
	for name, attribute := range ty.AttributeTypes() {
		values[name] = cty.UnknownVal(attribute)
	}
	return cty.ObjectVal(values)
}

// stepValue is what step.NAME is now.
func (s *Scope) stepValue(st *Step) cty.Value {
	if st.ForEach == nil {
		return s.outcome(st, "")
	}
	ty := s.outcomeType(st)
	uniform := !ty.HasDynamicTypes()
	unknown := cty.DynamicVal
	if uniform {
		unknown = cty.UnknownVal(cty.Map(ty))
	}
	e := s.expand(st)
	if e.diags.HasErrors() || !e.instances.Known {
		return unknown
	}
	values := map[string]cty.Value{}
	for _, i := range e.instances.List {
		values[i.Key] = s.outcome(st, i.Key)
	}
	switch {
	case !uniform:
		return cty.ObjectVal(values)
	case len(values) == 0:
		return cty.MapValEmpty(ty)
	}
	return cty.MapVal(values)
}

// finished reports whether nothing of a step is left to run.
func (s *Scope) finished(st *Step) bool {
	if st.ForEach == nil {
		_, is := s.results[st.Name][""]
		return is
	}
	e := s.expand(st)
	if e.diags.HasErrors() || !e.instances.Known {
		return false
	}
	for _, i := range e.instances.List {
		if _, is := s.results[st.Name][i.Key]; !is {
			return false
		}
	}
	return true
}

// pending are the steps that expressions wait for, in the order of the runbook.
func (s *Scope) pending(exprs ...hcl.Expression) []string {
	reads := s.runbook.stepReads(exprs...)
	var waiting []string
	for _, st := range s.runbook.Steps {
		if _, read := reads[st.Name]; read && !s.finished(st) {
			waiting = append(waiting, st.Name)
		}
	}
	return waiting
}

// Secrets lists the non-empty texts in sensitive inputs, so that journals and logs can
// redact them in texts of other origin.
func (s *Scope) Secrets() []string {
	found := map[string]bool{}
	for _, i := range s.runbook.Inputs {
		if v := s.inputs[i.Name]; i.Sensitive && v != cty.NilVal {
			addTexts(found, v)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// SensitiveTexts lists the non-empty texts in the parts of a value that are sensitive: what an expression made of a
// sensitive input is as secret as the input.
func SensitiveTexts(v cty.Value) []string {
	found := map[string]bool{}
	bare, marked := v.UnmarkDeepWithPaths()
	for _, m := range marked {
		if _, is := m.Marks[Sensitive]; is {
			if part, err := m.Path.Apply(bare); err == nil {
				addTexts(found, part)
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func addTexts(found map[string]bool, v cty.Value) {
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.IsKnown() && !v.IsNull() && v.Type().IsPrimitiveType() && v.Type() != cty.Bool {
			if text, err := convert.Convert(v, cty.String); err == nil && text.AsString() != "" {
				found[text.AsString()] = true
			}
		}
		return true, nil
	})
}

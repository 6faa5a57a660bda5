package lang

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// ParseInput reads the value of an input as it is given on a command line: a string as it is, anything else as HCL or
// JSON. No diagnostic of a sensitive input shows any of the text.
func (r *Runbook) ParseInput(name, text string) (cty.Value, hcl.Diagnostics) {
	fail := func(detail string) (cty.Value, hcl.Diagnostics) {
		return cty.NilVal, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Invalid input", Detail: detail}}
	}
	in := r.Input(name)
	switch {
	case in == nil:
		return fail(r.noInput(name))
	case len(text) > MaxValue:
		return fail(fmt.Sprintf("Input %q is larger than %d bytes.", name, MaxValue))
	case !utf8.ValidString(text):
		return fail(fmt.Sprintf("Input %q is not valid UTF-8 text.", name))
	case in.Type == cty.String || in.Type == cty.DynamicPseudoType:
		return cty.StringVal(text), nil
	}
	source := "input." + name
	tokens, _ := hclsyntax.LexExpression([]byte(text), source, hcl.InitialPos)
	diags := checkNesting(tokens)
	var value cty.Value
	if !diags.HasErrors() {
		var expr hclsyntax.Expression
		if expr, diags = hclsyntax.ParseExpression([]byte(text), source, hcl.InitialPos); !diags.HasErrors() {
			if refers(expr) {
				return fail(fmt.Sprintf("Input %q must be a constant of type %s, without references, functions and loops. Write strings in "+
					"quotes.", name, typeName(in.Type)))
			}
			value, diags = expr.Value(nil)
		}
	}
	if diags.HasErrors() {
		why := ""
		if !in.Sensitive {
			why = ": " + strings.TrimSuffix(diags[0].Detail, ".")
		}
		return fail(fmt.Sprintf("Input %q must be %s%s.", name, typeName(in.Type), why))
	}
	return value, nil
}

func (r *Runbook) noInput(name string) string {
	return fmt.Sprintf("Runbook %q has no input %q%s", r.Name, name, Suggest(name, r.InputNames()))
}

func (i *Input) marked(v cty.Value) cty.Value {
	if i.Sensitive {
		return v.Mark(Sensitive)
	}
	return v
}

// inputValues converts the given values, fills in defaults, and reports inputs that are missing or do not exist.
func (r *Runbook) inputValues(given map[string]cty.Value) (map[string]cty.Value, hcl.Diagnostics) {
	var diags hcl.Diagnostics
	values := map[string]cty.Value{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if r.Input(name) == nil {
			diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Unknown input", Detail: r.noInput(name)})
		}
	}
	for _, i := range r.Inputs {
		v, is := given[i.Name]
		// Unknown until shown otherwise, so that a bad input brings no second message.
		values[i.Name] = i.marked(cty.UnknownVal(i.Type.WithoutOptionalAttributesDeep()))
		if !is || v == cty.NilVal || v.IsNull() {
			if i.Required() {
				what := ""
				if i.Description != "" {
					what = " Description: " + strings.TrimSuffix(i.Description, ".") + "."
				}
				diags = append(diags,
					Problem("Missing input", fmt.Sprintf("Runbook %q needs the input %q (%s).%s", r.Name, i.Name, typeName(i.Type), what), i.DeclRange))
				continue
			}
			values[i.Name] = i.marked(i.Default)
			continue
		}
		v, _ = v.UnmarkDeep()
		converted, err := i.convert(v)
		switch {
		case err != nil:
			why := ""
			if !i.Sensitive {
				why = ": " + reason(err)
			}
			diags = append(diags, Problem("Wrong type", fmt.Sprintf("Input %q must be %s%s.", i.Name, typeName(i.Type), why), i.DeclRange))
		case tooLarge(converted):
			diags = append(diags, Problem("Value too large", fmt.Sprintf("Input %q is larger than %d bytes.", i.Name, MaxValue), i.DeclRange))
		default:
			values[i.Name] = i.marked(converted)
		}
	}
	return values, diags
}

// validateInputs checks the inputs by their own conditions.
func (s *Scope) validateInputs() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, i := range s.runbook.Inputs {
		for _, v := range i.Validations {
			ok, more := s.evaluateBool(v.Condition, Instance{}, "condition")
			if diags = append(diags, more...); more.HasErrors() || !ok.IsKnown() || ok.True() {
				continue
			}
			message, more := s.evaluateMessage(v.ErrorMessage, Instance{}, fmt.Sprintf("input %q is not valid", i.Name))
			diags = append(diags, more...)
			diags = append(diags, Problem("Invalid input", fmt.Sprintf("Input %q: %s", i.Name, message), v.DeclRange))
		}
	}
	return diags
}

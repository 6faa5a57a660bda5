package lang

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// exprContext is an expression and where it is used, which decides what it can refer to.
type exprContext struct {
	expr  hcl.Expression
	roots []string
	in    string // for messages: "the validation of an input"
	step  *Step  // whose expression it is, or nil
}

var (
	rootsOfValidation = []string{"input"}
	rootsOfLocal      = []string{"input", "local", "target", "step"}
	rootsOfSetting    = []string{"input", "local", "target"}
	allRoots          = []string{"input", "local", "target", "step", "each"}
)

// expressions lists every expression of a runbook.
func (r *Runbook) expressions() []exprContext {
	var list []exprContext
	add := func(expr hcl.Expression, roots []string, in string, step *Step) {
		if expr != nil {
			list = append(list, exprContext{expr, roots, in, step})
		}
	}
	for _, i := range r.Inputs {
		for _, v := range i.Validations {
			add(v.Condition, rootsOfValidation, "the validation of an input", nil)
			add(v.ErrorMessage, rootsOfValidation, "the validation of an input", nil)
		}
	}
	for _, l := range r.Locals {
		add(l.Expr, rootsOfLocal, "a local", nil)
	}
	for _, s := range r.Steps {
		settings := map[hcl.Expression]bool{s.timeout: true, s.attempts: true, s.backoff: true}
		for a := s.Action; a != nil; a = a.Verify {
			settings[a.timeout], settings[a.interval], settings[a.consecutive] = true, true, true
		}
		for _, expr := range s.expressions() {
			switch {
			case settings[expr]:
				add(expr, rootsOfSetting, "a timeout, a pause or a count, which is read before the run begins", s)
			case expr == s.ForEach:
				add(expr, rootsOfLocal, "for_each", s)
			case s.ForEach == nil:
				add(expr, rootsOfLocal, "a step without for_each", s)
			default:
				add(expr, allRoots, "a step", s)
			}
		}
	}
	return list
}

// checker checks references and records what is used.
type checker struct {
	runbook *Runbook
	scope   *Scope // with nothing known but types
	diags   hcl.Diagnostics
	used    map[string]bool // input.NAME, by more than a validation, and local.NAME
}

func (c *checker) fail(summary, detail string, where hcl.Range) {
	c.diags = append(c.diags, Problem(summary, detail, where))
}

// check reports every reference and function in an expression that does not exist. It
// returns whether the expression can be evaluated.
func (c *checker) check(p exprContext) bool {
	before := len(c.diags)
	c.diags = append(c.diags, checkSize(p.expr)...)
	for _, t := range p.expr.Variables() {
		c.reference(t, p)
	}
	if node, ok := p.expr.(hclsyntax.Node); ok {
		_ = hclsyntax.VisitAll(node, func(node hclsyntax.Node) hcl.Diagnostics {
			if call, is := node.(*hclsyntax.FunctionCallExpr); is && callables[call.Name].Name() == "" {
				c.fail("Unknown function", fmt.Sprintf("There is no function %q%s", call.Name, Suggest(call.Name, functionNames())), call.NameRange)
			}
			return nil
		})
	}
	if p.step != nil && slices.Equal(p.roots, rootsOfSetting) {
		for name, where := range c.runbook.stepReads(p.expr) {
			if len(c.diags) == before {
				c.fail("Not available here", fmt.Sprintf("This needs the outcome of step %q, which is not known in %s.", name, p.in), where)
			}
		}
	}
	return len(c.diags) == before
}

func (c *checker) reference(t hcl.Traversal, p exprContext) {
	root := t.RootName()
	where := t[0].SourceRange()
	switch {
	case !slices.Contains(allRoots, root):
		c.fail("Unknown reference", fmt.Sprintf("%q is not defined%s", root, c.suggestRoot(root)), where)
		return
	case root == "each" && p.step != nil && p.step.ForEach == nil:
		c.fail("Not available here", fmt.Sprintf("%q is known only in a step with for_each, and step %q has none.", root, p.step.Name), where)
		return
	case !slices.Contains(p.roots, root):
		c.fail("Not available here", fmt.Sprintf("%q cannot be used in %s; only %s can.", root, p.in, list(p.roots, "and")), where)
		return
	}
	name, at, ok := member(t)
	if !ok {
		if root != "target" || len(t) > 1 {
			c.fail("Incomplete reference", fmt.Sprintf("%q must be followed by a name, such as %s.", root, examples[root]), where)
		}
		return
	}
	switch root {
	case "input":
		name = c.known("input", name, c.runbook.InputNames(), at)
		if !slices.Equal(p.roots, rootsOfValidation) {
			c.used["input."+name] = true
		}
	case "local":
		c.used["local."+c.known("local", name, c.runbook.localNames(), at)] = true
	case "target":
		attributes := names(c.runbook.Target.Attributes(), func(a TargetAttribute) string { return a.Name })
		if !slices.Contains(attributes, name) {
			c.fail("Unknown reference",
				fmt.Sprintf("The target is a %s, which has no %q%s", c.runbook.Target, name, suggestAttribute(name, attributes)), at)
		}
	case "each":
		if name != "key" && name != "value" {
			c.fail("Unknown reference", fmt.Sprintf("\"each\" has no %q%s", name, Suggest(name, []string{"key", "value"})), at)
		}
	case "step":
		c.stepReference(t, name, at, p)
	}
}

var examples = map[string]string{
	"input":  "input.NAME",
	"local":  "local.NAME",
	"step":   "step.NAME.result",
	"each":   "each.key or each.value",
	"target": "target.project",
}

// synonyms are words of other languages for roots of references.
var synonyms = map[string]string{
	"var":      "input",
	"inputs":   "input",
	"locals":   "local",
	"steps":    "step",
	"targets":  "target",
	"variable": "input",
	"self":     "step",
}

func (c *checker) suggestRoot(root string) string {
	if meant := synonyms[root]; meant != "" {
		return fmt.Sprintf("; did you mean %q?", meant)
	}
	for _, l := range [][]string{c.runbook.InputNames(), c.runbook.localNames()} {
		if slices.Contains(l, root) {
			kind := "input"
			if c.runbook.Input(root) == nil {
				kind = "local"
			}
			c.used[kind+"."+root] = true
			return fmt.Sprintf("; did you mean \"%s.%s\"?", kind, root)
		}
	}
	if c.runbook.Step(root) != nil {
		return fmt.Sprintf("; did you mean \"step.%s\"?", root)
	}
	return Suggest(root, allRoots)
}

// suggestAttribute suggests a name, or names the kinds of targets that have it.
func suggestAttribute(name string, known []string) string {
	for _, a := range targetAttributes {
		if a.Name == name {
			kinds := make([]string, len(a.of))
			for i, k := range a.of {
				kinds[i] = string(k)
			}
			return "; a target of kind " + list(kinds, "or") + " has it."
		}
	}
	return Suggest(name, known)
}

// known reports a name that does not exist, and returns the one that was probably meant: that one counts as used.
func (c *checker) known(what, name string, known []string, where hcl.Range) string {
	if slices.Contains(known, name) {
		return name
	}
	c.fail("Unknown reference", fmt.Sprintf("There is no %s %q%s", what, name, Suggest(name, known)), where)
	return nearest(name, known)
}

func (c *checker) stepReference(t hcl.Traversal, name string, at hcl.Range, p exprContext) {
	step := c.runbook.Step(name)
	switch {
	case step == nil:
		c.fail("Unknown reference", fmt.Sprintf("There is no step %q%s", name, Suggest(name, c.runbook.StepNames())), at)
		return
	case step == p.step:
		c.fail("Self reference", fmt.Sprintf("Step %q cannot use its own outcome, which is not known before the step has run.", name),
			t.SourceRange())
		return
	case len(t) < 3:
		return
	}
	rest := t[2:]
	attr, isAttr := rest[0].(hcl.TraverseAttr)
	switch {
	case step.ForEach != nil && isAttr:
		c.fail("Missing key", fmt.Sprintf("Step %q has for_each, so it has an outcome for each key: write step.%s[\"KEY\"].%s, or [for s in "+
			"step.%s : s.%s] for all.", name, name, attr.Name, name, attr.Name), t.SourceRange())
		return
	case step.ForEach == nil && !isAttr:
		c.fail("Unexpected key", fmt.Sprintf("Step %q has no for_each, so it has one outcome: write step.%s.result.", name, name),
			t.SourceRange())
		return
	case step.ForEach != nil:
		if rest = rest[1:]; len(rest) == 0 {
			return
		}
		if attr, isAttr = rest[0].(hcl.TraverseAttr); !isAttr {
			return
		}
	}
	if attr.Name == "result" && c.scope.resultType(step) == cty.NilType {
		c.fail("No result", fmt.Sprintf("Step %q has no result: %s. It has \"changed\" and \"status\".", name, step.resultless()),
			attr.SrcRange)
		return
	}
	if ty := c.scope.resultType(step); attr.Name == "result" && ty.IsObjectType() && len(rest) > 1 {
		part, is := rest[1].(hcl.TraverseAttr)
		if known := slices.Sorted(maps.Keys(ty.AttributeTypes())); is && !slices.Contains(known, part.Name) {
			c.fail("Unknown reference", fmt.Sprintf("The result of step %q has no %q%s", name, part.Name, Suggest(part.Name, known)),
				part.SrcRange)
		}
		return
	}
	if known := []string{"changed", "result", "status"}; !slices.Contains(known, attr.Name) {
		c.fail("Unknown reference", fmt.Sprintf("The outcome of a step has no %q%s", attr.Name, Suggest(attr.Name, known)), attr.SrcRange)
	}
}

// resultless explains why a step has no result.
func (st *Step) resultless() string {
	if st.Action.Name == "" {
		return fmt.Sprintf("%q without a kind of the catalogue returns nothing", st.Action.Kind)
	}
	return fmt.Sprintf("%s %q of the catalogue has none", st.Action.Kind, st.Action.Name)
}

package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func (d *decoder) step(b *hclsyntax.Block) *Step {
	schema := runbookBlock.block("step")
	s := &Step{Name: d.name(b, kebabCase, "lower-case letters, digits and single hyphens"), DeclRange: b.DefRange(), blockRange: b.Range()}
	in := fmt.Sprintf("Step %q", s.Name)
	c := d.read(b.Body, schema, in, b.DefRange())
	s.When, s.ForEach, s.Approval, s.timeout = c.expr("when"), c.expr("for_each"), c.expr("approval"), c.expr("timeout")
	s.OnFailure = enumArgument(d, c.attrs["on_failure"], []OnFailure{Stop, Continue, Undo}, Stop)
	s.DependsOn = d.dependsOn(c.attrs["depends_on"])
	if retry := c.first("retry"); retry != nil {
		rc := d.read(retry.Body, schema.block("retry"), "The block \"retry\"", retry.DefRange())
		s.attempts, s.backoff = rc.expr("attempts"), rc.expr("backoff")
	}
	for _, kind := range ActionKinds() {
		block := c.first(string(kind))
		if block == nil {
			continue
		}
		action := d.action(block, schema.block(string(kind)), kind)
		if s.Action != nil {
			d.fail("Several actions", fmt.Sprintf("%s has %s %q as well as %q on line %d. A step does one thing: split it into two steps.",
				in, "a block", kind, s.Action.Kind, s.Action.DeclRange.Start.Line), block.DefRange())
			continue
		}
		s.Action = action
	}
	if s.Action == nil && !misspelt(b.Body) {
		words := make([]string, 0, 5)
		for _, kind := range ActionKinds() {
			words = append(words, string(kind))
		}
		d.fail("No action", fmt.Sprintf("%s has no action. It needs one of the blocks %s.", in, list(words, "or")), b.DefRange())
	}
	return s
}

// misspelt reports whether a step has a block that was reported already and may have been meant as its action.
func misspelt(body *hclsyntax.Body) bool {
	for _, b := range body.Blocks {
		if b.Type != "retry" {
			return true
		}
	}
	return false
}

func (d *decoder) action(b *hclsyntax.Block, schema Block, kind ActionKind) *Action {
	a := &Action{Kind: kind, DeclRange: b.DefRange(), nameRange: b.TypeRange}
	if len(b.Labels) > 0 {
		a.Name, a.nameRange = b.Labels[0], b.LabelRanges[0]
	}
	c := d.read(b.Body, schema, describeBlock(b), b.DefRange())
	switch kind {
	case Assert:
		d.assertion(a, c, b, schema)
	case Approve:
		a.Message = c.expr("message")
		a.Risk = enumArgument(d, c.attrs["risk"], Risks(), MediumRisk)
	case Instruct:
		a.Text = c.expr("text")
		if v := c.first("verify"); v != nil {
			a.Verify = d.action(v, schema.block("verify"), Assert)
		}
	default:
		a.args, a.reported = c.rest, c.reported
		a.timeout, a.interval, a.consecutive = c.expr("timeout"), c.expr("interval"), c.expr("consecutive")
	}
	return a
}

// assertion reads an assert, which is a check of the catalogue or a condition.
func (d *decoder) assertion(a *Action, c content, b *hclsyntax.Block, schema Block) {
	if a.Name != "" {
		a.args, a.reported = c.rest, c.reported
		for _, name := range schema.attributeNames() {
			if attr := c.attrs[name]; attr != nil {
				d.fail(
					"Two assertions in one",
					fmt.Sprintf("%s is a check of the catalogue; %q belongs to an assert without a label. Split it into two steps.", describeBlock(b),
						name),
					attr.NameRange,
				)
			}
		}
		return
	}
	for _, attr := range c.rest {
		c.reported[nearest(attr.Name, schema.attributeNames())] = true
		d.fail(
			"Unknown argument",
			fmt.Sprintf("%s without a label has the arguments \"condition\" and \"error_message\", and no %q%s", capital(article(b.Type)),
				attr.Name, suggestNearest(attr.Name, schema.attributeNames())),
			attr.NameRange,
		)
	}
	for _, name := range schema.attributeNames() {
		if c.attrs[name] == nil && !c.reported[name] {
			d.fail("Missing argument",
				fmt.Sprintf("%s needs a label that names a check of the catalogue, or the argument %q.", describeBlock(b), name), b.DefRange())
		}
	}
	a.Condition, a.ErrorMessage = c.expr("condition"), c.expr("error_message")
}

// suggestNearest is Suggest without a list: the message already names all that exist.
func suggestNearest(given string, known []string) string {
	if near := nearest(given, known); near != "" {
		return `; did you mean "` + near + `"?`
	}
	return "."
}

// describeBlock names a block in messages: `ensure "project_services"`.
func describeBlock(b *hclsyntax.Block) string {
	if len(b.Labels) > 0 {
		return fmt.Sprintf("%s %q", capital(b.Type), b.Labels[0])
	}
	return fmt.Sprintf("The block %q", b.Type)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// dependsOn reads [step.a, step.b].
func (d *decoder) dependsOn(a *hclsyntax.Attribute) []hcl.Traversal {
	if a == nil {
		return nil
	}
	const how = "depends_on must be a constant list of steps, such as [step.enable-api]."
	elements, diags := hcl.ExprList(a.Expr)
	if diags.HasErrors() {
		d.fail("Not a list of steps", how, a.Expr.Range())
		return nil
	}
	var steps []hcl.Traversal
	for _, e := range elements {
		t, diags := hcl.AbsTraversalForExpr(e)
		if _, named := stepName(t); diags.HasErrors() || t.RootName() != "step" || !named || len(t) != 2 {
			d.fail("Not a step", how, e.Range())
			continue
		}
		steps = append(steps, t)
	}
	return steps
}

package lang

import (
	"fmt"
	"reflect"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The limits on what evaluating takes. The values in between have a size, too, although no one keeps them: two for
// expressions over 5,000 elements each make 25 million.
const (
	scopeShare   = 4                   // all expressions, from one recorded result to the next, make as much as so many
	visitBytes   = elementBytes        // what each evaluation inside of a loop counts besides its value
	mistakeBytes = 4 << 10             // what a mistake counts: a loop reports one for each element
	budgetName   = "\x00 what is left" // the variable that has the budget; no expression can name it
)

// maxEvaluation is how many bytes of values evaluating one expression may make. Tests lower it.
var maxEvaluation = 32 << 20

// budget is what evaluating one expression may still make.
type budget struct{ left int }

var budgetType = cty.Capsule("budget", reflect.TypeFor[budget]())

// withBudget makes the context of one evaluation.
func withBudget(variables map[string]cty.Value, b *budget) *hcl.EvalContext {
	variables[budgetName] = cty.CapsuleVal(budgetType, b)
	return &hcl.EvalContext{Variables: variables, Functions: callable}
}

// budgetOf finds the budget in the outermost context, or nil where there is none.
func budgetOf(ctx *hcl.EvalContext) *budget {
	if ctx == nil {
		return nil
	}
	for ctx.Parent() != nil {
		ctx = ctx.Parent()
	}
	v, have := ctx.Variables[budgetName]
	if !have {
		return nil
	}
	return v.EncapsulatedValue().(*budget)
}

// exhausted reports whether more was made than allowed.
func (b *budget) exhausted() bool { return b.left < 0 }

// take counts a value that an expression has made.
func (b *budget) take(v cty.Value, diags hcl.Diagnostics) {
	b.left -= visitBytes + len(diags)*mistakeBytes
	if !b.exhausted() && !fits(v, &b.left) {
		b.left = -1
	}
}

// counted is an expression whose values are counted. It is evaluated no more once the budget is exhausted: the loops
// around it come to their ends without it, and the evaluation reports why. Parentheses are what hclsyntax looks through.
type counted struct{ *hclsyntax.ParenthesesExpr }

func (c counted) UnwrapExpression() hcl.Expression { return c.Expression }

func (c counted) Value(ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	b := budgetOf(ctx)
	if b == nil {
		return c.Expression.Value(ctx)
	}
	if b.exhausted() {
		return cty.DynamicVal, nil
	}
	v, diags := c.Expression.Value(ctx)
	if b.take(v, diags); b.exhausted() {
		return cty.DynamicVal, nil
	}
	return v, diags
}

func count(e hclsyntax.Expression) hclsyntax.Expression {
	if e == nil {
		return nil
	}
	return counted{&hclsyntax.ParenthesesExpr{Expression: e, SrcRange: e.Range()}}
}

// counting lets a tree count wherever evaluating can make much of little: in loops and templates, and in what
// functions get. Outside of loops no other expression makes more than it has text.
type counting struct{ loops int }

// countIn changes the tree, once, before it is shared.
func countIn(node hclsyntax.Node) { _ = hclsyntax.Walk(node, &counting{}) }

func (c *counting) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch e := node.(type) {
	case *hclsyntax.ForExpr:
		c.loops++
		e.KeyExpr, e.ValExpr, e.CondExpr = count(e.KeyExpr), count(e.ValExpr), count(e.CondExpr)
	case *hclsyntax.SplatExpr:
		c.loops++
		e.Each = count(e.Each)
	case *hclsyntax.FunctionCallExpr:
		for i := range e.Args {
			e.Args[i] = count(e.Args[i])
		}
	case *hclsyntax.TemplateExpr:
		for i, part := range e.Parts {
			if _, literal := part.(*hclsyntax.LiteralValueExpr); !literal {
				e.Parts[i] = count(part)
			}
		}
	case *hclsyntax.BinaryOpExpr:
		if c.loops > 0 {
			e.LHS, e.RHS = count(e.LHS), count(e.RHS)
		}
	case *hclsyntax.ConditionalExpr:
		if c.loops > 0 {
			e.TrueResult, e.FalseResult = count(e.TrueResult), count(e.FalseResult)
		}
	case *hclsyntax.TupleConsExpr:
		if c.loops > 0 {
			for i := range e.Exprs {
				e.Exprs[i] = count(e.Exprs[i])
			}
		}
	case *hclsyntax.ObjectConsExpr:
		if c.loops > 0 {
			for i := range e.Items {
				e.Items[i].ValueExpr = count(e.Items[i].ValueExpr)
			}
		}
	}
	return nil
}

func (c *counting) Exit(node hclsyntax.Node) hcl.Diagnostics {
	switch node.(type) {
	case *hclsyntax.ForExpr, *hclsyntax.SplatExpr:
		c.loops--
	}
	return nil
}

// tooMuch is the mistake of an expression that has exhausted its budget.
func tooMuch(expr hcl.Expression, all bool) *hcl.Diagnostic {
	if all {
		return Problem("Runbook too large", fmt.Sprintf("Evaluating the expressions of this runbook makes values of more than %d MiB "+
			"altogether. Loop over less.", scopeShare*maxEvaluation>>20), expr.Range())
	}
	return Problem("Expression too large", fmt.Sprintf("Evaluating this expression makes values of more than %d MiB on the way. Loop over "+
		"less, or move parts of it that stay the same to a locals block.", maxEvaluation>>20), expr.Range())
}

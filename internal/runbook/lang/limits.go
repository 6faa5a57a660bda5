package lang

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The limits keep a broken or hostile file from exhausting the machine's memory. Real runbooks are far below each.
const (
	MaxFile      = 256 << 10 // bytes of a file
	MaxValue     = 256 << 10 // bytes of one value
	maxTokens    = 400       // from the outermost expression to the innermost
	maxReads     = 200       // references in one expression
	maxSteps     = 500       // and as many inputs, and as many locals
	maxLoops     = 2         // for expressions inside each other
	maxDigits    = 64        // of a number
	maxErrors    = 100       // diagnostics of one file
	elementBytes = 16        // size that an element of a collection counts besides its content
)

// checkNesting refuses a source that hclsyntax, which recurses without a limit, could run out of stack on. It adds up
// the tokens since the last separator in every bracket that is open: no expression can be nested deeper than that.
func checkNesting(tokens hclsyntax.Tokens) hcl.Diagnostics {
	type frame struct {
		opener hclsyntax.TokenType
		tokens int
	}
	stack, total := []frame{{hclsyntax.TokenOBrace, 0}}, 0
	count := func(n int) { stack[len(stack)-1].tokens += n; total += n }
	for _, t := range tokens {
		top := &stack[len(stack)-1]
		switch t.Type {
		case hclsyntax.TokenOBrace,
			hclsyntax.TokenOBrack,
			hclsyntax.TokenOParen,
			hclsyntax.TokenOQuote,
			hclsyntax.TokenOHeredoc,
			hclsyntax.TokenTemplateControl:
			count(1)
			stack = append(stack, frame{opener: t.Type})
		case hclsyntax.TokenTemplateInterp:
			// The parts of a template are beside each other, not inside.
			stack = append(stack, frame{opener: t.Type})
			count(1)
		case hclsyntax.TokenCBrace,
			hclsyntax.TokenCBrack,
			hclsyntax.TokenCParen,
			hclsyntax.TokenCQuote,
			hclsyntax.TokenCHeredoc,
			hclsyntax.TokenTemplateSeqEnd:
			if len(stack) > 1 {
				total -= top.tokens
				stack = stack[:len(stack)-1]
			}
		case hclsyntax.TokenNewline:
			if top.opener == hclsyntax.TokenOBrace {
				total, top.tokens = total-top.tokens, 0
			}
		case hclsyntax.TokenComma:
			total, top.tokens = total-top.tokens, 0
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenComment, hclsyntax.TokenEOF:
		case hclsyntax.TokenNumberLit:
			if len(t.Bytes) > maxDigits || bigExponent(t.Bytes) {
				return hcl.Diagnostics{
					Problem("Number out of range", "A number has at most 64 characters and an exponent of at most three digits.", t.Range),
				}
			}
			count(1)
		default:
			count(1)
		}
		if total > maxTokens {
			return hcl.Diagnostics{Problem(
				"Nested too deeply",
				fmt.Sprintf("Up to here, %d tokens are nested or in one expression; at most %d are allowed. Move parts of it to a locals block.",
					total, maxTokens),
				t.Range,
			)}
		}
	}
	return nil
}

// bigExponent reports whether a number has too many digits to write out, such as 1e999999.
func bigExponent(number []byte) bool {
	digits, exponent := 0, false
	for _, b := range number {
		switch {
		case b == 'e' || b == 'E':
			exponent = true
		case exponent && b >= '0' && b <= '9':
			digits++
		}
	}
	return digits > 3
}

// checkSize refuses an expression that could multiply what it reads.
func checkSize(expr hcl.Expression) hcl.Diagnostics {
	if n := len(expr.Variables()); n > maxReads {
		return hcl.Diagnostics{
			Problem("Expression too large",
				fmt.Sprintf("This expression refers to %d values; at most %d are allowed. Move parts of it to a locals block.", n, maxReads),
				expr.Range()),
		}
	}
	if node, ok := expr.(hclsyntax.Node); ok {
		loops := &loops{}
		_ = hclsyntax.Walk(node, loops)
		if loops.deepest > maxLoops {
			return hcl.Diagnostics{
				Problem("Expression too large", fmt.Sprintf("%d for expressions are nested here; at most %d are allowed.", loops.deepest, maxLoops),
					expr.Range()),
			}
		}
	}
	return nil
}

// loops measures how deep for expressions are inside each other.
type loops struct{ depth, deepest int }

func (l *loops) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if _, is := node.(*hclsyntax.ForExpr); is {
		l.depth++
		l.deepest = max(l.deepest, l.depth)
	}
	return nil
}

func (l *loops) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if _, is := node.(*hclsyntax.ForExpr); is {
		l.depth--
	}
	return nil
}

// tooLarge reports whether a value is over MaxValue.
func tooLarge(v cty.Value) bool {
	left := MaxValue
	return !fits(v, &left)
}

func fits(v cty.Value, left *int) bool {
	v, _ = v.Unmark()
	*left -= elementBytes
	if v.IsNull() || !v.IsKnown() {
		return *left >= 0
	}
	switch ty := v.Type(); {
	case ty == cty.String:
		*left -= len(v.AsString())
	case ty == cty.Number:
		if f := v.AsBigFloat(); f.MantExp(nil) > 1<<14 || f.MantExp(nil) < -1<<14 {
			return false
		}
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next() && *left >= 0; {
			key, element := it.Element()
			if ty.IsMapType() || ty.IsObjectType() {
				*left -= len(key.AsString())
			}
			if !fits(element, left) {
				return false
			}
		}
	}
	return *left >= 0
}

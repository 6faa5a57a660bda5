package lang

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// decoder builds runbooks from the syntax tree, by the schema.
type decoder struct{ diags hcl.Diagnostics }

func (d *decoder) fail(summary, detail string, where hcl.Range) {
	d.diags = append(d.diags, Problem(summary, detail, where))
}

// content is what a block holds that the schema knows.
type content struct {
	attrs  map[string]*hclsyntax.Attribute
	blocks map[string][]*hclsyntax.Block
	rest   []*hclsyntax.Attribute // arguments of an open block, as written
	// reported names the arguments that are given under a wrong name or as a block. That
	// has been reported, so they are not missing.
	reported map[string]bool
}

func (c content) expr(name string) hcl.Expression {
	if a := c.attrs[name]; a != nil {
		return a.Expr
	}
	return nil
}

func (c content) first(name string) *hclsyntax.Block {
	if b := c.blocks[name]; len(b) > 0 {
		return b[0]
	}
	return nil
}

// read splits a body by its schema and reports everything that does not fit.
// in names the block in messages, missing is where it begins.
func (d *decoder) read(body *hclsyntax.Body, schema Block, in string, missing hcl.Range) content {
	c := content{attrs: map[string]*hclsyntax.Attribute{}, blocks: map[string][]*hclsyntax.Block{}, reported: map[string]bool{}}
	for _, a := range ordered(body.Attributes) {
		switch {
		case slices.Contains(schema.attributeNames(), a.Name):
			c.attrs[a.Name] = a
		case schema.Open:
			c.rest = append(c.rest, a)
		case slices.Contains(schema.blockNames(), a.Name):
			d.fail("Not an argument",
				fmt.Sprintf("%q is a block here: write `%s { … }`, without an equals sign.", a.Name, schema.block(a.Name).usage()), a.NameRange)
		default:
			c.reported[nearest(a.Name, schema.attributeNames())] = true
			d.fail("Unknown argument", fmt.Sprintf("%s has no argument %q%s", in, a.Name, Suggest(a.Name, schema.attributeNames())), a.NameRange)
		}
	}
	for _, b := range body.Blocks {
		if !slices.Contains(schema.blockNames(), b.Type) {
			c.reported[b.Type] = true
			switch {
			case slices.Contains(schema.attributeNames(), b.Type):
				d.fail("Not a block", fmt.Sprintf("%q is an argument here: write `%s = …`.", b.Type, b.Type), b.TypeRange)
			case schema.Open && len(schema.Blocks) == 0:
				d.fail("Not a block", fmt.Sprintf("%s takes arguments only: write `%s = { … }`.", in, b.Type), b.TypeRange)
			default:
				d.fail("Unknown block", fmt.Sprintf("%s has no block %q%s", in, b.Type, Suggest(b.Type, schema.blockNames())), b.TypeRange)
			}
			continue
		}
		inner := schema.block(b.Type)
		if !d.labels(b, inner) {
			continue
		}
		if first := c.first(b.Type); first != nil && inner.Once {
			d.fail("Too many blocks",
				fmt.Sprintf("%s has at most one block %q; the first is in line %d.", in, b.Type, first.TypeRange.Start.Line), b.DefRange())
			continue
		}
		c.blocks[b.Type] = append(c.blocks[b.Type], b)
	}
	for _, a := range schema.Attributes {
		if a.Required && c.attrs[a.Name] == nil && !c.reported[a.Name] {
			d.fail("Missing argument", fmt.Sprintf("%s needs the argument %q: %s", in, a.Name, a.Doc), missing)
		}
	}
	return c
}

// labels checks how many labels a block has.
func (d *decoder) labels(b *hclsyntax.Block, schema Block) bool {
	switch n := len(b.Labels); {
	case schema.Label == "" && n > 0:
		d.fail("Unexpected label", fmt.Sprintf("A block %q has no label: write `%s { … }`.", b.Type, b.Type), b.LabelRanges[0])
	case schema.Label != "" && n == 0 && !schema.Optional:
		d.fail("Missing label", fmt.Sprintf("A block %q has a label: write `%s %q { … }`.", b.Type, b.Type, schema.Label), b.TypeRange)
	case schema.Label != "" && n > 1:
		d.fail("Unexpected label", fmt.Sprintf("A block %q has one label only.", b.Type), b.LabelRanges[1])
	default:
		return true
	}
	return false
}

// ordered lists attributes as they are written; hclsyntax has them in a map.
func ordered(attrs hclsyntax.Attributes) []*hclsyntax.Attribute {
	list := make([]*hclsyntax.Attribute, 0, len(attrs))
	for _, a := range attrs {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *hclsyntax.Attribute) int { return a.NameRange.Start.Byte - b.NameRange.Start.Byte })
	return list
}

// constant evaluates an argument that must be written out, and converts it.
func (d *decoder) constant(a *hclsyntax.Attribute, ty cty.Type) (cty.Value, bool) {
	if a == nil {
		return cty.NilVal, false
	}
	if refers(a.Expr) {
		d.fail("Not a constant",
			fmt.Sprintf("%q must be a constant: it is read before a run starts, so it cannot refer to anything, call functions or loop.", a.Name),
			a.Expr.Range())
		return cty.NilVal, false
	}
	v, diags := a.Expr.Value(nil)
	if diags.HasErrors() {
		d.diags = append(d.diags, plain(diags)...)
		return cty.NilVal, false
	}
	v, err := convert.Convert(v, ty)
	switch {
	case err != nil:
		d.fail("Wrong type", fmt.Sprintf("%q must be %s: %s.", a.Name, typeName(ty), reason(err)), a.Expr.Range())
	case v.IsNull() && ty != cty.DynamicPseudoType:
		d.fail("Wrong type", fmt.Sprintf("%q must be %s, not null. Leave the argument out instead.", a.Name, typeName(ty)), a.Expr.Range())
	case tooLarge(v):
		d.fail("Value too large", fmt.Sprintf("%q is larger than %d bytes.", a.Name, MaxValue), a.Expr.Range())
	default:
		return v, true
	}
	return cty.NilVal, false
}

func (d *decoder) text(a *hclsyntax.Attribute) string {
	if v, ok := d.constant(a, cty.String); ok {
		return v.AsString()
	}
	return ""
}

// enumArgument reads a constant that must be one of a few words.
func enumArgument[T ~string](d *decoder, a *hclsyntax.Attribute, words []T, otherwise T) T {
	v, ok := d.constant(a, cty.String)
	if !ok {
		return otherwise
	}
	known := make([]string, len(words))
	for i, w := range words {
		if known[i] = string(w); known[i] == v.AsString() {
			return w
		}
	}
	d.fail("Invalid value", fmt.Sprintf("%q must be %s, not %q.", a.Name, list(known, "or"), v.AsString()), a.Expr.Range())
	return otherwise
}

// refers reports whether an expression refers to a value, calls a function or loops.
func refers(expr hclsyntax.Expression) bool {
	calls := false
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		switch node.(type) {
		case *hclsyntax.FunctionCallExpr, *hclsyntax.ForExpr:
			calls = true
		}
		return nil
	})
	return calls || len(expr.Variables()) > 0
}

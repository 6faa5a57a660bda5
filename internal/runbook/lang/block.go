package lang

import (
	"io"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// ParsedBlock is a block that was read by its schema, in a language other than that of runbooks, such as that of their
// tests. Such a language is read as runbooks are, so its mistakes are reported in the same words.
type ParsedBlock struct {
	Type, Label string
	DeclRange   hcl.Range // of its head; for a file, its beginning
	LabelRange  hcl.Range
	Blocks      []*ParsedBlock         // the blocks in it, as they are written
	OpenArgs    []*hclsyntax.Attribute // arguments that an open block has besides its schema's

	attrs map[string]*hclsyntax.Attribute
}

// ParseBlocks reads a file by the schema of its outermost blocks. in names the file in
// messages: "A file of tests". The block is nil where the file cannot be parsed.
func ParseBlocks(name string, src []byte, schema Block, in string) (*File, *ParsedBlock, hcl.Diagnostics) {
	file, body, diags := parse(name, src)
	if body == nil {
		return file, nil, diags
	}
	d := &decoder{diags: diags}
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		if loop, is := node.(*hclsyntax.ForExpr); is {
			d.fail("Not a constant", in+" is written out: it cannot have for expressions.", loop.Range())
		}
		return nil
	})
	start := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	b := d.block(body, schema, in, &ParsedBlock{DeclRange: start})
	return file, b, Tidy(d.diags)
}

func (d *decoder) block(body *hclsyntax.Body, schema Block, in string, b *ParsedBlock) *ParsedBlock {
	c := d.read(body, schema, in, b.DeclRange)
	b.attrs, b.OpenArgs = c.attrs, c.rest
	var blocks []*hclsyntax.Block
	for _, list := range c.blocks {
		blocks = append(blocks, list...)
	}
	slices.SortFunc(blocks, func(a, b *hclsyntax.Block) int { return a.TypeRange.Start.Byte - b.TypeRange.Start.Byte })
	for _, syntax := range blocks {
		inner := &ParsedBlock{Type: syntax.Type, DeclRange: syntax.DefRange()}
		if len(syntax.Labels) > 0 {
			inner.Label, inner.LabelRange = syntax.Labels[0], syntax.LabelRanges[0]
		}
		b.Blocks = append(b.Blocks, d.block(syntax.Body, schema.block(syntax.Type), describeBlock(syntax), inner))
	}
	return b
}

// Block returns the first block of a type in this one, or nil.
func (b *ParsedBlock) Block(blockType string) *ParsedBlock {
	for _, inner := range b.Blocks {
		if inner.Type == blockType {
			return inner
		}
	}
	return nil
}

// Expr returns the expression of an argument, or nil where it is not given.
func (b *ParsedBlock) Expr(name string) hclsyntax.Expression {
	if a := b.attrs[name]; a != nil {
		return a.Expr
	}
	return nil
}

// Constant returns the value of an argument that must be written out. It is cty.NilVal
// where the argument is not given, or wrong, which the diagnostics report.
func (b *ParsedBlock) Constant(name string, ty cty.Type) (cty.Value, hcl.Diagnostics) {
	return ConstantOf(b.attrs[name], ty)
}

// ConstantOf is Constant for an argument of an open block.
func ConstantOf(a *hclsyntax.Attribute, ty cty.Type) (cty.Value, hcl.Diagnostics) {
	d := &decoder{}
	v, ok := d.constant(a, ty)
	if !ok {
		return cty.NilVal, d.diags
	}
	return v, d.diags
}

// WriteMarkdown writes the reference of a block and those in it.
func (b Block) WriteMarkdown(w io.Writer) error {
	p := &page{}
	p.block(b, "")
	return p.writeTo(w)
}

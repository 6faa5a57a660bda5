package lang

import (
	"io"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Part is a block of a file in another language than that of runbooks, such as
// that of their tests: what it holds by its schema. Such a language is read as
// runbooks are, so that both look and fail alike.
type Part struct {
	Type, Label string
	DeclRange   hcl.Range // of its head; of a file its beginning
	LabelRange  hcl.Range
	Parts       []*Part // the blocks in it, as they are written
	Open        []*hclsyntax.Attribute

	attrs map[string]*hclsyntax.Attribute
}

// ParseParts reads a file by the schema of its outermost blocks. in names the file in
// messages: "A file of tests". The part is nil where nothing can be made of the file.
func ParseParts(name string, src []byte, schema Block, in string) (*File, *Part, hcl.Diagnostics) {
	file, body, diags := parse(name, src)
	if body == nil {
		return file, nil, diags
	}
	d := &decoder{diags: diags}
	start := hcl.Range{Filename: name, Start: hcl.InitialPos, End: hcl.InitialPos}
	p := d.part(body, schema, in, &Part{DeclRange: start})
	return file, p, tidy(d.diags)
}

func (d *decoder) part(body *hclsyntax.Body, schema Block, in string, p *Part) *Part {
	c := d.read(body, schema, in, p.DeclRange)
	p.attrs, p.Open = c.attrs, c.rest
	var blocks []*hclsyntax.Block
	for _, list := range c.blocks {
		blocks = append(blocks, list...)
	}
	slices.SortFunc(blocks, func(a, b *hclsyntax.Block) int { return a.TypeRange.Start.Byte - b.TypeRange.Start.Byte })
	for _, b := range blocks {
		inner := &Part{Type: b.Type, DeclRange: b.DefRange()}
		if len(b.Labels) > 0 {
			inner.Label, inner.LabelRange = b.Labels[0], b.LabelRanges[0]
		}
		p.Parts = append(p.Parts, d.part(b.Body, schema.block(b.Type), describeBlock(b), inner))
	}
	return p
}

// Part returns the first block of a type in this one, or nil.
func (p *Part) Part(of string) *Part {
	for _, inner := range p.Parts {
		if inner.Type == of {
			return inner
		}
	}
	return nil
}

// Expr returns the expression of an argument, or nil where it is not given.
func (p *Part) Expr(name string) hclsyntax.Expression {
	if a := p.attrs[name]; a != nil {
		return a.Expr
	}
	return nil
}

// Constant is the value of an argument that must be written out, or cty.NilVal where
// it is not given or, as the diagnostics say, wrong.
func (p *Part) Constant(name string, ty cty.Type) (cty.Value, hcl.Diagnostics) {
	return ConstantOf(p.attrs[name], ty)
}

// ConstantOf is Constant of an argument of an open block.
func ConstantOf(a *hclsyntax.Attribute, ty cty.Type) (cty.Value, hcl.Diagnostics) {
	d := &decoder{}
	v, ok := d.constant(a, ty)
	if !ok {
		return cty.NilVal, d.diags
	}
	return v, d.diags
}

// Suggest ends a message about a name that is not known: with the name that was
// probably meant, else with all there are when they are few.
func Suggest(given string, known []string) string { return suggest(given, known) }

// Tidy orders diagnostics by their place, drops repetitions and bounds their number.
func Tidy(diags hcl.Diagnostics) hcl.Diagnostics { return tidy(diags) }

// WriteMarkdown writes the reference of a block and those in it.
func (b Block) WriteMarkdown(w io.Writer) error {
	p := &page{}
	p.block(b, "")
	return p.to(w)
}

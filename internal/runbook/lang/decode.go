package lang

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// decoder makes runbooks of the syntax tree, by the schema.
type decoder struct{ diags hcl.Diagnostics }

func (d *decoder) fail(summary, detail string, where hcl.Range) {
	d.diags = append(d.diags, problem(summary, detail, where))
}

// content is what a block holds that the schema knows.
type content struct {
	attrs  map[string]*hclsyntax.Attribute
	blocks map[string][]*hclsyntax.Block
	rest   []*hclsyntax.Attribute // arguments of an open block, as written
	// meant are the arguments that are there under a wrong name or as a block, which
	// has been said: they are not missing.
	meant map[string]bool
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

// read takes a body apart by its schema and tells of everything that does not fit.
// in names the block in messages, missing is where it begins.
func (d *decoder) read(body *hclsyntax.Body, schema Block, in string, missing hcl.Range) content {
	c := content{attrs: map[string]*hclsyntax.Attribute{}, blocks: map[string][]*hclsyntax.Block{}, meant: map[string]bool{}}
	for _, a := range ordered(body.Attributes) {
		switch {
		case slices.Contains(schema.attributeNames(), a.Name):
			c.attrs[a.Name] = a
		case schema.Open:
			c.rest = append(c.rest, a)
		case slices.Contains(schema.blockNames(), a.Name):
			d.fail("Not an argument", fmt.Sprintf("%q is a block here: write `%s { … }`, without an equals sign.", a.Name, schema.block(a.Name).usage()), a.NameRange)
		default:
			c.meant[nearest(a.Name, schema.attributeNames())] = true
			d.fail("Unknown argument", fmt.Sprintf("%s has no argument %q%s", in, a.Name, suggest(a.Name, schema.attributeNames())), a.NameRange)
		}
	}
	for _, b := range body.Blocks {
		if !slices.Contains(schema.blockNames(), b.Type) {
			c.meant[b.Type] = true
			switch {
			case slices.Contains(schema.attributeNames(), b.Type):
				d.fail("Not a block", fmt.Sprintf("%q is an argument here: write `%s = …`.", b.Type, b.Type), b.TypeRange)
			case schema.Open && len(schema.Blocks) == 0:
				d.fail("Not a block", fmt.Sprintf("%s takes arguments only: write `%s = { … }`.", in, b.Type), b.TypeRange)
			default:
				d.fail("Unknown block", fmt.Sprintf("%s has no block %q%s", in, b.Type, suggest(b.Type, schema.blockNames())), b.TypeRange)
			}
			continue
		}
		inner := schema.block(b.Type)
		if !d.labels(b, inner) {
			continue
		}
		if first := c.first(b.Type); first != nil && inner.Once {
			d.fail("Too many blocks", fmt.Sprintf("%s has at most one block %q; the first is in line %d.", in, b.Type, first.TypeRange.Start.Line), b.DefRange())
			continue
		}
		c.blocks[b.Type] = append(c.blocks[b.Type], b)
	}
	for _, a := range schema.Attributes {
		if a.Required && c.attrs[a.Name] == nil && !c.meant[a.Name] {
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
		d.fail("Not a constant", fmt.Sprintf("%q must be written out: it is read before a run begins, so it cannot refer to anything or call functions.", a.Name), a.Expr.Range())
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

// word is a constant that must be one of a few.
func word[T ~string](d *decoder, a *hclsyntax.Attribute, words []T, otherwise T) T {
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
	d.fail("Unknown word", fmt.Sprintf("%q is %s, not %q.", a.Name, list(known, "or"), v.AsString()), a.Expr.Range())
	return otherwise
}

// refers reports whether an expression refers to a value or calls a function.
func refers(expr hclsyntax.Expression) bool {
	calls := false
	_ = hclsyntax.VisitAll(expr, func(node hclsyntax.Node) hcl.Diagnostics {
		if _, is := node.(*hclsyntax.FunctionCallExpr); is {
			calls = true
		}
		return nil
	})
	return calls || len(expr.Variables()) > 0
}

func (d *decoder) file(f *File, body *hclsyntax.Body) {
	start := hcl.Range{Filename: f.Name, Start: hcl.InitialPos, End: hcl.InitialPos}
	c := d.read(body, Block{Blocks: []Block{runbookBlock}}, "A file of runbooks", start)
	if len(body.Blocks) == 0 && len(body.Attributes) == 0 {
		d.fail("No runbook", "The file is empty. A file of runbooks has a block `runbook \"NAME\" { … }`.", start)
	}
	seen := map[string]hcl.Range{}
	for _, b := range c.blocks["runbook"] {
		d.unique(seen, "runbook", b)
		f.Runbooks = append(f.Runbooks, d.runbook(b))
	}
}

// unique tells of a second block of one name.
func (d *decoder) unique(seen map[string]hcl.Range, what string, b *hclsyntax.Block) bool {
	name := b.Labels[0]
	if first, twice := seen[name]; twice {
		d.diags = append(d.diags, duplicate(what, name, b.LabelRanges[0], first))
		return false
	}
	seen[name] = b.DefRange()
	return true
}

// name checks the name of a runbook, step or input.
func (d *decoder) name(b *hclsyntax.Block, shape *regexp.Regexp, says string) string {
	if !shape.MatchString(b.Labels[0]) || len(b.Labels[0]) > 63 {
		d.fail("Bad name", fmt.Sprintf("%q cannot be the name of %s: a name has %s, starts with a letter, and is at most 63 characters long.", b.Labels[0], article(b.Type), says), b.LabelRanges[0])
	}
	return b.Labels[0]
}

func (d *decoder) runbook(b *hclsyntax.Block) *Runbook {
	r := &Runbook{Name: d.name(b, kebab, "lower-case letters, digits and single hyphens"), Target: TargetMembership, DeclRange: b.DefRange()}
	c := d.read(b.Body, runbookBlock, fmt.Sprintf("Runbook %q", r.Name), b.DefRange())
	r.Title, r.Description = d.text(c.attrs["title"]), d.text(c.attrs["description"])
	r.Reference = d.link(c.attrs["reference"])
	d.fixes(r, c.attrs["fixes"])
	if t := c.first("target"); t != nil {
		d.target(r, t)
	}
	seen := map[string]hcl.Range{}
	for _, in := range c.blocks["input"] {
		if d.unique(seen, "input", in) {
			r.Inputs = append(r.Inputs, d.input(in))
		}
	}
	d.locals(r, c.blocks["locals"])
	seen = map[string]hcl.Range{}
	for _, s := range c.blocks["step"] {
		step := d.step(s)
		if d.unique(seen, "step", s) {
			step.index = len(r.Steps)
			r.Steps = append(r.Steps, step)
		}
	}
	if len(c.blocks["step"]) == 0 {
		d.fail("No steps", fmt.Sprintf("Runbook %q does nothing: it has no block `step \"NAME\" { … }`.", r.Name), b.DefRange())
	}
	d.bound(len(r.Inputs), "inputs", r)
	d.bound(len(r.Locals), "locals", r)
	if d.bound(len(r.Steps), "steps", r) {
		order(r)
	} else {
		r.Steps = nil
	}
	return r
}

// bound keeps the searches through a runbook short.
func (d *decoder) bound(n int, what string, r *Runbook) bool {
	if n > maxSteps {
		d.fail("Runbook too large", fmt.Sprintf("Runbook %q has %d %s; at most %d are allowed.", r.Name, n, what, maxSteps), r.DeclRange)
	}
	return n <= maxSteps
}

func (d *decoder) link(a *hclsyntax.Attribute) string {
	text := d.text(a)
	if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		d.fail("Not a URL", fmt.Sprintf("%q must be a URL such as \"https://cloud.google.com/service-mesh/docs\".", a.Name), a.Expr.Range())
	}
	return text
}

func (d *decoder) fixes(r *Runbook, a *hclsyntax.Attribute) {
	v, ok := d.constant(a, cty.List(cty.String))
	if !ok {
		return
	}
	// A literal list has a range for each element; anything else has only its own.
	elements, _ := hcl.ExprList(a.Expr)
	seen := map[mesh.Code]bool{}
	for i, e := range v.AsValueSlice() {
		where := a.Expr.Range()
		if i < len(elements) {
			where = elements[i].Range()
		}
		switch {
		case e.IsNull():
			d.fail("Wrong type", "A finding's code cannot be null.", where)
			continue
		case seen[mesh.Code(e.AsString())]:
			d.fail("Duplicate finding", fmt.Sprintf("%q is in the list twice.", e.AsString()), where)
			continue
		}
		code := mesh.Code(e.AsString())
		seen[code] = true
		r.Fixes, r.fixRanges = append(r.Fixes, code), append(r.fixRanges, where)
	}
}

func (d *decoder) target(r *Runbook, b *hclsyntax.Block) {
	d.read(b.Body, runbookBlock.block("target"), "The block \"target\"", b.DefRange())
	kind := TargetKind(b.Labels[0])
	if !slices.Contains(TargetKinds(), kind) {
		known := make([]string, 0, 4)
		for _, k := range TargetKinds() {
			known = append(known, string(k))
		}
		d.fail("Unknown target", fmt.Sprintf("%q is no kind of target%s", kind, suggest(b.Labels[0], known)), b.LabelRanges[0])
		return
	}
	r.Target = kind
}

func (d *decoder) input(b *hclsyntax.Block) *Input {
	in := &Input{Name: d.name(b, snake, "lower-case letters, digits and underscores"), Type: cty.String, DeclRange: b.DefRange()}
	c := d.read(b.Body, runbookBlock.block("input"), fmt.Sprintf("Input %q", in.Name), b.DefRange())
	in.Description = d.text(c.attrs["description"])
	if a := c.attrs["type"]; a != nil {
		ty, optional, diags := typeexpr.TypeConstraintWithDefaults(a.Expr)
		if diags.HasErrors() {
			d.diags = append(d.diags, plain(diags)...)
			ty = cty.DynamicPseudoType
		}
		in.Type, in.optional = ty, optional
	}
	if v, ok := d.constant(c.attrs["sensitive"], cty.Bool); ok {
		in.Sensitive = v.True()
	}
	d.defaultOf(in, c.attrs["default"])
	for _, v := range c.blocks["validation"] {
		vc := d.read(v.Body, runbookBlock.block("input").block("validation"), "A validation", v.DefRange())
		if len(vc.attrs) == 2 {
			in.Validations = append(in.Validations, Validation{vc.expr("condition"), vc.expr("error_message"), v.DefRange()})
		}
	}
	return in
}

// defaultOf reads the default of an input. Of a sensitive one no line is shown.
func (d *decoder) defaultOf(in *Input, a *hclsyntax.Attribute) {
	if a == nil {
		return
	}
	if literal, is := a.Expr.(*hclsyntax.LiteralValueExpr); is && literal.Val.IsNull() {
		in.Default = cty.NullVal(in.Type.WithoutOptionalAttributesDeep())
		return
	}
	if in.Sensitive {
		d.fail("Secret in a file", fmt.Sprintf("Input %q is sensitive and has a default in line %d, which would be a secret in a file. Take it out, or write `default = null`.", in.Name, a.NameRange.Start.Line), in.DeclRange)
		return
	}
	v, ok := d.constant(a, cty.DynamicPseudoType)
	if !ok {
		return
	}
	converted, err := in.convert(v)
	if err != nil {
		d.fail("Wrong type", fmt.Sprintf("The default of input %q must be %s: %s.", in.Name, typeName(in.Type), reason(err)), a.Expr.Range())
		return
	}
	in.Default = converted
}

func (d *decoder) locals(r *Runbook, blocks []*hclsyntax.Block) {
	seen := map[string]hcl.Range{}
	for _, b := range blocks {
		for _, a := range d.read(b.Body, runbookBlock.block("locals"), "The block \"locals\"", b.DefRange()).rest {
			if first, twice := seen[a.Name]; twice {
				d.diags = append(d.diags, duplicate("local", a.Name, a.NameRange, first))
				continue
			}
			seen[a.Name] = a.NameRange
			r.Locals = append(r.Locals, &Local{a.Name, a.Expr, a.NameRange})
		}
	}
}

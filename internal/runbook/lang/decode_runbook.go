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

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

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

// unique reports a second block of the same name.
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
		d.fail(
			"Invalid name",
			fmt.Sprintf("%q cannot be the name of %s: a name consists of %s, starts with a letter, and is at most 63 characters long.",
				b.Labels[0], article(b.Type), says),
			b.LabelRanges[0],
		)
	}
	return b.Labels[0]
}

func (d *decoder) runbook(b *hclsyntax.Block) *Runbook {
	r := &Runbook{
		Name:      d.name(b, kebabCase, "lower-case letters, digits and single hyphens"),
		Target:    TargetMembership,
		DeclRange: b.DefRange(),
	}
	c := d.read(b.Body, runbookBlock, fmt.Sprintf("Runbook %q", r.Name), b.DefRange())
	r.Title, r.Description = d.text(c.attrs["title"]), d.text(c.attrs["description"])
	r.Reference = d.urlArgument(c.attrs["reference"])
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
		d.fail("No steps", fmt.Sprintf("Runbook %q has no steps. Add a block `step \"NAME\" { … }`.", r.Name), b.DefRange())
	}
	d.limitCount(len(r.Inputs), "inputs", r)
	d.limitCount(len(r.Locals), "locals", r)
	if d.limitCount(len(r.Steps), "steps", r) {
		sortSteps(r)
	} else {
		r.Steps = nil
	}
	return r
}

// limitCount limits how many inputs, locals or steps a runbook has: searches are linear.
func (d *decoder) limitCount(n int, what string, r *Runbook) bool {
	if n > maxSteps {
		d.fail("Runbook too large", fmt.Sprintf("Runbook %q has %d %s; at most %d are allowed.", r.Name, n, what, maxSteps), r.DeclRange)
	}
	return n <= maxSteps
}

func (d *decoder) urlArgument(a *hclsyntax.Attribute) string {
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
	seen := map[catalogue.Code]bool{}
	for i, e := range v.AsValueSlice() {
		where := a.Expr.Range()
		if i < len(elements) {
			where = elements[i].Range()
		}
		switch {
		case e.IsNull():
			d.fail("Wrong type", "A finding's code cannot be null.", where)
			continue
		case seen[catalogue.Code(e.AsString())]:
			d.fail("Duplicate finding", fmt.Sprintf("%q is in the list twice.", e.AsString()), where)
			continue
		}
		code := catalogue.Code(e.AsString())
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
		d.fail("Unknown target", fmt.Sprintf("There is no target kind %q%s", kind, Suggest(b.Labels[0], known)), b.LabelRanges[0])
		return
	}
	r.Target = kind
}

func (d *decoder) input(b *hclsyntax.Block) *Input {
	in := &Input{Name: d.name(b, snakeCase, "lower-case letters, digits and underscores"), Type: cty.String, DeclRange: b.DefRange()}
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
	d.inputDefault(in, c.attrs["default"])
	for _, v := range c.blocks["validation"] {
		vc := d.read(v.Body, runbookBlock.block("input").block("validation"), "A validation", v.DefRange())
		if len(vc.attrs) == 2 {
			in.Validations = append(in.Validations, Validation{vc.expr("condition"), vc.expr("error_message"), v.DefRange()})
		}
	}
	return in
}

// inputDefault reads the default of an input. Diagnostics do not show the line of a sensitive one.
func (d *decoder) inputDefault(in *Input, a *hclsyntax.Attribute) {
	if a == nil {
		return
	}
	if literal, is := a.Expr.(*hclsyntax.LiteralValueExpr); is && literal.Val.IsNull() {
		in.Default = cty.NullVal(in.Type.WithoutOptionalAttributesDeep())
		return
	}
	if in.Sensitive {
		d.fail("Secret in a file", fmt.Sprintf("Input %q is sensitive but has a default on line %d, which would store a secret in a file. "+
			"Remove it, or write `default = null`.", in.Name, a.NameRange.Start.Line), in.DeclRange)
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

package rehearsal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

func (p *parser) expect(in *lang.ParsedBlock, r *lang.Runbook) expect {
	x := expect{outcome: outcomes[0], line: in.DeclRange.Start.Line}
	block := in.Block(expectBlock.Type)
	if block == nil {
		return x
	}
	x.line = block.DeclRange.Start.Line
	if text, where, given := p.text(block, "outcome"); given {
		x.outcome, x.line = text, where.Start.Line
		p.word("outcome", text, outcomes, where)
	}
	if text, where, given := p.text(block, "error"); given {
		x.err = &expectedValue{value: text, line: where.Start.Line}
	}
	x.plan = p.statuses(block, "plan", planStatuses, r)
	x.steps = p.statuses(block, "steps", stepOutcomes, r)
	x.changes, x.findings = p.list(block, "changes", p.change), p.list(block, "findings", p.finding)
	if expr := block.Expr("world"); expr != nil {
		for _, pair := range p.pairs(expr, "world") {
			p.value(pair, &x)
		}
	}
	return x
}

func (p *parser) word(name, text string, known []string, where hcl.Range) {
	if !slices.Contains(known, text) {
		p.fail("Unknown word", fmt.Sprintf("%q must be %s, not %q.", name, strings.ReplaceAll(or(known), "`", `"`), text), where)
	}
}

func (p *parser) statuses(block *lang.ParsedBlock, name string, known []string, r *lang.Runbook) []expectedValue {
	expr := block.Expr(name)
	if expr == nil {
		return nil
	}
	var all []expectedValue
	for _, pair := range p.pairs(expr, name) {
		p.step(pair.name, r, pair.at)
		v, diags := pair.value.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
			p.fail("Wrong type", fmt.Sprintf("The status of a step in %q must be %s.", name, strings.ReplaceAll(or(known), "`", `"`)),
				pair.valueAt)
			continue
		}
		p.word(pair.name, v.AsString(), known, pair.valueAt)
		all = append(all, expectedValue{pair.name, v.AsString(), pair.at.Start.Line})
	}
	return all
}

func (p *parser) list(block *lang.ParsedBlock, name string, check func(string, hcl.Range)) *expectedList {
	expr := block.Expr(name)
	if expr == nil {
		return nil
	}
	l := &expectedList{line: expr.Range().Start.Line}
	for _, item := range p.items(expr, name) {
		check(item.text, item.at)
		l.patterns = append(l.patterns, item.text)
	}
	return l
}

var writeMethods = []string{"POST", "PUT", "PATCH", "DELETE"}

func (p *parser) change(text string, where hcl.Range) {
	words := strings.Fields(text)
	switch {
	case strings.HasPrefix(text, "*") || len(words) > 0 && strings.Contains(words[0], "*"):
	case len(words) < 3 && !strings.Contains(text, "*"):
		p.fail("Not a write",
			"Write it as \"METHOD HOST PATH\", for example \"POST serviceusage.googleapis.com /v1/projects/*/services:batchEnable\".", where)
	case !slices.Contains(writeMethods, words[0]):
		p.fail("Not a write", fmt.Sprintf("%q is not a write. Use POST, PUT, PATCH or DELETE.", words[0]), where)
	}
}

func (p *parser) finding(text string, where hcl.Range) {
	code, _, _ := strings.Cut(text, ":")
	if strings.Contains(code, "*") || catalogue.Describe(catalogue.Code(code)).Title != "" {
		return
	}
	var known []string
	for _, d := range catalogue.Catalogue() {
		known = append(known, string(d.Code))
	}
	p.fail("Unknown finding", fmt.Sprintf("There is no finding %q%s", code, lang.Suggest(code, known)), where)
}

// value reads the value that is expected at a path of the world.
func (p *parser) value(in pair, x *expect) {
	if _, err := parsePath(in.name); err != nil {
		p.fail("Not a JSONPath", fmt.Sprintf("%q is not a valid JSONPath: %s.", in.name, err), in.at)
		return
	}
	v, diags := in.value.Value(nil)
	if diags.HasErrors() {
		p.fail("Not a constant", "An expected value of the world must be written out.", in.valueAt)
		return
	}
	raw, err := ctyjson.Marshal(v, v.Type())
	var value any
	if err == nil {
		err = json.Unmarshal(raw, &value)
	}
	if err != nil {
		p.fail("Wrong type", fmt.Sprintf("This is not a value of a JSON document: %s.", err), in.valueAt)
		return
	}
	x.world = append(x.world, expectedValue{in.name, value, in.at.Start.Line})
}

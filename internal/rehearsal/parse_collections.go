package rehearsal

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// pair is one element of a map that is written out.
type pair struct {
	name    string
	at      hcl.Range
	value   hcl.Expression
	valueAt hcl.Range
}

// pairs are the elements of a map, as they are written. What is not valid is reported.
func (p *parser) pairs(expr hclsyntax.Expression, name string) []pair {
	items, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		p.fail("Wrong type", fmt.Sprintf("%q must be a map that is written out: `%s = { NAME = … }`.", name, name), expr.Range())
		return nil
	}
	var all []pair
	for _, item := range items {
		key, diags := item.Key.Value(nil)
		if diags.HasErrors() || key.IsNull() || key.Type() != cty.String {
			p.fail("Not a constant", fmt.Sprintf("Each key of %q must be a name that is written out.", name), item.Key.Range())
			continue
		}
		if slices.ContainsFunc(all, func(other pair) bool { return other.name == key.AsString() }) {
			p.fail("Duplicate name", fmt.Sprintf("%q appears twice in %q.", key.AsString(), name), item.Key.Range())
			continue
		}
		all = append(all, pair{key.AsString(), item.Key.Range(), item.Value, item.Value.Range()})
	}
	return all
}

type item struct {
	text string
	at   hcl.Range
}

// items returns the elements of a list of strings that is written out.
func (p *parser) items(expr hclsyntax.Expression, name string) []item {
	elements, diags := hcl.ExprList(expr)
	if diags.HasErrors() {
		p.fail("Wrong type", fmt.Sprintf("%q must be a list that is written out: `%s = [\"…\"]`.", name, name), expr.Range())
		return nil
	}
	var all []item
	for _, e := range elements {
		v, diags := e.Value(nil)
		if diags.HasErrors() || v.IsNull() || v.Type() != cty.String {
			p.fail("Wrong type", fmt.Sprintf("The elements of %q must be strings that are written out.", name), e.Range())
			continue
		}
		all = append(all, item{v.AsString(), e.Range()})
	}
	return all
}

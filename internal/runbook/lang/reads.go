package lang

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// member is the name after the root of a traversal: NAME in step.NAME and in step["NAME"].
func member(t hcl.Traversal) (name string, where hcl.Range, ok bool) {
	if len(t) < 2 {
		return "", hcl.Range{}, false
	}
	switch m := t[1].(type) {
	case hcl.TraverseAttr:
		return m.Name, m.SrcRange, true
	case hcl.TraverseIndex:
		if m.Key.Type() == cty.String && m.Key.IsKnown() && !m.Key.IsNull() {
			return m.Key.AsString(), m.SrcRange, true
		}
	}
	return "", hcl.Range{}, false
}

func stepName(t hcl.Traversal) (string, bool) {
	name, _, ok := member(t)
	return name, ok
}

// walkReferences visits what expressions refer to, themselves and through locals. at is
// where the outermost expression does.
func (r *Runbook) walkReferences(exprs []hcl.Expression, visit func(t hcl.Traversal, at hcl.Range)) {
	seen := map[string]bool{}
	var walk func(expr hcl.Expression, outer *hcl.Range)
	walk = func(expr hcl.Expression, outer *hcl.Range) {
		for _, t := range expr.Variables() {
			at := t.SourceRange()
			if outer != nil {
				at = *outer
			}
			visit(t, at)
			if name, _, ok := member(t); ok && t.RootName() == "local" && !seen[name] {
				seen[name] = true
				if l := r.local(name); l != nil {
					walk(l.Expr, &at)
				}
			}
		}
	}
	for _, e := range exprs {
		if e != nil {
			walk(e, nil)
		}
	}
}

// stepReads returns the steps whose outcome expressions read, themselves or through locals, and where they do.
func (r *Runbook) stepReads(exprs ...hcl.Expression) map[string]hcl.Range {
	reads := map[string]hcl.Range{}
	r.walkReferences(exprs, func(t hcl.Traversal, at hcl.Range) {
		name, _, ok := member(t)
		if _, known := reads[name]; ok && !known && t.RootName() == "step" {
			reads[name] = at
		}
	})
	return reads
}

// TargetReads returns the attributes of the target that a step reads, itself or
// through locals, sorted; for nil, those that any step reads.
func (r *Runbook) TargetReads(of *Step) []string {
	found := map[string]bool{}
	for _, s := range r.Steps {
		if of != nil && of != s {
			continue
		}
		r.walkReferences(s.expressions(), func(t hcl.Traversal, _ hcl.Range) {
			name, _, ok := member(t)
			switch {
			case t.RootName() != "target":
			case ok:
				found[name] = true
			default:
				for _, a := range r.Target.Attributes() {
					found[a.Name] = true
				}
			}
		})
	}
	return slices.Sorted(maps.Keys(found))
}

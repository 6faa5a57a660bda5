package lang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// member is the name after the root of a traversal: NAME in step.NAME and in
// step["NAME"].
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

// stepReads are the steps whose outcome an expression reads, itself or through
// locals, with the place where it does.
func (r *Runbook) stepReads(exprs ...hcl.Expression) map[string]hcl.Range {
	reads, seen := map[string]hcl.Range{}, map[string]bool{}
	var look func(expr hcl.Expression, where *hcl.Range)
	look = func(expr hcl.Expression, where *hcl.Range) {
		if expr == nil {
			return
		}
		for _, t := range expr.Variables() {
			name, _, ok := member(t)
			at := t.SourceRange()
			if where != nil {
				at = *where
			}
			switch root := t.RootName(); {
			case root == "step" && ok:
				if _, known := reads[name]; !known {
					reads[name] = at
				}
			case root == "local" && ok && !seen[name]:
				seen[name] = true
				if l := r.local(name); l != nil {
					look(l.Expr, &at)
				}
			}
		}
	}
	for _, e := range exprs {
		look(e, nil)
	}
	return reads
}

// order finds out what each step needs and sorts the steps by it.
func order(r *Runbook) {
	known := map[string]bool{}
	for _, s := range r.Steps {
		known[s.Name] = true
	}
	for _, s := range r.Steps {
		s.reads = r.stepReads(s.expressions()...)
		for _, t := range s.DependsOn {
			if name, _ := stepName(t); name != "" {
				s.reads[name] = t.SourceRange()
			}
		}
		for name := range s.reads {
			// What is not there and what is the step itself Validate tells of.
			if !known[name] || name == s.Name {
				delete(s.reads, name)
			}
		}
	}
	sorted, placed := make([]*Step, 0, len(r.Steps)), map[string]bool{}
	for len(sorted) < len(r.Steps) {
		next := slices.IndexFunc(r.Steps, func(s *Step) bool { return !placed[s.Name] && s.ready(placed) })
		if next < 0 {
			return // a circle; the order stays as written
		}
		placed[r.Steps[next].Name] = true
		sorted = append(sorted, r.Steps[next])
	}
	r.Steps = sorted
	for _, s := range r.Steps {
		for _, before := range r.Steps {
			if _, needed := s.reads[before.Name]; needed {
				s.Needs = append(s.Needs, before.Name)
			}
		}
	}
}

func (s *Step) ready(placed map[string]bool) bool {
	for name := range s.reads {
		if !placed[name] {
			return false
		}
	}
	return true
}

// expressions lists everything of a step that can refer to something.
func (s *Step) expressions() []hcl.Expression {
	list := []hcl.Expression{s.When, s.ForEach, s.Approval, s.timeout, s.attempts, s.backoff}
	for a := s.Action; a != nil; a = a.Verify {
		list = append(list, a.Condition, a.ErrorMessage, a.Message, a.Text, a.timeout, a.interval, a.consecutive)
		for _, arg := range a.args {
			list = append(list, arg.Expr)
		}
	}
	return slices.DeleteFunc(list, func(e hcl.Expression) bool { return e == nil })
}

// link is that one thing needs another, and where it says so.
type link struct {
	to    string
	where hcl.Range
}

// circles returns one circle for each group of nodes that need each other; a node
// that needs itself alone is none. links has what each node needs.
func circles(nodes []string, links map[string][]link) [][]link {
	reaches := func(from string) map[string]link { // node -> the link by which it was reached, from -> node
		reached, queue := map[string]link{}, []string{from}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for _, l := range links[at] {
				if _, seen := reached[l.to]; !seen && l.to != at {
					reached[l.to] = link{at, l.where}
					queue = append(queue, l.to)
				}
			}
		}
		return reached
	}
	var found [][]link
	told := map[string]bool{}
	for _, n := range nodes {
		if told[n] {
			continue
		}
		forward := reaches(n)
		if _, circular := forward[n]; !circular {
			continue
		}
		// Back from n by the links that reached it: the shortest circle through n.
		circle := []link{}
		for at := n; ; {
			by := forward[at]
			circle = append([]link{{at, by.where}}, circle...)
			at = by.to
			if at == n {
				break
			}
		}
		found = append(found, circle)
		for other := range forward {
			if _, back := reaches(other)[n]; back {
				told[other] = true
			}
		}
		told[n] = true
	}
	return found
}

// tell describes a circle that begins and ends at its last node.
func tell(circle []link) string {
	from, parts := circle[len(circle)-1].to, make([]string, len(circle))
	for i, l := range circle {
		parts[i] = fmt.Sprintf("%q needs %q (line %d)", from, l.to, l.where.Start.Line)
		from = l.to
	}
	return strings.Join(parts, ", ")
}

package lang

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
)

// sortSteps finds what each step needs and sorts the steps by it.
func sortSteps(r *Runbook) {
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
			// Validate reports steps that do not exist and a step that needs itself.
			if !known[name] || name == s.Name {
				delete(s.reads, name)
			}
		}
	}
	sorted, placed := make([]*Step, 0, len(r.Steps)), map[string]bool{}
	for len(sorted) < len(r.Steps) {
		next := slices.IndexFunc(r.Steps, func(s *Step) bool { return !placed[s.Name] && s.ready(placed) })
		if next < 0 {
			return // a cycle; the order stays as written
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

// expressions lists every expression of a step.
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

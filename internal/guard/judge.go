package guard

import (
	"regexp"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// judge gathers what the changes of a plan do to what the mesh needs.
type judge struct {
	*scope
	effects []effect
	current *change
	order   int
}

// add notes an effect of the step that is being judged.
func (j *judge) add(e effect) {
	e.change, e.order = j.current, j.order
	if e.act == unclear || e.act == takes || e.act == gives {
		j.effects = append(j.effects, e)
	}
}

// consider judges one change by the row of its type.
func (j *judge) consider(c *change) {
	row, known := rows[c.kind]
	if !known {
		return
	}
	j.current = c
	for i, s := range c.steps() {
		j.order = i
		if missing := (s == deletes || s == updates) && !isObject(c.before) || s == unlisted; missing {
			j.add(effect{
				need: need{kind: needKind(c.kind), what: c.address}, act: unclear, code: catalogue.Unreadable, subject: c.address,
				reason:  "What the plan does to it is not legible: its actions are not those that this version knows, or its values are missing.",
				instead: "Guard the output of terraform show -json as it is, with a version of this program that knows that Terraform.",
			})
			continue
		}
		row.judge(j, c, s)
	}
}

func isObject(v value) bool {
	_, is := v.raw.(map[string]any)
	return is
}

// conclude weighs the effects against each other, and returns the findings in the order of the plan.
//
// Terraform orders the two steps of a replacement, and nothing else that is in a plan: a need that one resource takes and
// another gives may be there in the end, or not. Within a replacement both orders take it away: for a while where the
// delete comes first, and for good where the create does, because it finds what the delete then removes.
func (j *judge) conclude() []finding {
	var all []finding
	for _, e := range j.effects {
		if e.act == gives {
			continue
		}
		f := finding{effect: e, verdict: Breaks}
		if e.act == unclear {
			f.verdict = Unknown
		} else {
			j.weigh(&f)
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b finding) int { return a.change.index - b.change.index })
	return merge(all)
}

// weigh looks for what gives the need of a finding back.
func (j *judge) weigh(f *finding) {
	for _, g := range j.effects {
		if g.act != gives || !same(f.need, g.need) {
			continue
		}
		switch {
		case g.change == f.change && g.order > f.order:
			f.reason += " The replacement gives it back within the same apply: it is missing in between, and for good if the apply stops there."
			f.instead = "Avoid the replacement: drop -replace, or keep what forces it (\"forces replacement\" in the plan). " + f.instead
		case g.change == f.change:
			f.reason += " The replacement creates first (create_before_destroy): the create finds it there and adds nothing, and the delete then " +
				"takes it for good."
			f.instead = "Avoid the replacement: drop -replace, or keep what forces it; never give it create_before_destroy. " + f.instead
		case f.kind == cluster || f.kind == project:
		default:
			f.verdict = Unknown
			f.reason += " " + g.change.address + " gives it in the same plan, and nothing orders the two: if the delete comes last, it is gone."
			f.instead = "Hand it over without a delete: removed { from = " + inConfiguration(f.change.address) + ", lifecycle { destroy = false } " +
				"} forgets it, and " + g.change.address + " then owns it alone."
			return
		}
	}
}

// same reports whether two needs may be one.
func same(a, b need) bool {
	if a.kind != b.kind || !sameProject(a.where, b.where) {
		return false
	}
	return a.what == b.what || a.kind == agentRole && (a.what == anyAgent || b.what == anyAgent)
}

// sameProject compares names of projects; an id and a number may be one project.
func sameProject(a, b string) bool {
	return a == b || a == "" || b == "" || mesh.IsProjectNumber(a) != mesh.IsProjectNumber(b)
}

// merge joins findings of one address, code and verdict about one subject, and drops what cannot be told where the same
// resource certainly breaks the same.
func merge(all []finding) []finding {
	type key struct {
		change  *change
		code    catalogue.Code
		subject string
	}
	broken := map[key]bool{}
	for _, f := range all {
		if f.verdict == Breaks {
			broken[key{f.change, f.code, f.subject}] = true
		}
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(all, func(f finding) bool {
		k := key{f.change, f.code, f.subject}
		drop := seen[k] || f.verdict == Unknown && broken[k]
		seen[k] = seen[k] || !drop
		return drop
	})
}

// finding is an effect with the verdict on it.
type finding struct {
	effect
	verdict Verdict
}

var instanceKey = regexp.MustCompile(`\["(?:[^"\\]|\\.)*"\]|\[[0-9]+\]`)

// inConfiguration is an address without its instances, as a removed block wants it.
func inConfiguration(address string) string { return instanceKey.ReplaceAllString(address, "") }

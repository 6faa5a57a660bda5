package rehearsal

import (
	"context"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// logWindow is how far back the diagnosis afterwards searches logs: long enough for a
// complaint that stays to come again.
const logWindow = 15 * time.Minute

// compare compares what became of a phase with what is expected.
func (r *rehearsal) compare(ctx context.Context, e *runbook.Engine, p phase, was became) error {
	x := p.expect
	if got := was.outcome(); got != x.outcome {
		r.failAt(x.line, "%s: the outcome is %s, not %s%s", p.what, got, x.outcome, lines("", reasons(was)))
	}
	if x.err != nil && !strings.Contains(was.reason(), x.err.value.(string)) {
		r.failAt(x.err.line, "%s: the error is another:%s", p.what, lines("", slices.Concat(
			prefixed("- ", "… "+x.err.value.(string)+" …"), prefixed("+ ", orNone(was.reason())))))
	}
	if was.plan != nil {
		var steps []named
		for _, s := range was.plan.Steps {
			steps = append(steps, named{s.Step, string(s.Status), oneLine(s.Text, s.Error)})
		}
		r.statuses(p.what+": the plan", x.plan, steps)
	} else if len(x.plan) > 0 {
		r.failAt(x.plan[0].line, "%s: there is no plan", p.what)
	}
	var steps []named
	if was.result != nil {
		for _, s := range was.result.Steps {
			steps = append(steps, named{s.Step, string(s.Status), oneLine(s.Text, s.Error)})
		}
	}
	r.statuses(p.what, x.steps, steps)
	if x.changes != nil {
		if diff, same := inOrder(x.changes.patterns, was.writes); !same {
			r.failAt(x.changes.line, "%s: other writes were made than expected (- expected, + made):%s", p.what, lines("", diff))
		}
	}
	if x.findings == nil && len(x.world) == 0 {
		return nil
	}
	raw, err := r.world.control.World(ctx)
	if err != nil {
		return err
	}
	if err := r.values(p, raw); err != nil {
		return err
	}
	if x.findings == nil {
		return nil
	}
	doc, err := readDocument(raw)
	if err != nil {
		return err
	}
	found, err := r.diagnose(ctx, e, doc)
	if err != nil {
		return err
	}
	if diff, same := inAnyOrder(x.findings.patterns, found); !same {
		r.failAt(x.findings.line, "%s: the diagnosis finds something else (- expected, + found):%s", p.what, lines("", diff))
	}
	return nil
}

func reasons(was became) []string {
	if reason := was.reason(); reason != "" {
		return strings.Split(reason, "\n")
	}
	return nil
}

// named is what became of a step.
type named struct{ step, status, why string }

// of says whether this is a step, or an instance of it, as a test names it. An undo
// calls a step grant#12, by its place in the journal.
func (n named) of(name string) bool {
	step, _, _ := strings.Cut(n.step, "#")
	base, _, _ := strings.Cut(step, "[")
	return name == step || name == base
}

func (r *rehearsal) statuses(what string, want []wanted, got []named) {
	for _, w := range want {
		found := false
		for _, g := range got {
			if !g.of(w.name) {
				continue
			}
			found = true
			if g.status != w.value {
				r.failAt(w.line, "%s: step %s is %s, not %s%s", what, g.step, g.status, w.value, lines("", nonEmpty(g.why)))
			}
		}
		if !found {
			var names []string
			for _, g := range got {
				names = append(names, g.step)
			}
			r.failAt(w.line, "%s: there is no step %s; there is %s", what, w.name, orNone(strings.Join(names, ", ")))
		}
	}
}

// values compares values of the world.
func (r *rehearsal) values(p phase, raw []byte) error {
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	for _, w := range p.expect.world {
		got, err := at(doc, w.name)
		switch {
		case err != nil:
			r.failAt(w.line, "%s: %s of the world cannot be read: %s", p.what, w.name, err)
		case !reflect.DeepEqual(got, w.value):
			r.failAt(w.line, "%s: %s of the world is something else:%s", p.what, w.name, lines("", []string{"- " + show(w.value), "+ " + show(got)}))
		}
	}
	return nil
}

// diagnose lists the root causes that are errors or warnings.
func (r *rehearsal) diagnose(ctx context.Context, e *runbook.Engine, doc document) ([]string, error) {
	e.Client.Forget()
	report, err := diagnosis.Run(ctx, diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, diagnosis.Options{
		FleetProjects: doc.fleets(), Since: logWindow, Tool: "terraform-provider-asm " + r.version, Clock: r.world.clock,
	})
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, f := range report.Findings {
		if f.Severity == mesh.Info || !f.Root() {
			continue
		}
		code := string(f.Code)
		if f.Detail != "" {
			code += ":" + f.Detail
		}
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return slices.Compact(codes), nil
}

// matches says whether a text is what a pattern stands for: * is anything.
func matches(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(parts, ".*") + `\z`).MatchString(text)
}

// inOrder compares lists line by line: what is expected and did not come is marked -,
// what came and is not expected +.
func inOrder(want, got []string) (diff []string, same bool) {
	// longest[i][j] is how many of want[i:] and got[j:] can be paired in their order.
	longest := make([][]int, len(want)+1)
	for i := range longest {
		longest[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			if matches(want[i], got[j]) {
				longest[i][j] = max(longest[i][j], longest[i+1][j+1]+1)
			}
		}
	}
	same = true
	for i, j := 0, 0; i < len(want) || j < len(got); {
		switch {
		case i < len(want) && j < len(got) && matches(want[i], got[j]) && longest[i][j] == longest[i+1][j+1]+1:
			diff = append(diff, "  "+got[j])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && longest[i+1][j] >= longest[i][j+1]:
			diff, same = append(diff, "- "+want[i]), false
			i++
		default:
			diff, same = append(diff, "+ "+got[j]), false
			j++
		}
	}
	return diff, same
}

// inAnyOrder is inOrder of sets: a pattern may stand for several.
func inAnyOrder(want, got []string) (diff []string, same bool) {
	same = true
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return matches(w, g) }) {
			diff, same = append(diff, "- "+w), false
		}
	}
	for _, g := range got {
		if slices.ContainsFunc(want, func(w string) bool { return matches(w, g) }) {
			diff = append(diff, "  "+g)
			continue
		}
		diff, same = append(diff, "+ "+g), false
	}
	return diff, same
}

// lines puts each text on a line of its own, below the one before.
func lines(mark string, texts []string) string {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString("\n    " + mark + t)
	}
	return b.String()
}

// prefixed marks each line of a text.
func prefixed(mark, text string) []string {
	all := strings.Split(text, "\n")
	for i := range all {
		all[i] = mark + all[i]
	}
	return all
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

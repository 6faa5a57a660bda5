package rehearsal

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
)

// logWindow is how far back the diagnosis afterwards searches logs: long enough for a
// lasting problem to be logged again.
const logWindow = 15 * time.Minute

// compare compares the result of a phase with what is expected.
func (r *rehearsal) compare(ctx context.Context, e *engine.Engine, p phase, got phaseResult) error {
	x := p.expect
	if outcome := got.outcome(); outcome != x.outcome {
		r.failAt(x.line, "%s: the outcome is %s, not %s%s", p.what, outcome, x.outcome, lines("", reasons(got)))
	}
	if x.err != nil && !strings.Contains(got.reason(), x.err.value.(string)) {
		r.failAt(x.err.line, "%s: the error differs from what is expected:%s", p.what, lines("", slices.Concat(
			prefixed("- ", "… "+x.err.value.(string)+" …"), prefixed("+ ", orNone(got.reason())))))
	}
	if got.plan != nil {
		var steps []stepStatus
		for _, s := range got.plan.Steps {
			steps = append(steps, stepStatus{s.Step, string(s.Status), oneLine(s.Text, s.Error)})
		}
		r.statuses(p.what+": the plan", x.plan, steps)
	} else if len(x.plan) > 0 {
		r.failAt(x.plan[0].line, "%s: there is no plan", p.what)
	}
	var steps []stepStatus
	if got.result != nil {
		for _, s := range got.result.Steps {
			steps = append(steps, stepStatus{s.Step, string(s.Status), oneLine(s.Text, s.Error)})
		}
	}
	r.statuses(p.what, x.steps, steps)
	if x.changes != nil {
		if diff, same := inOrder(x.changes.patterns, got.writes); !same {
			r.failAt(x.changes.line, "%s: the writes differ from what is expected (- expected, + made):%s", p.what, lines("", diff))
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
		r.failAt(x.findings.line, "%s: the diagnosis differs from what is expected (- expected, + found):%s", p.what, lines("", diff))
	}
	return nil
}

func reasons(got phaseResult) []string {
	if reason := got.reason(); reason != "" {
		return strings.Split(reason, "\n")
	}
	return nil
}

// stepStatus is the status of a step in a plan or result.
type stepStatus struct{ step, status, why string }

// matches reports whether this is a step, or an instance of it, as a test names it. An undo
// calls a step grant#12, by its place in the journal.
func (n stepStatus) matches(name string) bool {
	step, _, _ := strings.Cut(n.step, "#")
	base, _, _ := strings.Cut(step, "[")
	return name == step || name == base
}

func (r *rehearsal) statuses(what string, want []expectedValue, got []stepStatus) {
	for _, w := range want {
		found := false
		for _, g := range got {
			if !g.matches(w.name) {
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
		got, err := valueAt(doc, w.name)
		switch {
		case err != nil:
			r.failAt(w.line, "%s: %s of the world cannot be read: %s", p.what, w.name, err)
		case !reflect.DeepEqual(got, w.value):
			r.failAt(w.line, "%s: %s of the world differs from what is expected:%s", p.what, w.name,
				lines("", []string{"- " + formatJSON(w.value), "+ " + formatJSON(got)}))
		}
	}
	return nil
}

// diagnose lists the root causes that are errors or warnings.
func (r *rehearsal) diagnose(ctx context.Context, e *engine.Engine, doc document) ([]string, error) {
	e.Client.Forget()
	report, err := diagnosis.Run(ctx, diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, diagnosis.Options{
		FleetProjects: doc.fleets(), Since: logWindow, Tool: "terraform-provider-asm " + r.version, Clock: r.world.clock,
	})
	if err != nil {
		return nil, err
	}
	var codes []string
	for _, f := range report.Findings {
		if f.Severity == catalogue.Info || !f.Root() {
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

package guard

import (
	"fmt"
	"io"
	"strings"
)

// Options say which fleets are guarded.
type Options struct {
	Fleets []Fleet // none: every fleet that the plan shows
	Tool   string  // of the result
}

// Guard judges plans.
type Guard struct {
	options Options
	result  Result
}

// New starts a result.
func New(o Options) *Guard {
	return &Guard{options: o, result: Result{Schema: SchemaVersion, Tool: o.Tool, Plans: []Plan{}, Findings: []Finding{}}}
}

// Add reads and judges one plan. It returns an error for what is no plan, with what to do instead.
func (g *Guard) Add(name string, from io.Reader) error {
	d, err := read(from)
	if err != nil {
		return err
	}
	g.judge(name, d)
	return nil
}

// Result is the verdict on all plans that were added.
func (g *Guard) Result() *Result {
	g.result.conclude()
	return &g.result
}

func (g *Guard) judge(name string, d *planFile) {
	all := append(append([]*change{}, d.changes...), d.deferred...)
	j := &judge{scope: newScope(g.options.Fleets, all)}
	waits := map[*change]bool{}
	for _, c := range d.deferred {
		waits[c] = true
	}
	judged := 0
	for _, c := range all {
		j.consider(c)
		if !c.rests() {
			judged++
		}
	}
	p := Plan{Name: name, Verdict: Harmless, Terraform: d.Terraform, Resources: d.resources, Judged: judged}
	if d.Errored {
		p.Verdict, p.Reason = Unknown, "the plan failed (errored is true): it cannot be applied as it is, and may lack resources"
	}
	for _, f := range j.conclude() {
		switch {
		case d.Errored:
			f.verdict = Unknown
			f.reason += " But the plan failed: it cannot be applied as it is."
		case waits[f.change]:
			f.verdict = Unknown
			f.reason += " But the change is deferred: it is planned again in a later run."
		}
		if f.verdict == Breaks || p.Verdict == Harmless {
			p.Verdict = f.verdict
		}
		kind, source := f.change.kind, rows[f.change.kind].source
		if f.change.object != "" {
			kind = f.change.object
		}
		if f.change.source != "" {
			source, f.instead = f.change.source, f.change.instead
		}
		if f.change.object != "" {
			f.instead = strings.TrimSpace(strings.ReplaceAll(f.instead, forget, ""))
		}
		g.result.Findings = append(g.result.Findings, Finding{
			Verdict: f.verdict, Code: f.code, Address: f.change.address, Deposed: f.change.deposed, Type: kind,
			Action: strings.Join(f.change.actions, "+"), Subject: f.subject, Plan: name, Reason: f.reason,
			Consequence: consequences[f.code], Instead: f.instead, Source: source, about: f.need,
		})
	}
	if p.Reason == "" && d.Complete != nil && !*d.Complete {
		p.Reason = fmt.Sprintf("the plan is not complete (-target, or %d changes that are deferred): what it leaves out is not "+
			"judged", len(d.deferred))
	}
	g.result.Plans = append(g.result.Plans, p)
}

package report

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// stepStatuses are the words for the statuses of a planned step.
var stepStatuses = map[runbook.StepStatus]struct {
	symbol, words string
	tone          tone
	outcome       rowOutcome
}{
	runbook.Satisfied: {"✓", "in place", good, passed},
	runbook.Change:    {"~", "change", changed, failed},
	runbook.Later:     {"?", "known later", changed, skipped},
	runbook.Gate:      {"!", "needs approval", waiting, skipped},
	runbook.Person:    {"!", "manual", waiting, failed},
	runbook.Awaits:    {"…", "waits", waiting, skipped},
	runbook.Fails:     {"✗", "fails", bad, failed},
	runbook.Unread:    {"✗", "unknown", unknown, errored},
	runbook.Skips:     {"-", "skipped", plain, skipped},
	runbook.Stays:     {"-", "left as is", plain, skipped},
}

// planVerdicts are the words for the exit codes of a plan.
var planVerdicts = map[int]struct {
	words string
	tone  tone
}{
	diagnosis.ExitClean:     {"nothing to do", good},
	diagnosis.ExitChanges:   {"changes", changed},
	diagnosis.ExitUnhealthy: {"unhealthy", bad},
	diagnosis.ExitUnknown:   {"unknown", unknown},
}

func newPlansView(p *Plans) *runView {
	v := planVerdicts[p.ExitCode()]
	s := &runView{kind: "Runbook plan", verdict: v.words, tone: v.tone, summary: Clean(p.Summary)}
	if len(p.Failed) > 0 {
		s.verdict, s.tone = "not fully planned", bad
	}
	for _, one := range p.Plans {
		s.parts = append(s.parts, planPart(one))
	}
	for _, f := range p.Failed {
		s.parts = append(s.parts, part{
			title: "Not planned", target: Clean(f.Target), status: "error", tone: bad,
			notes: notesOf(note{label: "error", text: Clean(f.Error)}),
			rows:  []row{{symbol: "✗", name: "plan", status: "error", tone: bad, outcome: errored}},
		})
	}
	return s
}

func planPart(p *runbook.Plan) part {
	v := planVerdicts[p.ExitCode()]
	one := part{title: Clean(p.Runbook), target: Clean(p.Target.Name), status: v.words, tone: v.tone, lead: Clean(p.Title), quiet: p.Clean()}
	if p.UndoOf != "" {
		one.title, one.lead = "undo of "+Clean(p.UndoOf), ""
	}
	one.facts = append(one.facts, planSummary(p))
	if p.AtMost > 0 && !p.Clean() {
		one.facts = append(one.facts, "usually "+span(p.Usual)+", at most "+span(p.AtMost))
	}
	for _, step := range p.Steps {
		one.rows = append(one.rows, plannedRow(step))
	}
	for _, m := range p.Missing {
		one.notes = append(one.notes, note{label: "missing permission", text: Clean(m.Permission + " on " + m.On + " (step " + m.Step + ")")})
	}
	if !p.Clean() {
		one.notes = append(one.notes, note{label: "fingerprint", text: Clean(p.Fingerprint)})
	}
	return one
}

func plannedRow(step runbook.PlannedStep) row {
	known, ok := stepStatuses[step.Status]
	if !ok {
		known.symbol, known.words, known.tone, known.outcome = "?", Clean(string(step.Status)), unknown, errored
	}
	r := row{
		symbol: known.symbol, name: Clean(step.Step), status: known.words, tone: known.tone, outcome: known.outcome,
		subject: Clean(step.Subject), changes: changesOf(step.Current, step.Desired),
	}
	approval := "needs approval"
	if step.Risk != "" && step.Risk != lang.NoRisk {
		approval += " (" + Clean(string(step.Risk)) + " risk)"
	}
	text := step.Text
	if step.Status == runbook.Satisfied {
		text = "" // the status says it
	}
	label := ""
	if step.Status == runbook.Person {
		label = "to do"
	}
	r.notes = notesOf(
		note{label: label, text: Shorten(Clean(text), runText)},
		note{label: "error", text: Shorten(Clean(step.Error), runText)},
		note{label: approval, text: Shorten(Clean(step.Approval), runText)},
		note{label: "after", text: Clean(strings.Join(step.After, ", "))},
	)
	if (step.Status == runbook.Change || step.Status == runbook.Awaits) && step.AtMost > 0 {
		r.notes = append(r.notes, note{label: "takes", text: "usually " + span(step.Usual) + ", at most " + span(step.AtMost)})
	}
	return r
}

// planSummary describes a plan in one line.
func planSummary(p *runbook.Plan) string {
	counts := map[runbook.StepStatus]int{}
	approvals := 0
	for _, s := range p.Steps {
		counts[s.Status]++
		if s.Approval != "" {
			approvals++
		}
	}
	add := func(n int, what string) string {
		if n == 0 {
			return ""
		}
		return number(n) + " " + what
	}
	text := joined(
		add(counts[runbook.Change], "to change"), add(counts[runbook.Later], "known later"), add(counts[runbook.Person], "manual"),
		add(approvals, "to approve"), add(counts[runbook.Awaits], "to wait for"), add(counts[runbook.Fails], "failing"),
		add(counts[runbook.Unread], "unknown"), add(counts[runbook.Satisfied], "in place"), add(counts[runbook.Stays], "left as is"),
	)
	if text == "" {
		return "nothing to do"
	}
	return text
}

package report

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// stepStatuses are the words for the statuses of a planned step.
var stepStatuses = map[runbook.StepStatus]struct {
	Symbol, words string
	Tone          tone
	Outcome       rowOutcome
}{
	runbook.StatusSatisfied: {"✓", "in place", good, passed},
	runbook.StatusChange:    {"~", "change", changed, failed},
	runbook.StatusLater:     {"?", "known later", changed, skipped},
	runbook.StatusApproval:  {"!", "needs approval", waiting, skipped},
	runbook.StatusPerson:    {"!", "manual", waiting, failed},
	runbook.StatusWait:      {"…", "waits", waiting, skipped},
	runbook.StatusFails:     {"✗", "fails", bad, failed},
	runbook.StatusUnknown:   {"✗", "unknown", unknown, errored},
	runbook.StatusSkipped:   {"-", "skipped", plain, skipped},
	runbook.StatusStays:     {"-", "left as is", plain, skipped},
}

// planVerdicts are the words for the exit codes of a plan.
var planVerdicts = map[int]struct {
	words string
	Tone  tone
}{
	diagnosis.ExitClean:     {"nothing to do", good},
	diagnosis.ExitChanges:   {"changes", changed},
	diagnosis.ExitUnhealthy: {"unhealthy", bad},
	diagnosis.ExitUnknown:   {"unknown", unknown},
}

func newPlansView(p *Plans) *runView {
	v := planVerdicts[p.ExitCode()]
	s := &runView{Kind: "Runbook plan", Verdict: v.words, Tone: v.Tone, Summary: Clean(p.Summary)}
	if len(p.Failed) > 0 {
		s.Verdict, s.Tone = "not fully planned", bad
	}
	for _, one := range p.Plans {
		s.Parts = append(s.Parts, planPart(one))
	}
	for _, f := range p.Failed {
		s.Parts = append(s.Parts, part{
			Title: "Not planned", Target: Clean(f.Target), Status: "error", Tone: bad,
			Notes: notesOf(note{Label: "error", Text: Clean(f.Error)}),
			Rows:  []row{{Symbol: "✗", Name: "plan", Status: "error", Tone: bad, Outcome: errored}},
		})
	}
	return s
}

func planPart(p *runbook.Plan) part {
	v := planVerdicts[p.ExitCode()]
	one := part{Title: Clean(p.Runbook), Target: Clean(p.Target.Name), Status: v.words, Tone: v.Tone, Lead: Clean(p.Title), Quiet: p.Clean()}
	if p.UndoOf != "" {
		one.Title, one.Lead = "undo of "+Clean(p.UndoOf), ""
	}
	one.Facts = append(one.Facts, planSummary(p))
	if p.AtMost > 0 && !p.Clean() {
		one.Facts = append(one.Facts, "usually "+span(p.Usual)+", at most "+span(p.AtMost))
	}
	for _, step := range p.Steps {
		one.Rows = append(one.Rows, plannedRow(step))
	}
	for _, m := range p.Missing {
		one.Notes = append(one.Notes, note{Label: "missing permission", Text: Clean(m.Permission + " on " + m.On + " (step " + m.Step + ")")})
	}
	if !p.Clean() {
		one.Notes = append(one.Notes, note{Label: "fingerprint", Text: Clean(p.Fingerprint)})
	}
	return one
}

func plannedRow(step runbook.PlannedStep) row {
	known, ok := stepStatuses[step.Status]
	if !ok {
		known.Symbol, known.words, known.Tone, known.Outcome = "?", Clean(string(step.Status)), unknown, errored
	}
	r := row{
		Symbol: known.Symbol, Name: Clean(step.Step), Status: known.words, Tone: known.Tone, Outcome: known.Outcome,
		Subject: Clean(step.Subject), Changes: changesOf(step.Current, step.Desired),
	}
	approval := "needs approval"
	if step.Risk != "" && step.Risk != lang.NoRisk {
		approval += " (" + Clean(string(step.Risk)) + " risk)"
	}
	text := step.Text
	if step.Status == runbook.StatusSatisfied {
		text = "" // the status says it
	}
	label := ""
	if step.Status == runbook.StatusPerson {
		label = "to do"
	}
	r.Notes = notesOf(
		note{Label: label, Text: Shorten(Clean(text), runText)},
		note{Label: "error", Text: Shorten(Clean(step.Error), runText)},
		note{Label: approval, Text: Shorten(Clean(step.Approval), runText)},
		note{Label: "after", Text: Clean(strings.Join(step.After, ", "))},
	)
	if (step.Status == runbook.StatusChange || step.Status == runbook.StatusWait) && step.AtMost > 0 {
		r.Notes = append(r.Notes, note{Label: "takes", Text: "usually " + span(step.Usual) + ", at most " + span(step.AtMost)})
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
		add(counts[runbook.StatusChange], "to change"), add(counts[runbook.StatusLater], "known later"),
		add(counts[runbook.StatusPerson], "manual"),
		add(approvals, "to approve"), add(counts[runbook.StatusWait], "to wait for"), add(counts[runbook.StatusFails], "failing"),
		add(counts[runbook.StatusUnknown], "unknown"), add(counts[runbook.StatusSatisfied], "in place"),
		add(counts[runbook.StatusStays], "left as is"),
	)
	if text == "" {
		return "nothing to do"
	}
	return text
}

package report

import (
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// stepOutcomes are the words for the outcomes of a step.
var stepOutcomes = map[runbook.StepOutcome]struct {
	symbol, words string
	tone          tone
	outcome       rowOutcome
}{
	runbook.StepAlready: {"✓", "already in place", good, passed},
	runbook.StepChanged: {"~", "changed", changed, passed},
	runbook.StepPassed:  {"✓", "passed", good, passed},
	runbook.StepSkipped: {"-", "skipped", plain, skipped},
	runbook.StepFailed:  {"✗", "failed", bad, failed},
	runbook.StepWaits:   {"!", "waits for a person", waiting, skipped},
	runbook.StepNotRun:  {"·", "not run", plain, skipped},
}

// outcomes are the words for the outcomes of a run.
var outcomes = map[journal.Outcome]struct {
	words string
	tone  tone
}{
	journal.Succeeded:    {"succeeded", good},
	journal.Failed:       {"failed", bad},
	journal.Stopped:      {"stopped", bad},
	journal.NeedsApprove: {"needs approval", waiting},
}

func newRunView(r *runbook.Report) *runView {
	s := &runView{kind: "Runbook run", verdict: "succeeded", tone: good, summary: Clean(r.Summary)}
	switch r.ExitCode() {
	case runbook.ExitApproval:
		s.verdict, s.tone = "needs approval", waiting
	case runbook.ExitFailed:
		s.verdict, s.tone = "failed", bad
	case runbook.ExitThreshold:
		s.verdict, s.tone = "stopped", bad
	}
	if r.Job != "" {
		s.facts = append(s.facts, "job "+Clean(r.Job))
	}
	if !r.Finished.IsZero() {
		s.facts = append(s.facts, moment(r.Finished), "took "+r.Finished.Sub(r.Started).Round(100*time.Millisecond).String())
	}
	s.add(r)
	return s
}

// add adds the results of runs.
func (s *runView) add(r *runbook.Report) {
	for i := range r.Results {
		s.parts = append(s.parts, resultPart(&r.Results[i]))
	}
	for _, target := range r.NotRun {
		s.parts = append(s.parts, part{
			title: "Not started", target: Clean(target), status: "not started", tone: waiting,
			rows: []row{{symbol: "·", name: "run", status: "not started", tone: waiting, outcome: skipped}},
		})
	}
	if r.Stopped != "" {
		s.foot = append(s.foot, note{label: "stopped", text: Clean(r.Stopped)})
	}
}

func resultPart(r *runbook.Result) part {
	known := outcomes[r.Outcome]
	if known.words == "" {
		known.words, known.tone = Clean(string(r.Outcome)), unknown
	}
	p := part{
		title: Clean(r.Runbook), target: Clean(r.Target), status: known.words, tone: known.tone,
		quiet: r.Outcome == journal.Succeeded && r.Changed() == 0,
	}
	if r.UndoOf != "" {
		p.title = "undo of " + Clean(r.UndoOf)
	}
	if p.title == "" {
		p.title = "Not started"
	}
	switch {
	case r.Run != "":
		p.facts = append(p.facts, "run "+Clean(r.Run))
	case r.Outcome == journal.Succeeded:
		p.facts = append(p.facts, "nothing to do")
	}
	if took := r.Finished.Sub(r.Started); took >= 100*time.Millisecond {
		p.facts = append(p.facts, "took "+took.Round(100*time.Millisecond).String())
	}
	shown := false
	for _, step := range r.Steps {
		p.rows = append(p.rows, resultRow(step))
		shown = shown || step.Status == runbook.StepFailed || step.Status == runbook.StepWaits
	}
	why := r.Error
	if shown && r.Outcome != journal.Stopped {
		why = "" // the step says it
	}
	if len(p.rows) == 0 && r.Outcome != journal.Succeeded {
		p.rows = []row{{
			symbol: "✗", name: "run", status: known.words, tone: bad, outcome: errored,
			notes: notesOf(note{label: "error", text: Shorten(Clean(why), runText)}),
		}}
		why = ""
	}
	p.notes = notesOf(
		note{label: "error", text: Shorten(Clean(why), runText)},
		note{label: "next", text: Clean(r.Next), command: true},
	)
	return p
}

func resultRow(step runbook.StepResult) row {
	known, ok := stepOutcomes[step.Status]
	if !ok {
		known.symbol, known.words, known.tone, known.outcome = "?", Clean(string(step.Status)), unknown, errored
	}
	r := row{
		symbol: known.symbol, name: Clean(step.Step), status: known.words, tone: known.tone, outcome: known.outcome,
		subject: Clean(step.Subject), changes: changesOf(step.Before, step.After),
	}
	text := step.Text
	if step.Status == runbook.StepAlready || step.Status == runbook.StepChanged {
		text = "" // the status says it
	}
	r.notes = notesOf(
		note{text: Shorten(Clean(text), runText)},
		note{label: "error", text: Shorten(Clean(step.Error), runText)},
		note{label: "next", text: Clean(step.Next)},
	)
	if step.Seconds >= 1 {
		r.notes = append(r.notes, note{label: "took", text: span(int(step.Seconds))})
	}
	return r
}

func newRemediationView(r *Remediation) *runView {
	s := &runView{kind: "Remediation"}
	last := r.Before
	if r.After != nil {
		last = r.After
	}
	if last != nil {
		s.verdict, s.tone, s.summary = Clean(string(last.Verdict)), toneOf(last.Verdict), summaryOf(newDiagnosisView(last))
	}
	remedies := map[string]string{} // runbook by finding
	for _, round := range r.Rounds {
		for _, m := range round.Remedies {
			for _, f := range m.Findings {
				remedies[f] = m.Runbook
			}
		}
	}
	if r.Before != nil {
		s.parts = append(s.parts, causesPart("Before", r.Before, remedies))
	}
	for _, p := range r.Plans {
		s.parts = append(s.parts, planPart(p))
	}
	for _, round := range r.Rounds {
		if round.Report != nil {
			s.add(round.Report)
		}
	}
	if len(r.ByHand) > 0 {
		s.parts = append(s.parts, byHandPart(r.ByHand))
	}
	if r.After != nil {
		s.parts = append(s.parts, causesPart("Afterwards", r.After, nil))
	}
	s.foot = append(s.foot, notesOf(note{label: "nothing was run", text: Clean(r.Refused)}, note{label: "stopped", text: Clean(r.Stopped)})...)
	return s
}

func toneOf(v mesh.Verdict) tone {
	switch v {
	case mesh.Healthy:
		return good
	case mesh.Provisioning:
		return changed
	case mesh.Degraded:
		return waiting
	case mesh.Unhealthy:
		return bad
	}
	return unknown
}

// causesPart lists the root causes of a diagnosis.
func causesPart(title string, r *diagnosis.Report, remedies map[string]string) part {
	d := newDiagnosisView(r)
	p := part{title: title, status: Clean(string(d.Verdict)), tone: toneOf(d.Verdict), lead: summaryOf(d)}
	for _, c := range append(d.causes[:len(d.causes):len(d.causes)], d.waiting...) {
		f := c.first()
		one := row{
			symbol: "✗", name: c.name(), status: Clean(string(f.Severity)), tone: bad, outcome: failed, subject: Clean(f.Subject),
		}
		if f.Severity != catalogue.Error {
			one.symbol, one.tone = "!", waiting
		}
		if c.many() {
			one.subject = Plural(len(c.roots), "finding") + ": " + someNames(shortNames(c.roots), tableNames)
		}
		code := string(f.Code)
		if f.Detail != "" {
			code += ":" + f.Detail
		}
		one.notes = notesOf(
			note{text: Shorten(Clean(f.Message), runText)},
			note{label: "caused by", text: someNames(c.culprits(), tableNames)},
			note{label: "runbook", text: Clean(remedies[code])},
		)
		if f.Waiting {
			one.symbol, one.tone, one.outcome = "…", changed, skipped
			one.notes = append(one.notes, note{text: "corrected, waiting for the mesh to notice"})
		}
		if n := c.explains(); n > 0 {
			one.notes = append(one.notes, note{label: "explains", text: Plural(n, "finding")})
		}
		p.rows = append(p.rows, one)
	}
	return p
}

// byHandPart lists the root causes that no runbook corrects.
func byHandPart(findings []diagnosis.Finding) part {
	p := part{title: "Left to a person", status: Plural(len(findings), "cause"), tone: waiting, lead: "No runbook corrects these."}
	for i := range findings {
		f := &findings[i]
		p.rows = append(p.rows, row{
			symbol: "!", name: named(f.Code, f.Detail), status: Clean(string(f.Severity)), tone: waiting, outcome: failed,
			subject: Clean(f.Subject),
			notes: notesOf(
				note{text: Shorten(Clean(f.Message), runText)},
				note{label: "remedy", text: Shorten(Clean(f.Remediation), runText)},
				note{label: "next", text: nextCommand(f), command: true},
			),
		})
	}
	return p
}

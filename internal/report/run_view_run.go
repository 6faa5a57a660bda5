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
	Symbol, words string
	Tone          tone
	Outcome       rowOutcome
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
	Tone  tone
}{
	journal.Succeeded:    {"succeeded", good},
	journal.Failed:       {"failed", bad},
	journal.Stopped:      {"stopped", bad},
	journal.NeedsApprove: {"needs approval", waiting},
}

func newRunView(r *runbook.Report) *runView {
	s := &runView{Kind: "Runbook run", Verdict: "succeeded", Tone: good, Summary: Clean(r.Summary)}
	switch r.ExitCode() {
	case runbook.ExitApproval:
		s.Verdict, s.Tone = "needs approval", waiting
	case runbook.ExitFailed:
		s.Verdict, s.Tone = "failed", bad
	case runbook.ExitThreshold:
		s.Verdict, s.Tone = "stopped", bad
	}
	if r.Job != "" {
		s.Facts = append(s.Facts, "job "+Clean(r.Job))
	}
	if !r.Finished.IsZero() {
		s.Facts = append(s.Facts, moment(r.Finished), "took "+r.Finished.Sub(r.Started).Round(100*time.Millisecond).String())
	}
	s.add(r)
	return s
}

// add adds the results of runs.
func (s *runView) add(r *runbook.Report) {
	for i := range r.Results {
		s.Parts = append(s.Parts, resultPart(&r.Results[i]))
	}
	for _, target := range r.NotRun {
		s.Parts = append(s.Parts, part{
			Title: "Not started", Target: Clean(target), Status: "not started", Tone: waiting,
			Rows: []row{{Symbol: "·", Name: "run", Status: "not started", Tone: waiting, Outcome: skipped}},
		})
	}
	if r.Stopped != "" {
		s.Foot = append(s.Foot, note{Label: "stopped", Text: Clean(r.Stopped)})
	}
}

func resultPart(r *runbook.Result) part {
	known := outcomes[r.Outcome]
	if known.words == "" {
		known.words, known.Tone = Clean(string(r.Outcome)), unknown
	}
	p := part{
		Title: Clean(r.Runbook), Target: Clean(r.Target), Status: known.words, Tone: known.Tone,
		Quiet: r.Outcome == journal.Succeeded && r.Changed() == 0,
	}
	if r.UndoOf != "" {
		p.Title = "undo of " + Clean(r.UndoOf)
	}
	if p.Title == "" {
		p.Title = "Not started"
	}
	switch {
	case r.Run != "":
		p.Facts = append(p.Facts, "run "+Clean(r.Run))
	case r.Outcome == journal.Succeeded:
		p.Facts = append(p.Facts, "nothing to do")
	}
	if took := r.Finished.Sub(r.Started); took >= 100*time.Millisecond {
		p.Facts = append(p.Facts, "took "+took.Round(100*time.Millisecond).String())
	}
	shown := false
	for _, step := range r.Steps {
		p.Rows = append(p.Rows, resultRow(step))
		shown = shown || step.Status == runbook.StepFailed || step.Status == runbook.StepWaits
	}
	why := r.Error
	if shown && r.Outcome != journal.Stopped {
		why = "" // the step says it
	}
	if len(p.Rows) == 0 && r.Outcome != journal.Succeeded {
		p.Rows = []row{{
			Symbol: "✗", Name: "run", Status: known.words, Tone: bad, Outcome: errored,
			Notes: notesOf(note{Label: "error", Text: Shorten(Clean(why), runText)}),
		}}
		why = ""
	}
	p.Notes = notesOf(note{Label: "error", Text: Shorten(Clean(why), runText)}, note{Label: "next", Text: Clean(r.Next), Command: true})
	return p
}

func resultRow(step runbook.StepResult) row {
	known, ok := stepOutcomes[step.Status]
	if !ok {
		known.Symbol, known.words, known.Tone, known.Outcome = "?", Clean(string(step.Status)), unknown, errored
	}
	r := row{
		Symbol: known.Symbol, Name: Clean(step.Step), Status: known.words, Tone: known.Tone, Outcome: known.Outcome,
		Subject: Clean(step.Subject), Changes: changesOf(step.Before, step.After),
	}
	text := step.Text
	if step.Status == runbook.StepAlready || step.Status == runbook.StepChanged {
		text = "" // the status says it
	}
	r.Notes = notesOf(note{Text: Shorten(Clean(text), runText)}, note{Label: "error", Text: Shorten(Clean(step.Error), runText)},
		note{Label: "next", Text: Clean(step.Next)})
	if step.Seconds >= 1 {
		r.Notes = append(r.Notes, note{Label: "took", Text: span(int(step.Seconds))})
	}
	return r
}

func newRemediationView(r *Remediation) *runView {
	s := &runView{Kind: "Remediation"}
	last := r.Before
	if r.After != nil {
		last = r.After
	}
	if last != nil {
		s.Verdict, s.Tone, s.Summary = Clean(string(last.Verdict)), toneOf(last.Verdict), summaryOf(newDiagnosisView(last))
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
		s.Parts = append(s.Parts, causesPart("Before", r.Before, remedies))
	}
	for _, p := range r.Plans {
		s.Parts = append(s.Parts, planPart(p))
	}
	for _, round := range r.Rounds {
		if round.Report != nil {
			s.add(round.Report)
		}
	}
	if len(r.ByHand) > 0 {
		s.Parts = append(s.Parts, byHandPart(r.ByHand))
	}
	if r.After != nil {
		s.Parts = append(s.Parts, causesPart("Afterwards", r.After, nil))
	}
	refused := "nothing was run"
	for _, round := range r.Rounds {
		if round.Report != nil {
			refused = "the rest was not run"
			continue
		}
		for _, m := range round.Remedies {
			if m.Error != "" {
				s.Foot = append(s.Foot, note{Label: "cannot be planned", Text: Clean(m.Runbook + " on " + m.Target() + ": " + m.Error)})
			}
		}
	}
	s.Foot = append(s.Foot, notesOf(note{Label: refused, Text: Clean(r.Refused)}, note{Label: "stopped", Text: Clean(r.Stopped)})...)
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
	p := part{Title: title, Status: Clean(string(d.Verdict)), Tone: toneOf(d.Verdict), Lead: summaryOf(d)}
	for _, c := range append(d.causes[:len(d.causes):len(d.causes)], d.waiting...) {
		f := c.first()
		one := row{
			Symbol: "✗", Name: c.name(), Status: Clean(string(f.Severity)), Tone: bad, Outcome: failed, Subject: Clean(f.Subject),
		}
		if f.Severity != catalogue.Error {
			one.Symbol, one.Tone = "!", waiting
		}
		if c.many() {
			one.Subject = Plural(len(c.roots), "finding") + ": " + someNames(shortNames(c.roots), tableNames)
		}
		code := string(f.Code)
		if f.Detail != "" {
			code += ":" + f.Detail
		}
		one.Notes = notesOf(note{Text: Shorten(Clean(f.Message), runText)}, note{Label: "caused by", Text: someNames(c.culprits(), tableNames)},
			note{Label: "runbook", Text: Clean(remedies[code])})
		if f.Waiting {
			one.Symbol, one.Tone, one.Outcome = "…", changed, skipped
			one.Notes = append(one.Notes, note{Text: "corrected, waiting for the mesh to notice"})
		}
		if n := c.explains(); n > 0 {
			one.Notes = append(one.Notes, note{Label: "explains", Text: Plural(n, "finding")})
		}
		p.Rows = append(p.Rows, one)
	}
	return p
}

// byHandPart lists the root causes that no runbook corrects.
func byHandPart(findings []diagnosis.Finding) part {
	p := part{Title: "Left to a person", Status: Plural(len(findings), "cause"), Tone: waiting, Lead: "No runbook corrects these."}
	for i := range findings {
		f := &findings[i]
		p.Rows = append(p.Rows, row{
			Symbol: "!", Name: named(f.Code, f.Detail), Status: Clean(string(f.Severity)), Tone: waiting, Outcome: failed,
			Subject: Clean(f.Subject),
			Notes: notesOf(note{Text: Shorten(Clean(f.Message), runText)}, note{Label: "remedy", Text: Shorten(Clean(f.Remediation), runText)},
				note{Label: "next", Text: nextCommand(f), Command: true}),
		})
	}
	return p
}

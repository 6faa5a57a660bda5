package report

import (
	"io"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

// guardWords are the verdicts of a guard for a reader.
var guardWords = map[guard.Verdict]struct {
	Symbol, words string
	Tone          tone
	Outcome       rowOutcome
}{
	guard.Breaks:   {"✗", "breaks", bad, failed},
	guard.Unknown:  {"?", "cannot be told", unknown, errored},
	guard.Harmless: {"✓", "harmless", good, passed},
}

// wholePlan stands for the resources of a plan of which none has a finding.
const wholePlan = "(the whole plan)"

// WriteGuard writes a guard's verdict on plans. The same result always gives the same bytes.
func WriteGuard(w io.Writer, format Format, r *guard.Result, o Options) error {
	name, err := ParseFormat(GuardFormats(), string(format))
	switch {
	case err != nil:
		return err
	case name == SARIF:
		return buffer(w, name, func(w io.Writer) error { return writeGuardSARIF(w, r) })
	case name == CodeQuality:
		return buffer(w, name, func(w io.Writer) error { return writeGuardQuality(w, r) })
	}
	return writeRun(w, name, r, newGuardView(r), o)
}

func newGuardView(r *guard.Result) *runView {
	words := guardWords[r.Verdict]
	s := &runView{Kind: "Mesh guard", Rows: "Resource", Verdict: words.words, Tone: words.Tone, Summary: Clean(r.Summary)}
	for _, plan := range r.Plans {
		words := guardWords[plan.Verdict]
		p := part{
			Title: Clean(plan.Name), Status: words.words, Tone: words.Tone, Lead: Clean(plan.Reason),
			Facts: []string{Plural(plan.Resources, "resource"), number(plan.Judged) + " of a type that the mesh can need"},
		}
		for i := range r.Findings {
			if f := &r.Findings[i]; f.Plan == plan.Name {
				p.Rows = append(p.Rows, guardRow(f))
			}
		}
		if len(p.Rows) == 0 { // a test report must not be empty, least of all where the plan cannot be told
			p.Rows = []row{{
				Symbol: words.Symbol, Name: wholePlan, Status: words.words, Tone: words.Tone, Outcome: words.Outcome,
				Notes: notesOf(note{Text: Clean(plan.Reason)}),
			}}
		}
		s.Parts = append(s.Parts, p)
	}
	return s
}

func guardRow(f *guard.Finding) row {
	words := guardWords[f.Verdict]
	name := Clean(f.Address)
	if f.Deposed != "" {
		name += " (deposed " + Clean(f.Deposed) + ")"
	}
	return row{
		Symbol: words.Symbol, Name: name, Status: words.words + ": " + Clean(string(f.Code)), Subject: Clean(f.Subject), Tone: words.Tone,
		Outcome: words.Outcome,
		Notes: notesOf(note{Text: Clean(f.Reason)}, note{Label: "Then", Text: Clean(f.Consequence)},
			note{Label: "Today", Text: Clean(f.Live)},
			note{Label: "Instead", Text: Clean(f.Instead)}, note{Label: "Source", Text: Clean(f.Source)}),
	}
}

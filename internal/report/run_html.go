package report

import (
	_ "embed" // the page's parts
	"fmt"
	"html/template"
	"io"
	"strings"
)

// Limits of the page of a plan or run; the format json has everything.
const (
	htmlParts = 500
	htmlRows  = 500
)

var (
	//go:embed page/run.html
	runHTML string
	//go:embed page/run.css
	runCSS string

	runTemplate = template.Must(template.New("run").Parse(runHTML))
	// Only this style is allowed; nothing runs and nothing is loaded.
	runPolicy = "default-src 'none'; style-src '" + hashOf(pageCSS+runCSS) + "'; base-uri 'none'; form-action 'none'"
)

type runPage struct {
	Policy                       string
	Style                        template.CSS
	Kind, Verdict, Tone, Summary string
	Facts                        []string
	Foot                         []runNote
	Parts                        []runPart
	MoreParts                    int
	Quiet                        string
	QuietNames                   []string
}

type runPart struct {
	ID, Title, Target, Status, Tone, Lead, Facts string
	Rows                                         []runRow
	MoreRows                                     int
	Notes                                        []runNote
}

type runRow struct {
	Name, Status, Tone, Subject string
	Changes                     []runChange
	Notes                       []runNote
}

type runChange struct{ Field, From, To string }

type runNote struct {
	Label, Text string
	Command     bool
}

func writeRunHTML(w io.Writer, s *runView, _ Options) error {
	p := runPage{
		Policy: runPolicy, Style: template.CSS(pageCSS + runCSS), //nolint:gosec // our own, embedded
		Kind: s.kind, Verdict: s.verdict, Tone: toneClasses[s.tone], Summary: s.summary, Facts: s.facts, Foot: runNotes(s.foot),
	}
	loud, quiet := s.split()
	for i, part := range loud {
		if i == htmlParts {
			p.MoreParts = len(loud) - i
			break
		}
		p.Parts = append(p.Parts, runPartOf(part, i))
	}
	if len(quiet) > 0 {
		p.Quiet = Plural(len(quiet), "target")
		for _, q := range quiet {
			p.QuietNames = append(p.QuietNames, q.target)
		}
	}
	return runTemplate.Execute(w, p)
}

func runPartOf(part part, i int) runPart {
	p := runPart{
		ID: fmt.Sprintf("part-%d", i+1), Title: part.title, Target: part.target, Status: part.status, Tone: toneClasses[part.tone],
		Lead: part.lead, Facts: strings.Join(part.facts, "; "), Notes: runNotes(part.notes),
	}
	for i, r := range part.rows {
		if i == htmlRows {
			p.MoreRows = len(part.rows) - i
			break
		}
		row := runRow{Name: r.name, Status: r.status, Tone: toneClasses[r.tone], Subject: r.subject, Notes: runNotes(r.notes)}
		for _, c := range r.changes {
			row.Changes = append(row.Changes, runChange{c.field, c.from, c.to})
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

func runNotes(notes []note) []runNote {
	var all []runNote
	for _, n := range notes {
		all = append(all, runNote{n.label, n.text, n.command})
	}
	return all
}

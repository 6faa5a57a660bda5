package report

import (
	"fmt"
	"io"
	"strings"
)

// Limits of what a terminal shows of a plan or run; the rest is counted.
const (
	tableParts = 100
	tableRows  = 200
	tableQuiet = 5
	runText    = 500 // characters of a message
)

func writeRunTable(w io.Writer, s *runView, o Options) error {
	t := table{w, o}
	head := t.Paint(toneColors[s.Tone], strings.ToUpper(s.Verdict))
	if s.Summary != "" {
		head += "  " + s.Summary
	}
	t.text(0, head)
	if len(s.Facts) > 0 {
		t.text(0, strings.Join(s.Facts, "; "))
	}
	loud, quiet := s.split()
	for i, p := range loud {
		if i == tableParts {
			fmt.Fprintln(t.w)
			t.text(0, fmt.Sprintf("and %s more; see the formats html and json.", number(len(loud)-i)))
			break
		}
		t.part(p)
	}
	if len(quiet) > 0 {
		fmt.Fprintln(t.w)
		names := someNames(namesOfParts(quiet), tableQuiet)
		t.text(0, t.Paint(toneColors[good], "✓")+" "+Plural(len(quiet), "target")+" with nothing to do: "+names)
	}
	if len(s.Foot) > 0 {
		fmt.Fprintln(t.w)
		t.notes(0, s.Foot)
	}
	return nil
}

func namesOfParts(parts []part) []string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = base(p.Target)
	}
	return names
}

func (t table) part(p part) {
	fmt.Fprintln(t.w)
	t.text(0, t.Paint(bold, titled(p.Title, p.Target))+"  "+t.Paint(toneColors[p.Tone], p.Status))
	if p.Lead != "" {
		t.text(2, p.Lead)
	}
	if len(p.Facts) > 0 {
		t.text(2, t.Paint(dim, strings.Join(p.Facts, "; ")))
	}
	if len(p.Rows) > 0 {
		fmt.Fprintln(t.w)
	}
	for i, r := range p.Rows {
		if i == tableRows {
			t.text(2, fmt.Sprintf("and %s more; see the format json.", number(len(p.Rows)-i)))
			break
		}
		line := t.Paint(toneColors[r.Tone], r.Symbol) + " " + t.Paint(bold, r.Name) + "  " + t.Paint(toneColors[r.Tone], r.Status)
		if r.Subject != "" {
			line += "  " + r.Subject
		}
		t.text(2, line)
		for _, c := range r.Changes {
			t.text(6, c.Field+": "+c.From+" -> "+c.To)
		}
		t.notes(6, r.Notes)
	}
	if len(p.Notes) > 0 {
		fmt.Fprintln(t.w)
		t.notes(2, p.Notes)
	}
}

func (t table) notes(indent int, notes []note) {
	for _, n := range notes {
		text := n.Text
		if n.Label != "" {
			text = t.Paint(dim, n.Label+": ") + text
		}
		if n.Command { // in one line, however long, to be copied
			fmt.Fprintf(t.w, "%*s%s\n", indent, "", text)
			continue
		}
		t.text(indent, text)
	}
}

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
	head := t.Paint(toneColors[s.tone], strings.ToUpper(s.verdict))
	if s.summary != "" {
		head += "  " + s.summary
	}
	t.text(0, head)
	if len(s.facts) > 0 {
		t.text(0, strings.Join(s.facts, "; "))
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
	if len(s.foot) > 0 {
		fmt.Fprintln(t.w)
		t.notes(0, s.foot)
	}
	return nil
}

func namesOfParts(parts []part) []string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = base(p.target)
	}
	return names
}

func (t table) part(p part) {
	fmt.Fprintln(t.w)
	t.text(0, t.Paint(bold, titled(p.title, p.target))+"  "+t.Paint(toneColors[p.tone], p.status))
	if p.lead != "" {
		t.text(2, p.lead)
	}
	if len(p.facts) > 0 {
		t.text(2, t.Paint(dim, strings.Join(p.facts, "; ")))
	}
	if len(p.rows) > 0 {
		fmt.Fprintln(t.w)
	}
	for i, r := range p.rows {
		if i == tableRows {
			t.text(2, fmt.Sprintf("and %s more; see the format json.", number(len(p.rows)-i)))
			break
		}
		line := t.Paint(toneColors[r.tone], r.symbol) + " " + t.Paint(bold, r.name) + "  " + t.Paint(toneColors[r.tone], r.status)
		if r.subject != "" {
			line += "  " + r.subject
		}
		t.text(2, line)
		for _, c := range r.changes {
			t.text(6, c.field+": "+c.from+" -> "+c.to)
		}
		t.notes(6, r.notes)
	}
	if len(p.notes) > 0 {
		fmt.Fprintln(t.w)
		t.notes(2, p.notes)
	}
}

func (t table) notes(indent int, notes []note) {
	for _, n := range notes {
		text := n.text
		if n.label != "" {
			text = t.Paint(dim, n.label+": ") + text
		}
		if n.command { // in one line, however long, to be copied
			fmt.Fprintf(t.w, "%*s%s\n", indent, "", text)
			continue
		}
		t.text(indent, text)
	}
}

package report

import (
	"fmt"
	"io"
	"strings"
)

func writeRunMarkdown(w io.Writer, s *runView, _ Options) error {
	m := &markdown{}
	head := fmt.Sprintf("## %s %s: %s\n", toneMarks[s.tone], text(s.kind), text(s.verdict))
	if s.summary != "" {
		head += "\n**Summary:** " + long(s.summary, 2*markdownText) + "\n"
	}
	if len(s.facts) > 0 {
		head += "\n**Run:** " + long(strings.Join(s.facts, "; "), markdownText) + "\n"
	}
	for _, n := range s.foot {
		head += "\n" + markdownLine(n) + "\n"
	}
	m.add("the head", head)
	loud, quiet := s.split()
	for _, p := range loud {
		m.add(code(titled(p.title, p.target)), markdownPart(p))
	}
	if len(quiet) > 0 {
		m.add("targets with nothing to do", fmt.Sprintf("\n%s %s with nothing to do: %s\n",
			toneMarks[good], Plural(len(quiet), "target"), codes(namesOfParts(quiet), markdownNames)))
	}
	m.noteLeftOut()
	_, err := io.WriteString(w, m.b.String())
	return err
}

func markdownPart(p part) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s %s: %s\n\n", toneMarks[p.tone], text(p.title), text(p.status))
	if p.target != "" {
		fmt.Fprintf(&b, "%s\n\n", code(p.target))
	}
	// Text of an API never starts a line: Markdown would interpret it.
	for _, n := range notesOf(note{label: "Summary", text: p.lead}, note{label: "Run", text: strings.Join(p.facts, "; ")}) {
		fmt.Fprintf(&b, "%s\n\n", markdownLine(n))
	}
	if len(p.rows) > 0 {
		b.WriteString("| | Step | On | What |\n|---|---|---|---|\n")
	}
	for i, r := range p.rows {
		if i == markdownCauses {
			fmt.Fprintf(&b, "\nand %s more\n", number(len(p.rows)-i))
			break
		}
		var what []string
		for _, c := range r.changes {
			what = append(what, code(c.field)+": "+code(c.from)+" → "+code(c.to))
		}
		for _, n := range r.notes {
			what = append(what, markdownLine(n))
		}
		subject := ""
		if r.subject != "" {
			subject = code(r.subject)
		}
		fmt.Fprintf(&b, "| %s %s | %s | %s | %s |\n",
			toneMarks[r.tone], text(r.status), code(r.name), subject, strings.Join(what, "<br>"))
	}
	for _, n := range p.notes {
		fmt.Fprintf(&b, "\n%s\n", markdownLine(n))
	}
	return b.String()
}

// markdownLine is a note as one line.
func markdownLine(n note) string {
	shown := long(n.text, markdownText)
	if n.command {
		shown = code(n.text)
	}
	if n.label == "" {
		return shown
	}
	return "**" + text(n.label) + ":** " + shown
}

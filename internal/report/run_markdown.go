package report

import (
	"fmt"
	"io"
	"strings"
)

func writeRunMarkdown(w io.Writer, s *runView, _ Options) error {
	m := &markdown{}
	head := fmt.Sprintf("## %s %s: %s\n", toneMarks[s.Tone], text(s.Kind), text(s.Verdict))
	if s.Summary != "" {
		head += "\n**Summary:** " + long(s.Summary, 2*markdownText) + "\n"
	}
	if len(s.Facts) > 0 {
		head += "\n**Run:** " + long(strings.Join(s.Facts, "; "), markdownText) + "\n"
	}
	for _, n := range s.Foot {
		head += "\n" + markdownLine(n) + "\n"
	}
	m.add("the head", head)
	loud, quiet := s.split()
	for _, p := range loud {
		m.add(code(titled(p.Title, p.Target)), markdownPart(p, s.RowName()))
	}
	if len(quiet) > 0 {
		m.add("targets with nothing to do", fmt.Sprintf("\n%s %s with nothing to do: %s\n",
			toneMarks[good], Plural(len(quiet), "target"), codes(namesOfParts(quiet), markdownNames)))
	}
	m.noteLeftOut()
	_, err := io.WriteString(w, m.b.String())
	return err
}

func markdownPart(p part, row string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s %s: %s\n\n", toneMarks[p.Tone], text(p.Title), text(p.Status))
	if p.Target != "" {
		fmt.Fprintf(&b, "%s\n\n", code(p.Target))
	}
	// Text of an API never starts a line: Markdown would interpret it.
	for _, n := range notesOf(note{Label: "Summary", Text: p.Lead}, note{Label: "Run", Text: strings.Join(p.Facts, "; ")}) {
		fmt.Fprintf(&b, "%s\n\n", markdownLine(n))
	}
	if len(p.Rows) > 0 {
		fmt.Fprintf(&b, "| | %s | On | What |\n|---|---|---|---|\n", row)
	}
	for i, r := range p.Rows {
		if i == markdownCauses {
			fmt.Fprintf(&b, "\nand %s more\n", number(len(p.Rows)-i))
			break
		}
		var what []string
		for _, c := range r.Changes {
			what = append(what, code(c.Field)+": "+code(c.From)+" → "+code(c.To))
		}
		for _, n := range r.Notes {
			what = append(what, markdownLine(n))
		}
		subject := ""
		if r.Subject != "" {
			subject = code(r.Subject)
		}
		fmt.Fprintf(&b, "| %s %s | %s | %s | %s |\n", toneMarks[r.Tone], text(r.Status), code(r.Name), subject, strings.Join(what, "<br>"))
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "\n%s\n", markdownLine(n))
	}
	return b.String()
}

// markdownLine is a note as one line.
func markdownLine(n note) string {
	shown := long(n.Text, markdownText)
	if n.Command {
		shown = code(n.Text)
	}
	if n.Label == "" {
		return shown
	}
	return "**" + text(n.Label) + ":** " + shown
}

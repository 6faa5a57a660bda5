package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

var severityColors = map[mesh.Severity]string{mesh.Error: "1;31", mesh.Warning: "1;33", mesh.Info: "1;34"}

// page lays out labelled texts for a person. Its writer is a buffer that keeps the
// first error.
type page struct {
	w io.Writer
	report.Options
}

func newPage(w io.Writer, o report.Options) *page { return &page{w, o} }

const labelWidth = 14

// item writes a label and its text; without text, nothing.
func (p *page) item(label, text string) {
	if text == "" {
		return
	}
	p.text(labelWidth+2, fmt.Sprintf("  %-*s", labelWidth, label)+printable(text))
}

// command is item for what is there to be copied: in one line, however long.
func (p *page) command(label, text string) {
	if text != "" {
		fmt.Fprintf(p.w, "  %-*s%s\n", labelWidth, label, printable(text))
	}
}

// text writes a paragraph. What does not fit into a line goes on at the indent.
func (p *page) text(indent int, text string) {
	columns := max(p.Width, indent+20)
	at := 0
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case p.Width > 0 && at+1+n > columns && at > indent:
			fmt.Fprintf(p.w, "\n%*s", indent, "")
			at = indent
		default:
			fmt.Fprint(p.w, " ")
			at++
		}
		fmt.Fprint(p.w, word)
		at += n
	}
	fmt.Fprintln(p.w)
}

func (p *page) paint(color, s string) string {
	if !p.Color || color == "" {
		return s
	}
	return "\x1b[" + color + "m" + s + "\x1b[0m"
}

// printable is text of somebody else's, in one line that cannot steer a terminal.
func printable(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)), " ")
}

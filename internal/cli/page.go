package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

var severityColors = map[catalogue.Severity]string{catalogue.Error: "1;31", catalogue.Warning: "1;33", catalogue.Info: "1;34"}

// page lays out labelled texts for a person. Its writer is a buffer that keeps the first error.
type page struct {
	w io.Writer
	report.Options
}

func newPage(w io.Writer, o report.Options) *page { return &page{w, o} }

const labelWidth = 16

// item writes a label and its text; without text, nothing.
func (p *page) item(label, text string) {
	if text != "" {
		p.text(fmt.Sprintf("  %-*s", labelWidth-2, label), report.Clean(text))
	}
}

// command is item for a text that a person copies: it stays in one line.
func (p *page) command(label, text string) {
	if text != "" {
		fmt.Fprintf(p.w, "  %-*s%s\n", labelWidth-2, label, report.Clean(text))
	}
}

// text writes a paragraph after a prefix, and indents further lines as far as that.
func (p *page) text(prefix, text string) {
	columns := 0
	if p.Width > 0 {
		columns = max(p.Width-len(prefix), 20)
	}
	for _, line := range report.Wrap(text, columns) {
		fmt.Fprintf(p.w, "%s%s\n", prefix, line)
		prefix = strings.Repeat(" ", len(prefix))
	}
}

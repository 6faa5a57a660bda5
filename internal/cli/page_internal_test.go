package cli

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// On a narrow terminal texts are wrapped and commands are not; text of an API cannot control the terminal.
func TestPage(t *testing.T) {
	var b strings.Builder
	p := newPage(&b, report.Options{Color: true, Width: 40})
	p.text("", p.Paint("1", "A title"))
	p.item("Means", "words that do not fit into\x1b[2J one line of forty")
	p.item("Cause", "")
	p.command("Next", "gcloud services enable a.googleapis.com --project=some-project")
	const want = "\x1b[1mA title\x1b[0m\n" +
		"  Means         words that do not fit\n" +
		"                into\ufffd[2J one line of\n" +
		"                forty\n" +
		"  Next          gcloud services enable a.googleapis.com --project=some-project\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if _, width := terminal(p.w); width != 0 {
		t.Error("a buffer is taken for a terminal")
	}
}

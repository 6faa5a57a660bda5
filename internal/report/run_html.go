package report

import (
	_ "embed" // the page's parts
	"html/template"
	"io"
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
	*runView
	Policy    string
	Style     template.CSS
	Loud      []part
	MoreParts int
	Quiet     []part
}

func writeRunHTML(w io.Writer, s *runView, _ Options) error {
	p := runPage{runView: s, Policy: runPolicy, Style: template.CSS(pageCSS + runCSS)} //nolint:gosec // our own, embedded
	p.Loud, p.Quiet = s.split()
	p.MoreParts = max(len(p.Loud)-htmlParts, 0)
	p.Loud = p.Loud[:len(p.Loud)-p.MoreParts]
	return runTemplate.Execute(w, p)
}

// Shown are the rows that the page shows.
func (p part) Shown() []row { return p.Rows[:min(len(p.Rows), htmlRows)] }

// MoreRows counts the rows that the page leaves out.
func (p part) MoreRows() int { return len(p.Rows) - len(p.Shown()) }

// Count reads "3 targets" on the page.
func (p runPage) Count() string { return Plural(len(p.Quiet), "target") }

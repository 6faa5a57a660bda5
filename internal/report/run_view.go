package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
)

// runView is a plan, a run or a remediation arranged for reading: every format but
// JSON is written from it. Its texts are clean.
type runView struct {
	document any    // for JSON
	Kind     string // Runbook plan
	Rows     string // what a row is; "" for a step
	Verdict  string // changes
	Tone     tone
	Summary  string
	Facts    []string
	Parts    []part
	Foot     []note
}

// RowName heads the column of rows.
func (s *runView) RowName() string {
	if s.Rows == "" {
		return "Step"
	}
	return s.Rows
}

// part is one plan, one run, or one list of findings.
type part struct {
	Title  string
	Target string
	Status string
	Tone   tone
	Lead   string
	Facts  []string
	Rows   []row
	Notes  []note
	// Quiet parts are in place; several of them are only counted.
	Quiet bool
}

// row is a step, or a finding.
type row struct {
	Symbol, Name, Status, Subject string
	Tone                          tone
	Changes                       []fieldChange
	Notes                         []note
	Outcome                       rowOutcome
}

// fieldChange is the value of a field before and after.
type fieldChange struct{ Field, From, To string }

// note is a labelled text; a command is shown in one line, to be copied.
type note struct {
	Label, Text string
	Command     bool
}

// tone is how good or bad something is, for colours and marks.
type tone int

const (
	plain tone = iota
	good
	changed // it changes, or has changed
	waiting // it needs a person, or time
	bad
	unknown
)

var toneColors = map[tone]string{plain: dim, good: green, changed: blue, waiting: yellow, bad: red, unknown: purple}

// toneMarks replace colours.
var toneMarks = map[tone]string{plain: "▫️", good: "✅", changed: "✏️", waiting: "⚠️", bad: "❌", unknown: "❔"}

// toneClasses are the classes of verdicts in the page's style.
var toneClasses = map[tone]string{
	plain: "none", good: "healthy", changed: "provisioning", waiting: "degraded", bad: "unhealthy", unknown: "unknown",
}

// Class is the class of a tone in the page's style.
func (t tone) Class() string { return toneClasses[t] }

// rowOutcome is a row's result in a test report.
type rowOutcome int

const (
	passed rowOutcome = iota
	skipped
	failed
	errored
)

// changesOf lists the fields with their values before and after.
func changesOf(before, after map[string]any) []fieldChange {
	fields := slices.Collect(maps.Keys(after))
	for name := range before {
		if _, both := after[name]; !both {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	var all []fieldChange
	for _, name := range fields {
		from, to := runbook.ShowChange(before[name], after[name])
		all = append(all, fieldChange{Clean(name), Clean(from), Clean(to)})
	}
	return all
}

// span reads "2 min", "1 h 5 min", "40 s".
func span(seconds int) string {
	d := time.Duration(seconds) * time.Second
	switch hours, minutes := int(d.Hours()), int(d.Minutes())%60; {
	case hours > 0 && minutes > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case hours > 0:
		return fmt.Sprintf("%d h", hours)
	case minutes > 0:
		return fmt.Sprintf("%d min", minutes)
	}
	return fmt.Sprintf("%d s", seconds)
}

// notesOf drops the notes without a text.
func notesOf(all ...note) []note {
	return slices.DeleteFunc(all, func(n note) bool { return n.Text == "" })
}

// split separates the parts that are in place from those with something to show. A
// view with a single part always shows it.
func (s *runView) split() (loud []part, quiet []part) {
	for _, p := range s.Parts {
		if p.Quiet && len(s.Parts) > 1 {
			quiet = append(quiet, p)
		} else {
			loud = append(loud, p)
		}
	}
	return loud, quiet
}

func titled(title, target string) string {
	if target == "" {
		return title
	}
	return title + " on " + target
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

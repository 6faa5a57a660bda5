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
	document any    // what the format json writes
	kind     string // Runbook plan
	verdict  string // changes
	tone     tone
	summary  string
	facts    []string
	parts    []part
	foot     []note
}

// part is one plan, one run, or one list of findings.
type part struct {
	title  string
	target string
	status string
	tone   tone
	lead   string
	facts  []string
	rows   []row
	notes  []note
	// quiet parts have nothing to tell but that they are well; many of them are
	// counted.
	quiet bool
}

// row is a step, or a finding.
type row struct {
	symbol, name, status, subject string
	tone                          tone
	changes                       []fieldChange
	notes                         []note
	outcome                       rowOutcome
}

// fieldChange is what becomes of a field.
type fieldChange struct{ field, from, to string }

// note is a text with what it is; a command is there to be copied.
type note struct {
	label, text string
	command     bool
}

// tone says how a reader should feel about something.
type tone int

const (
	plain tone = iota
	good
	moving // something changes, or changed
	asks   // a person is needed, or time
	bad
	dark // it cannot be told
)

var toneColors = map[tone]string{plain: dim, good: green, moving: blue, asks: yellow, bad: red, dark: purple}

// toneMarks are seen where colour is not.
var toneMarks = map[tone]string{plain: "▫️", good: "✅", moving: "✏️", asks: "⚠️", bad: "❌", dark: "❔"}

// toneClasses are the classes of the page, which has them for verdicts.
var toneClasses = map[tone]string{plain: "none", good: "healthy", moving: "provisioning", asks: "degraded", bad: "unhealthy", dark: "unknown"}

// rowOutcome is what a test report makes of a row.
type rowOutcome int

const (
	passed rowOutcome = iota
	skipped
	failed
	errored
)

// changesOf lists what becomes of each field.
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

// notesOf are the notes that have a text.
func notesOf(all ...note) []note {
	return slices.DeleteFunc(all, func(n note) bool { return n.text == "" })
}

// loud are the parts that have something to tell, quiet the others where there are
// several.
func (s *runView) loud() (loud []part, quiet []part) {
	for _, p := range s.parts {
		if p.quiet && len(s.parts) > 1 {
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

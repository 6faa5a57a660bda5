package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/explain"
)

// number reads 10,000.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Plural reads "1 finding", "10,000 findings", "2 entries".
func Plural(n int, noun string) string {
	if stem, y := strings.CutSuffix(noun, "y"); n != 1 && y {
		noun = stem + "ies"
	} else if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// someNames lists the first few names and counts the others.
func someNames(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + number(len(names)-most) + " more"
}

// shortNames lists the last parts of the subjects of findings, once each.
func shortNames(findings []*diagnosis.Finding) []string {
	seen := make(map[string]bool, len(findings))
	var names []string
	for _, f := range findings {
		if !seen[f.Subject] {
			seen[f.Subject] = true
			names = append(names, Shorten(Clean(base(f.Subject)), 80))
		}
	}
	return names
}

// culprit describes the caller that caused a finding in one line.
func culprit(c *diagnosis.Culprit) string {
	if c == nil {
		return ""
	}
	text := orUnknown(c.Who)
	if c.Client != "" {
		text += " with " + c.Client
	}
	if !c.When.IsZero() {
		text += " at " + moment(c.When)
	}
	if c.What != "" {
		text += ": " + c.What
	}
	return Shorten(Clean(text), 500)
}

func orUnknown(who string) string {
	if who == "" {
		return "a caller that the audit log does not name"
	}
	return who
}

// moment reads 2026-11-22 13:37 UTC.
func moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// verdicts lists the verdicts, gravest first.
var verdicts = []mesh.Verdict{mesh.Unhealthy, mesh.Unknown, mesh.Degraded, mesh.Provisioning, mesh.Healthy}

// tally reads "12 unhealthy, 9,988 healthy".
func tally(counts map[mesh.Verdict]int) string {
	var parts []string
	for _, v := range verdicts {
		if n := counts[v]; n > 0 {
			parts = append(parts, number(n)+" "+string(v))
		}
	}
	return strings.Join(parts, ", ")
}

// named is the name of a finding: its code, and its detail where the code covers several.
func named(code catalogue.Code, detail string) string {
	if detail == "" {
		return Clean(string(code))
	}
	return Clean(string(code)) + " (" + Shorten(Clean(detail), 80) + ")"
}

// summaryOf is the report's summary without the verdict, which every format writes before it.
func summaryOf(d *diagnosisView) string {
	return strings.TrimPrefix(Clean(d.Summary), Clean(string(d.Verdict))+": ")
}

// suppressedUntil is the reason of a suppression and its expiry date.
func suppressedUntil(s *diagnosis.Suppression) string {
	if s == nil {
		return ""
	}
	text := s.Reason
	if s.Expires != "" {
		text += " (until " + s.Expires + ")"
	}
	return Clean(text)
}

// expired describes an expired suppression in one line.
func expired(s diagnosis.Suppression) string {
	return Clean(string(s.Code)) + " on " + Clean(s.Subject) + ", expired " + Clean(s.Expires) + ": " + Shorten(Clean(s.Reason), 300)
}

// next returns the next command for similar roots: the plan of the runbook that
// corrects them, else a command that shows more.
func (d *diagnosisView) next(roots []*diagnosis.Finding) string {
	f := roots[0]
	if f.Runbook == "" {
		return nextCommand(f)
	}
	project, is := strings.CutPrefix(f.Subject, "projects/")
	if is && catalogue.WorksOnProject(f.Runbook) && plainCode.MatchString(f.Subject) {
		return "terraform-provider-asm runbook plan " + Clean(f.Runbook) + " --project=" + project
	}
	var names []string
	for _, root := range roots {
		names = append(names, d.affected(root)...)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	fleets := map[string]bool{}
	for _, name := range names {
		parts := strings.Split(name, "/")
		if len(parts) < 2 || parts[0] != "projects" || !plainCode.MatchString(name) {
			return nextCommand(f)
		}
		fleets[parts[1]] = true
	}
	switch len(names) {
	case 0:
		return nextCommand(f)
	case 1:
		return "terraform-provider-asm runbook plan " + Clean(f.Runbook) + " --membership=" + names[0]
	}
	return remediatePlan(fleets)
}

func remediatePlan(fleets map[string]bool) string {
	command := "terraform-provider-asm remediate --plan"
	for _, fleet := range slices.Sorted(maps.Keys(fleets)) {
		command += " --fleet-project=" + fleet
	}
	return command
}

// nextOfAll is the one command that goes on with several root causes: the plan of all their runbooks, or that of the
// first one where the others have none.
func (d *diagnosisView) nextOfAll() string {
	if len(d.causes) == 0 {
		return ""
	}
	fleets, planned := map[string]bool{}, 0
	for _, c := range d.causes {
		if c.first().Runbook == "" {
			continue
		}
		planned++
		for _, root := range c.roots {
			for _, name := range d.affected(root) {
				if m, err := mesh.ParseMembership(name); err == nil {
					fleets[m.Project] = true
				}
			}
		}
	}
	if planned < 2 || len(fleets) == 0 {
		return d.causes[0].next
	}
	return remediatePlan(fleets)
}

// nextCommand returns the next command for a root that no runbook corrects.
func nextCommand(f *diagnosis.Finding) string {
	if command := explain.NextCommand(f.Finding); command != "" {
		return Clean(command)
	}
	return fmt.Sprintf("terraform-provider-asm explain %s", Clean(string(f.Code)))
}

package guard

import (
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Verdict is what applying a plan does to the mesh.
type Verdict string

// The verdicts, the gravest first.
const (
	Breaks   Verdict = "breaks"   // something that the mesh needs is taken away
	Unknown  Verdict = "unknown"  // the plan does not say
	Harmless Verdict = "harmless" // nothing is taken away
)

// Exit codes of the command.
const (
	exitHarmless = 0
	exitBreaks   = 3
	exitUnknown  = 4
)

// Result is the verdict on one or several plans. Each is judged alone: nothing orders them.
type Result struct {
	Schema   int       `json:"schema"`
	Tool     string    `json:"tool"`
	Verdict  Verdict   `json:"verdict"`
	Summary  string    `json:"summary"`
	Plans    []Plan    `json:"plans"`
	Findings []Finding `json:"findings"`
}

// SchemaVersion is the version of Result as JSON; docs/schemas/guard.schema.json describes it.
const SchemaVersion = 1

// Plan is one plan that was read.
type Plan struct {
	Name    string  `json:"plan"`
	Verdict Verdict `json:"verdict"`
	// Reason is why the plan as a whole cannot be told, or what it leaves out.
	Reason    string `json:"reason,omitempty"`
	Terraform string `json:"terraform,omitempty"` // the version that made it
	Resources int    `json:"resources"`           // changes that were read
	Judged    int    `json:"judged"`              // of a type that can take something from the mesh
}

// Finding is one thing that a plan takes away, or may take away.
type Finding struct {
	Verdict Verdict        `json:"verdict"` // breaks or unknown
	Code    catalogue.Code `json:"code"`
	Address string         `json:"address"`
	Deposed string         `json:"deposed,omitempty"` // the key of a deposed object
	Type    string         `json:"type"`
	Action  string         `json:"action"`  // of the resource: delete, delete+create, …
	Subject string         `json:"subject"` // what loses it
	Plan    string         `json:"plan"`
	Reason  string         `json:"reason"`
	// Consequence is what then happens to the mesh.
	Consequence string `json:"consequence,omitempty"`
	Instead     string `json:"instead"` // what to write instead
	Source      string `json:"source"`  // the provider's documentation of what it does
	// Live is what the live fleets say about it, and Memberships those with a mesh that it would hit.
	Live        string   `json:"live,omitempty"`
	Memberships []string `json:"memberships,omitempty"`

	about need
}

// ExitCode is 0 where nothing is taken away, 3 where something is, 4 where that is not known.
func (r *Result) ExitCode() int {
	switch r.Verdict {
	case Breaks:
		return exitBreaks
	case Harmless:
		return exitHarmless
	}
	return exitUnknown
}

func (r *Result) conclude() {
	r.Verdict = Harmless
	for _, p := range r.Plans {
		if p.Verdict == Breaks || p.Verdict == Unknown && r.Verdict == Harmless {
			r.Verdict = p.Verdict
		}
	}
	counts := map[Verdict]int{}
	for _, f := range r.Findings {
		counts[f.Verdict]++
	}
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			parts = append(parts, "1 "+one)
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(counts[Breaks], "change takes away what the mesh needs", "changes take away what the mesh needs")
	add(counts[Unknown], "change may take something away: the plan does not say", "changes may take something away: the plan does not say")
	for _, p := range r.Plans {
		if p.Verdict == Unknown && p.Reason != "" {
			parts = append(parts, p.Name+": "+p.Reason)
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "nothing is taken away that managed mesh needs")
	}
	r.Summary = strings.Join(parts, "; ")
}

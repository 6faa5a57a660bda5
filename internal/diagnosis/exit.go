package diagnosis

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// The exit codes of the commands that report health, as docs/guides/exit-codes.md
// has them; 1 is a failure of the tool itself.
const (
	ExitClean     = 0
	ExitChanges   = 2 // a prerequisite is to be corrected; Terraform's own code for changes
	ExitUnhealthy = 3 // the mesh is not well though its prerequisites are
	ExitUnknown   = 4 // it is not known
)

// FailOn says which reports fail.
type FailOn string

// What a report fails on; each includes those before it.
const (
	FailNever     FailOn = "never"
	FailUnhealthy FailOn = "unhealthy"
	FailUnknown   FailOn = "unknown"
	FailDegraded  FailOn = "degraded"
	FailNew       FailOn = "new" // as degraded, of findings that the baseline does not have
)

// FailOns are all there are, in the order of their strictness.
func FailOns() []FailOn {
	return []FailOn{FailNever, FailUnhealthy, FailUnknown, FailDegraded, FailNew}
}

// ExitCode is the exit code that a report deserves.
func (o *Report) ExitCode(on FailOn) int {
	code := ExitClean
	worse := func(to int) {
		// Changes outrank health, and both outrank what is not known.
		rank := map[int]int{ExitClean: 0, ExitUnknown: 1, ExitUnhealthy: 2, ExitChanges: 3}
		if rank[to] > rank[code] {
			code = to
		}
	}
	for _, f := range o.Findings {
		if !f.fails(on) {
			continue
		}
		switch {
		case f.Verdict == mesh.Unknown:
			worse(ExitUnknown)
		case f.Root() && (f.Kind.Row().Correctable || f.FixedBy != ""):
			worse(ExitChanges)
		default:
			worse(ExitUnhealthy)
		}
	}
	return code
}

func (f Finding) fails(on FailOn) bool {
	switch on {
	case FailNever:
		return false
	case FailUnhealthy:
		return f.Verdict == mesh.Unhealthy
	case FailUnknown:
		return f.Verdict == mesh.Unhealthy || f.Verdict == mesh.Unknown
	case FailNew:
		if !f.New {
			return false
		}
	}
	return f.Verdict == mesh.Unhealthy || f.Verdict == mesh.Unknown || f.Verdict == mesh.Degraded
}

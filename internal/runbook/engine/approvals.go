package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// Approvals are what somebody agreed to before or while a run asks. The zero value agrees to nothing.
type Approvals struct {
	All      bool                    // agree to every gate, and take instructions as read
	Steps    []string                // agree to these steps: restart, or restart["web"]
	UpTo     lang.Risk               // agree to every gate of at most this risk; "" to none
	Files    []*runbook.ApprovalFile // written by a pipeline for one plan
	Approver string                  // who agrees by All, Steps and UpTo
	// Ask asks a person at a terminal; nil where there is none. Calls do not overlap.
	Ask func(ctx context.Context, g Question) (approved bool, approver string, err error)
	// Valid is how long an approval holds; 0: an hour.
	Valid time.Duration
}

// Question is what a gate asks a person.
type Question struct {
	Run, Runbook, Target string
	Step                 string
	Why                  string // the approval's text
	Risk                 lang.Risk
	Subject              string
	Current, Desired     map[string]any
	// Person is set when the person is asked to have done something, which Why tells, and not to agree to something.
	Person bool
}

// gate is a step that may not go on without somebody's agreement.
type gate struct {
	Question
	fingerprint string // of the plan in force
	seen        bool   // the plan that was shown says what the step now does
}

// given finds an approval among those that were given beforehand. why says, where
// there is one that does not count, why not.
func (a *Approvals) given(g gate, now time.Time) (found journal.Approval, ok bool, why string) {
	until := now.Add(a.valid())
	found = journal.Approval{Step: g.Step, Approver: a.Approver, Expires: until, Fingerprint: g.fingerprint}
	for _, f := range a.Files {
		if len(f.Steps) > 0 && !names(f.Steps, g.Step) {
			continue
		}
		switch {
		case f.Fingerprint != g.fingerprint:
			why = fmt.Sprintf("the approval of %s is of another plan (%.12s, and this is %.12s)", f.Approver, f.Fingerprint, g.fingerprint)
		case !now.Before(f.Expires):
			why = fmt.Sprintf("the approval of %s expired at %s", f.Approver, f.Expires.UTC().Format(time.RFC3339))
		case !g.seen:
			why = fmt.Sprintf("the approval of %s is of a plan in which the step did something else", f.Approver)
		default:
			found.How, found.Approver, found.Expires = "file", f.Approver, journal.Capped(f.Expires, now, a.valid())
			return found, true, ""
		}
	}
	switch {
	case a.All:
		found.How = "flag"
		return found, true, ""
	case !g.seen && (names(a.Steps, g.Step) || a.covers(g.Risk)):
		return found, false, "the world has changed since the plan that was approved"
	case names(a.Steps, g.Step):
		found.How = "flag"
		return found, true, ""
	case a.covers(g.Risk) && !g.Person:
		found.How = "risk"
		return found, true, ""
	}
	return found, false, why
}

func (a *Approvals) valid() time.Duration {
	if a.Valid > 0 {
		return a.Valid
	}
	return time.Hour
}

func (a *Approvals) covers(r lang.Risk) bool {
	order := lang.Risks()
	return a.UpTo != "" && r != "" && slices.Index(order, r) <= slices.Index(order, a.UpTo)
}

// names reports whether a list of steps has a step or the step that it is an instance of.
func names(list []string, step string) bool {
	return slices.Contains(list, step) || slices.Contains(list, runbook.BaseName(step))
}

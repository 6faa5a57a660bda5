// Package prereq holds each thing that managed mesh needs once: how to check it, how to bring it about and how to take
// that back. Terraform resources, runbooks and the diagnosis all stand on the same checks.
package prereq

import (
	"context"
	"fmt"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// A Prerequisite is something managed mesh needs and reconfiguration takes away.
type Prerequisite interface {
	// Kind says which prerequisite it is.
	Kind() mesh.Kind
	// Subject is the full resource name of what it is about.
	Subject() string
	// Check reads, past anything that was read before when fresh is set.
	Check(ctx context.Context, fresh bool) (State, error)
	// Enforce makes the smallest write that closes the gap that s shows. It is
	// idempotent. What it changed is in Change even when it then fails.
	Enforce(ctx context.Context, s State) (Change, error)
	// Undo restores what c changed, where it is still as c left it.
	Undo(ctx context.Context, c Change) error
}

// State is what Check saw. The concrete type is the prerequisite's own.
type State interface {
	Met() bool                     // nothing is left for Enforce to do
	Findings() []catalogue.Finding // what is wrong, whether or not Enforce may correct it
	// Fields are what is there now of all that Enforce may change, by the names that Change uses. Values are strings
	// and bools; only an object that Enforce removes is a map.
	Fields() map[string]any
	// Gap is what Enforce would change; both are nil when Met. The Change of an
	// Enforce that succeeds has exactly these.
	Gap() (before, after map[string]any)
}

// An OperationWaiter is a prerequisite on whose subject Google works after a write, longer than the request takes.
type OperationWaiter interface {
	// WaitForOperations waits until no operation of Google is running on the subject.
	WaitForOperations(ctx context.Context) error
}

// An Announcer is a prerequisite that marks what it changes with the time at which that was announced, so that whoever
// resumes a run tells its changes from those of others.
type Announcer interface {
	// Announce says that the next Enforce, or one of an earlier executor of the run, was announced at a time.
	Announce(at time.Time)
}

// A Refuser is a state that may be unmet although nothing that Enforce could write would change that.
type Refuser interface {
	// Refusal says why Enforce should not be called; nil where it may be.
	Refusal() error
}

// Refusal is why what is missing should not be written; nil where it may be.
func Refusal(s State) error {
	if r, may := s.(Refuser); may {
		return r.Refusal()
	}
	return nil
}

// Leaver is a Prerequisite that leaves some of its work to a person.
type Leaver interface {
	// Leaves says what it leaves to a person whatever else is changed before, each with the reason.
	Leaves(ctx context.Context) ([]string, error)
}

// Change is what Enforce changed, enough to undo it and to report it.
type Change struct {
	Kind    mesh.Kind      `json:"kind"`
	Subject string         `json:"subject"`
	Before  map[string]any `json:"before,omitempty"` // pre-image of what was changed, by field; Undo compares these
	After   map[string]any `json:"after,omitempty"`  // what it was changed to; may hold more, for reports
}

// Empty reports that nothing was changed.
func (c Change) Empty() bool { return len(c.After) == 0 }

// Apply brings a prerequisite about: it checks, enforces only what is missing, and then waits until the same check is
// satisfied. The first check is fresh, too: what was read before may have been changed by others since, and both "there
// is nothing to do" and the pre-image rest on it. The change is returned even when an error follows it. state is what
// the last check saw.
func Apply(ctx context.Context, p Prerequisite) (change Change, state State, err error) {
	if state, err = p.Check(ctx, true); err != nil || state.Met() {
		return Change{Kind: p.Kind(), Subject: p.Subject()}, state, err
	}
	if change, err = p.Enforce(ctx, state); err != nil {
		return change, state, err
	}
	err = wait.Until(ctx, wait.Backoff{First: 500 * time.Millisecond, Max: 10 * time.Second}, "the change to "+p.Subject()+" to be visible",
		func(ctx context.Context) (bool, string, error) {
			seen, err := p.Check(ctx, true)
			if err != nil {
				return false, "", err
			}
			state = seen
			return seen.Met(), messages(seen), nil
		})
	return change, state, err
}

func messages(s State) string {
	text := ""
	for _, f := range s.Findings() {
		if text != "" {
			text += "; "
		}
		text += f.Message
	}
	return text
}

// oneFinding is the finding of a state that has one.
func oneFinding(code catalogue.Code, subject, format string, values ...any) []catalogue.Finding {
	return []catalogue.Finding{catalogue.NewFinding(code, subject, fmt.Sprintf(format, values...))}
}

// gone reports whether err came about because the project is deleted.
func gone(ctx context.Context, client *gcp.Client, project string, err error) bool {
	return (apierr.Forbidden(err) || apierr.NotFound(err)) && client.ProjectGone(ctx, project)
}

// GoneError is returned by Check when the project, cluster, membership or
// namespace itself is known not to be there, so that nothing needs anything.
type GoneError struct{ Subject string }

func (e *GoneError) Error() string {
	return e.Subject + " does not exist: make it first, or take what needs it out of the configuration"
}

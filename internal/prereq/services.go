package prereq

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// ProjectServices is that APIs are enabled on a project.
type ProjectServices struct {
	Client  *gcp.Client
	Project string   // id or number
	Names   []string // APIs, such as connectgateway.googleapis.com
}

var (
	_ Prerequisite = (*ProjectServices)(nil)
	_ Attributor   = (*ProjectServices)(nil)
)

// ServicesState is which of the APIs are enabled.
type ServicesState struct {
	Enabled map[string]bool // by API
	project string
}

// SeenServices is the state that an earlier read saw, for its findings.
func SeenServices(project string, enabled map[string]bool) ServicesState {
	return ServicesState{Enabled: enabled, project: project}
}

// Disabled are the APIs that are not enabled, sorted.
func (s ServicesState) Disabled() []string {
	names := []string{}
	for name, on := range s.Enabled {
		if !on {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Met implements State.
func (s ServicesState) Met() bool { return len(s.Disabled()) == 0 }

// Findings implements State: one for each API that is off.
func (s ServicesState) Findings() []catalogue.Finding {
	var findings []catalogue.Finding
	for _, name := range s.Disabled() {
		f := catalogue.NewFinding(catalogue.ServiceDisabled, "projects/"+s.project,
			fmt.Sprintf("%s is not enabled on project %s: %s", name, s.project, mesh.ServiceReason(name)))
		f.Detail = name
		findings = append(findings, f)
	}
	return findings
}

// Fields implements State: whether each API is enabled.
func (s ServicesState) Fields() map[string]any {
	fields := map[string]any{}
	for name, on := range s.Enabled {
		fields[name] = on
	}
	return fields
}

// Gap implements State.
func (s ServicesState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	before, after = map[string]any{}, map[string]any{}
	for _, name := range s.Disabled() {
		before[name], after[name] = false, true
	}
	return before, after
}

// Kind implements Prerequisite.
func (p *ProjectServices) Kind() mesh.Kind { return mesh.APIs }

// Subject implements Prerequisite.
func (p *ProjectServices) Subject() string { return "projects/" + p.Project }

// Check implements Prerequisite.
func (p *ProjectServices) Check(ctx context.Context, fresh bool) (State, error) {
	return p.Read(ctx, fresh)
}

// Read is Check with its own type. It costs one request a project for up to 30
// APIs, shared with every other read of that project.
func (p *ProjectServices) Read(ctx context.Context, fresh bool) (ServicesState, error) {
	s := ServicesState{Enabled: map[string]bool{}, project: p.Project}
	read := p.Client.Services
	if fresh {
		read = p.Client.FreshServices
	}
	states, err := read(ctx, p.Project, p.Names)
	if err != nil {
		if gone(ctx, p.Client, p.Project, err) {
			return s, &GoneError{p.Subject()}
		}
		return s, err
	}
	for _, name := range p.Names {
		s.Enabled[name] = states[name] == "ENABLED"
	}
	if !s.Met() && p.Client.ProjectGone(ctx, p.Project) {
		return s, &GoneError{p.Subject()}
	}
	return s, nil
}

// Enforce implements Prerequisite. It enables the APIs that are off and touches no other.
func (p *ProjectServices) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(ServicesState), Change{Kind: p.Kind(), Subject: p.Subject()}
	if s.Met() {
		return change, nil
	}
	// Recorded before the call: when it breaks off, some of them may be on.
	change.Before, change.After = s.Gap()
	return change, p.Client.EnableServices(ctx, p.Project, s.Disabled())
}

// WhoChanged implements Attributor.
func (p *ProjectServices) WhoChanged(ctx context.Context, _ State, f catalogue.Finding) (mesh.AuditEvent, bool, error) {
	return p.Client.WhoDisabled(ctx, p.Project, f.Detail)
}

// Undo implements Prerequisite. It disables the APIs that the change enabled, those that others of them depend on last,
// and fails rather than disable what else depends on them.
func (p *ProjectServices) Undo(ctx context.Context, c Change) error {
	names := []string{}
	for name, on := range c.After {
		if on == true {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	states, err := p.Client.FreshServices(ctx, p.Project, names)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return states[name] != "ENABLED" }) // it is disabled already
	for len(names) > 0 {
		var needed []string
		var refusals []error
		for _, name := range names {
			switch err := p.Client.DisableService(ctx, p.Project, name); {
			case hasDependents(err):
				needed, refusals = append(needed, name), append(refusals, err)
			case err != nil:
				return errors.Join(append(refusals, err)...)
			}
		}
		if len(needed) == len(names) { // what depends on them is not ours
			return errors.Join(refusals...)
		}
		names = needed
	}
	return nil
}

// hasDependents reports whether an API was not disabled because other enabled APIs depend on it (Service Usage's own
// reason, recorded).
func hasDependents(err error) bool {
	for e := range apierr.All(err) {
		if e.Reason == "COMMON_SU_SERVICE_HAS_DEPENDENT_SERVICES" {
			return true
		}
	}
	return false
}

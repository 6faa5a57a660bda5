package world

import (
	"fmt"
	"regexp"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// MaxClockOffset keeps the simulated clock within what JSON times can say.
const MaxClockOffset = 100 * 365 * 24 * time.Hour

var (
	projectIDPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	servicePattern   = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`)
	namePattern      = regexp.MustCompile(`^[a-z]([a-z0-9-]*[a-z0-9])?$`)
)

// ValidName reports whether a text can be the name of a cluster or membership.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Decode reads a document. A mistake is answered with the path of the field; nothing of a bad document is used.
func Decode(data []byte) (*World, error) {
	w := &World{Timings: defaultTimings()}
	if err := wire.DecodeStrict(data, w); err != nil {
		return nil, err
	}
	if err := w.validate(); err != nil {
		return nil, err
	}
	w.index()
	return w, nil
}

func bad(path, format string, args ...any) error {
	return &wire.FieldError{Path: path, Problem: fmt.Sprintf(format, args...)}
}

// validate checks what the types alone do not.
func (w *World) validate() error {
	if w.Clock.Offset < 0 || time.Duration(w.Clock.Offset) > MaxClockOffset {
		return bad("clock.offset", "must be between 0 and %s", MaxClockOffset)
	}
	if err := CheckImplementation(w.Implementation); err != nil {
		return bad("implementation", "%s", err)
	}
	if len(w.Projects) == 0 {
		return bad("projects", "a world has at least one project")
	}
	seen := map[string]bool{}
	for i, p := range w.Projects {
		path := fmt.Sprintf("projects[%d]", i)
		if p == nil {
			return bad(path, "is null")
		}
		if err := p.validate(path); err != nil {
			return err
		}
		for _, id := range []string{p.ProjectID, p.Number()} {
			if seen[id] {
				return bad(path, "project %s is there twice", id)
			}
			seen[id] = true
		}
	}
	for role := range w.Roles {
		if !IsCustomRole(role) {
			return bad("roles", "%q is not of the form projects/P/roles/NAME", role)
		}
	}
	for i, op := range w.Operations {
		path := fmt.Sprintf("operations[%d]", i)
		if op == nil || op.Name == "" || op.API == "" {
			return bad(path, "needs api and name")
		}
		if !seen[op.Project] {
			return bad(path+".project", "project %q is not in the world", op.Project)
		}
	}
	for i, f := range w.Faults {
		path := fmt.Sprintf("faults[%d]", i)
		if f == nil {
			return bad(path, "is null")
		}
		if err := CheckFault(f.Name); err != nil {
			return bad(path+".name", "%s", err)
		}
		if f.Params == nil {
			f.Params = map[string]string{}
		}
		if err := findFault(f.Name).check(f.Params); err != nil {
			return bad(path+".params", "%s", err)
		}
	}
	return nil
}

func (p *Project) validate(path string) error {
	if !projectIDPattern.MatchString(p.ProjectID) {
		return bad(path+".projectId", "%q is not a project id", p.ProjectID)
	}
	if p.ProjectNumber <= 0 {
		return bad(path+".projectNumber", "must be a positive number")
	}
	switch p.LifecycleState {
	case projectActive, projectDeleteRequested:
	case "":
		p.LifecycleState = projectActive
	default:
		return bad(path+".lifecycleState", "%q is not ACTIVE or DELETE_REQUESTED", p.LifecycleState)
	}
	for name, s := range p.Services {
		at := fmt.Sprintf("%s.services[%q]", path, name)
		if !servicePattern.MatchString(name) {
			return bad(at, "is not the name of a service")
		}
		if s == nil || (s.State != ServiceEnabled && s.State != ServiceDisabled) {
			return bad(at+".state", "must be ENABLED or DISABLED")
		}
	}
	for i, b := range p.Policy.Bindings {
		if b == nil || b.Role == "" {
			return bad(fmt.Sprintf("%s.policy.bindings[%d].role", path, i), "is missing")
		}
	}
	for i, c := range p.Clusters {
		at := fmt.Sprintf("%s.clusters[%d]", path, i)
		if c == nil || !ValidName(c.Name) {
			return bad(at+".name", "is not the name of a cluster")
		}
		if c.Location == "" {
			return bad(at+".location", "is missing")
		}
		for j, n := range c.NodePools {
			if n == nil || n.Name == "" {
				return bad(fmt.Sprintf("%s.nodePools[%d].name", at, j), "is missing")
			}
		}
	}
	if p.Fleet != nil {
		return p.Fleet.validate(path + ".fleet")
	}
	return nil
}

func (f *Fleet) validate(path string) error {
	for i, m := range f.Memberships {
		at := fmt.Sprintf("%s.memberships[%d]", path, i)
		if m == nil || !ValidName(m.Name) {
			return bad(at+".name", "is not the name of a membership")
		}
		if m.Location == "" {
			return bad(at+".location", "is missing")
		}
	}
	for id, ft := range f.Features {
		at := fmt.Sprintf("%s.features[%q]", path, id)
		if ft == nil {
			return bad(at, "is null")
		}
		for key, spec := range ft.MembershipSpecs {
			if !IsMembershipKey(key) {
				return bad(at+".membershipSpecs", "%q is not of the form locations/L/memberships/M", key)
			}
			if spec == nil {
				return bad(fmt.Sprintf("%s.membershipSpecs[%q]", at, key), "is null")
			}
		}
		for key := range ft.StateOverrides {
			if !IsMembershipKey(key) {
				return bad(at+".stateOverrides", "%q is not of the form locations/L/memberships/M", key)
			}
		}
	}
	return nil
}

package diagnosis

import (
	"context"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// The audit logs show when something was last corrected, and who took it away. A log that was refused once is not asked
// again: its quota is small, and without it a report has no culprits and is as right as with it.

// refused notes that a project's audit log is refused.
func (r *run) refused(project string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusing[project] = true
}

func (r *run) isRefused(project string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refusing[project]
}

// bindingChanges are the changes of a fleet's binding on a project, oldest first; none where they cannot be read.
func (r *run) bindingChanges(ctx context.Context, project, fleet string) []health.BindingChange {
	number, err := r.Client.ProjectNumber(ctx, fleet)
	if err != nil || r.isRefused(project) {
		return nil // the project has a finding about that
	}
	changes, err := r.Client.BindingChanges(ctx, project, mesh.AgentRole, mesh.ServiceAgentMember(number))
	if err != nil {
		r.refused(project)
	}
	return changes
}

// lastEnabled is when an API was last enabled on a project; zero is unknown.
func (r *run) lastEnabled(ctx context.Context, project, service string) time.Time {
	if r.isRefused(project) {
		return time.Time{}
	}
	when, err := r.Client.LastEnabled(ctx, project, service)
	if err != nil {
		r.refused(project)
	}
	return when
}

// gatewayEnabled is when Connect Gateway was last enabled on any project that a membership depends on.
func (r *run) gatewayEnabled(ctx context.Context, at place) (when time.Time) {
	for _, p := range at.projects() {
		if t := r.lastEnabled(ctx, p, mesh.GatewayService); t.After(when) {
			when = t
		}
	}
	return when
}

// projects are those that what is at this place depends on, each once.
func (at place) projects() []string {
	var all []string
	for _, p := range append([]string{at.fleet}, at.homes...) {
		if p != "" && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// correction is when the cause of a kind of finding was last corrected.
type correction struct {
	of   catalogue.Finding // its code and detail are what counts
	when time.Time
}

// corrections are when what a membership needs was last brought about. A log that cannot be read has none.
func (r *run) corrections(ctx context.Context, about string) (all []correction) {
	note := func(code catalogue.Code, detail string, when time.Time) {
		if !when.IsZero() {
			all = append(all, correction{catalogue.Finding{Code: code, Detail: detail}, when})
		}
	}
	at := r.places[about]
	for _, p := range at.projects() {
		key := p + " " + at.fleet
		if _, known := r.corrected[key]; !known {
			r.corrected[key] = r.projectCorrections(ctx, p, at.fleet)
		}
		all = append(all, r.corrected[key]...)
	}
	who := func(project string, ask func() (mesh.AuditEvent, bool, error)) time.Time {
		if r.isRefused(project) {
			return time.Time{}
		}
		change, _, err := ask()
		if err != nil {
			r.refused(project)
		}
		return change.Time
	}
	if name, err := mesh.ParseCluster(r.subjects[about].Facts[FactCluster]); err == nil {
		when := who(name.Project, func() (mesh.AuditEvent, bool, error) { return r.Client.WhoSetPool(ctx, name) })
		note(catalogue.PoolMissing, "", when)
		note(catalogue.PoolWrong, "", when)
	}
	if name, err := mesh.ParseMembership(about); err == nil {
		identity := func() (mesh.AuditEvent, bool, error) { return r.Client.WhoSetIdentity(ctx, name) }
		management := func() (mesh.AuditEvent, bool, error) { return r.Client.WhoSetManagement(ctx, name) }
		note(catalogue.IdentityMissing, "", who(name.Project, identity))
		note(catalogue.ManagementDiffers, "", who(name.Project, management))
	}
	return all
}

func (r *run) projectCorrections(ctx context.Context, project, fleet string) (all []correction) {
	for _, c := range slices.Backward(r.bindingChanges(ctx, project, fleet)) {
		if c.Added {
			all = append(all, correction{catalogue.Finding{Code: catalogue.BindingMissing}, c.Time})
			break
		}
	}
	for _, service := range r.Services {
		if when := r.lastEnabled(ctx, project, service); !when.IsZero() {
			all = append(all, correction{catalogue.Finding{Code: catalogue.ServiceDisabled, Detail: service}, when})
		}
	}
	return all
}

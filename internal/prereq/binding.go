package prereq

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// ServiceAgentBinding is the grant of the mesh service agent's role on a project:
// the fleet's own, a cluster's or a Shared VPC host's. Grants inherited from a
// folder or organisation are not looked at.
type ServiceAgentBinding struct {
	Client       *gcp.Client
	Project      string // id or number of the project that must grant the role
	FleetProject string // id or number of the fleet's host project
	FleetNumber  string // its number, where it is known already; saves a request
}

var (
	_ Prerequisite = (*ServiceAgentBinding)(nil)
	_ Attributor   = (*ServiceAgentBinding)(nil)
)

// BindingState is how a project grants the mesh service agent its role.
type BindingState struct {
	gcp.Granted
	FleetNumber string
	Member      string // serviceAccount:service-NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com
	project     string
}

// SeenBinding is the state that an earlier read saw, for its findings.
func SeenBinding(project, fleetNumber string, granted bool) BindingState {
	s := BindingState{FleetNumber: fleetNumber, Member: mesh.ServiceAgentMember(fleetNumber), project: project}
	s.Granted.Granted = granted
	return s
}

// Met implements State.
func (s BindingState) Met() bool { return s.Granted.Granted }

// Findings implements State.
func (s BindingState) Findings() []catalogue.Finding {
	subject, email := "projects/"+s.project, mesh.ServiceAgent(s.FleetNumber)
	switch {
	case s.Met():
		return nil
	case s.Conditional:
		return oneFinding(catalogue.BindingConditional, subject,
			"the mesh service agent %s holds %s on project %s only under a condition", email, mesh.AgentRole, s.project)
	case s.Deleted:
		return oneFinding(catalogue.BindingDeleted, subject,
			"project %s grants %s only to a deleted identity of the mesh service agent %s", s.project, mesh.AgentRole, email)
	}
	return oneFinding(catalogue.BindingMissing, subject,
		"the mesh service agent %s does not hold %s on project %s", email, mesh.AgentRole, s.project)
}

// Fields implements State.
func (s BindingState) Fields() map[string]any { return map[string]any{"granted": s.Granted.Granted} }

// Gap implements State.
func (s BindingState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"granted": true, "role": mesh.AgentRole, "member": s.Member}
}

// Kind implements Prerequisite.
func (b *ServiceAgentBinding) Kind() mesh.Kind { return mesh.ServiceAgentGrant }

// Subject implements Prerequisite.
func (b *ServiceAgentBinding) Subject() string { return "projects/" + b.Project }

// Check implements Prerequisite.
func (b *ServiceAgentBinding) Check(ctx context.Context, fresh bool) (State, error) {
	return b.Read(ctx, fresh)
}

// Read is Check with its own type. With the fleet's number known it costs one
// request a project, however many fleets are asked about.
func (b *ServiceAgentBinding) Read(ctx context.Context, fresh bool) (BindingState, error) {
	s := BindingState{FleetNumber: b.FleetNumber, project: b.Project}
	if s.FleetNumber == "" {
		var err error
		if s.FleetNumber, err = b.Client.ProjectNumber(ctx, b.FleetProject); err != nil {
			return s, err
		}
	}
	s.Member = mesh.ServiceAgentMember(s.FleetNumber)
	read := b.Client.Policy
	if fresh {
		read = b.Client.FreshPolicy
	}
	policy, err := read(ctx, b.Project)
	if err != nil {
		if gone(ctx, b.Client, b.Project, err) {
			return s, &GoneError{b.Subject()}
		}
		return s, err
	}
	s.Granted = gcp.Grant(policy, mesh.AgentRole, s.Member)
	if !s.Met() && b.Client.ProjectGone(ctx, b.Project) {
		return s, &GoneError{b.Subject()}
	}
	return s, nil
}

// Enforce implements Prerequisite. It grants the role; when IAM answers that the
// agent does not exist yet, it has the agent generated first.
func (b *ServiceAgentBinding) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(BindingState), Change{Kind: b.Kind(), Subject: b.Subject()}
	grant := func(ctx context.Context) error {
		wrote, err := b.Client.AddMember(ctx, b.Project, mesh.AgentRole, s.Member)
		if wrote {
			change.Before, change.After = s.Gap()
		}
		return err
	}
	email := mesh.ServiceAgent(s.FleetNumber)
	err := grant(ctx)
	if !gcp.IsMissingAgent(err, email) {
		return change, err
	}
	if err := b.Client.GenerateServiceIdentity(ctx, s.FleetNumber, mesh.IdentityService); err != nil {
		return change, err
	}
	pace := wait.Backoff{First: time.Second, Max: 15 * time.Second, Clock: b.Client.Config().Clock}
	err = wait.Until(ctx, pace, "the new service agent "+email+" to be known to IAM",
		func(ctx context.Context) (bool, string, error) {
			err := grant(ctx)
			if gcp.IsMissingAgent(err, email) {
				return false, err.Error(), nil
			}
			return err == nil, "", err
		})
	return change, err
}

// WhoChanged implements Attributor.
func (b *ServiceAgentBinding) WhoChanged(ctx context.Context, s State, _ catalogue.Finding) (mesh.AuditEvent, bool, error) {
	return b.Client.WhoRevoked(ctx, b.Project, mesh.AgentRole, s.(BindingState).Member)
}

// Undo implements Prerequisite. It takes the role from the agent again.
func (b *ServiceAgentBinding) Undo(ctx context.Context, c Change) error {
	member, _ := c.After["member"].(string)
	if member == "" {
		return nil
	}
	_, err := b.Client.RemoveMember(ctx, b.Project, mesh.AgentRole, member)
	return err
}

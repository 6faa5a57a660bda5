package prereq

import (
	"context"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// ServiceAgentBinding is the grant of a service agent's role on a project: of the mesh service agent on the fleet's own, a
// cluster's or a Shared VPC host's, of the GKE Hub service agent on a cluster's that is not the fleet's.
type ServiceAgentBinding struct {
	Client       *gcp.Client
	Project      string // id or number of the project that must grant the role
	FleetProject string // id or number of the fleet's host project
	FleetNumber  string // its number, where it is known already; saves a request
	Agent        mesh.Agent
	// Anywhere is set where a grant of a folder or the organization above the project counts, too. One that is declared on
	// the project does not.
	Anywhere bool
}

var (
	_ Prerequisite = (*ServiceAgentBinding)(nil)
	_ Attributor   = (*ServiceAgentBinding)(nil)
)

// BindingState is how a project grants a service agent its role.
type BindingState struct {
	gcp.Granted
	FleetNumber string
	Agent       mesh.Agent
	Member      string // serviceAccount:service-NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com
	Holder      string // folders/123 or organizations/123, where that grants the role and the project does not
	Doubt       error  // why it is not known whether something above the project grants the role
	project     string
}

// SeenBinding is the state that an earlier read saw, for its findings.
func SeenBinding(project, fleetNumber string, agent mesh.Agent, granted bool) BindingState {
	s := BindingState{FleetNumber: fleetNumber, Agent: agent, Member: agent.Member(fleetNumber), project: project}
	s.Granted.Granted = granted
	return s
}

// Met implements State.
func (s BindingState) Met() bool { return s.Granted.Granted || s.Holder != "" }

// Findings implements State.
func (s BindingState) Findings() []catalogue.Finding {
	subject, email := "projects/"+s.project, s.Agent.Email(s.FleetNumber)
	switch {
	case s.Met():
		return nil
	case s.Agent == mesh.AgentHub:
		return s.hubFindings(subject, email)
	case s.Conditional:
		return oneFinding(catalogue.BindingConditional, subject,
			"the mesh service agent %s holds %s on project %s only under a condition", email, mesh.AgentRole, s.project)
	case s.Deleted:
		return oneFinding(catalogue.BindingDeleted, subject,
			"project %s grants %s only to a deleted identity of the mesh service agent %s", s.project, mesh.AgentRole, email)
	}
	return oneFinding(catalogue.BindingMissing, subject,
		"the mesh service agent %s does not hold %s on project %s%s", email, mesh.AgentRole, s.project, s.doubt())
}

// doubt says what is not known of a grant that the project does not have.
func (s BindingState) doubt() string {
	if s.Doubt == nil {
		return ""
	}
	return "; whether a folder or the organization above it grants the role could not be read"
}

func (s BindingState) hubFindings(subject, email string) []catalogue.Finding {
	how := "does not hold %s on project %s"
	switch {
	case s.Conditional:
		how = "holds %s on project %s only under a condition"
	case s.Deleted:
		how = "holds %s on project %s only as an identity that was deleted"
	}
	return oneFinding(catalogue.HubBindingMissing, subject, "the GKE Hub service agent %s "+how+"%s", email, mesh.HubAgentRole,
		s.project, s.doubt())
}

// Fields implements State.
func (s BindingState) Fields() map[string]any { return map[string]any{"granted": s.Granted.Granted} }

// Gap implements State.
func (s BindingState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"granted": true, "role": s.Agent.Role(), "member": s.Member}
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
	s := BindingState{FleetNumber: b.FleetNumber, Agent: b.Agent, project: b.Project}
	if s.FleetNumber == "" {
		var err error
		if s.FleetNumber, err = b.Client.ProjectNumber(ctx, b.FleetProject); err != nil {
			return s, err
		}
	}
	s.Member = b.Agent.Member(s.FleetNumber)
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
	s.Granted = gcp.Grant(policy, b.Agent.Role(), s.Member)
	if !s.Met() && b.Client.ProjectGone(ctx, b.Project) {
		return s, &GoneError{b.Subject()}
	}
	if !s.Met() && b.Anywhere {
		s.Holder, s.Doubt = b.Client.Inherited(ctx, b.Project, b.Agent.Role(), s.Member)
	}
	return s, nil
}

// Enforce implements Prerequisite. It grants the role; when IAM answers that the
// agent does not exist yet, it has the agent generated first.
func (b *ServiceAgentBinding) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(BindingState), Change{Kind: b.Kind(), Subject: b.Subject()}
	grant := func(ctx context.Context) error {
		wrote, err := b.Client.AddMember(ctx, b.Project, b.Agent.Role(), s.Member)
		if wrote {
			change.Before, change.After = s.Gap()
		}
		return err
	}
	email := b.Agent.Email(s.FleetNumber)
	err := grant(ctx)
	if !gcp.IsMissingAgent(err, email) {
		return change, err
	}
	if err := b.Client.GenerateServiceIdentity(ctx, s.FleetNumber, b.Agent.Service()); err != nil {
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
	return b.Client.WhoRevoked(ctx, b.Project, b.Agent.Role(), s.(BindingState).Member)
}

// Undo implements Prerequisite. It takes the role from the agent again.
func (b *ServiceAgentBinding) Undo(ctx context.Context, c Change) error {
	member, _ := c.After["member"].(string)
	if member == "" {
		return nil
	}
	_, err := b.Client.RemoveMember(ctx, b.Project, b.Agent.Role(), member)
	return err
}

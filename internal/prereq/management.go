package prereq

import (
	"context"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// MeshManagement is that a membership's mesh is managed as asked for.
type MeshManagement struct {
	Client     *gcp.Client
	Membership mesh.Membership
	Management string         // MANAGEMENT_AUTOMATIC and so on
	Version    gcp.HubVersion // "" is v1
}

var (
	_ Prerequisite    = (*MeshManagement)(nil)
	_ Attributor      = (*MeshManagement)(nil)
	_ OperationWaiter = (*MeshManagement)(nil)
)

// ManagementState is what is asked for of a membership's mesh. That is the target:
// what runs is in the feature's state.
type ManagementState struct {
	Management string // "" where nothing is asked for
	Origin     string // USER, or FLEET where it is the fleet's default
	Wanted     string
	FeatureOff bool // the fleet has no mesh feature

	membership mesh.Membership
}

// SeenManagement is the state that an earlier read saw, for its findings.
func SeenManagement(membership mesh.Membership, management, wanted string) ManagementState {
	return ManagementState{Management: management, Wanted: wanted, membership: membership}
}

// Met implements State.
func (s ManagementState) Met() bool { return s.Management == s.Wanted && !s.FeatureOff }

// Findings implements State.
func (s ManagementState) Findings() []catalogue.Finding {
	subject := s.membership.String()
	switch {
	case s.Met():
		return nil
	case s.FeatureOff:
		return oneFinding(catalogue.FeatureDisabled, subject,
			"the mesh feature of fleet project %s is not enabled, so the mesh of membership %s cannot be %s",
			s.membership.Project, subject, s.Wanted)
	case s.Management == "":
		return oneFinding(catalogue.ManagementDiffers, subject, "membership %s has no mesh management instead of %s", subject, s.Wanted)
	}
	return oneFinding(catalogue.ManagementDiffers, subject,
		"membership %s has mesh management %s instead of %s", subject, s.Management, s.Wanted)
}

// Fields implements State.
func (s ManagementState) Fields() map[string]any { return map[string]any{"management": s.Management} }

// Gap implements State.
func (s ManagementState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"management": s.Wanted}
}

// Kind implements Prerequisite.
func (m *MeshManagement) Kind() mesh.Kind { return mesh.MeshManagement }

// Subject implements Prerequisite.
func (m *MeshManagement) Subject() string { return m.Membership.String() }

// Check implements Prerequisite.
func (m *MeshManagement) Check(ctx context.Context, fresh bool) (State, error) {
	return m.Read(ctx, fresh)
}

// Read is Check with its own type. In v1 all memberships of a fleet share one
// request; one of which the fleet says nothing takes a second, for it may be gone.
func (m *MeshManagement) Read(ctx context.Context, fresh bool) (ManagementState, error) {
	s := ManagementState{Wanted: m.Management, membership: m.Membership}
	spec, err := m.Client.MeshSpec(ctx, m.Membership, m.Version, fresh)
	if err != nil && !apierr.NotFound(err) {
		if gone(ctx, m.Client, m.Membership.Project, err) {
			return s, &GoneError{m.Subject()}
		}
		return s, err
	}
	s.Management, s.Origin = spec.Management, spec.Origin
	if spec.Management != "" {
		return s, nil
	}
	read := m.Client.Membership
	if fresh {
		read = m.Client.FreshMembership
	}
	if _, err := read(ctx, m.Membership); apierr.NotFound(err) || gone(ctx, m.Client, m.Membership.Project, err) {
		return s, &GoneError{m.Subject()}
	}
	// v2 answers 404 for a membership without the feature, and for a fleet without.
	s.FeatureOff = err != nil && m.Version != gcp.HubV2
	return s, nil
}

// Enforce implements Prerequisite. It changes the management of this membership and nothing else.
func (m *MeshManagement) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(ManagementState), Change{Kind: m.Kind(), Subject: m.Subject()}
	if s.Met() {
		return change, nil
	}
	if err := m.Client.SetManagement(ctx, m.Membership, m.Version, s.Wanted); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// WaitForOperations implements OperationWaiter.
func (m *MeshManagement) WaitForOperations(ctx context.Context) error {
	return waitForSpec(ctx, m.Client, m.Membership, m.Version)
}

// waitForSpec waits until GKE Hub has no operation running on the resource that a membership's
// mesh is asked for by. One that does not exist has none.
func waitForSpec(ctx context.Context, client *gcp.Client, name mesh.Membership, version gcp.HubVersion) error {
	return wait.Until(ctx, operationPace(client), "the mesh feature of membership "+name.String()+" to be free of operations",
		func(ctx context.Context) (bool, string, error) {
			spec, err := client.MeshSpec(ctx, name, version, true)
			if apierr.NotFound(err) {
				return true, "", nil
			}
			return err == nil && !isBusy(spec.Lifecycle), "its state is " + spec.Lifecycle, err
		})
}

// WhoChanged implements Attributor.
func (m *MeshManagement) WhoChanged(ctx context.Context, _ State, _ catalogue.Finding) (mesh.AuditEvent, bool, error) {
	return m.Client.WhoSetManagement(ctx, m.Membership)
}

// Undo implements Prerequisite. It restores the management that was asked for before, if it is still ours.
func (m *MeshManagement) Undo(ctx context.Context, c Change) error {
	before, changed := c.Before["management"].(string)
	if !changed {
		return nil
	}
	now, err := m.Client.MeshSpec(ctx, m.Membership, m.Version, true)
	if err != nil {
		return err
	}
	if now.Management != c.After["management"] {
		return nil
	}
	return m.Client.SetManagement(ctx, m.Membership, m.Version, before)
}

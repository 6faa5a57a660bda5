package prereq

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// ControlPlaneProvisioned is that a membership's managed control plane is asked for and works. What is enforced is the
// target: Enforce asks for automatic management, of a membership that has it, too. That is the troubleshooting page's
// "install managed mesh again" through the fleet API; that Google then reconciles at once, rather than with its next
// look at the membership, is inferred. The control plane is active some six to ten minutes later.
type ControlPlaneProvisioned struct {
	Client     *gcp.Client
	Membership mesh.Membership
	Version    gcp.HubVersion // through which it is asked for; "" is v1
}

var (
	_ Prerequisite    = (*ControlPlaneProvisioned)(nil)
	_ OperationWaiter = (*ControlPlaneProvisioned)(nil)
)

// ProvisionedState is what is asked for and what runs.
type ProvisionedState struct {
	ManagementState
	Mesh mesh.MembershipMesh // as the fleet reports it
	// Requested is who asked for the control plane after it stalled, if anyone did within a day.
	Requested mesh.AuditEvent
}

var _ Refuser = ProvisionedState{}

// Active reports whether the fleet says that the control plane works.
func (s ProvisionedState) Active() bool { return s.Mesh.ControlPlane.State == mesh.StateActive }

// Revision is the revision that the fleet names as ready, or "".
func (s ProvisionedState) Revision() string { return catalogue.ReadyRevision(s.Mesh.ControlPlane) }

// Met implements State.
func (s ProvisionedState) Met() bool { return s.ManagementState.Met() && s.Active() }

// Findings implements State: what keeps the target from being met, or else the state of the control plane.
func (s ProvisionedState) Findings() []catalogue.Finding {
	switch {
	case s.Met():
		return nil
	case !s.ManagementState.Met():
		return s.ManagementState.Findings()
	}
	var findings []catalogue.Finding
	for _, f := range health.JudgeMembership(s.Mesh).Findings {
		if slices.Contains([]catalogue.Code{catalogue.ControlPlaneState, catalogue.MembershipNotReported, catalogue.UnlistedValue}, f.Code) {
			findings = append(findings, f)
		}
	}
	return findings
}

// Refusal implements Refuser.
func (s ProvisionedState) Refusal() error {
	if s.Requested.Time.IsZero() {
		return nil
	}
	return fmt.Errorf("%s asked for the control plane of %s at %s, and it stayed as it is, so it is asked for once a day at most: %s. "+
		"Correct what stops it, or take it to Google's support", cmp.Or(s.Requested.Principal, "someone"), s.Mesh.Name,
		s.Requested.Time.UTC().Format(time.RFC3339), messages(s))
}

// Gap implements State. Where automatic management is asked for already, it is asked for again.
func (s ProvisionedState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"management": s.Wanted}
}

// Kind implements Prerequisite.
func (p *ControlPlaneProvisioned) Kind() mesh.Kind { return mesh.ControlPlane }

// Subject implements Prerequisite.
func (p *ControlPlaneProvisioned) Subject() string { return p.Membership.String() }

func (p *ControlPlaneProvisioned) management() *MeshManagement {
	return &MeshManagement{Client: p.Client, Membership: p.Membership, Management: mesh.ManagementAutomatic, Version: p.Version}
}

// Check implements Prerequisite.
func (p *ControlPlaneProvisioned) Check(ctx context.Context, fresh bool) (State, error) {
	return p.Read(ctx, fresh)
}

// Read is Check with its own type. The state of all memberships comes in the one request that they share.
func (p *ControlPlaneProvisioned) Read(ctx context.Context, fresh bool) (ProvisionedState, error) {
	var s ProvisionedState
	var err error
	if s.ManagementState, err = p.management().Read(ctx, fresh); err != nil {
		return s, err
	}
	read := p.Client.MeshFeature
	if fresh && p.Version == gcp.HubV2 { // v1 has just read it
		read = p.Client.FreshMeshFeature
	}
	feature, err := read(ctx, p.Membership.Project)
	if err != nil && !apierr.NotFound(err) {
		return s, err
	}
	s.Mesh = mesh.MembershipMesh{Name: p.Subject(), Management: s.Management, Origin: s.Origin}
	for _, m := range feature.Memberships {
		if parsed, err := mesh.ParseMembership(m.Name); err == nil && parsed.SameAs(p.Membership) {
			s.Mesh = m
			s.Mesh.Name = p.Subject()
		}
	}
	s.Requested = p.requested(ctx, s)
	return s, nil
}

// requested is who asked for the control plane of s after it stalled, by the audit log and the time at which the fleet
// says that the state was last updated; that this time stays while the state does is inferred. Where the log cannot be
// read, no one has asked: one more request is harmless, and without it nothing is tried at all.
func (p *ControlPlaneProvisioned) requested(ctx context.Context, s ProvisionedState) mesh.AuditEvent {
	if !s.ManagementState.Met() || s.Mesh.ControlPlane.State != mesh.StateStalled || s.Mesh.Updated.IsZero() {
		return mesh.AuditEvent{}
	}
	who, _, err := p.Client.MeshRequested(ctx, p.Membership, s.Mesh.Updated)
	if err != nil {
		return mesh.AuditEvent{}
	}
	return who
}

// Enforce implements Prerequisite.
func (p *ControlPlaneProvisioned) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(ProvisionedState), Change{Kind: p.Kind(), Subject: p.Subject()}
	if s.Met() {
		return change, nil
	}
	if err := p.Client.SetManagement(ctx, p.Membership, p.Version, s.Wanted); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// WaitForOperations implements OperationWaiter.
func (p *ControlPlaneProvisioned) WaitForOperations(ctx context.Context) error {
	return p.management().WaitForOperations(ctx)
}

// Undo implements Prerequisite. It restores the management that was asked for
// before, where that was another and ours is still there.
func (p *ControlPlaneProvisioned) Undo(ctx context.Context, c Change) error {
	if equal(c.Before["management"], c.After["management"]) {
		return nil
	}
	return p.management().Undo(ctx, c)
}

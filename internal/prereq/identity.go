package prereq

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// MembershipIdentity is that a fleet membership has its identity provider: the cluster's own issuer as its authority.
type MembershipIdentity struct {
	Client     *gcp.Client
	Membership mesh.Membership
	// Issuer is the URL that signs the cluster's tokens; "" is that of the GKE cluster that the membership is of.
	Issuer string
	// Replace clears another issuer and sets this one. Tokens of the old one are refused from then on.
	Replace bool
}

var (
	_ Prerequisite    = (*MembershipIdentity)(nil)
	_ Attributor      = (*MembershipIdentity)(nil)
	_ OperationWaiter = (*MembershipIdentity)(nil)
)

// IdentityState is a membership's identity provider.
type IdentityState struct {
	Issuer       string // "" when there is none
	Expected     string
	WorkloadPool string // in which the issuer is recognised; "" when there is none
	Cluster      string // full resource name of the GKE cluster, or ""

	membership mesh.Membership
	same       bool
}

// SeenIdentity is the state that an earlier read saw, for its findings.
func SeenIdentity(membership mesh.Membership, issuer, expected string) IdentityState {
	return IdentityState{Issuer: issuer, Expected: expected, membership: membership, same: issuer == expected}
}

// Met implements State.
func (s IdentityState) Met() bool { return s.Issuer != "" && s.same }

// Findings implements State.
func (s IdentityState) Findings() []catalogue.Finding {
	subject := s.membership.String()
	switch {
	case s.Issuer == "":
		return oneFinding(catalogue.IdentityMissing, subject, "membership %s has no identity provider; it needs %s", subject, s.Expected)
	case !s.same:
		return oneFinding(catalogue.IdentityWrong, subject,
			"membership %s has the identity provider %s instead of %s", subject, s.Issuer, s.Expected)
	}
	return nil
}

// Fields implements State.
func (s IdentityState) Fields() map[string]any { return map[string]any{"issuer": s.Issuer} }

// Gap implements State. Where there is another issuer, Enforce closes it only with Replace.
func (s IdentityState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"issuer": s.Expected}
}

// Kind implements Prerequisite.
func (i *MembershipIdentity) Kind() mesh.Kind { return mesh.MembershipIdentity }

// Subject implements Prerequisite.
func (i *MembershipIdentity) Subject() string { return i.Membership.String() }

// Check implements Prerequisite.
func (i *MembershipIdentity) Check(ctx context.Context, fresh bool) (State, error) {
	return i.Read(ctx, fresh)
}

// Read is Check with its own type. All memberships of a fleet share one request.
func (i *MembershipIdentity) Read(ctx context.Context, fresh bool) (IdentityState, error) {
	s := IdentityState{membership: i.Membership, Expected: i.Issuer}
	read := i.Client.Membership
	if fresh {
		read = i.Client.FreshMembership
	}
	m, err := read(ctx, i.Membership)
	if err != nil {
		if apierr.NotFound(err) || gone(ctx, i.Client, i.Membership.Project, err) {
			return s, &GoneError{i.Subject()}
		}
		return s, err
	}
	s.Issuer, s.WorkloadPool = m.Issuer, m.WorkloadPool
	if m.Cluster != nil {
		s.Cluster = m.Cluster.String()
	}
	if s.Expected == "" {
		if m.Cluster == nil {
			return s, fmt.Errorf("membership %s is not of a GKE cluster, so its issuer is not known; "+
				"say which it is: the issuer is in the cluster's /.well-known/openid-configuration", i.Subject())
		}
		s.Expected = mesh.Issuer(*m.Cluster)
	}
	s.same, err = i.sameIssuer(ctx, s.Issuer, s.Expected)
	return s, err
}

// sameIssuer compares issuers, of which one may name its project by the number and the other by the id.
func (i *MembershipIdentity) sameIssuer(ctx context.Context, a, b string) (bool, error) {
	left, leftIs := mesh.IssuedBy(a)
	right, rightIs := mesh.IssuedBy(b)
	if a == b || !leftIs || !rightIs || left.Location != right.Location || left.Name != right.Name {
		return strings.TrimRight(a, "/") == strings.TrimRight(b, "/"), nil
	}
	one, err := i.Client.ProjectID(ctx, left.Project)
	if err != nil {
		return false, err
	}
	other, err := i.Client.ProjectID(ctx, right.Project)
	return one == other, err
}

// Enforce implements Prerequisite. It sets the issuer where there is none; one
// that is another it leaves alone unless Replace is set.
func (i *MembershipIdentity) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(IdentityState), Change{Kind: i.Kind(), Subject: i.Subject()}
	if s.Met() {
		return change, nil
	}
	if s.Issuer != "" {
		if !i.Replace {
			return change, fmt.Errorf("membership %s has the identity provider %s, not %s. "+
				"GKE Hub does not change an issuer, it only lets it be cleared and set again; whatever trusts the old one refuses "+
				"its workloads from then on, so this is done only with replace_issuer = true", i.Subject(), s.Issuer, s.Expected)
		}
		if err := i.Client.SetAuthority(ctx, i.Membership, ""); err != nil {
			return change, err
		}
		change.Before, change.After = s.Fields(), map[string]any{"issuer": ""}
	}
	if err := i.Client.SetAuthority(ctx, i.Membership, s.Expected); err != nil {
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// WaitForOperations implements OperationWaiter.
func (i *MembershipIdentity) WaitForOperations(ctx context.Context) error {
	return waitForMembership(ctx, i.Client, i.Membership)
}

// waitForMembership waits until GKE Hub has no operation running on a membership. One that does not exist has none.
func waitForMembership(ctx context.Context, client *gcp.Client, name mesh.Membership) error {
	return wait.Until(ctx, operationPace(client), "membership "+name.String()+" to be free of operations",
		func(ctx context.Context) (bool, string, error) {
			m, err := client.FreshMembership(ctx, name)
			if apierr.NotFound(err) {
				return true, "", nil
			}
			return err == nil && !isBusy(m.State), "its state is " + m.State, err
		})
}

// isBusy reports whether a resource's lifecycle state is one that Google moves on by itself (GKE Hub's memberships and
// features). Of a state that is not known nothing can be awaited.
func isBusy(state string) bool {
	return slices.Contains([]string{"CREATING", "ENABLING", "UPDATING", "SERVICE_UPDATING", "DELETING", "DISABLING"}, state)
}

// WhoChanged implements Attributor.
func (i *MembershipIdentity) WhoChanged(ctx context.Context, _ State, _ catalogue.Finding) (mesh.AuditEvent, bool, error) {
	return i.Client.WhoSetIdentity(ctx, i.Membership)
}

// Undo implements Prerequisite. It restores the issuer that the membership had,
// or clears it where there was none, if it still has ours.
func (i *MembershipIdentity) Undo(ctx context.Context, c Change) error {
	before, changed := c.Before["issuer"].(string)
	if !changed {
		return nil
	}
	now, err := i.Client.FreshMembership(ctx, i.Membership)
	if err != nil {
		return err
	}
	if now.Issuer != c.After["issuer"] {
		return nil
	}
	if now.Issuer != "" {
		if err := i.Client.SetAuthority(ctx, i.Membership, ""); err != nil {
			return err
		}
	}
	if before == "" {
		return nil
	}
	return i.Client.SetAuthority(ctx, i.Membership, before)
}

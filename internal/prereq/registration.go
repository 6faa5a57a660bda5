package prereq

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// MembershipRegistration is that a GKE cluster is a member of a fleet.
type MembershipRegistration struct {
	Client       *gcp.Client
	Cluster      mesh.Cluster
	FleetProject string // id or number
	// Name and Location are of the membership; "" is the cluster's name and region,
	// and any membership that the cluster has in the fleet is as good.
	Name, Location string
}

var (
	_ Prerequisite    = (*MembershipRegistration)(nil)
	_ OperationWaiter = (*MembershipRegistration)(nil)
)

// RegistrationState is a cluster's place in a fleet.
type RegistrationState struct {
	Membership mesh.Membership // that the cluster has, or would get
	Registered bool
	Issuer     string // of the membership; "" where it has no identity provider

	cluster mesh.Cluster // by its project's id
}

// Met implements State.
func (s RegistrationState) Met() bool { return s.Registered }

// Findings implements State.
func (s RegistrationState) Findings() []catalogue.Finding {
	if s.Met() {
		return nil
	}
	return oneFinding(catalogue.IdentityMissing, s.cluster.String(),
		"cluster %s is not registered in the fleet of project %s, so it has neither membership nor identity provider there",
		s.cluster, s.Membership.Project)
}

// Fields implements State.
func (s RegistrationState) Fields() map[string]any {
	if !s.Registered {
		return map[string]any{"membership": "", "issuer": ""}
	}
	return map[string]any{"membership": s.Membership.String(), "issuer": s.Issuer}
}

// Gap implements State.
func (s RegistrationState) Gap() (before, after map[string]any) {
	if s.Met() {
		return nil, nil
	}
	return s.Fields(), map[string]any{"membership": s.Membership.String(), "issuer": mesh.Issuer(s.cluster)}
}

// Kind implements Prerequisite. A registration brings the identity provider along.
func (r *MembershipRegistration) Kind() mesh.Kind { return mesh.MembershipIdentity }

// Subject implements Prerequisite.
func (r *MembershipRegistration) Subject() string { return r.Cluster.String() }

// Check implements Prerequisite.
func (r *MembershipRegistration) Check(ctx context.Context, fresh bool) (State, error) {
	return r.Read(ctx, fresh)
}

// Read is Check with its own type. That the cluster is in another fleet, or the
// name another cluster's, is an error: neither is put right by one more membership.
func (r *MembershipRegistration) Read(ctx context.Context, fresh bool) (RegistrationState, error) {
	s := RegistrationState{Membership: r.wanted(), cluster: r.Cluster}
	var err error
	if s.cluster.Project, err = r.Client.ProjectID(ctx, r.Cluster.Project); err != nil {
		return s, err
	}
	cluster, err := readCluster(ctx, r.Client, r.Cluster, fresh)
	if err != nil {
		return s, err
	}
	if cluster.FleetProject != "" {
		if err := r.inFleet(ctx, cluster, &s); err != nil {
			return s, err
		}
	}
	read := r.Client.Membership
	if fresh {
		read = r.Client.FreshMembership
	}
	m, err := read(ctx, s.Membership)
	switch {
	case apierr.NotFound(err):
		return s, nil
	case err != nil:
		return s, err
	case m.Cluster == nil || m.Cluster.Location != s.cluster.Location ||
		m.Cluster.Name != s.cluster.Name || !r.sameProject(ctx, m.Cluster.Project, s.cluster.Project):
		return s, fmt.Errorf("membership %s is that of another cluster; give the membership of cluster %s another name",
			s.Membership, r.Subject())
	}
	s.Registered, s.Issuer = true, m.Issuer
	return s, nil
}

// wanted is the membership that the cluster is to get.
func (r *MembershipRegistration) wanted() mesh.Membership {
	return mesh.Membership{
		Project: r.FleetProject, Location: cmp.Or(r.Location, mesh.Region(r.Cluster.Location)), Name: cmp.Or(r.Name, r.Cluster.Name),
	}
}

// inFleet looks at the fleet that a cluster says it is in.
func (r *MembershipRegistration) inFleet(ctx context.Context, cluster gcp.Cluster, s *RegistrationState) error {
	if !r.sameProject(ctx, cluster.FleetProject, r.FleetProject) {
		return fmt.Errorf("cluster %s is in the fleet of project %s, not in that of %s: a cluster is in one fleet at a time. "+
			"Take it out of that one first: gcloud container fleet memberships unregister", r.Subject(), cluster.FleetProject, r.FleetProject)
	}
	has, err := mesh.ParseMembership(cluster.FleetMembership)
	if err != nil {
		return nil // GKE does not say which; the membership itself is asked for
	}
	has.Project = r.FleetProject
	named := r.Name != "" && r.Name != has.Name || r.Location != "" && r.Location != has.Location
	if named {
		return fmt.Errorf("cluster %s is registered in the fleet of project %s already, as membership %s; use that one",
			r.Subject(), r.FleetProject, has)
	}
	s.Membership = has
	return nil
}

// sameProject compares two projects, of which one may be named by its number and
// the other by its id. Two of which that is not known are not the same.
func (r *MembershipRegistration) sameProject(ctx context.Context, a, b string) bool {
	if a == b {
		return true
	}
	one, err := r.Client.ProjectNumber(ctx, a)
	if err != nil {
		return false
	}
	other, err := r.Client.ProjectNumber(ctx, b)
	return err == nil && one == other
}

// Enforce implements Prerequisite. It makes the membership; one that somebody else made in the meantime is as good.
func (r *MembershipRegistration) Enforce(ctx context.Context, state State) (Change, error) {
	s, change := state.(RegistrationState), Change{Kind: r.Kind(), Subject: r.Subject()}
	if s.Met() {
		return change, nil
	}
	switch err := r.Client.Register(ctx, s.Membership, s.cluster); {
	case apierr.AlreadyExists(err) && !apierr.Ambiguous(err):
		return change, nil
	case err != nil && !apierr.AlreadyExists(err):
		return change, err
	}
	change.Before, change.After = s.Gap()
	return change, nil
}

// WaitForOperations implements OperationWaiter.
func (r *MembershipRegistration) WaitForOperations(ctx context.Context) error {
	return waitForMembership(ctx, r.Client, r.wanted())
}

// Undo implements Prerequisite. It deletes the membership if it is still as it was
// made. One whose mesh is asked for since stays: the mesh would go with it.
func (r *MembershipRegistration) Undo(ctx context.Context, c Change) error {
	name, _ := c.After["membership"].(string)
	made, err := mesh.ParseMembership(name)
	if err != nil {
		return nil // the change made none
	}
	now, err := r.Client.FreshMembership(ctx, made)
	switch {
	case apierr.NotFound(err):
		return nil
	case err != nil:
		return err
	case now.Issuer != c.After["issuer"] || now.Cluster == nil || now.Cluster.Name != r.Cluster.Name:
		return nil
	}
	spec, err := r.Client.MeshSpec(ctx, made, gcp.HubV1, true)
	if err != nil && !apierr.NotFound(err) {
		return err
	}
	if spec.Management != "" && !strings.HasPrefix(spec.Origin, "FLEET") {
		return &KeptError{made.String(),
			"mesh management " + spec.Management + " is asked for it, and deleting the membership would take the mesh along"}
	}
	return r.Client.Unregister(ctx, made, r.Cluster)
}

package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// readMember judges one membership: what the fleet says of it, its cluster's
// pool, its identity, and what is in the cluster.
func (r *run) readMember(ctx context.Context, f *fleet, m member) {
	if m.known && f.lacks(m) && !f.off && !f.blind {
		return // a finding says so, and its state is of what is not there
	}
	about := m.name.String()
	at := place{fleet: f.project}
	if m.cluster != nil {
		at.homes = append(at.homes, r.projectID(ctx, m.cluster.Project))
	}
	at.homes = append(at.homes, r.HostProjects...)
	r.subject(about, TypeMembership, fleetName(f.project), at)
	r.facts(about, m)
	if f.blind {
		r.unknown(about, mesh.MeshManagement, mesh.ControlPlane, mesh.DataPlane)
	}
	if m.known {
		r.judgeMember(about, f, m)
	}
	r.judgeUnasked(ctx, about, f, m)
	if f.idle || !m.used() && !f.blind || !m.listed && !m.known {
		return
	}
	switch {
	case !m.listed && f.unlisted:
		r.unknown(about, mesh.MembershipIdentity, mesh.ClusterPool, mesh.NodePoolMetadata)
	case m.listed && m.cluster == nil && m.hub.Issuer == "":
		r.checked(about, mesh.MembershipIdentity)
		r.add(about, catalogue.NewFinding(catalogue.IdentityMissing, about, "membership "+about+" has no identity provider. "+
			"It is not of a GKE cluster: the issuer that it needs is in the cluster's /.well-known/openid-configuration"))
	case m.listed:
		for _, n := range prereq.NeedsOfMembership(r.Client, m.name, issuerOf(m)) {
			r.check(ctx, about, n)
		}
	}
	if m.hub.ClusterGone || m.cluster != nil && r.checkCluster(ctx, about, *m.cluster) {
		r.add(about, catalogue.NewFinding(catalogue.ClusterMissing, about, "the GKE cluster of membership "+about+" does not exist"))
		return
	}
	if m.cluster != nil {
		r.compareFleet(ctx, about, f, *m.cluster)
		r.readNetwork(ctx, about, f, m, at)
	}
	if !r.NoClusters {
		r.readCluster(ctx, about, m)
	}
}

// judgeUnasked judges a membership that nobody asks a mesh of: one that does not use the mesh, or one whose cluster is set
// up for it all the same.
func (r *run) judgeUnasked(ctx context.Context, about string, f *fleet, m member) {
	traces := strings.Join(m.traces, ", ")
	switch {
	case f.off && traces != "":
		r.checked(about, mesh.ControlPlane)
		r.add(about, catalogue.NewFinding(catalogue.MembershipNotReported, about,
			"the fleet reports no mesh state of membership "+about+", whose cluster has "+traces))
	case traces != "":
		r.checked(about, mesh.MeshManagement)
		asked := "no mesh management is asked for"
		if m.mesh.Management != "" {
			asked = "management is " + m.mesh.Management
		}
		finding := catalogue.NewFinding(catalogue.SpecState, about, asked+", but the cluster has "+traces)
		finding.Detail = m.mesh.Management
		r.add(about, finding)
	case m.listed && !m.used() && !m.traced && m.cluster != nil && !f.blind && !f.off && !r.NoClusters && r.wasChanged(ctx, about, m):
	case m.listed && !m.known && !f.blind:
		r.checked(about, mesh.MeshManagement)
		finding := catalogue.NewFinding(catalogue.NotManaged, about, "no mesh management is asked for")
		if f.absent {
			finding.Verdict = mesh.Unknown // without a mesh there is no health
		}
		r.add(about, finding)
	}
}

// wasChanged notes a membership whose mesh configuration was changed of late to one that asks for no mesh, and whose cluster
// cannot be searched for one: whether a mesh runs there that nobody manages is not known.
func (r *run) wasChanged(ctx context.Context, about string, m member) bool {
	who, found, err := r.Client.WhoSetManagement(ctx, m.name)
	if err != nil || !found {
		return false
	}
	r.unknown(about, mesh.MeshManagement)
	r.add(about, catalogue.NewFinding(catalogue.Unreadable, about, fmt.Sprintf(
		"no mesh management is asked for since %s changed the membership's configuration on %s, and the cluster cannot be read, so that "+
			"it is not known whether a mesh runs in it", who.Principal, who.Time.UTC().Format(time.DateOnly))))
	return true
}

// readNetwork looks at the project that the cluster's network is of, where that is
// another: a Shared VPC host, which must grant the service agent its role, too.
func (r *run) readNetwork(ctx context.Context, about string, f *fleet, m member, at place) {
	c, err := r.Client.Cluster(ctx, *m.cluster) // read for its pool already
	if err != nil || c.NetworkProject == "" {
		return
	}
	host := r.projectID(ctx, c.NetworkProject)
	if slices.Contains(at.homes, host) {
		return
	}
	at.homes = append(at.homes, host)
	r.subject(about, TypeMembership, fleetName(f.project), at)
	r.readHost(ctx, host, f.project)
}

// compareFleet notes a cluster that says that it is in another fleet.
func (r *run) compareFleet(ctx context.Context, about string, f *fleet, name mesh.Cluster) {
	c, err := r.Client.Cluster(ctx, name) // read for its pool already
	if err != nil {
		return
	}
	if of, err := mesh.ParseMembership(c.FleetMembership); err == nil && r.projectID(ctx, of.Project) != f.project {
		r.checked(about, mesh.MembershipIdentity)
		r.add(about, catalogue.NewFinding(catalogue.ClusterOtherFleet, about, fmt.Sprintf(
			"cluster %s says that it is a member of the fleet of project %s, as %s", name, r.projectID(ctx, of.Project), c.FleetMembership)))
	}
}

// issuerOf is the issuer to expect. That of a cluster outside of Google Cloud is not known, so any will do.
func issuerOf(m member) string {
	if m.cluster != nil {
		return ""
	}
	return m.hub.Issuer
}

func (r *run) facts(about string, m member) {
	if m.cluster != nil {
		r.fact(about, FactCluster, m.cluster.String())
	}
	r.fact(about, FactManagement, m.mesh.Management)
	r.fact(about, FactControlPlane, m.mesh.ControlPlane.State)
	r.fact(about, FactDataPlane, m.mesh.DataPlane.State)
	r.fact(about, FactImplementation, m.mesh.Implementation)
}

// judgeMember judges what the fleet says.
func (r *run) judgeMember(about string, of *fleet, m member) {
	r.checked(about, mesh.MeshManagement)
	if m.used() {
		r.checked(about, mesh.ControlPlane, mesh.DataPlane)
	}
	findings := health.JudgeMembership(m.mesh).Findings
	if f, differs := health.JudgeSpec(m.mesh); differs {
		findings = append(findings, f)
	}
	if f, reported := health.JudgeImplementation(m.mesh, r.now); reported {
		stands := health.Modernization(m.mesh, of.feature.Conditions)
		r.fact(about, FactModernization, stands)
		f.Message += "; " + stands
		findings = append(findings, f)
	}
	for _, f := range findings {
		if f.Code == catalogue.NotManaged && of.absent {
			f.Verdict = mesh.Unknown // without a mesh there is no health
		}
		if f.Verdict == mesh.Provisioning && catalogue.Overdue(m.mesh.Updated, r.now) {
			f.Verdict, f.Severity = mesh.Unhealthy, catalogue.Error
			f.Message += fmt.Sprintf("; it has been so for over %d minutes", int(catalogue.ProvisioningLimit.Minutes()))
		}
		of := NewFinding(about, f)
		if f.Code == catalogue.SpecState {
			of.log = m.name.Project
			of.cause = func(ctx context.Context) (mesh.AuditEvent, bool, error) {
				return r.Client.WhoSetManagement(ctx, m.name)
			}
		}
		r.note(of)
	}
}

// checkCluster checks what the mesh needs of a cluster, and reports whether the cluster is gone.
func (r *run) checkCluster(ctx context.Context, about string, name mesh.Cluster) (gone bool) {
	for _, n := range prereq.NeedsOfCluster(r.Client, name) {
		r.checked(about, prereq.Kinds(n.Prerequisite)...)
		state, err := n.Check(ctx, false)
		var missing *prereq.GoneError
		if errors.As(err, &missing) {
			return true
		}
		r.judgeCheck(about, n, state, err)
	}
	return false
}

func (r *run) open(ctx context.Context, m member) (*cluster.Cluster, error) {
	return r.Reader.Clusters.Open(ctx, cluster.Target{Membership: &m.name, Cluster: m.cluster, Agent: m.listed && m.cluster == nil})
}

// clusterKinds are what the reads of a cluster are for.
var clusterKinds = []mesh.Kind{mesh.ControlPlane, mesh.InjectionLabels, mesh.ProxyUpgrades}

// readCluster judges what is in the cluster.
func (r *run) readCluster(ctx context.Context, about string, m member) {
	r.checked(about, clusterKinds...)
	opened, err := r.open(ctx, m)
	if err != nil {
		r.unread(about, mesh.ControlPlane, err)
		r.unknown(about, clusterKinds...)
		return
	}
	state, err := opened.Read(ctx)
	ways := refusals(append(opened.Skipped(), err))
	off := r.gateway(about, ways)
	if err != nil {
		r.unknown(about, clusterKinds...)
		if !off {
			r.unreached(about, ways, err)
		}
		return
	}
	r.fact(about, FactReachedBy, opened.Via())
	r.fact(about, FactRevisions, revisionNames(state.Revisions))
	for _, part := range []struct {
		kind   mesh.Kind
		health health.Health
	}{
		{mesh.ControlPlane, state.RevisionHealth().Health},
		{mesh.InjectionLabels, state.InjectionHealth().Health},
		{mesh.ProxyUpgrades, state.ProxyHealth().Health},
		{mesh.ProxyUpgrades, state.PodHealth()},
	} {
		for _, f := range part.health.About(about).Findings {
			if f.Code != catalogue.Unreadable {
				r.add(about, f)
				continue
			}
			r.unknown(about, part.kind)
			if !r.hasMessage(about, f.Message) {
				r.note(Finding{Finding: f, About: about, Kind: part.kind})
			}
		}
	}
	r.readInside(ctx, about, m, opened, state)
}

// refusals are the failures of the ways to a cluster, one for each way. Which of the
// reads failed first is chance, so none is named.
func refusals(errs []error) (ways []*apierr.Error) {
	for e := range apierr.All(errors.Join(errs...)) {
		if !slices.ContainsFunc(ways, func(have *apierr.Error) bool { return have.Via == e.Via }) {
			of := *e
			of.Doing = "read the mesh"
			ways = append(ways, &of)
		}
	}
	return ways
}

// unreached notes that no way to a cluster served, with what each says.
func (r *run) unreached(about string, ways []*apierr.Error, err error) {
	if len(ways) == 0 {
		r.unread(about, mesh.ControlPlane, err)
		return
	}
	var what, next []string
	for _, e := range ways {
		says, then := apierr.Describe(e)
		what = append(what, says)
		if then != "" && !slices.Contains(next, then) {
			next = append(next, then)
		}
	}
	f := catalogue.NewFinding(catalogue.Unreadable, about, strings.Join(what, "; "))
	if len(next) > 0 {
		f.Remediation = strings.Join(next, " ")
	}
	f.Verdict = mesh.Unknown
	r.note(Finding{Finding: f, About: about, Kind: mesh.ControlPlane})
}

// gateway notes that Connect Gateway is disabled, which is a finding even where
// the cluster was then reached at its endpoint, and reports whether it is.
func (r *run) gateway(about string, ways []*apierr.Error) bool {
	for _, e := range ways {
		if _, disabled := apierr.GatewayDisabled(e); !disabled {
			continue
		}
		what, next := apierr.Describe(e)
		f := catalogue.NewFinding(catalogue.ConnectGatewayDisabled, about, what)
		if next != "" {
			f.Remediation = next
		}
		f.Detail = mesh.GatewayService
		r.add(about, f)
		return true
	}
	return false
}

// hasMessage reports whether a subject has a finding of this message already: one refusal of many reads is one finding.
func (r *run) hasMessage(about, message string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.of[about], func(i int) bool { return r.findings[i].Message == message })
}

// unknown notes that nothing is known about these kinds.
func (r *run) unknown(about string, kinds ...mesh.Kind) {
	r.checked(about, kinds...)
	r.mu.Lock()
	defer r.mu.Unlock()
	checks := r.subjects[about].Checks
	for i := range checks {
		if slices.Contains(kinds, checks[i].Kind) {
			checks[i].Status = Unknown
		}
	}
}

func revisionNames(revisions []mesh.ControlPlaneRevision) string {
	var names []string
	for _, r := range revisions {
		names = append(names, r.Name)
	}
	return strings.Join(names, ", ")
}

package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/agext/levenshtein"
	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// readFleet reads the fleet's feature and its memberships, which costs two requests however many there are.
func (r *run) readFleet(ctx context.Context, f *fleet) {
	about := fleetName(f.project)
	r.subject(about, TypeFleet, "", place{fleet: f.project, homes: []string{f.project}})
	var hub []gcp.Membership
	var unreachable []string
	var featureErr, hubErr error
	var group errgroup.Group
	group.Go(func() error { f.feature, featureErr = r.Client.MeshFeature(ctx, f.project); return nil })
	group.Go(func() error { hub, unreachable, hubErr = r.Client.Memberships(ctx, f.project); return nil })
	_ = group.Wait() // failures are findings

	r.checked(about, mesh.FleetFeature)
	if (featureErr != nil && !apierr.NotFound(featureErr) || hubErr != nil) && r.Client.ProjectGone(ctx, f.project) {
		r.add(about, catalogue.NewFinding(catalogue.ProjectDeleted, about, "the fleet's host project "+f.project+" is deleted"))
		f.blind, f.gone = true, true
		return
	}
	f.off = apierr.NotFound(featureErr)
	f.blind = featureErr != nil && !f.off
	f.unlisted = hubErr != nil || len(unreachable) > 0
	f.gather(hub)
	if !f.blind && !r.NoClusters {
		r.findTraces(ctx, f)
	}
	if r.isAbsent(ctx, f, featureErr) {
		return
	}
	if f.blind {
		r.unread(about, mesh.FleetFeature, featureErr)
	}
	if hubErr != nil {
		r.unread(about, mesh.MembershipIdentity, hubErr)
	}
	for _, region := range unreachable {
		if !slices.Contains(f.feature.Unreachable, region) {
			r.unread(about, mesh.MembershipIdentity,
				fmt.Errorf("the fleet could not reach %s; memberships there are missing from its answer", region))
		}
	}
	r.judgeFleet(f)
}

// findTraces looks whether clusters are set up for a mesh that nobody asks for: the feature is off, or the membership's
// configuration was cleared or lost while the mesh runs. Without a trace, the mesh is just not used, and nothing is
// wrong; that a cluster cannot be read for it is no finding either.
func (r *run) findTraces(ctx context.Context, f *fleet) {
	var group errgroup.Group
	group.SetLimit(r.Concurrency)
	for i := range f.members {
		m := &f.members[i]
		if !m.listed || m.used() || m.mesh.Management == mesh.ManagementNotInstalled {
			continue
		}
		group.Go(func() error {
			if opened, err := r.open(ctx, *m); err == nil {
				m.traces, err = opened.Traces(ctx)
				m.traced = err == nil
			}
			return nil
		})
	}
	_ = group.Wait()
	about := fleetName(f.project)
	if f.off && slices.ContainsFunc(f.members, func(m member) bool { return len(m.traces) > 0 }) {
		of := NewFinding(about, catalogue.NewFinding(catalogue.FeatureDisabled, about,
			"the mesh feature is not enabled in the fleet of project "+f.project+", though its clusters are set up for managed mesh"))
		of.log = f.project
		of.cause = func(ctx context.Context) (mesh.AuditEvent, bool, error) {
			return r.Client.WhoDeletedFeature(ctx, f.project)
		}
		r.note(of)
	}
}

// gather joins what the feature says of memberships and what the fleet has.
func (f *fleet) gather(hub []gcp.Membership) {
	byKey := map[string]*member{}
	get := func(name mesh.Membership) *member {
		name.Project = f.project
		key := name.Location + "/" + name.Name
		if byKey[key] == nil {
			byKey[key] = &member{name: name, mesh: mesh.MembershipMesh{Name: name.String()}}
		}
		return byKey[key]
	}
	for _, m := range f.feature.Memberships {
		if name, err := mesh.ParseMembership(m.Name); err == nil {
			of := get(name)
			of.mesh, of.known = m, true
			of.mesh.Name = of.name.String()
		}
	}
	for _, m := range hub {
		f.names = append(f.names, m.Name)
		of := get(m.Name)
		of.hub, of.listed, of.cluster = m, true, m.Cluster
	}
	for key := range f.only {
		location, name, _ := strings.Cut(key, "/")
		get(mesh.Membership{Location: location, Name: name})
	}
	for key, m := range byKey {
		if f.only == nil || f.only[key] {
			f.members = append(f.members, *m)
		}
	}
	slices.SortFunc(f.members, func(a, b member) int { return strings.Compare(a.name.String(), b.name.String()) })
}

// judgeFleet judges the feature itself; its memberships are judged one by one.
func (r *run) judgeFleet(f *fleet) {
	about := fleetName(f.project)
	if f.off || f.blind {
		return
	}
	feature := f.feature
	feature.Memberships = nil
	health, _ := health.JudgeFeature(feature)
	for _, finding := range health.Findings {
		finding.Subject = about
		r.add(about, finding)
	}
	for _, m := range f.members {
		if !f.lacks(m) {
			continue
		}
		name := m.name.String()
		if elsewhere, found := f.elsewhere(m); found {
			r.judgeElsewhere(f, m, elsewhere)
			continue
		}
		r.subject(name, TypeMembership, about, place{fleet: f.project})
		r.checked(name, mesh.MeshManagement)
		r.add(name, f.missing(m))
	}
}

// lacks reports whether the fleet is known not to have a membership.
func (f *fleet) lacks(m member) bool {
	return !m.listed && !f.unlisted && len(f.feature.Unreachable) == 0
}

// elsewhere finds the membership that the feature's configuration for one that is not there is meant for: the one of its
// name at another location.
func (f *fleet) elsewhere(m member) (name mesh.Membership, found bool) {
	if !m.known {
		return mesh.Membership{}, false
	}
	for _, n := range f.names {
		if n.Name == m.name.Name {
			n.Project = f.project
			return n, true
		}
	}
	return mesh.Membership{}, false
}

// judgeElsewhere judges a configuration that names another location than the membership's. Where the membership has its own,
// the other is a leftover.
func (r *run) judgeElsewhere(f *fleet, m member, at mesh.Membership) {
	about := at.String()
	finding := catalogue.NewFinding(catalogue.MembershipElsewhere, m.name.String(), fmt.Sprintf(
		"the mesh is configured for membership %s, which is not there; the fleet has %s in %s", m.name, at.Name, at.Location))
	own := slices.ContainsFunc(f.feature.Memberships, func(of mesh.MembershipMesh) bool {
		name, err := mesh.ParseMembership(of.Name)
		return err == nil && name.SameAs(at) && (of.Management != "" || of.Runs())
	})
	if own || m.mesh.Management != mesh.ManagementAutomatic {
		finding.Severity, finding.Verdict = catalogue.Info, mesh.Healthy
		finding.Message += ", with a configuration of its own"
	}
	r.subject(about, TypeMembership, fleetName(f.project), place{fleet: f.project})
	r.checked(about, mesh.MeshManagement)
	r.add(about, finding)
}

// missing is the finding about a membership that the fleet does not have. Where its feature has none either, it may never
// have been there: a name that is misspelt is no outage.
func (f *fleet) missing(m member) catalogue.Finding {
	name := m.name.String()
	if m.known {
		asked := "with the mesh's state"
		if m.mesh.Management != "" {
			asked = "with management " + m.mesh.Management
		}
		return catalogue.NewFinding(catalogue.SpecOrphaned, name, "the mesh feature names membership "+name+" "+asked+", but the fleet has no "+
			"such membership")
	}
	finding := catalogue.NewFinding(catalogue.Unreadable, name, "there is no membership "+name+" in the fleet of project "+f.project)
	finding.Remediation = "Check the name and the location: gcloud container fleet memberships list --project " + f.project + "."
	short := func(n mesh.Membership) string { return n.Location + "/" + n.Name }
	best := ""
	for _, n := range f.names {
		d := levenshtein.Distance(short(n), short(m.name), nil)
		if (d <= 3 || n.Name == m.name.Name) && (best == "" || d < levenshtein.Distance(best, short(m.name), nil)) {
			best = short(n)
		}
	}
	if location, near, found := strings.Cut(best, "/"); found {
		finding.Meant = mesh.Membership{Project: f.project, Location: location, Name: near}.String()
		finding.Message += "; did you mean " + finding.Meant + "?"
	}
	return finding
}

// used reports whether the mesh of a membership is managed or meant to be. One that is not needs nothing, and a project
// that does not use the mesh is left in peace.
func (m member) used() bool {
	return len(m.traces) > 0 || m.mesh.Management == mesh.ManagementAutomatic || m.mesh.Runs()
}

// projectsOf are the projects that the mesh of a fleet needs something of, where any membership uses it.
func (r *run) projectsOf(ctx context.Context, f *fleet) []string {
	var projects []string
	add := func(p string) {
		if p = r.projectID(ctx, p); !slices.Contains(projects, p) {
			projects = append(projects, p)
		}
	}
	if f.gone || f.idle {
		return nil
	}
	if f.blind { // it may well be used
		add(f.project)
	}
	for _, m := range f.members {
		if !m.used() && !f.blind {
			continue
		}
		add(f.project)
		if m.cluster != nil {
			add(m.cluster.Project)
			r.hosting[r.projectID(ctx, m.cluster.Project)] = true
		}
	}
	if len(projects) > 0 {
		for _, p := range r.HostProjects {
			add(p)
		}
	}
	return projects
}

// readProject checks what the meshes of fleets need of a project.
func (r *run) readProject(ctx context.Context, project string, fleets []string) {
	about := projectName(project)
	r.subject(about, TypeProject, "", place{homes: []string{project}})
	needs := prereq.NeedsOfProject(r.Client, project, r.Services, fleets)
	if slices.Contains(r.HostProjects, project) {
		needs = prereq.NeedsOfNetworkHost(r.Client, project, fleets)
	}
	var group errgroup.Group
	for _, n := range needs {
		group.Go(func() error { r.check(ctx, about, n); return nil })
	}
	if r.hosting[project] {
		group.Go(func() error { r.countFleets(ctx, project); return nil })
	}
	_ = group.Wait()
}

// countFleets notes a project whose clusters are in several fleets. The read is the one that their pools come from.
func (r *run) countFleets(ctx context.Context, project string) {
	clusters, _, err := r.Client.Clusters(ctx, project)
	if err != nil {
		return // the clusters' own checks report it
	}
	var fleets []string
	for _, c := range clusters {
		m, err := mesh.ParseMembership(c.FleetMembership)
		if err != nil {
			continue // in no fleet
		}
		if id := r.projectID(ctx, m.Project); !slices.Contains(fleets, id) {
			fleets = append(fleets, id)
		}
	}
	r.findStrays(ctx, project, clusters)
	if len(fleets) > 1 {
		slices.Sort(fleets)
		about := projectName(project)
		r.add(about, catalogue.NewFinding(catalogue.FleetsSeveral, about,
			"the clusters of project "+project+" are in several fleets: "+strings.Join(fleets, ", ")))
	}
}

// readHost checks what the mesh of a fleet needs of the project that a cluster's
// network is of, once for all of its clusters.
func (r *run) readHost(ctx context.Context, project, fleetProject string) {
	if slices.Contains(r.homes[project], fleetProject) {
		return // it is looked at for its own sake
	}
	r.mu.Lock()
	once := r.hosts[project+" "+fleetProject]
	if once == nil {
		once = &sync.Once{}
		r.hosts[project+" "+fleetProject] = once
	}
	r.mu.Unlock()
	once.Do(func() {
		about := projectName(project)
		r.subject(about, TypeProject, "", place{homes: []string{project}})
		for _, n := range prereq.NeedsOfNetworkHost(r.Client, project, []string{fleetProject}) {
			r.check(ctx, about, n)
		}
	})
}

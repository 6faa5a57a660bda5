package diagnosis

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
)

// run is one diagnosis under way.
type run struct {
	Reader
	Options
	now time.Time

	mu       sync.Mutex
	subjects map[string]*Subject
	places   map[string]place // by the subject's name
	findings []Finding
	done     int
	total    int
}

// place is where a subject is, by project ids: what happens in these projects
// reaches it.
type place struct {
	fleet string   // the fleet's host project
	homes []string // the project of its cluster, and the hosts of its network
}

// Run diagnoses what the options name. Whatever cannot be read becomes a finding,
// and nothing else of the report; the error is of options that cannot be, or of
// the context.
func Run(ctx context.Context, reader Reader, options Options) (*Report, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	r := &run{Reader: reader, Options: options, subjects: map[string]*Subject{}, places: map[string]place{}}
	r.now = r.Clock.Now()
	fleets := r.fleets(ctx)
	r.read(ctx, fleets)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	r.judge(ctx)
	return r.report(), nil
}

// fleet is one fleet to look at.
type fleet struct {
	project string          // id of its host project, or what was written where that cannot be told
	only    map[string]bool // LOCATION/NAME of the memberships that were named; nil is all
	feature mesh.Feature
	off     bool // the mesh feature is not enabled
	blind   bool // the feature could not be read
	members []member
}

// member is one membership of a fleet, as far as it is known before its cluster
// is read.
type member struct {
	name    mesh.Membership
	mesh    mesh.MembershipMesh
	known   bool // the feature says something of it
	hub     gcp.Membership
	listed  bool // the fleet has it
	cluster *mesh.Cluster
	traces  []string // of a managed mesh, where the fleet's feature is off
}

// fleets gathers what was asked for by fleet.
func (r *run) fleets(ctx context.Context) []*fleet {
	byProject := map[string]*fleet{}
	get := func(project string) *fleet {
		id := r.projectID(ctx, project)
		if byProject[id] == nil {
			byProject[id] = &fleet{project: id, only: map[string]bool{}}
		}
		return byProject[id]
	}
	for _, m := range r.Memberships {
		get(m.Project).only[m.Location+"/"+m.Name] = true
	}
	for _, c := range r.Options.Clusters {
		if m, found := r.membershipOf(ctx, c); found {
			get(m.Project).only[m.Location+"/"+m.Name] = true
		}
	}
	for _, p := range r.FleetProjects {
		get(p).only = nil
	}
	var all []*fleet
	for _, f := range byProject {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *fleet) int { return cmp.Compare(a.project, b.project) })
	return all
}

// membershipOf finds the membership of a cluster that was named.
func (r *run) membershipOf(ctx context.Context, name mesh.Cluster) (mesh.Membership, bool) {
	subject := name.String()
	c, err := r.Client.Cluster(ctx, name)
	switch {
	case err != nil && gcp.NotFound(err):
		r.subject(subject, TypeCluster, "", place{homes: []string{name.Project}})
		r.add(subject, mesh.NewFinding(mesh.ClusterMissing, subject, "cluster "+subject+" does not exist"))
	case err != nil:
		r.subject(subject, TypeCluster, "", place{homes: []string{name.Project}})
		r.add(subject, prereq.Unreadable(subject, err))
	default:
		if m, err := mesh.ParseMembership(c.FleetMembership); err == nil {
			return m, true
		}
		r.subject(subject, TypeCluster, "", place{homes: []string{name.Project}})
		r.add(subject, mesh.NewFinding(mesh.NotManaged, subject, "cluster "+subject+" is in no fleet, so its mesh is not managed"))
	}
	return mesh.Membership{}, false
}

// projectID is the id of a project, or what was written where it cannot be told:
// a report names one project one way.
func (r *run) projectID(ctx context.Context, project string) string {
	id, err := r.Client.ProjectID(ctx, project)
	if err != nil || id == "" {
		return project
	}
	return id
}

// read looks at every fleet, then at everything in them, in parallel.
func (r *run) read(ctx context.Context, fleets []*fleet) {
	var group errgroup.Group
	for _, f := range fleets {
		group.Go(func() error { r.readFleet(ctx, f); return nil })
	}
	_ = group.Wait() // failures are findings

	var works errgroup.Group
	works.SetLimit(r.Concurrency)
	homes := map[string]map[string]bool{} // fleets by project
	for _, f := range fleets {
		for _, project := range r.projectsOf(ctx, f) {
			if homes[project] == nil {
				homes[project] = map[string]bool{}
			}
			homes[project][f.project] = true
		}
	}
	for project, of := range homes {
		for fleetProject := range of {
			works.Go(func() error { r.readProject(ctx, project, fleetProject); return nil })
		}
	}
	for _, f := range fleets {
		r.total += len(f.members)
	}
	for _, f := range fleets {
		for _, m := range f.members {
			works.Go(func() error {
				r.readMember(ctx, f, m)
				r.progress(m.name.String())
				return nil
			})
		}
	}
	_ = works.Wait()
}

func (r *run) progress(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.Progress(r.done, r.total, name)
}

// subject notes that something is looked at.
func (r *run) subject(name, kind, parent string, at place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.subjects[name] == nil {
		r.subjects[name] = &Subject{Name: name, Type: kind, Parent: parent, Checks: []Check{}, Facts: map[string]string{}}
	}
	r.places[name] = at
}

func (r *run) fact(subject, name, value string) {
	if value == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.subjects[subject].Facts[name] = value
}

// checked notes that a kind was looked at for a subject.
func (r *run) checked(subject string, kinds ...mesh.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.subjects[subject]
	for _, k := range kinds {
		if !slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Kind == k }) {
			s.Checks = append(s.Checks, Check{k, Met})
		}
	}
}

// add notes findings about a subject.
func (r *run) add(about string, findings ...mesh.Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range findings {
		kind := mesh.Describe(f.Code).Kind
		if c, known := mesh.DescribeCondition(f.Detail); known && f.Code == mesh.ConditionReported {
			kind = c.Kind
		}
		r.findings = append(r.findings, Finding{Finding: f, About: about, Kind: kind, Runbook: mesh.RunbookOf(f)})
	}
}

// unread is a finding for a check that could not be made.
func (r *run) unread(about string, kind mesh.Kind, err error) {
	r.checked(about, kind)
	f := prereq.Unreadable(about, err)
	f.Verdict = mesh.Unknown
	r.mu.Lock()
	defer r.mu.Unlock()
	r.findings = append(r.findings, Finding{Finding: f, About: about, Kind: kind})
}

// check runs a prerequisite's own check.
func (r *run) check(ctx context.Context, about string, p prereq.Prerequisite) {
	r.checked(about, p.Kind())
	state, err := p.Check(ctx, false)
	if err != nil {
		r.unread(about, p.Kind(), err)
		return
	}
	r.found(about, p, state)
}

// found notes what a prerequisite's check has found, and how to ask the audit log
// about it.
func (r *run) found(about string, p prereq.Prerequisite, state prereq.State) {
	for _, f := range state.Findings() {
		f.Subject = about
		r.add(about, f)
		r.checked(about, mesh.Describe(f.Code).Kind)
		r.mu.Lock()
		r.findings[r.last(about)].cause = func(ctx context.Context) (mesh.Change, bool, error) {
			return prereq.Cause(ctx, r.Client, p, state, f.Detail)
		}
		r.mu.Unlock()
	}
}

// last is the index of a subject's newest finding.
func (r *run) last(about string) int {
	for i := len(r.findings) - 1; i >= 0; i-- {
		if r.findings[i].About == about {
			return i
		}
	}
	return -1
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

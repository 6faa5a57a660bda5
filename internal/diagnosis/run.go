package diagnosis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis/causes"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
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
	of       map[string][]int // indices of findings, by the subject they are about
	causes   causes.Graph     // of findings
	done     int
	total    int

	homes     map[string][]string     // fleets by the projects that their mesh needs something of
	hosting   map[string]bool         // projects with clusters that are looked at
	hosts     map[string]*sync.Once   // network host projects that were found on the way, with the fleet
	refusing  map[string]bool         // projects whose audit log is refused
	corrected map[string][]correction // by project and fleet
}

// place is where a subject is, by project ids: what happens in these projects reaches it.
type place struct {
	fleet string   // the fleet's host project
	homes []string // the project of its cluster, and the hosts of its network
}

// Run diagnoses what the options name. Whatever cannot be read becomes a finding, and nothing else of the report. It
// returns an error only for invalid options or a cancelled context.
func Run(ctx context.Context, reader Reader, options Options) (*Report, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	r := &run{
		Reader: reader, Options: options, now: options.Clock.Now(),
		subjects: map[string]*Subject{}, places: map[string]place{}, of: map[string][]int{},
		homes: map[string][]string{}, hosting: map[string]bool{}, hosts: map[string]*sync.Once{},
		refusing: map[string]bool{}, corrected: map[string][]correction{},
	}
	r.HostProjects = nil
	for _, p := range options.HostProjects { // by id, as everything else is named, whatever was written
		r.HostProjects = append(r.HostProjects, r.projectID(ctx, p))
	}
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
	project string          // id of its host project, or what was written where that is not known
	only    map[string]bool // LOCATION/NAME of the memberships that were named; nil is all
	feature mesh.Feature
	off     bool // the mesh feature is not enabled
	blind   bool // the feature could not be read
	gone    bool // its host project is deleted
	idle    bool // nothing shows a mesh, so nothing is checked for one
	absent  bool // there is a finding about that
	// unlisted is set where some or all memberships could not be listed, so that one that is missing may well be there.
	unlisted bool
	names    []mesh.Membership // of the memberships that were listed
	members  []member
}

// member is one membership of a fleet, as far as it is known before its cluster is read.
type member struct {
	name    mesh.Membership
	mesh    mesh.MembershipMesh
	known   bool // the feature says something of it
	hub     gcp.Membership
	listed  bool // the fleet has it
	cluster *mesh.Cluster
	traces  []string // of a managed mesh in its cluster, where nobody asks for one
	traced  bool     // the cluster was searched for them
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
	case err != nil && apierr.NotFound(err):
		r.subject(subject, TypeCluster, "", place{homes: []string{name.Project}})
		f := catalogue.NewFinding(catalogue.ClusterMissing, subject, "cluster "+subject+" does not exist")
		f.Remediation = "Check the name, location and project that were given: gcloud container clusters list --project " + name.Project + "."
		r.add(subject, f)
	case err != nil:
		r.subject(subject, TypeCluster, "", place{homes: []string{name.Project}})
		r.unread(subject, mesh.ClusterPool, err)
	default:
		if m, err := mesh.ParseMembership(c.FleetMembership); err == nil {
			return m, true
		}
		r.judgeOutsider(ctx, name)
	}
	return mesh.Membership{}, false
}

// projectID is the id of a project, or what was written where it is not known:
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
	for _, f := range fleets {
		for _, project := range r.projectsOf(ctx, f) {
			r.homes[project] = append(r.homes[project], f.project)
		}
	}
	for project, of := range r.homes {
		works.Go(func() error { r.readProject(ctx, project, of); return nil })
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

// note keeps a finding, unless its subject has it already: what two reads show is one finding.
func (r *run) note(f Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, i := range r.of[f.About] {
		if have := &r.findings[i]; have.Code == f.Code && have.Message == f.Message && have.Kind == f.Kind && have.Subject == f.Subject {
			return
		}
	}
	r.of[f.About] = append(r.of[f.About], len(r.findings))
	r.findings = append(r.findings, f)
}

// NewFinding puts a finding in its place: about is the name of the subject that it counts for.
func NewFinding(about string, f catalogue.Finding) Finding {
	kind := catalogue.Describe(f.Code).Kind
	if c, known := catalogue.DescribeCondition(f.Detail); known && f.Code == catalogue.ConditionReported {
		kind = c.Kind
	}
	return Finding{Finding: f, About: about, Kind: kind, Runbook: catalogue.RunbookOf(f)}
}

// add notes findings about a subject.
func (r *run) add(about string, findings ...catalogue.Finding) {
	for _, f := range findings {
		r.note(NewFinding(about, f))
	}
}

// unread is a finding for a check that could not be made.
func (r *run) unread(about string, kind mesh.Kind, err error) {
	r.unknown(about, kind)
	f := prereq.Unreadable(about, err)
	r.note(Finding{Finding: f, About: about, Kind: kind, Runbook: catalogue.RunbookOf(f)})
}

// check runs a prerequisite's own check for a subject.
func (r *run) check(ctx context.Context, about string, n prereq.Need) {
	kinds := prereq.Kinds(n.Prerequisite)
	r.checked(about, kinds...)
	state, err := n.Check(ctx, false)
	var gone *prereq.GoneError
	if errors.As(err, &gone) && gone.Subject == about && strings.Count(about, "/") == 1 { // the project itself
		r.unknown(about, kinds...)
		r.add(about, catalogue.NewFinding(catalogue.ProjectDeleted, about, about+" is deleted"))
		return
	}
	r.judgeCheck(about, n, state, err)
}

// judgeCheck notes what a prerequisite's check has found, or that it could not be made.
func (r *run) judgeCheck(about string, n prereq.Need, state prereq.State, err error) {
	if err == nil {
		r.judgeState(about, n.Fleet, n.Prerequisite, state)
		return
	}
	kinds := prereq.Kinds(n.Prerequisite)
	r.unread(about, kinds[0], err)
	r.unknown(about, kinds[1:]...)
}

// judgeState notes what a prerequisite's check has found, and how to ask the audit log about it.
func (r *run) judgeState(about, fleet string, p prereq.Prerequisite, state prereq.State) {
	for _, f := range state.Findings() {
		f.Subject = about
		of := NewFinding(about, f)
		of.fleet = fleet
		if b, ok := state.(prereq.BindingState); ok {
			of.doubt = b.Doubt
		}
		if prereq.Audited(p, f) {
			of.log = projectOf(p.Subject())
			of.cause = func(ctx context.Context) (mesh.AuditEvent, bool, error) {
				return prereq.Cause(ctx, p, state, f)
			}
		}
		r.checked(about, of.Kind)
		r.note(of)
	}
}

// projectOf is the project of a full resource name.
func projectOf(name string) string {
	project, _, _ := strings.Cut(strings.TrimPrefix(name, "projects/"), "/")
	return project
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

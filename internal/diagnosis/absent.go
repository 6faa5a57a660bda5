package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// signs are what shows whether a fleet whose mesh cannot be seen has, or had, one.
type signs struct {
	strays  map[string][]string // traces in clusters that are in no fleet, by the cluster's name
	runs    bool                // a cluster is set up for managed mesh
	taken   []string            // what the audit log shows to have been taken away
	deleted []string            // the same, of the mesh feature
	left    []string            // what a mesh leaves in the project
	unseen  []string            // what could not be looked at
	seen    []Evidence          // what was looked at, and shows no mesh
}

// once reports whether anything shows that there was a mesh, or that one was prepared.
func (s *signs) once() bool { return len(s.taken)+len(s.deleted)+len(s.left) > 0 }

// lost reports whether a mesh is more likely to have lost what it needs than to have been taken down in order. Whoever
// takes a mesh down deletes its feature, and leaves nothing of it in the clusters. Where that could not be looked at, a
// mesh that there was may still run.
func (s *signs) lost() bool {
	return s.runs || len(s.taken) > 0 && len(s.deleted) == 0 || s.once() && len(s.unseen) > 0
}

// isAbsent notes that there is no mesh in a fleet, where that is so. It is asked only where no membership uses the mesh, so
// that it costs a fleet with a mesh nothing. err is why the feature could not be read, or nil.
func (r *run) isAbsent(ctx context.Context, f *fleet, err error) bool {
	service, _ := apierr.Disabled(err)
	off := service == mesh.HubService
	named := f.only != nil && !f.blind && !slices.ContainsFunc(f.members, func(m member) bool { return m.listed || m.known })
	if named || slices.ContainsFunc(f.members, member.used) || !f.blind && (f.unlisted || len(f.feature.Unreachable) > 0) {
		return false
	}
	s := r.lookForMesh(ctx, f)
	about := fleetName(f.project)
	for name, traces := range s.strays {
		if !f.blind {
			r.unregistered(name, traces)
		}
	}
	switch {
	case s.runs || f.blind && s.lost():
		return false
	case f.blind && !off:
		f.idle = true // why the fleet cannot be read is a finding, and nothing shows a mesh that needs anything
		return false
	}
	f.idle, f.absent = true, true
	says := f.why()
	finding := catalogue.NewFinding(catalogue.MeshAbsent, about, "there is no mesh in the fleet of project "+f.project+": "+says)
	for _, part := range []struct {
		heading string
		texts   []string
	}{{"there was one: ", slices.Concat(s.deleted, s.taken)}, {"left of one, or prepared for one: ", s.left}, {"not looked at: ", s.unseen}} {
		if len(part.texts) > 0 {
			finding.Message += "; " + part.heading + strings.Join(part.texts, ", ")
		}
	}
	of := NewFinding(about, finding)
	of.Evidence = append([]Evidence{{"GKE Hub API, features.get", says}}, s.evidence()...)
	r.note(of)
	return true
}

// why says what shows that no mesh is asked for.
func (f *fleet) why() string {
	switch {
	case f.blind:
		return mesh.HubService + " is disabled, so the project has no fleet"
	case f.off:
		return "the mesh feature is not enabled"
	case len(f.members) == 0:
		return "the mesh feature is enabled, but the fleet has no memberships, so no membership uses it"
	}
	return "the mesh feature is enabled, but no membership uses it"
}

func (s *signs) evidence() (all []Evidence) {
	for _, e := range []struct {
		source string
		texts  []string
	}{{"Cloud Audit Logs", slices.Concat(s.deleted, s.taken)}, {"IAM policy and APIs", s.left}, {"not looked at", s.unseen}} {
		for _, text := range e.texts {
			all = append(all, Evidence{e.source, text})
		}
	}
	return append(all, s.seen...)
}

// lookForMesh looks for a mesh where the fleet shows none: inside of clusters, and at what a mesh leaves in its project.
func (r *run) lookForMesh(ctx context.Context, f *fleet) *signs {
	s := &signs{strays: map[string][]string{}}
	s.runs = slices.ContainsFunc(f.members, func(m member) bool { return len(m.traces) > 0 })
	r.lookIntoClusters(ctx, f, s)
	r.lookAtProject(ctx, f, s)
	r.lookAtHistory(ctx, f, s)
	return s
}

// lookIntoClusters looks into the clusters of the fleet's project that are in no fleet, or in one that cannot be read.
// Those of its memberships were looked into before.
func (r *run) lookIntoClusters(ctx context.Context, f *fleet, s *signs) {
	for _, m := range f.members {
		if !m.listed || m.traced || m.cluster == nil || m.hub.ClusterGone {
			continue
		}
		if _, err := r.Client.Cluster(ctx, *m.cluster); !apierr.NotFound(err) {
			s.unseen = append(s.unseen, "cluster "+m.cluster.Name)
		}
	}
	clusters, complete, err := r.Client.Clusters(ctx, f.project)
	switch {
	case err != nil:
		s.unseen = append(s.unseen, "the clusters of project "+f.project)
		return
	case !complete:
		s.unseen = append(s.unseen, "some locations of project "+f.project)
	}
	var group errgroup.Group
	group.SetLimit(r.Concurrency)
	looked := 0
	for _, c := range clusters {
		if c.FleetMembership != "" && !f.blind {
			continue // its fleet has it
		}
		if r.NoClusters {
			s.unseen = append(s.unseen, "cluster "+c.Name.Name)
			continue
		}
		group.Go(func() error {
			traces, err := r.tracesOf(ctx, c.Name)
			r.mu.Lock()
			defer r.mu.Unlock()
			switch {
			case err != nil:
				s.unseen = append(s.unseen, "cluster "+c.Name.Name)
			case len(traces) > 0:
				s.runs = true
				if c.FleetMembership == "" {
					s.strays[c.Name.String()] = traces
				}
			default:
				looked++
			}
			return nil
		})
	}
	_ = group.Wait()
	for _, m := range f.members {
		if m.traced {
			looked++
		}
	}
	slices.Sort(s.unseen)
	s.seen = append(s.seen, Evidence{"the clusters themselves",
		plural(looked, "cluster has", "clusters have") + " no ControlPlaneRevision, no webhook and no namespace label of managed mesh"})
}

func (r *run) tracesOf(ctx context.Context, name mesh.Cluster) ([]string, error) {
	opened, err := r.Reader.Clusters.Open(ctx, cluster.Target{Cluster: &name})
	if err != nil {
		return nil, err
	}
	return opened.Traces(ctx)
}

// lookAtProject looks at what a mesh leaves in the project of its fleet: the grant of its agent, and its API.
func (r *run) lookAtProject(ctx context.Context, f *fleet, s *signs) {
	number, err := r.Client.ProjectNumber(ctx, f.project)
	if err != nil {
		s.unseen = append(s.unseen, "the IAM policy of project "+f.project)
	} else if policy, err := r.Client.Policy(ctx, f.project); err != nil {
		s.unseen = append(s.unseen, "the IAM policy of project "+f.project)
	} else if (gcp.Grant(policy, mesh.AgentRole, mesh.ServiceAgentMember(number)) != gcp.Granted{}) {
		s.left = append(s.left, "project "+f.project+" grants "+mesh.AgentRole+" to "+mesh.ServiceAgent(number))
	} else {
		s.seen = append(s.seen, Evidence{"cloudresourcemanager projects.getIamPolicy",
			"project " + f.project + " grants no role to " + mesh.ServiceAgent(number)})
	}
	states, err := r.Client.Services(ctx, f.project, []string{mesh.IdentityService})
	switch state := states[mesh.IdentityService]; {
	case err != nil:
		s.unseen = append(s.unseen, "the APIs of project "+f.project)
	case state == "ENABLED":
		s.left = append(s.left, mesh.IdentityService+" is enabled on project "+f.project)
	default:
		s.seen = append(s.seen, Evidence{"serviceusage services.batchGet", mesh.IdentityService + " is not enabled on project " + f.project})
	}
}

// ownServices are the APIs that nothing but a mesh uses.
var ownServices = []string{mesh.IdentityService, "meshconfig.googleapis.com"}

// lookAtHistory asks the audit log whether something of a mesh was taken away.
func (r *run) lookAtHistory(ctx context.Context, f *fleet, s *signs) {
	var refused error
	ask := func(to *[]string, what string, who mesh.AuditEvent, found bool, err error) {
		var truncated *gcp.AuditTruncatedError
		switch {
		case found:
			*to = append(*to, fmt.Sprintf("%s %s on %s", who.Principal, what, who.Time.UTC().Format("2006-01-02")))
		case err != nil && !errors.As(err, &truncated):
			refused = err
		}
	}
	who, found, err := r.Client.WhoDeletedFeature(ctx, f.project)
	ask(&s.deleted, "deleted the mesh feature", who, found, err)
	for _, service := range ownServices {
		if who, found, err = r.Client.WhoDisabled(ctx, f.project, service); found {
			if r.lastEnabled(ctx, f.project, service).After(who.Time) {
				continue
			}
		}
		ask(&s.taken, "disabled "+service, who, found, err)
	}
	if number, failed := r.Client.ProjectNumber(ctx, f.project); failed == nil {
		who, found, err = r.Client.WhoRevoked(ctx, f.project, mesh.AgentRole, mesh.ServiceAgentMember(number))
		ask(&s.taken, "revoked "+mesh.AgentRole+" of the mesh service agent", who, found, err)
	}
	if refused != nil {
		r.refused(f.project)
		s.unseen = append(s.unseen, "the audit log of project "+f.project)
		return
	}
	if len(s.deleted)+len(s.taken) == 0 {
		s.seen = append(s.seen, Evidence{"Cloud Audit Logs", "nothing of a mesh was taken away in the last 30 days"})
	}
}

// unregistered notes a cluster that is set up for managed mesh and is in no fleet.
func (r *run) unregistered(name string, traces []string) {
	at := place{}
	if c, err := mesh.ParseCluster(name); err == nil {
		at.homes = []string{c.Project}
	}
	r.subject(name, TypeCluster, "", at)
	r.checked(name, mesh.MembershipIdentity)
	r.add(name, catalogue.NewFinding(catalogue.ClusterUnregistered, name,
		"cluster "+name+" is in no fleet, but it has "+strings.Join(traces, ", ")))
}

// findStrays looks into the clusters of a project that are in no fleet and carry the mesh_id of one that is looked at:
// their mesh was meant to be managed.
func (r *run) findStrays(ctx context.Context, project string, clusters []gcp.Cluster) {
	if r.NoClusters {
		return
	}
	for _, c := range clusters {
		if c.FleetMembership != "" || c.MeshID == "" || !slices.ContainsFunc(r.homes[project], func(fleet string) bool {
			number, err := r.Client.ProjectNumber(ctx, fleet)
			return err == nil && c.MeshID == "proj-"+number
		}) {
			continue
		}
		if traces, err := r.tracesOf(ctx, c.Name); err == nil && len(traces) > 0 {
			r.unregistered(c.Name.String(), traces)
		}
	}
}

// judgeOutsider judges a cluster that was named and is in no fleet.
func (r *run) judgeOutsider(ctx context.Context, c mesh.Cluster) {
	name := c.String()
	r.subject(name, TypeCluster, "", place{homes: []string{c.Project}})
	finding := catalogue.NewFinding(catalogue.NotManaged, name, "cluster "+name+" is in no fleet, so its mesh is not managed")
	finding.Verdict = mesh.Unknown // without a mesh there is no health
	switch traces, err := r.traces(ctx, c); {
	case len(traces) > 0:
		r.unregistered(name, traces)
		return
	case err != nil:
		r.unread(name, mesh.MembershipIdentity, err)
	}
	r.checked(name, mesh.MeshManagement)
	r.add(name, finding)
}

// traces are those of a mesh in a cluster; none where clusters are not to be read.
func (r *run) traces(ctx context.Context, c mesh.Cluster) ([]string, error) {
	if r.NoClusters {
		return nil, nil
	}
	return r.tracesOf(ctx, c)
}

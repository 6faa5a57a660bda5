package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// auditPatience bounds everything that is asked of logs: a report without a
// culprit is worth more than none.
const auditPatience = 30 * time.Second

// judge turns what was found into causes and consequences, with what the logs
// tell about either.
func (r *run) judge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	r.findTugsOfWar(ctx)
	r.link()
	r.searchLogs(ctx)
	r.link()
	r.findWaiting(ctx)
	r.findCulprits(ctx)
}

// bindings are the projects whose grants were looked at, with the fleet's.
func (r *run) projects() (ids []string) {
	for name, s := range r.subjects {
		if s.Type == TypeProject {
			ids = append(ids, strings.TrimPrefix(name, "projects/"))
		}
	}
	slices.Sort(ids)
	return ids
}

// troubled reports whether anything is wrong with a subject.
func (r *run) troubled(about string) bool {
	return slices.ContainsFunc(r.findings, func(f Finding) bool { return f.About == about && f.Severity != mesh.Info })
}

// maxAudited is for how many projects the audit log is searched though nothing
// is wrong with them, for it takes a request for each hundred.
const maxAudited = 100

// findTugsOfWar looks for bindings that are removed and restored again and again.
// Of many projects only those are looked at where something is wrong now.
func (r *run) findTugsOfWar(ctx context.Context) {
	projects := r.projects()
	if len(projects) > maxAudited {
		projects = slices.DeleteFunc(projects, func(p string) bool { return !r.troubled(projectName(p)) })
	}
	var group errgroup.Group
	for _, project := range projects {
		for _, fleet := range r.fleetsOf(project) {
			group.Go(func() error {
				number, err := r.Client.ProjectNumber(ctx, fleet)
				if err != nil {
					return nil //nolint:nilerr // the project's own finding tells it
				}
				changes, err := r.Client.BindingChanges(ctx, project, mesh.AgentRole, mesh.ServiceAgentMember(number))
				if err != nil {
					return nil //nolint:nilerr // without the log there is no culprit, and no finding either
				}
				if tug := mesh.FindTugOfWar(changes); tug != nil {
					about := projectName(project)
					r.add(about, tug.Finding(about))
					r.mu.Lock()
					r.findings[r.last(about)].Evidence = []Evidence{{Source: "Cloud Audit Logs, SetIamPolicy", Text: tug.Evidence()}}
					r.mu.Unlock()
				}
				return nil
			})
		}
	}
	_ = group.Wait()
}

// fleetsOf are the projects of the fleets whose mesh needs something of a project.
func (r *run) fleetsOf(project string) []string {
	var fleets []string
	for _, at := range r.places {
		if at.fleet != "" && (at.fleet == project || slices.Contains(at.homes, project)) && !slices.Contains(fleets, at.fleet) {
			fleets = append(fleets, at.fleet)
		}
	}
	slices.Sort(fleets)
	return fleets
}

// findCulprits asks the audit log about every root that it may tell of.
func (r *run) findCulprits(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(r.Concurrency)
	for i := range r.findings {
		f := &r.findings[i]
		if f.cause == nil {
			continue
		}
		group.Go(func() error {
			who, found, err := f.cause(ctx)
			if err == nil && found {
				f.Culprit = &Culprit{Who: who.Principal, Client: who.Client(), When: who.Time, What: "Changed " + who.String() + "."}
				if hint := who.Hint(); hint != "" && f.Kind == mesh.ServiceAgentGrant {
					f.Culprit.What += " " + hint
				}
			}
			return nil
		})
	}
	_ = group.Wait()
}

// searchLogs looks for the mesh's own complaints in the logs of projects where
// something is wrong with a membership. A line from before Connect Gateway was
// enabled again is history.
func (r *run) searchLogs(ctx context.Context) {
	if r.Since <= 0 {
		return
	}
	byProject := map[string][]string{} // memberships with trouble, by their cluster's project
	for name, s := range r.subjects {
		if s.Type != TypeMembership || !r.troubled(name) {
			continue
		}
		for _, p := range r.places[name].homes {
			byProject[p] = append(byProject[p], name)
		}
	}
	var projects []string
	for p := range byProject {
		projects = append(projects, p)
	}
	slices.Sort(projects)
	if len(projects) == 0 {
		return
	}
	lines, err := r.Client.MeshLogs(ctx, projects, r.now.Add(-r.Since))
	if err != nil {
		return // logs add evidence; that they cannot be read takes nothing away
	}
	for _, line := range lines { // newest first
		enabled, _ := r.Client.LastEnabled(ctx, line.Project, mesh.GatewayService)
		if line.Time.Before(enabled) {
			continue
		}
		for _, about := range byProject[line.Project] {
			if !strings.Contains(r.subjects[about].Facts[FactCluster], "/locations/"+line.Location+"/clusters/"+line.Cluster) || r.has(about, line.Code) {
				continue
			}
			f := mesh.NewFinding(line.Code, about, mesh.Describe(line.Code).Title)
			r.add(about, f)
			r.findings[r.last(about)].Evidence = []Evidence{{Source: "Cloud Logging, " + line.Time.UTC().Format(time.RFC3339), Text: line.Message}}
		}
	}
}

// has reports whether a subject has a finding of a kind.
func (r *run) has(about string, code mesh.Code) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.findings, func(f Finding) bool { return f.About == about && f.Code == code })
}

// findWaiting marks what stands only because the mesh has not noticed yet that
// its cause is corrected.
func (r *run) findWaiting(ctx context.Context) {
	fixed := map[string]map[mesh.Code]time.Time{}
	for i := range r.findings {
		f := &r.findings[i]
		if f.Severity == mesh.Info || len(f.parents) > 0 {
			continue
		}
		if waits, _ := mesh.Waiting(f.Code, r.now, r.now); !waits { // of a kind that is read afresh
			continue
		}
		if fixed[f.About] == nil {
			fixed[f.About] = r.corrections(ctx, f.About)
		}
		var when time.Time
		for code, at := range fixed[f.About] {
			if at.After(when) && follows(f.Finding, mesh.Finding{Code: code, Detail: detailOf[code]}) {
				when = at
			}
		}
		waiting, until := mesh.Waiting(f.Code, when, r.now)
		if !waiting {
			continue
		}
		f.Waiting, f.Verdict, f.Severity = true, mesh.Provisioning, mesh.Warning
		f.Evidence = append(f.Evidence, Evidence{Source: "Cloud Audit Logs", Text: fmt.Sprintf("what brings this about was corrected at %s; the mesh notices by %s", when.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339))})
	}
}

// detailOf makes a corrected API the one that matters.
var detailOf = map[mesh.Code]string{mesh.ServiceDisabled: mesh.GatewayService}

// corrections are when what a membership needs was last brought about, by the
// finding that it ended. A log that cannot be read tells none.
func (r *run) corrections(ctx context.Context, about string) map[mesh.Code]time.Time {
	at, when := r.places[about], map[mesh.Code]time.Time{}
	note := func(code mesh.Code, t time.Time) {
		if t.After(when[code]) {
			when[code] = t
		}
	}
	projects := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(at.homes), at.fleet))))
	number, err := r.Client.ProjectNumber(ctx, at.fleet)
	for _, p := range projects {
		if p == "" {
			continue
		}
		if err == nil {
			changes, _ := r.Client.BindingChanges(ctx, p, mesh.AgentRole, mesh.ServiceAgentMember(number))
			for _, c := range changes {
				if c.Added {
					note(mesh.BindingMissing, c.Time)
				}
			}
		}
		for _, service := range r.Services {
			t, _ := r.Client.LastEnabled(ctx, p, service)
			note(mesh.ServiceDisabled, t)
		}
	}
	if name, err := mesh.ParseCluster(r.subjects[about].Facts[FactCluster]); err == nil {
		if who, found, _ := r.Client.WhoSetPool(ctx, name); found {
			note(mesh.PoolMissing, who.Time)
			note(mesh.PoolWrong, who.Time)
		}
	}
	if name, err := mesh.ParseMembership(about); err == nil {
		if who, found, _ := r.Client.WhoSetIdentity(ctx, name); found {
			note(mesh.IdentityMissing, who.Time)
		}
		if who, found, _ := r.Client.WhoSetManagement(ctx, name); found {
			note(mesh.ManagementDiffers, who.Time)
		}
	}
	return when
}

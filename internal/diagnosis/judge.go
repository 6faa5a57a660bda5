package diagnosis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// auditPatience bounds everything that is asked of logs: a report without a culprit is worth more than none.
const auditPatience = 30 * time.Second

// judge turns what was found into causes and consequences, with what the logs show about either.
func (r *run) judge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	r.weighDoubts(ctx)
	r.findTugsOfWar(ctx)
	r.link()
	r.searchLogs(ctx)
	r.link()
	r.findWaiting(ctx)
	r.findCulprits(ctx)
}

// isUnwell reports whether anything is wrong with a subject.
func (r *run) isUnwell(about string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.of[about], func(i int) bool { return r.findings[i].Severity != catalogue.Info })
}

// isTroubled reports whether anything is wrong with a project or with a membership that depends on it.
func (r *run) isTroubled(project string) bool {
	if r.isUnwell(projectName(project)) {
		return true
	}
	for name, s := range r.subjects {
		if s.Type == TypeMembership && slices.Contains(r.places[name].projects(), project) && r.isUnwell(name) {
			return true
		}
	}
	return false
}

// findTugsOfWar looks for bindings that are removed and restored again and again, where something is wrong: the audit
// log's quota is small, and a mesh that works takes no search of it.
func (r *run) findTugsOfWar(ctx context.Context) {
	look := func(project string) {
		for _, fleet := range r.homes[project] {
			if tug := health.FindTugOfWar(r.bindingChanges(ctx, project, fleet)); tug != nil && !tug.Over(r.now) {
				of := NewFinding(projectName(project), tug.Finding(projectName(project)))
				of.fleet, of.Evidence = fleet, []Evidence{{Source: "Cloud Audit Logs, SetIamPolicy", Text: tug.Evidence()}}
				r.note(of)
			}
		}
	}
	var group errgroup.Group
	troubled := slices.DeleteFunc(slices.Sorted(maps.Keys(r.homes)), func(p string) bool { return !r.isTroubled(p) })
	for _, project := range troubled {
		group.Go(func() error { look(project); return nil })
	}
	_ = group.Wait() // without the log there is no culprit, and no finding either
}

// findCulprits asks the audit log about every finding that it may have an author of.
func (r *run) findCulprits(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(r.Concurrency)
	for i := range r.findings {
		f := &r.findings[i]
		if f.cause == nil {
			continue
		}
		group.Go(func() error {
			if r.isRefused(f.log) {
				return nil
			}
			who, found, err := f.cause(ctx)
			var truncated *gcp.AuditTruncatedError
			if err != nil && !errors.As(err, &truncated) {
				r.refused(f.log)
			}
			if err == nil && found {
				method := who.Method[strings.LastIndex(who.Method, ".")+1:]
				f.Culprit = &Culprit{Who: who.Principal, Client: who.Client(), When: who.Time, What: "called " + method}
				if hint := who.Hint(); hint != "" && f.Kind == mesh.ServiceAgentGrant {
					f.Culprit.What += ". " + strings.TrimSuffix(hint, ".")
				}
			}
			return nil
		})
	}
	_ = group.Wait()
}

// searchLogs looks for the mesh's own complaints in the logs of projects where something is wrong with a membership. A
// line from before Connect Gateway was enabled again is history.
func (r *run) searchLogs(ctx context.Context) {
	if r.Since <= 0 {
		return
	}
	byProject := map[string][]string{} // memberships that are unwell, by their cluster's project
	for name, s := range r.subjects {
		if s.Type != TypeMembership || !r.isUnwell(name) {
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
		for _, about := range byProject[line.Project] {
			name, err := mesh.ParseCluster(r.subjects[about].Facts[FactCluster])
			name.Project = r.projectID(ctx, name.Project)
			if err != nil || !isOf(line, name) || r.has(about, line.Code) {
				continue
			}
			if line.Time.Before(r.gatewayEnabled(ctx, r.places[about])) {
				continue
			}
			of := NewFinding(about, catalogue.NewFinding(line.Code, about, catalogue.Describe(line.Code).Title))
			of.Evidence = []Evidence{{Source: "Cloud Logging, " + line.Time.UTC().Format(time.RFC3339), Text: line.Message}}
			r.note(of)
		}
	}
}

// isOf reports whether a line of the log is about a cluster. One that names no cluster is about all of its project's.
func isOf(line gcp.LogLine, name mesh.Cluster) bool {
	return line.Project == name.Project && (line.Cluster == "" || line.Cluster == name.Name && line.Location == name.Location)
}

// has reports whether a subject has a finding of a kind.
func (r *run) has(about string, code catalogue.Code) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.of[about], func(i int) bool { return r.findings[i].Code == code })
}

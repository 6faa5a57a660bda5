package prereq

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Status is the outcome of one check of an audit.
type Status string

// The outcomes. What could not be read is unknown, with the reason.
const (
	Met     Status = "met"
	Unmet   Status = "unmet"
	Unknown Status = "unknown"
)

// Result is one prerequisite of an audit.
type Result struct {
	Kind     mesh.Kind
	Subject  string
	Status   Status
	Message  string // one line for a person
	Findings []catalogue.Finding
}

// Scope says what an audit looks at.
type Scope struct {
	Project      string
	FleetProject string
	HostProjects []string // Shared VPC host projects: the agent needs its role there, too
	Services     []string
	Clusters     []mesh.Cluster // nil: the clusters of Project that are in a fleet
}

// Audit checks every prerequisite in scope, in parallel and without changing anything. A failed read makes its own
// result unknown and no other. Results are sorted: roots first, then by subject.
func Audit(ctx context.Context, client *gcp.Client, scope Scope) []Result {
	projects := distinct(ctx, client, scope.FleetProject, scope.Project)
	var checks []Need
	fleets := []string{scope.FleetProject}
	for _, p := range projects {
		checks = append(checks, NeedsOfProject(client, p, scope.Services, fleets)...)
	}
	for _, p := range distinct(ctx, client, append(slices.Clone(projects), scope.HostProjects...)...)[len(projects):] {
		checks = append(checks, NeedsOfNetworkHost(client, p, fleets)...)
	}
	results := []Result{}
	clusters := scope.Clusters
	if clusters == nil {
		var unread *Result
		clusters, unread = fleetClusters(ctx, client, scope.Project)
		if unread != nil {
			results = append(results, *unread)
		}
	}
	for _, c := range clusters {
		checks = append(checks, NeedsOfCluster(client, c)...)
	}
	found := make([][]Result, len(checks))
	var group errgroup.Group
	group.SetLimit(16)
	for i, p := range checks {
		group.Go(func() error {
			found[i] = examine(ctx, p)
			return nil
		})
	}
	_ = group.Wait() // no check returns an error: a failure is a result
	for _, r := range found {
		results = append(results, r...)
	}
	slices.SortStableFunc(results, func(a, b Result) int {
		if a.Kind != b.Kind {
			if a.Kind.Before(b.Kind) {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Subject, b.Subject)
	})
	return results
}

// distinct are the projects without those that are named twice: an id and a number may be of one. Two that cannot be
// compared are both listed.
func distinct(ctx context.Context, client *gcp.Client, projects ...string) (all []string) {
	for _, p := range projects {
		if !slices.ContainsFunc(all, func(other string) bool { return sameProject(ctx, client, p, other) }) {
			all = append(all, p)
		}
	}
	return all
}

// sameProject makes a request only where one is an id and the other a number.
func sameProject(ctx context.Context, client *gcp.Client, a, b string) bool {
	if a == b || mesh.IsProjectNumber(a) == mesh.IsProjectNumber(b) {
		return a == b
	}
	left, err := client.ProjectNumber(ctx, a)
	if err != nil {
		return false
	}
	right, err := client.ProjectNumber(ctx, b)
	return err == nil && left == right
}

// fleetClusters finds the clusters of a project that are registered in a fleet:
// others do not need what the mesh needs.
func fleetClusters(ctx context.Context, client *gcp.Client, project string) ([]mesh.Cluster, *Result) {
	subject := "projects/" + project + "/locations/-/clusters/-"
	all, complete, err := client.Clusters(ctx, project)
	if err != nil {
		r := unknown(mesh.ClusterPool, subject, err)
		return nil, &r
	}
	var names []mesh.Cluster
	for _, c := range all {
		if c.FleetProject != "" {
			names = append(names, c.Name)
		}
	}
	if !complete {
		r := unknown(mesh.ClusterPool, subject,
			fmt.Errorf("some locations of project %s did not answer; their clusters are missing here", project))
		return names, &r
	}
	return names, nil
}

// Unreadable is the finding of a failed read: nothing is known about subject, for this
// reason. Its detail is the API that is disabled, where that is the reason.
func Unreadable(subject string, err error) catalogue.Finding {
	what, next := apierr.Describe(err)
	f := catalogue.NewFinding(catalogue.Unreadable, subject, what)
	f.Detail = apierr.DisabledService(err)
	if next != "" {
		f.Remediation = next
	}
	return f
}

func unknown(kind mesh.Kind, subject string, err error) Result {
	f := Unreadable(subject, err)
	return Result{Kind: kind, Subject: subject, Status: Unknown, Message: f.Message, Findings: []catalogue.Finding{f}}
}

// examine checks one prerequisite. A kind that its check also finds is a result of its own.
func examine(ctx context.Context, p Prerequisite) (results []Result) {
	state, err := p.Check(ctx, false)
	var gone *GoneError
	if errors.As(err, &gone) {
		return []Result{unknown(p.Kind(), p.Subject(), gone)}
	}
	kinds := Kinds(p)
	for _, kind := range kinds {
		if err != nil {
			results = append(results, unknown(kind, p.Subject(), err))
			continue
		}
		r := Result{Kind: kind, Subject: p.Subject(), Status: Met, Message: "met"}
		for _, f := range state.Findings() {
			of := catalogue.Describe(f.Code).Kind
			if !slices.Contains(kinds, of) {
				of = p.Kind()
			}
			if of != kind {
				continue
			}
			if r.Status == Unmet {
				r.Message += "; " + f.Message
			} else {
				r.Status, r.Message = Unmet, f.Message
			}
			r.Findings = append(r.Findings, f)
		}
		results = append(results, r)
	}
	return results
}

package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

// targetFacts reads the attributes of a target, each once and only when it is asked for.
type targetFacts struct {
	engine     *Engine
	target     runbook.Target
	membership *mesh.Membership
	cluster    *mesh.Cluster
	known      map[string]cty.Value
}

func newTargetFacts(e *Engine, t runbook.Target) (*targetFacts, error) {
	f := &targetFacts{engine: e, target: t, known: map[string]cty.Value{}}
	switch t.Kind {
	case lang.TargetMembership:
		m, err := mesh.ParseMembership(t.Name)
		if err != nil {
			return nil, err
		}
		f.membership = &m
	case lang.TargetCluster:
		c, err := mesh.ParseCluster(t.Name)
		if err != nil {
			return nil, err
		}
		f.cluster = &c
	}
	return f, nil
}

// exists returns an error for a target that does not exist, or that is in a project which the caller may not see: Google
// answers the same for a project that does not exist. Any other error leaves it to the steps.
func (f *targetFacts) exists(ctx context.Context) error {
	gone := &prereq.GoneError{Subject: f.target.Name}
	var err error
	switch f.target.Kind {
	case lang.TargetProject, lang.TargetFleet:
		project, failed := f.engine.Client.Project(ctx, f.target.Project())
		switch {
		case failed == nil && !project.Active, apierr.NotFound(failed):
			return gone
		case apierr.Forbidden(failed):
			if _, off := apierr.Disabled(failed); !off {
				return failed
			}
		}
	case lang.TargetMembership:
		_, err = f.gke(ctx)
	case lang.TargetCluster:
		_, err = f.engine.Client.Cluster(ctx, *f.cluster)
	}
	if apierr.NotFound(err) || errors.As(err, &gone) {
		return gone
	}
	return nil
}

// read reads attributes that are not known yet. What could not be read is in the error, and stays unknown.
func (f *targetFacts) read(ctx context.Context, names []string) (cty.Value, error) {
	var failed []error
	for _, name := range names {
		if _, have := f.known[name]; have {
			continue
		}
		v, err := f.attribute(ctx, name)
		if err != nil {
			failed = append(failed, fmt.Errorf("target.%s: %w", name, err))
			continue
		}
		f.known[name] = v
	}
	if len(f.known) == 0 {
		return cty.EmptyObjectVal, errors.Join(failed...)
	}
	return cty.ObjectVal(f.known), errors.Join(failed...)
}

func (f *targetFacts) attribute(ctx context.Context, name string) (cty.Value, error) {
	text := func(v string, err error) (cty.Value, error) { return cty.StringVal(v), err }
	switch name {
	case "membership":
		return cty.StringVal(f.target.Name), nil
	case "name":
		return cty.StringVal(f.target.Name[strings.LastIndex(f.target.Name, "/")+1:]), nil
	case "fleet_project":
		return text(f.engine.Client.ProjectID(ctx, f.fleet()))
	case "fleet_number":
		return text(f.engine.Client.ProjectNumber(ctx, f.fleet()))
	case "project":
		return text(f.project(ctx))
	case "cluster", "location":
		return f.place(ctx, name)
	case "network_project":
		return text(f.networkProject(ctx))
	case "node_pools":
		return f.nodePools(ctx)
	case "revision":
		return text(f.revision(ctx))
	case "injected_namespaces":
		return f.namespaces(ctx)
	case "memberships", "projects":
		return f.fleetSet(ctx, name)
	}
	return cty.NilVal, fmt.Errorf("a target has no %q", name)
}

// fleet is the fleet's host project as it is known.
func (f *targetFacts) fleet() string {
	switch {
	case f.membership != nil:
		return f.membership.Project
	case f.target.Fleet != "":
		return f.target.Fleet
	case f.cluster != nil:
		return f.cluster.Project
	}
	return strings.TrimPrefix(f.target.Name, "projects/")
}

// gke is the GKE cluster of the target, or nil where it is of none.
func (f *targetFacts) gke(ctx context.Context) (*mesh.Cluster, error) {
	if f.cluster != nil || f.membership == nil {
		return f.cluster, nil
	}
	m, err := f.engine.Client.Membership(ctx, *f.membership)
	if err != nil {
		if apierr.NotFound(err) {
			return nil, &prereq.GoneError{Subject: f.target.Name}
		}
		return nil, err
	}
	if m.Cluster == nil {
		return nil, nil
	}
	id, err := f.engine.Client.ProjectID(ctx, m.Cluster.Project)
	if err != nil {
		return nil, err
	}
	c := *m.Cluster
	c.Project = id
	f.cluster = &c
	return f.cluster, nil
}

func (f *targetFacts) project(ctx context.Context) (string, error) {
	c, err := f.gke(ctx)
	if err != nil {
		return "", err
	}
	if c != nil {
		return f.engine.Client.ProjectID(ctx, c.Project)
	}
	if f.membership != nil {
		return f.engine.Client.ProjectID(ctx, f.membership.Project)
	}
	return f.engine.Client.ProjectID(ctx, strings.TrimPrefix(f.target.Name, "projects/"))
}

// place is the name or location of the cluster; of a membership of no GKE cluster
// the name is null and the location the membership'f.
func (f *targetFacts) place(ctx context.Context, name string) (cty.Value, error) {
	c, err := f.gke(ctx)
	switch {
	case err != nil:
		return cty.NilVal, err
	case c == nil && name == "location":
		return cty.StringVal(f.membership.Location), nil
	case c == nil:
		return cty.NullVal(cty.String), nil
	case name == "location":
		return cty.StringVal(c.Location), nil
	}
	return cty.StringVal(c.String()), nil
}

func (f *targetFacts) networkProject(ctx context.Context) (string, error) {
	c, err := f.gke(ctx)
	if err != nil {
		return "", err
	}
	if c == nil {
		return f.project(ctx)
	}
	read, err := f.engine.Client.Cluster(ctx, *c)
	if err != nil {
		return "", err
	}
	if read.NetworkProject == "" {
		return f.project(ctx)
	}
	return f.engine.Client.ProjectID(ctx, read.NetworkProject)
}

func (f *targetFacts) nodePools(ctx context.Context) (cty.Value, error) {
	c, err := f.gke(ctx)
	if err != nil || c == nil {
		return cty.SetValEmpty(cty.String), err
	}
	read, err := f.engine.Client.Cluster(ctx, *c)
	var names []string
	for _, p := range read.NodePools {
		names = append(names, p.Name)
	}
	return set(names), err
}

func (f *targetFacts) open(ctx context.Context) (*cluster.Cluster, error) {
	c, err := f.gke(ctx)
	if err != nil {
		return nil, err
	}
	return f.engine.Clusters.Open(ctx, cluster.Target{Membership: f.membership, Cluster: c})
}

// revision is the cluster's managed revision: the supported name that is there,
// the regular channel's first, and that one where none is.
func (f *targetFacts) revision(ctx context.Context) (string, error) {
	opened, err := f.open(ctx)
	if err != nil {
		return "", err
	}
	found, err := opened.Revisions(ctx)
	if err != nil {
		return "", err
	}
	there := map[string]bool{}
	for _, r := range found.All {
		there[r.Name] = there[r.Name] || r.Namespace == mesh.SystemNamespace
	}
	regular, err := mesh.Revision("regular")
	if err != nil {
		return "", err
	}
	names := []string{regular}
	for _, channel := range mesh.Channels() {
		if name, err := mesh.Revision(channel); err == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if there[name] {
			return name, nil
		}
	}
	return regular, nil
}

func (f *targetFacts) namespaces(ctx context.Context) (cty.Value, error) {
	opened, err := f.open(ctx)
	if err != nil {
		return cty.NilVal, err
	}
	injection, err := opened.Injection(ctx)
	if err != nil {
		return cty.NilVal, err
	}
	var names []string
	for _, n := range injection.Namespaces {
		if n.Wanted {
			names = append(names, n.Namespace.Name)
		}
	}
	return set(names), nil
}

// fleetSet lists the memberships of a fleet, or the projects that it spans.
func (f *targetFacts) fleetSet(ctx context.Context, name string) (cty.Value, error) {
	members, unreachable, err := f.engine.Client.Memberships(ctx, f.fleet())
	if err != nil {
		return cty.NilVal, err
	}
	if len(unreachable) > 0 {
		return cty.NilVal, fmt.Errorf("the fleet's memberships in %s cannot be listed now", strings.Join(unreachable, ", "))
	}
	if name == "memberships" {
		var names []string
		for _, m := range members {
			names = append(names, m.Name.String())
		}
		return set(names), nil
	}
	projects := []string{f.fleet()}
	for _, m := range members {
		if m.Cluster == nil {
			continue
		}
		projects = append(projects, m.Cluster.Project)
		if c, err := f.engine.Client.Cluster(ctx, *m.Cluster); err == nil && c.NetworkProject != "" {
			projects = append(projects, c.NetworkProject)
		}
	}
	for i, p := range projects {
		if projects[i], err = f.engine.Client.ProjectID(ctx, p); err != nil {
			return cty.NilVal, err
		}
	}
	return set(projects), nil
}

func set(names []string) cty.Value {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	values := make([]cty.Value, len(names))
	for i, n := range names {
		values[i] = cty.StringVal(n)
	}
	return cty.SetVal(values)
}

package world

import (
	"fmt"
	"slices"
	"strings"
)

// A target is what a world fault is done to: a project, and for some faults one of its clusters.
type target struct {
	id       string // "P" or "P/LOCATION/CLUSTER"
	project  *Project
	location string
	name     string
}

// cluster is the target's cluster, nil if it is gone.
func (t target) cluster() *Cluster {
	if t.name == "" {
		return nil
	}
	return t.project.Cluster(t.location, t.name)
}

func clusterTarget(p *Project, c *Cluster) target {
	return target{id: p.ProjectID + "/" + c.key(), project: p, location: c.Location, name: c.Name}
}

// targets resolves the parameters project, cluster and membership. Without one of them a fault takes the first project,
// or the first cluster; "*" takes all. A fault of clusters that is given a project only takes all clusters of that. A
// cluster may be given by its name or as P/LOCATION/NAME.
func (w *World) targets(s scope, params map[string]string) ([]target, error) {
	switch s {
	case scopeNone:
		return nil, nil
	case scopeCluster:
		return w.clusterTargets(params)
	}
	var out []target
	ref := params["project"]
	for _, p := range w.Projects {
		if s == scopeFleet && p.Fleet == nil && ref != p.ProjectID {
			continue
		}
		if ref == "" && len(out) == 1 {
			break
		}
		if ref == "" || ref == "*" || ref == p.ProjectID || ref == p.Number() {
			out = append(out, target{id: p.ProjectID, project: p})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("project: there is no project %q in the world", ref)
	}
	return out, nil
}

func (w *World) clusterTargets(params map[string]string) ([]target, error) {
	project, name, membership := params["project"], params["cluster"], params["membership"]
	if membership != "" {
		return w.membershipTargets(membership)
	}
	var out []target
	for _, p := range w.Projects {
		if project != "" && project != "*" && project != p.ProjectID && project != p.Number() {
			continue
		}
		for _, c := range p.Clusters {
			t := clusterTarget(p, c)
			if name == "" || name == "*" || name == c.Name || name == t.id {
				out = append(out, t)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("cluster: there is no cluster %q in project %q of the world", name, project)
	}
	if name == "" && project == "" {
		slices.SortFunc(out, func(a, b target) int { return compareNumbered(a.name, b.name) })
		return out[:1], nil
	}
	return out, nil
}

// compareNumbered sorts cluster-2 before cluster-10.
func compareNumbered(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func (w *World) membershipTargets(ref string) ([]target, error) {
	var out []target
	for _, fleet := range w.Projects {
		if fleet.Fleet == nil {
			continue
		}
		for _, m := range fleet.Fleet.Memberships {
			if ref != m.Name && ref != "*" && !strings.HasSuffix(ref, "/"+m.Key()) {
				continue
			}
			if p, c := w.ClusterByLink(m.ClusterLink()); c != nil {
				out = append(out, clusterTarget(p, c))
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("membership: there is no membership %q in the world", ref)
	}
	return out, nil
}

// targetByID finds a target by its id. A deleted cluster is still a target.
func (w *World) targetByID(id string) (target, bool) {
	part := strings.Split(id, "/")
	p := w.Project(part[0])
	if p == nil {
		return target{}, false
	}
	t := target{id: id, project: p}
	if len(part) == 3 {
		t.location, t.name = part[1], part[2]
	}
	return t, true
}

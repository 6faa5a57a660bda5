package planreport

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis/causes"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// place is where a finding's subject is.
type place struct {
	projects []string // ids, or numbers where the id is not known
	cluster  string   // the cluster that it is in or a membership of, or ""
}

func (j *join) place(f *finding) place {
	subject := j.canonical(f.Subject)
	parts := strings.Split(subject, "/")
	if len(parts) < 2 || parts[0] != "projects" {
		return place{}
	}
	at := place{projects: []string{parts[1]}}
	for _, p := range f.reach {
		if p = strings.TrimPrefix(j.canonical("projects/"+p), "projects/"); p != "" && !slices.Contains(at.projects, p) {
			at.projects = append(at.projects, p)
		}
	}
	at.cluster = j.clusterOf(subject)
	if c, err := mesh.ParseCluster(at.cluster); err == nil && !slices.Contains(at.projects, c.Project) {
		at.projects = append(at.projects, c.Project)
	}
	return at
}

// clusterOf is the cluster that a canonical name is of, or "".
func (j *join) clusterOf(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) < 6 || parts[0] != "projects" {
		return ""
	}
	name = strings.Join(parts[:6], "/")
	switch parts[4] {
	case "clusters":
		return name
	case "memberships":
		if c := j.clusters[name]; c != "" {
			return c
		}
		// GKE registers a cluster under its own name and place, unless another is given.
		return strings.Join(append(slices.Clone(parts[:4]), "clusters", parts[5]), "/")
	}
	return ""
}

// link finds for each finding those that bring it about: those that the catalogue knows of where their places meet,
// those that asm_diagnosis names, and for a failed check those of the data source whose summary it repeats. What is in
// a cluster is reached by the cluster and by its projects.
func (j *join) link() causes.Graph {
	nodes := make([]causes.Node, len(j.findings))
	byPrint, bySource := map[string]int{}, map[string][]int{}
	for i, f := range j.findings {
		at := j.place(f)
		n := causes.Node{Finding: f.Finding.Finding, At: at.projects, Reach: at.projects}
		if at.cluster != "" {
			n.At, n.Reach = []string{at.cluster}, append([]string{at.cluster}, at.projects...)
		}
		nodes[i] = n
		for _, print := range f.prints {
			byPrint[print] = i
		}
		for _, s := range f.sources {
			bySource[s] = append(bySource[s], i)
		}
	}
	g := causes.Link(nodes)
	for i, f := range j.findings {
		for _, print := range f.blockedBy {
			if root, known := byPrint[print]; known {
				g.Add(i, root)
			}
		}
		if f.Code != catalogue.CheckFailed {
			continue
		}
		for source, found := range bySource {
			if !j.repeats(f, source) {
				continue
			}
			for _, root := range found {
				if j.findings[root].Severity != catalogue.Info {
					g.Add(i, root)
				}
			}
		}
	}
	return g
}

// repeats reports whether a failed check says what a data source says, as the
// recipes in docs/guides/check-blocks.md make it.
func (j *join) repeats(f *finding, source string) bool {
	s := j.bySubject[source]
	if s == nil || s.Summary == "" || s.Verdict == mesh.Healthy {
		return false
	}
	return slices.ContainsFunc(f.said, func(message string) bool { return strings.Contains(message, s.Summary) })
}

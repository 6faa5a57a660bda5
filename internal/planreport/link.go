package planreport

import (
	"slices"
	"strings"

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
		// GKE registers a cluster under its own name and place, unless told otherwise.
		return strings.Join(append(slices.Clone(parts[:4]), "clusters", parts[5]), "/")
	}
	return ""
}

// link finds for each finding those that bring it about: what mesh knows of their
// kinds, where their places meet. Checks follow from the data source whose summary
// they repeat.
func (j *join) link() {
	places := make([]place, len(j.findings))
	ofProject, ofCluster := map[string][]*finding{}, map[string][]*finding{}
	byPrint, bySource := map[string]*finding{}, map[string][]*finding{}
	for i, f := range j.findings {
		places[i] = j.place(f)
		if c := places[i].cluster; c != "" {
			ofCluster[c] = append(ofCluster[c], f)
		} else {
			for _, p := range places[i].projects {
				ofProject[p] = append(ofProject[p], f)
			}
		}
		for _, print := range f.prints {
			byPrint[print] = f
		}
		for _, s := range f.sources {
			bySource[s] = append(bySource[s], f)
		}
	}
	for i, f := range j.findings {
		known := map[*finding]bool{f: true}
		cause := func(root *finding) {
			if !known[root] {
				known[root] = true
				f.causes = append(f.causes, root)
			}
		}
		for _, print := range f.blockedBy {
			if root := byPrint[print]; root != nil {
				cause(root)
			}
		}
		near := slices.Clone(ofCluster[places[i].cluster])
		for _, p := range places[i].projects {
			near = append(near, ofProject[p]...)
		}
		for _, root := range near {
			if root.Severity != catalogue.Info && f.FollowsFrom(root.Finding.Finding) {
				cause(root)
			}
		}
		if f.Code != catalogue.CheckFailed {
			continue
		}
		for source, found := range bySource {
			if j.repeats(f, source) {
				for _, root := range found {
					if root.Severity != catalogue.Info {
						cause(root)
					}
				}
			}
		}
	}
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

// roots are the fingerprints at the end of every chain of causes, which for a root
// is none. A circle has no end, so what is in one is a root.
func roots(f *finding) []string {
	var ends []string
	seen := map[*finding]bool{f: true}
	open := slices.Clone(f.causes)
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if len(at.causes) == 0 {
			ends = append(ends, at.Fingerprint)
		}
		open = append(open, at.causes...)
	}
	slices.Sort(ends)
	return slices.Compact(ends)
}

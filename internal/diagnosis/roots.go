package diagnosis

import (
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis/causes"
)

// link finds for each finding those that bring it about, among the subjects that reach it.
func (r *run) link() {
	nodes := make([]causes.Node, len(r.findings))
	for i, f := range r.findings {
		nodes[i] = causes.Node{
			Finding: f.Finding, At: []string{f.About}, Reach: r.reach(f.About),
			Fleet: r.places[f.About].fleet, Only: f.fleet,
		}
	}
	r.causes = causes.Link(nodes)
}

// reach are the subjects whose findings can bring about those of a subject.
func (r *run) reach(about string) []string {
	at := r.places[about]
	subjects := []string{about}
	if at.fleet != "" {
		subjects = append(subjects, fleetName(at.fleet), projectName(at.fleet))
	}
	for _, p := range at.homes {
		subjects = append(subjects, projectName(p))
	}
	slices.Sort(subjects)
	return slices.Compact(subjects)
}

package diagnosis

import (
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// link finds for each finding those that bring it about: what mesh knows about
// kinds of findings, among the subjects that reach it. It works on indices, since
// findings of one subject are few and subjects are many.
func (r *run) link() {
	byAbout := map[string][]int{}
	for i, f := range r.findings {
		byAbout[f.About] = append(byAbout[f.About], i)
	}
	for i := range r.findings {
		f := &r.findings[i]
		f.parents = nil
		for _, subject := range r.reach(f.About) {
			for _, j := range byAbout[subject] {
				if i != j && follows(f.Finding, r.findings[j].Finding) {
					f.parents = append(f.parents, j)
				}
			}
		}
	}
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

// follows narrows what mesh says by what the two are about.
func follows(f, root mesh.Finding) bool {
	if root.Code == mesh.ServiceDisabled && root.Detail != mesh.GatewayService {
		switch f.Code {
		case mesh.ConnectGatewayDisabled, mesh.LogGatewayDisabled, mesh.LogWebhookFailed:
			return false
		}
	}
	return f.FollowsFrom(root)
}

// roots are the findings at the end of every chain of causes of finding i, which
// for a root is none.
func (r *run) roots(i int) []int {
	var ends []int
	seen := map[int]bool{i: true}
	var walk func(i int)
	walk = func(i int) {
		for _, p := range r.findings[i].parents {
			if seen[p] {
				continue
			}
			seen[p] = true
			if len(r.findings[p].parents) == 0 {
				ends = append(ends, p)
			}
			walk(p)
		}
	}
	walk(i)
	slices.Sort(ends)
	return ends
}

package diagnosis

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"slices"
	"strings"
)

// link finds for each finding those that bring it about: what mesh knows about
// kinds of findings, among the subjects that reach it. It works on indices, since
// findings of one subject are few and subjects are many.
func (r *run) link() {
	for i := range r.findings {
		f := &r.findings[i]
		f.parents = nil
		if own := r.ofRevision(i); len(own) > 0 {
			f.parents = own
			continue
		}
		for _, subject := range r.reach(f.About) {
			for _, j := range r.of[subject] {
				if i != j && r.concerns(j, f.About) && f.FollowsFrom(r.findings[j].Finding) {
					f.parents = append(f.parents, j)
				}
			}
		}
	}
}

// ofRevision are the findings about the revision whose webhook is missing, where
// that is finding i. A revision that is at fault itself gets no webhook, however
// well everything around it is.
func (r *run) ofRevision(i int) (own []int) {
	f := r.findings[i]
	if f.Code != catalogue.InjectorMissing {
		return nil
	}
	_, revision, _ := strings.Cut(f.Subject, "/mutatingwebhookconfigurations/istiod-")
	for _, j := range r.of[f.About] {
		root := r.findings[j]
		if root.Code == catalogue.RevisionMismatch && strings.HasSuffix(root.Subject, "/"+revision) {
			own = append(own, j)
		}
	}
	return own
}

// concerns reports whether finding j can matter to a subject: a grant to one
// fleet's agent does not to the meshes of another.
func (r *run) concerns(j int, about string) bool {
	fleet, of := r.findings[j].fleet, r.places[about].fleet
	return fleet == "" || of == "" || fleet == of
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

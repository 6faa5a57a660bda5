// Package causes links findings to those that bring them about. It is pure: what it
// links was read from the APIs by a diagnosis, or from a plan by planreport.
package causes

import (
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Node is a finding in its place. Places are names that the caller chooses.
type Node struct {
	Finding catalogue.Finding
	At      []string // the places that it is in
	Reach   []string // the places whose findings can bring it about
	// Fleet is the fleet that the place belongs to, and Only the fleet whose mesh alone the finding is about: a grant
	// to one fleet's agent does not matter to the meshes of another. "" is any.
	Fleet, Only string
}

// Graph has for each finding the indices of those that bring it about, directly or through others.
type Graph [][]int

// Link finds for each finding those that bring it about: what the catalogue knows
// about their codes, where their places meet.
func Link(nodes []Node) Graph {
	in := map[string][]int{}
	for i, n := range nodes {
		for _, place := range n.At {
			in[place] = append(in[place], i)
		}
	}
	g := make(Graph, len(nodes))
	for i, n := range nodes {
		if own := faultsOfRevision(nodes, in, i); len(own) > 0 {
			g[i] = own
			continue
		}
		for _, place := range n.Reach {
			for _, j := range in[place] {
				if bringsAbout(nodes[j], n) {
					g.Add(i, j)
				}
			}
		}
	}
	return g
}

// bringsAbout reports whether root can bring about n.
func bringsAbout(root, n Node) bool {
	if root.Only != "" && n.Fleet != "" && root.Only != n.Fleet {
		return false
	}
	// What was made a note of, because it is meant to stay so, explains nothing.
	if root.Finding.Severity == catalogue.Info && catalogue.Describe(root.Finding.Code).Severity != catalogue.Info {
		return false
	}
	return n.Finding.FollowsFrom(root.Finding)
}

// faultsOfRevision are the findings about the revision whose webhook is missing, where that is finding i. A revision
// that is at fault itself gets no webhook, however well everything around it is.
func faultsOfRevision(nodes []Node, in map[string][]int, i int) (own []int) {
	f := nodes[i].Finding
	if f.Code != catalogue.InjectorMissing {
		return nil
	}
	_, revision, _ := strings.Cut(f.Subject, "/mutatingwebhookconfigurations/istiod-")
	for _, place := range nodes[i].At {
		for _, j := range in[place] {
			root := nodes[j].Finding
			if root.Code == catalogue.RevisionMismatch && strings.HasSuffix(root.Subject, "/"+revision) {
				own = append(own, j)
			}
		}
	}
	return own
}

// Add notes that finding root brings about finding i. No finding brings itself about.
func (g Graph) Add(i, root int) {
	if i != root && !slices.Contains(g[i], root) {
		g[i] = append(g[i], root)
	}
}

// Roots are the findings at the end of every chain of causes of finding i, sorted;
// a root has none. A circle has no end, so what is in one is a root.
func (g Graph) Roots(i int) []int {
	var ends []int
	seen := map[int]bool{i: true}
	open := slices.Clone(g[i])
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if len(g[at]) == 0 {
			ends = append(ends, at)
		}
		open = append(open, g[at]...)
	}
	slices.Sort(ends)
	return ends
}

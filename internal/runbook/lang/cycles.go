package lang

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// dependency is what a step or local needs, and where its source refers to it.
type dependency struct {
	to    string
	where hcl.Range
}

// findCycles returns one cycle for each group of nodes that need each other. A node that
// needs only itself is not a cycle.
func findCycles(nodes []string, needs map[string][]dependency) [][]dependency {
	reaches := func(from string) map[string]dependency { // node -> the dependency by which it was reached, from -> node
		reached, queue := map[string]dependency{}, []string{from}
		for len(queue) > 0 {
			at := queue[0]
			queue = queue[1:]
			for _, l := range needs[at] {
				if _, seen := reached[l.to]; !seen && l.to != at {
					reached[l.to] = dependency{at, l.where}
					queue = append(queue, l.to)
				}
			}
		}
		return reached
	}
	var found [][]dependency
	reported := map[string]bool{}
	for _, n := range nodes {
		if reported[n] {
			continue
		}
		forward := reaches(n)
		if _, cyclic := forward[n]; !cyclic {
			continue
		}
		// Back from n by the dependencies that reached it: the shortest cycle through n.
		cycle := []dependency{}
		for at := n; ; {
			by := forward[at]
			cycle = append([]dependency{{at, by.where}}, cycle...)
			at = by.to
			if at == n {
				break
			}
		}
		found = append(found, cycle)
		for other := range forward {
			if _, back := reaches(other)[n]; back {
				reported[other] = true
			}
		}
		reported[n] = true
	}
	return found
}

// describeCycle describes a cycle that begins and ends at its last node.
func describeCycle(cycle []dependency) string {
	from, parts := cycle[len(cycle)-1].to, make([]string, len(cycle))
	for i, l := range cycle {
		parts[i] = fmt.Sprintf("%q needs %q (line %d)", from, l.to, l.where.Start.Line)
		from = l.to
	}
	return strings.Join(parts, ", ")
}

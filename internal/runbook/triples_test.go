//go:build !race

package runbook_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	tripleSeed  = flag.Uint64("seed", 11, "seed of the random triples of faults")
	tripleCount = flag.Int("triples", 60, "how many random triples of faults are corrected")
)

// TestRemediateRandomTriples does three faults, and corrects all. That their root causes are found is tested in diagnosis.
func TestRemediateRandomTriples(t *testing.T) {
	if testing.Short() {
		t.Skip("some ninety worlds")
	}
	alone := writesOfEach(t)
	random := rand.New(rand.NewPCG(*tripleSeed, 0))
	for range *tripleCount {
		three := random.Perm(len(worldFaults))[:3]
		slices.Sort(three) // the order in which faults are done
		var names []string
		var faults []worldFault
		for _, i := range three {
			names, faults = append(names, worldFaults[i].name), append(faults, worldFaults[i])
		}
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			t.Parallel()
			remediateTogether(t, alone, faults...)
		})
	}
}

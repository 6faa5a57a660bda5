package diagnosis_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var (
	tripleSeed  = flag.Uint64("seed", 11, "seed of the random triples of faults")
	tripleCount = flag.Int("triples", 1000, "how many random triples of faults are done")
)

// seenOf are the root causes that several faults leave to be seen: those of each that none of the others hides.
func seenOf(faults []int) (roots []string) {
	for _, of := range faults {
		var visible []string
		for i, beside := range slices.DeleteFunc(slices.Clone(faults), func(f int) bool { return f == of }) {
			left := left(of, beside)
			if i == 0 {
				visible = left
				continue
			}
			visible = slices.DeleteFunc(visible, func(root string) bool { return !slices.Contains(left, root) })
		}
		roots = append(roots, visible...)
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// noWayIn reports whether the faults leave no way into the cluster: one that is not of GKE is reached through Connect
// Gateway alone, and the simulator finds it by its issuer.
func noWayIn(names []string) bool {
	return slices.Contains(names, "stop-not-gke") && slices.ContainsFunc(names, func(name string) bool {
		return slices.Contains([]string{"connectgateway-disabled", "everything-broken", "identity-provider-missing", "cluster-deleted"}, name)
	})
}

// inCluster are the codes that only a read of the cluster shows.
var inCluster = []string{
	"revision-mismatch", "revision-stalled", "injector-url", "wrong-injection", "proxies-not-upgraded", "managed-cni-off",
	"mesh-component-unschedulable", "istio-config", "remote-secrets-by-hand",
}

// unread are the roots that the fleet reports of what only the cluster shows.
var unread = []string{
	"cannot-read of membership", "mesh-condition:CNI_CONFIG_UNSUPPORTED of membership", "mesh-condition:LEGACY_MC_SECRETS of membership",
	"mesh-condition:CONFIG_VALIDATION_ERROR of membership", "mesh-condition:UNSUPPORTED_GATEWAY_CLASS of membership",
}

func isInCluster(root string) bool {
	return slices.ContainsFunc(inCluster, func(code string) bool { return strings.HasPrefix(root, code) })
}

func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

// TestRandomTriplesOfFaultsAreTheirRootCauses does three faults at once. What must be seen of three is derived from what
// each hides of each other one. What one hides of another may be seen all the same where the third keeps the first from
// taking effect, so every root that is seen must be a root of one of the three, and no other.
func TestRandomTriplesOfFaultsAreTheirRootCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("a thousand worlds")
	}
	random := rand.New(rand.NewPCG(*tripleSeed, 0))
	for range *tripleCount {
		three := random.Perm(len(worldFaults))[:3]
		slices.Sort(three) // the order in which faults are done
		var names []string
		for _, i := range three {
			names = append(names, worldFaults[i].name)
		}
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			t.Parallel()
			w, r := suffer(t, names...)
			want, all := seenOf(three), []string{}
			if noWayIn(names) {
				want = slices.DeleteFunc(want, isInCluster)
				all = append(all, unread...)
			}
			if slices.Contains(names, "feature-disabled") && (slices.Contains(names, "cluster-deleted") || noWayIn(names)) {
				want, all = nil, append(all, "mesh-absent of fleet") // nothing is left that the third could break
			}
			for _, i := range three {
				all = append(all, worldFaults[i].roots...)
			}
			all = append(all, want...) // with what is shown in the place of another
			got := rootNames(r)
			if !within(want, got) || !within(got, all) {
				t.Errorf("root causes are %q, want %q\n%s", got, want, told(r))
			}
			w.heal(names...)
		})
	}
}

//go:build !race

package sim_test

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestScaleMemoryOfTouchedClusters reads from each of ten thousand clusters and
// changes something in each: that takes less than 40 KB a cluster.
func TestScaleMemoryOfTouchedClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("large world")
	}
	const clusters, bound = 10_000, 40 << 10
	c := start(t, sim.Options{Projects: 100, Clusters: clusters})
	heap := func() uint64 {
		c.sim("DELETE", "requests", "").ok() // the journal is not the clusters'
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	each := func(do func(base string)) time.Duration {
		began := time.Now()
		next := make(chan int)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for n := range next {
					location := "us-central1"
					if n%3 == 0 {
						location = "us-central1-a"
					}
					do(fmt.Sprintf("%s/_cluster/mesh-sim-%d/%s/cluster-%d", c.s.URL(), (n-1)%100+1, location, n))
				}
			})
		}
		for n := 1; n <= clusters; n++ {
			next <- n
		}
		close(next)
		wg.Wait()
		return time.Since(began)
	}
	before := heap()
	took := each(func(base string) {
		if a := c.do("GET", base+failedPods, ""); a.status != 200 {
			t.Errorf("%d %s", a.status, a.raw)
		}
	})
	read := heap()
	patch := c.with("Content-Type", mergePatch)
	wrote := each(func(base string) {
		if a := patch.do("PATCH", base+"/api/v1/namespaces/default", `{"metadata":{"labels":{"touched":"yes"}}}`); a.status != 200 {
			t.Errorf("%d %s", a.status, a.raw)
		}
	})
	after := heap()
	t.Logf("read in %s, %d bytes a cluster; changed in %s, %d bytes a cluster", took, (read-before)/clusters, wrote, (after-before)/clusters)
	if (after-before)/clusters > bound {
		t.Errorf("%d bytes a cluster", (after-before)/clusters)
	}
}

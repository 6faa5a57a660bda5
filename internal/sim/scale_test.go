package sim_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestTenThousandClusters checks that a large fleet starts and answers
// quickly and stays small. The bounds are several times what it takes.
func TestTenThousandClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("large world")
	}
	if raceDetector {
		t.Skip("the bounds are not for the race detector; TestConcurrentClients is")
	}
	const clusters = 10_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	c := start(t, sim.Options{Projects: 100, Clusters: clusters})
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	size := (after.HeapAlloc - before.HeapAlloc) >> 20
	t.Logf("started in %s, %d MiB", took, size)
	if took > 5*time.Second || size > 100 {
		t.Errorf("started in %s with %d MiB", took, size)
	}

	// A loss on the fleet's project concerns every membership.
	began = time.Now()
	c.revoke(p1)
	t.Logf("policy written in %s", time.Since(began))
	c.advance(5 * time.Minute)
	began = time.Now()
	a := c.api("GET", hub, featurePath+"?prettyPrint=false", "").ok()
	t.Logf("features.get in %s, %d bytes", time.Since(began), len(a.raw))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("features.get took %s", took)
	}
	if n := strings.Count(string(a.raw), "MESH_IAM_PERMISSION_DENIED"); n != clusters {
		t.Errorf("%d memberships suffer", n)
	}
	if list := c.api("GET", hub, "/v1/projects/"+p1+"/locations/-/memberships?prettyPrint=false", "").ok(); len(list.at("resources").([]any)) != clusters {
		t.Error("memberships are missing")
	}
	// A round through the world document.
	began = time.Now()
	world := c.sim("GET", "world", "").ok()
	c.sim("PUT", "world", string(world.raw)).ok()
	t.Logf("world of %d bytes round in %s", len(world.raw), time.Since(began))
}

// TestConcurrentClients lets writers and readers, the clock, faults and the
// control loose on one world; the race detector watches, and no write is
// lost.
func TestConcurrentClients(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 4, Observe: func(sim.Exchange) {}})
	const writers, writes = 6, 4
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for n := range writes {
				who := fmt.Sprintf("user:w%d-%d@example.com", i, n)
				for {
					got := c.policy(p1)
					bindings := append(got.at("bindings").([]any), map[string]any{"role": "roles/browser", "members": []string{who}})
					if a := c.setBindings(p1, got.str("etag"), bindings); a.status == http.StatusOK {
						break
					} else if a.status != http.StatusConflict {
						t.Errorf("write answered %d %s", a.status, a.raw)
						return
					}
				}
			}
		})
		wg.Go(func() {
			for range writes {
				c.api("GET", hub, featurePath, "").ok()
				c.api("PUT", container, clusterPath(p1, "us-central1", "cluster-1"), setPool(pool1))
				c.api("POST", usage, services(p2)+"/"+gateway+":disable", "{}")
				c.api("POST", usage, services(p2)+"/"+gateway+":enable", "{}")
				c.sim("POST", "clock?advance=1m", "").ok()
				c.sim("PUT", "faults/node-pool-metadata?cluster=cluster-3", "").ok()
				c.sim("DELETE", "faults/node-pool-metadata", "").ok()
				c.sim("GET", "world", "").ok()
				c.sim("GET", "requests", "").ok()
			}
		})
	}
	wg.Wait()
	policy := string(c.policy(p1).raw)
	for i := range writers {
		for n := range writes {
			if who := fmt.Sprintf("w%d-%d@", i, n); !strings.Contains(policy, who) {
				t.Errorf("%s was lost", who)
			}
		}
	}
}

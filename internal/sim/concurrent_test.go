package sim_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestConcurrentClients lets writers and readers, the clock, faults and the control loose on one world; the race
// detector watches, and no write is lost.
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

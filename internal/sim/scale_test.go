//go:build !race

package sim_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestScaleTenThousandClusters checks that a large fleet starts and answers
// quickly and stays small. The bounds are several times what it takes.
func TestScaleTenThousandClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("large world")
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
	list := c.api("GET", hub, "/v1/projects/"+p1+"/locations/-/memberships?prettyPrint=false", "").ok()
	if len(list.at("resources").([]any)) != clusters {
		t.Error("memberships are missing")
	}
	// A round through the world document.
	began = time.Now()
	world := c.sim("GET", "world", "").ok()
	c.sim("PUT", "world", string(world.raw)).ok()
	t.Logf("world of %d bytes round in %s", len(world.raw), time.Since(began))
}

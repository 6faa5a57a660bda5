package sim_test

import (
	"fmt"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// The simulator has to be faster than what is measured against it.

func BenchmarkReadPolicy(b *testing.B) {
	c := start(b, sim.Options{Projects: 1000})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.policy("mesh-sim-500")
		}
	})
}

func BenchmarkWritePolicy(b *testing.B) {
	c := start(b, sim.Options{Projects: 1000, Clusters: 1000})
	bindings := c.policy("mesh-sim-500").at("bindings")
	n := 0
	for b.Loop() {
		n++
		c.setBindings(fmt.Sprintf("mesh-sim-%d", n%1000+1), "", bindings).ok()
	}
}

func BenchmarkReadFeature(b *testing.B) {
	c := start(b, sim.Options{Clusters: 10_000})
	for b.Loop() {
		c.api("GET", hub, featurePath+"?prettyPrint=false", "").ok()
	}
}

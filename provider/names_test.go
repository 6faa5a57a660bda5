package provider_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

var seed = flag.Uint64("seed", 1, "of the tests that draw what they do")

// spellings of each name that the schemas take.
var (
	projects = []string{"mesh-sim-1", "100000000001"}
	clusters = []string{
		simtest.Cluster, "projects/100000000001/locations/us-central1/clusters/cluster-1", "//container.googleapis.com/" + simtest.Cluster,
		"https://container.googleapis.com/v1/" + simtest.Cluster, "projects/mesh-sim-1/regions/us-central1/clusters/cluster-1",
		"projects/mesh-sim-1/zones/us-central1/clusters/cluster-1",
	}
	memberships = []string{
		simtest.Membership, "projects/100000000001/locations/us-central1/memberships/cluster-1",
		"//gkehub.googleapis.com/" + simtest.Membership,
		"//gkehub.googleapis.com/projects/100000000001/locations/us-central1/memberships/cluster-1",
		"https://gkehub.googleapis.com/v1/" + simtest.Membership,
	}
	issuers = []string{"https://container.googleapis.com/v1/" + simtest.Cluster,
		"https://container.googleapis.com/v1/projects/100000000001/locations/us-central1/clusters/cluster-1"}
)

// resources are all that keep a prerequisite, with the spellings of their names.
func resources() []struct {
	kind  string
	names map[string][]string
	fixed attributes
} {
	type names = map[string][]string
	return []struct {
		kind  string
		names names
		fixed attributes
	}{
		{"asm_service_agent_binding", names{"project": projects, "fleet_project": projects}, nil},
		{"asm_service_agent_binding", names{"project": projects}, nil},
		{"asm_project_services", names{"project": projects}, nil},
		{"asm_workload_pool", names{"cluster": clusters}, nil},
		{"asm_membership_identity", names{"membership": memberships}, nil},
		{"asm_membership_identity", names{"membership": memberships, "issuer": issuers}, nil},
		{"asm_mesh_management", names{"membership": memberships}, nil},
		{"asm_namespace_injection", names{"membership": memberships}, attributes{"namespace": text("shop"), "revision": text("asm-managed")}},
		{"asm_namespace_injection", names{"membership": memberships, "cluster": clusters},
			attributes{"namespace": text("shop"), "revision": text("asm-managed")}},
		{"asm_managed_data_plane", names{"membership": memberships}, attributes{"namespace": text("shop")}},
		{"asm_managed_data_plane", names{"membership": memberships}, attributes{"revision": text("asm-managed")}},
	}
}

// Any spelling of any name plans nothing. Another name is another resource.
func TestAnySpellingPlansNothing(t *testing.T) {
	t.Logf("-seed %d", *seed)
	draw := rand.New(rand.NewPCG(*seed, 1))
	world := simtest.Start(t, sim.Options{Projects: 2, Clusters: 2})
	for _, r := range resources() {
		spelled := func() attributes {
			config := attributes{"deletion_policy": text("DELETE")}
			maps.Copy(config, r.fixed)
			for _, argument := range slices.Sorted(maps.Keys(r.names)) {
				config[argument] = text(r.names[argument][draw.IntN(len(r.names[argument]))])
			}
			return config
		}
		i := newInstance(t, world, r.kind)
		i.apply(spelled())
		if i.state == nil || len(i.errors) > 0 {
			t.Fatalf("%s %v: %v", r.kind, r.fixed, i.errors)
		}
		for range 12 {
			config := spelled()
			p := i.plan(config)
			if p.changed || p.replace || len(i.errors) > 0 {
				t.Errorf("%s, made as %v: planning %v changes %t, replaces %t, %v", r.kind, i.values(i.state), config, p.changed, p.replace,
					i.errors)
			}
		}
		for argument := range r.names {
			if argument == "issuer" {
				continue
			}
			config := spelled()
			var was string
			if err := config[argument].As(&was); err != nil {
				t.Fatal(err)
			}
			other := strings.NewReplacer("cluster-1", "cluster-2", "mesh-sim-1", "mesh-sim-2", "100000000001", "100000000002").Replace(was)
			config[argument] = tftypes.NewValue(tftypes.String, other)
			if p := i.plan(config); !p.replace {
				t.Errorf("%s: %s = %s for %s is not replaced", r.kind, argument, other, was)
			}
		}
	}
}

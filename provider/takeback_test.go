package provider_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const hubPath = "/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/"

// marks are what the resources of these tests change, as the APIs show it.
func marks(w *simtest.World) map[string]any {
	shop := w.Read(simtest.InCluster + "/api/v1/namespaces/shop")["metadata"].(map[string]any)
	if annotations, _ := shop["annotations"].(map[string]any); len(annotations) == 0 {
		delete(shop, "annotations")
	}
	feature := w.Read(hubPath + "global/features/servicemesh")["membershipSpecs"].(map[string]any)
	return map[string]any{
		"labels": shop["labels"], "annotations": shop["annotations"],
		"management": feature["projects/100000000001/locations/us-central1/memberships/cluster-1"],
		"issuer":     w.Read(hubPath + "us-central1/memberships/cluster-1")["authority"],
	}
}

// Whatever a resource is edited to, a destroy with DELETE gives back what was there before it.
func TestDestroyGivesBackTheWorldBeforeAllEdits(t *testing.T) {
	t.Logf("-seed %d", *seed)
	draw := rand.New(rand.NewPCG(*seed, 2))
	membership := text(simtest.Membership)
	truth := func(b bool) tftypes.Value { return tftypes.NewValue(tftypes.Bool, b) }
	for _, r := range []struct {
		kind   string
		spoil  string // of the namespace shop, first
		fixed  attributes
		edited string
		to     []tftypes.Value
	}{
		{"asm_mesh_management", "", attributes{"membership": membership}, "management",
			[]tftypes.Value{text(mesh.ManagementAutomatic), text(mesh.ManagementManual), text(mesh.ManagementNotInstalled)}},
		{"asm_membership_identity", "", attributes{"membership": membership, "replace_issuer": truth(true)}, "issuer",
			[]tftypes.Value{text(issuers[0]), text(issuers[1]), text("https://issuer.example.com/a"), text("https://issuer.example.com/b")}},
		{"asm_namespace_injection", `{"metadata":{"labels":{"istio.io/rev":null,"istio-injection":"enabled"}}}`,
			attributes{"membership": membership, "namespace": text("shop")}, "revision",
			[]tftypes.Value{text("asm-managed"), text("asm-managed-rapid"), text("asm-managed-stable"), text(mesh.DefaultRevision)}},
		{"asm_managed_data_plane", "", attributes{"membership": membership, "namespace": text("shop")}, "managed",
			[]tftypes.Value{truth(true), truth(false)}},
		{"asm_managed_data_plane", `{"metadata":{"annotations":{"mesh.cloud.google.com/proxy":"{\"managed\":\"false\",\"theirs\":1}"}}}`,
			attributes{"membership": membership, "namespace": text("shop")}, "managed", []tftypes.Value{truth(true), truth(false)}},
	} {
		world := simtest.Start(t, sim.Options{Projects: 1, Clusters: 1})
		if r.spoil != "" {
			world.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop", r.spoil)
		}
		for range 4 {
			before := marks(world)
			i := newInstance(t, world, r.kind)
			var edits []string
			for range 1 + draw.IntN(4) {
				config := attributes{"deletion_policy": text("DELETE"), r.edited: r.to[draw.IntN(len(r.to))]}
				maps.Copy(config, r.fixed)
				edits = append(edits, config[r.edited].String())
				i.apply(config)
				if len(i.errors) > 0 {
					t.Fatalf("%s %v: %v", r.kind, edits, i.errors)
				}
			}
			i.destroy()
			if len(i.errors)+len(i.warnings) > 0 {
				t.Errorf("%s %v: %v %v", r.kind, edits, i.errors, i.warnings)
			}
			if after := marks(world); !cmp.Equal(before, after) {
				t.Errorf("%s, edited to %v and destroyed: %s", r.kind, edits, cmp.Diff(before, after))
			}
		}
	}
}

// What somebody else has changed since stays, and the destroy says it.
func TestDestroySaysWhatItLeaves(t *testing.T) {
	world := simtest.Start(t, sim.Options{Projects: 1, Clusters: 1})
	i := newInstance(t, world, "asm_mesh_management")
	i.apply(attributes{"membership": text(simtest.Membership), "management": text(mesh.ManagementManual), "deletion_policy": text("DELETE")})
	world.Call("PATCH", hubPath+"global/features/servicemesh?updateMask=membershipSpecs",
		`{"membershipSpecs":{"`+simtest.Membership+`":{"mesh":{"management":"MANAGEMENT_NOT_INSTALLED"}}}}`)
	world.Advance(1e9)
	world.Forget()
	i.destroy()
	if len(i.warnings) != 1 || !strings.Contains(i.warnings[0], "is MANAGEMENT_NOT_INSTALLED; it was MANAGEMENT_AUTOMATIC") {
		t.Errorf("warned %q", i.warnings)
	}
	if wrote := world.Writes(); len(wrote) > 0 || len(i.errors) > 0 {
		t.Errorf("%d writes, %v", len(wrote), i.errors)
	}
}

// A replacement that creates before it destroys, or another resource of the same subject, keeps what it declared.
func TestADestroyedInstanceTakesNothingFromAnother(t *testing.T) {
	for kind, c := range map[string]struct {
		fault string
		names attributes
		other attributes
	}{
		"asm_service_agent_binding": {"binding-revoked", nil, attributes{"project": text("100000000001")}},
		"asm_workload_pool": {"workload-pool-missing", attributes{"cluster": text(clusters[0])},
			attributes{"cluster": text(clusters[1])}},
		"asm_project_services": {"connectgateway-disabled", nil, attributes{"project": text("100000000001")}},
		"asm_membership_identity": {"identity-provider-missing", attributes{"membership": text(memberships[0])},
			attributes{"membership": text(memberships[1])}},
		"asm_mesh_management": {"management-manual", attributes{"membership": text(memberships[0])},
			attributes{"membership": text(memberships[3])}},
	} {
		t.Run(kind, func(t *testing.T) {
			world := simtest.Start(t, sim.Options{Projects: 1, Clusters: 1, Faults: []string{c.fault}})
			before, after := attributes{"deletion_policy": text("DELETE")}, attributes{"deletion_policy": text("DELETE")}
			maps.Copy(before, c.names)
			maps.Copy(after, c.other)
			was := newInstance(t, world, kind)
			was.apply(before)
			world.Forget()
			is := newInstance(t, world, kind)
			plan := is.plan(after)
			is.applyPlan(plan)
			was.plugin = is.plugin // they are of one walk
			was.warnings, was.errors = nil, nil
			was.destroyInstance(was.private)
			if wrote := world.Writes(); len(wrote) > 0 || len(was.errors)+len(is.errors) > 0 {
				t.Errorf("%d writes, %v %v", len(wrote), was.errors, is.errors)
			}
			if len(was.warnings) != 1 || !strings.Contains(was.warnings[0], "Another "+kind) {
				t.Errorf("warned %q", was.warnings)
			}
			if p := is.plan(after); p.changed {
				t.Error("what the new instance declared is gone")
			}
		})
	}
}

// A creation that failed half way is replaced without taking back what it had done, and a destroy then takes back all.
func TestAFailedCreationKeepsItsPreImage(t *testing.T) {
	world := simtest.Start(t, sim.Options{Projects: 1, Clusters: 1, Faults: []string{"connectgateway-disabled", "stuck-operations"}})
	config := attributes{"deletion_policy": text("DELETE")}
	i := newInstance(t, world, "asm_project_services")
	kind := i.schema().ValueType().(tftypes.Object).AttributeTypes["timeouts"].(tftypes.Object)
	limit := map[string]tftypes.Value{}
	for name, of := range kind.AttributeTypes {
		limit[name] = tftypes.NewValue(of, nil)
	}
	limit["create"] = text("1s")
	config["timeouts"] = tftypes.NewValue(kind, limit)
	i.apply(config)
	if len(i.errors) == 0 || !i.tainted {
		t.Fatalf("it should have failed: %v, and be kept", i.errors)
	}
	world.ClearFault("stuck-operations")
	world.ClearFault("connectgateway-disabled") // the operation ended late
	world.Forget()
	i.apply(config)
	if wrote := world.Writes(); len(wrote) > 0 || len(i.errors) > 0 || i.tainted {
		t.Fatalf("going on made %d writes, %v", len(wrote), i.errors)
	}
	i.destroy()
	var disabled int
	for _, e := range world.Writes() {
		if strings.HasSuffix(e.Path, "connectgateway.googleapis.com:disable") {
			disabled++
		}
	}
	if disabled != 1 || len(i.errors) > 0 {
		t.Errorf("the API that the failed creation enabled was disabled %d times, %v", disabled, i.errors)
	}
}

// A saved plan holds although what only others set has moved on since.
func TestASavedPlanIsConsistent(t *testing.T) {
	world := simtest.Start(t, sim.Options{Projects: 1, Clusters: 1})
	i := newInstance(t, world, "asm_mesh_management")
	config := attributes{"membership": text(simtest.Membership)}
	i.apply(config)
	was := i.values(i.state)["origin"]
	config["deletion_policy"] = text("DELETE")
	p := i.plan(config)
	world.Edit(func(doc map[string]any) { setOrigin(doc) })
	i.applyPlan(p)
	if len(i.errors) > 0 {
		t.Fatal(i.errors)
	}
	if after := i.values(i.state)["origin"]; !after.Equal(was) {
		t.Errorf("origin %s, was %s", after, was)
	}
}

// setOrigin changes every origin of a world's document.
func setOrigin(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, of := range v {
			if origin, ok := of.(string); ok && (origin == "USER" || origin == "FLEET") {
				v[key] = map[string]string{"USER": "FLEET", "FLEET": "USER"}[origin]
			}
			setOrigin(of)
		}
	case []any:
		for _, of := range v {
			setOrigin(of)
		}
	}
}

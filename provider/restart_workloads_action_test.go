package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func TestRestartWorkloads(t *testing.T) {
	s := newStage(t, simtest.Owner, "proxies-failed")
	yes := tftypes.NewValue(tftypes.Bool, true)
	shop := map[string]tftypes.Value{"membership": text(member), "namespaces": list("shop")}
	said := s.invokeWell("asm_restart_workloads", with(shop, "ignore_budgets", yes))
	mustSay(t, said, "of restart-workloads on "+member, "restart: changing", "restart: done")
	if wrote := s.wrote(""); len(wrote) != 1 || !strings.Contains(wrote[0], "/namespaces/shop/deployments/backend 200") {
		t.Errorf("it wrote %q", wrote)
	}
	mustSay(t, s.invokeWell("asm_restart_workloads", with(shop, "ignore_budgets", yes)), "nothing is to be done")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("once more it wrote %q", wrote)
	}
	// All is all, each time.
	all := map[string]tftypes.Value{"membership": text(member), "namespaces": list("shop"), "ignore_budgets": yes, "scope": text("all")}
	for range 2 {
		s.invokeWell("asm_restart_workloads", all)
		if wrote := s.wrote("/deployments/"); len(wrote) < 2 {
			t.Errorf("of all it wrote %q", wrote)
		}
	}
}

// What is asked for reaches the restart: the journal tells with what it was run.
func TestRestartWorkloadsArguments(t *testing.T) {
	s := newStage(t, simtest.Owner)
	yes := tftypes.NewValue(tftypes.Bool, true)
	mustSay(t, s.invokeWell("asm_restart_workloads", map[string]tftypes.Value{"membership": text(member)}), "nothing is to be done")
	if wrote := s.wrote(""); len(wrote) > 0 {
		t.Errorf("it wrote %q", wrote)
	}
	s.invokeWell("asm_restart_workloads", map[string]tftypes.Value{
		"membership": text(member), "scope": text("all"), "namespaces": list("shop", "default"), "revision": text("asm-managed"),
		"stateful_sets": yes, "ignore_budgets": yes,
	})
	for _, w := range s.wrote("") {
		if !strings.Contains(w, "/namespaces/shop/") && !strings.Contains(w, "/namespaces/default/") {
			t.Errorf("it wrote %q", w)
		}
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	kept, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	mustSay(t, string(kept), `"inputs":{"ignore_budgets":true,"namespaces":["default","shop"],"revision":"asm-managed","scope":"all","stateful_sets":true}`)
}

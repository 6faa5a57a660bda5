package gcp_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func TestWhoNamesTheCulprit(t *testing.T) {
	c := newCloud(t, sim.Options{})
	cluster := mesh.Cluster{Project: project, Location: "us-central1", Name: "cluster-1"}
	for _, fault := range []string{"binding-revoked", "connectgateway-disabled", "workload-pool-missing"} {
		c.world.Fault(fault)
	}
	for what, ask := range map[string]func(*gcp.Client) (mesh.AuditEvent, bool, error){
		"the binding": func(g *gcp.Client) (mesh.AuditEvent, bool, error) {
			return g.WhoRevoked(t.Context(), project, mesh.AgentRole, agent)
		},
		"the API": func(g *gcp.Client) (mesh.AuditEvent, bool, error) {
			return g.WhoDisabled(t.Context(), project, mesh.GatewayService)
		},
		"the pool": func(g *gcp.Client) (mesh.AuditEvent, bool, error) { return g.WhoSetPool(t.Context(), cluster) },
	} {
		who, found, err := ask(c.Client)
		if err != nil || !found || who.Principal != "ci@mesh-sim-1.iam.gserviceaccount.com" ||
			!strings.Contains(who.Client(), "google provider") ||
			who.Time.IsZero() {
			t.Errorf("%s: %+v, %t, %v", what, who, found, err)
		}
	}
	if n := c.world.Count("entries:list"); n != 1 {
		t.Errorf("%d searches of one project's log, want one for all questions", n)
	}
	if _, found, err := c.WhoDisabled(t.Context(), project, "mesh.googleapis.com"); found || err != nil {
		t.Errorf("somebody is blamed for an API that is enabled: %t, %v", found, err)
	}
}

// An attempt that was refused, and a grant under a condition that went, did not revoke the grant.
func TestWhoBlamesNobodyForWhatDidNotHappen(t *testing.T) {
	c := newCloud(t, sim.Options{})
	p := c.policy(t)
	kept := []map[string]any{}
	for _, b := range p.Bindings {
		if b["role"] != mesh.AgentRole {
			kept = append(kept, b)
		}
	}
	viewer := c.as(t, "viewer@example.com")
	if _, err := viewer.RemoveMember(t.Context(), project, mesh.AgentRole, agent); !apierr.Forbidden(err) {
		t.Fatalf("a viewer may revoke: %v", err)
	}
	if err := viewer.DisableService(t.Context(), project, mesh.GatewayService); !apierr.Forbidden(err) {
		t.Fatalf("a viewer may disable APIs: %v", err)
	}
	if who, found, err := c.as(t, simtest.Owner).WhoDisabled(t.Context(), project, mesh.GatewayService); found || err != nil {
		t.Errorf("an attempt is taken for a deed: %+v, %v", who, err)
	}
	conditional := map[string]any{
		"role":      mesh.AgentRole,
		"members":   []string{agent},
		"condition": map[string]any{"title": "t", "expression": "true"},
	}
	p.Version = 3
	for _, bindings := range [][]map[string]any{append(p.Bindings, conditional), p.Bindings} {
		p := c.policy(t)
		c.call(t, http.MethodPost, crm+":setIamPolicy",
			map[string]any{"policy": map[string]any{"version": 3, "etag": p.Etag, "bindings": bindings}})
	}
	if who, found, err := c.WhoRevoked(t.Context(), project, mesh.AgentRole, agent); found || err != nil {
		t.Errorf("blamed %+v, %v", who, err)
	}
	// Now somebody really does it.
	c.call(t, http.MethodPost, crm+":setIamPolicy",
		map[string]any{"policy": map[string]any{"version": 3, "etag": c.policy(t).Etag, "bindings": kept}})
	fresh := c.as(t, simtest.Owner)
	if who, found, err := fresh.WhoRevoked(t.Context(), project, mesh.AgentRole, agent); !found || err != nil ||
		who.Principal != simtest.Owner {
		t.Errorf("blamed %+v, %t, %v", who, found, err)
	}
}

// Logs may be read sixty times a minute: many projects share a search, and one
// that may not be searched does not blind the others.
func TestWhoSharesSearchesBetweenProjects(t *testing.T) {
	const projects = 30
	c := newCloud(t, sim.Options{Projects: projects})
	for i := range projects {
		c.world.Fault(fmt.Sprintf("binding-revoked?project=mesh-sim-%d", i+1))
	}
	var callers sync.WaitGroup
	for i := range projects {
		callers.Go(func() {
			if _, found, err := c.WhoRevoked(t.Context(), fmt.Sprintf("mesh-sim-%d", i+1), mesh.AgentRole, agent); !found || err != nil {
				t.Errorf("mesh-sim-%d: %t, %v", i+1, found, err)
			}
		})
	}
	callers.Wait()
	if n := c.world.Count("entries:list"); n > 5 {
		t.Errorf("%d searches for %d projects", n, projects)
	}
}

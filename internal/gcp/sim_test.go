package gcp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const (
	project = simtest.Project
	agent   = "serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"
)

// cloud is a simulated Google Cloud and its owner's client of it.
type cloud struct {
	*gcp.Client
	world *simtest.World
	mu    sync.Mutex
	logs  bytes.Buffer
}

func newCloud(t *testing.T, o sim.Options) *cloud {
	t.Helper()
	c := &cloud{world: simtest.Start(t, o)}
	c.Client = c.as(t, simtest.Owner)
	return c
}

// as returns another caller's client.
func (c *cloud) as(t *testing.T, caller string) *gcp.Client {
	t.Helper()
	config := c.world.Config(caller)
	config.Log = func(_ context.Context, message string, fields map[string]any) {
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = json.NewEncoder(&c.logs).Encode(map[string]any{message: fields})
	}
	client, err := gcp.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// call makes a request to the simulator without the client.
func (c *cloud) call(t *testing.T, method, path string, body any) []byte {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.world.Call(method, path, string(text))
}

type policy struct {
	Version      int              `json:"version"`
	Etag         string           `json:"etag"`
	Bindings     []map[string]any `json:"bindings"`
	AuditConfigs []map[string]any `json:"auditConfigs"`
}

const crm = "/cloudresourcemanager.googleapis.com/v3/projects/" + project

func (c *cloud) policy(t *testing.T) policy {
	t.Helper()
	var p policy
	raw := c.call(t, http.MethodPost, crm+":getIamPolicy", map[string]any{"options": map[string]any{"requestedPolicyVersion": 3}})
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// difficult is a policy that a careless write would damage.
func (c *cloud) difficult(t *testing.T) policy {
	t.Helper()
	p := c.policy(t)
	kept := p.Bindings[:0]
	for _, b := range p.Bindings {
		if b["role"] != mesh.AgentRole {
			kept = append(kept, b)
		}
	}
	p.Bindings = append(
		kept,
		map[string]any{
			"role":      mesh.AgentRole,
			"members":   []string{agent},
			"condition": map[string]any{"title": "office hours", "description": "d", "expression": "request.time.getHours() < 18"},
		},
		map[string]any{"role": mesh.AgentRole, "members": []string{"deleted:" + agent + "?uid=123456789012345678901"}},
		map[string]any{
			"role":      "roles/viewer",
			"members":   []string{"user:a@example.com"},
			"condition": map[string]any{"title": "t", "expression": "true"},
		},
		map[string]any{"role": "roles/viewer", "members": []string{"user:b@example.com", "deleted:user:c@example.com?uid=123456789012345678902"}},
	)
	p.Version = 3
	p.AuditConfigs = []map[string]any{
		{"service": "allServices", "auditLogConfigs": []map[string]any{{"logType": "DATA_READ",
			"exemptedMembers": []string{"user:a@example.com"}}}},
	}
	// Through the world: the API takes a deleted identity only where it was before.
	c.world.Edit(func(doc map[string]any) { doc["projects"].([]any)[0].(map[string]any)["policy"] = p })
	return c.policy(t)
}

func TestAddMemberChangesOnlyOurMember(t *testing.T) {
	c := newCloud(t, sim.Options{})
	before := c.difficult(t)
	read, err := c.Policy(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	if g := gcp.Grant(read, mesh.AgentRole, agent); g.Granted || !g.Conditional || !g.Deleted {
		t.Errorf("%+v: a conditional grant and a deleted identity count for a grant", g)
	}
	wrote, err := c.AddMember(t.Context(), project, mesh.AgentRole, agent)
	if err != nil || !wrote {
		t.Fatalf("wrote %t, %v", wrote, err)
	}
	after := c.policy(t)
	if before.Etag == after.Etag {
		t.Error("nothing was written")
	}
	want := before.grants(t)
	want[mesh.AgentRole+" null"] = slices.Sorted(slices.Values(append(want[mesh.AgentRole+" null"], agent)))
	if diff := cmp.Diff(want, after.grants(t)); diff != "" {
		t.Errorf("more than our member changed:\n%s", diff)
	}
	if diff := cmp.Diff(before.AuditConfigs, after.AuditConfigs); diff != "" {
		t.Errorf("the audit configuration changed:\n%s", diff)
	}
	if wrote, err := c.AddMember(t.Context(), project, mesh.AgentRole, agent); wrote || err != nil {
		t.Errorf("granting what is granted wrote %t, %v", wrote, err)
	}
	if _, err := c.RemoveMember(t.Context(), project, mesh.AgentRole, agent); err != nil {
		t.Fatal(err)
	}
	removed := c.policy(t)
	if diff := cmp.Diff(before.grants(t), removed.grants(t)); diff != "" {
		t.Errorf("removing took more than our member:\n%s", diff)
	}
	if diff := cmp.Diff(before.AuditConfigs, removed.AuditConfigs); diff != "" {
		t.Errorf("the audit configuration changed:\n%s", diff)
	}
}

// grants are a policy's members by role and condition, each sorted: the API sorts
// a policy and joins bindings of one role when it is written.
func (p policy) grants(t *testing.T) map[string][]string {
	t.Helper()
	grants := map[string][]string{}
	for _, b := range p.Bindings {
		condition, err := json.Marshal(b["condition"])
		if err != nil {
			t.Fatal(err)
		}
		key := b["role"].(string) + " " + string(condition)
		for _, m := range b["members"].([]any) {
			grants[key] = append(grants[key], m.(string))
		}
		slices.Sort(grants[key])
	}
	return grants
}

func TestAddMemberLosesNoConcurrentChange(t *testing.T) {
	for _, fault := range []string{"concurrent-write", "conflict", "conflict-empty-body"} {
		t.Run(fault, func(t *testing.T) {
			c := newCloud(t, sim.Options{})
			c.world.Fault("binding-revoked")
			c.world.Fault(fault + "?count=1")
			wrote, err := c.AddMember(t.Context(), project, mesh.AgentRole, agent)
			if err != nil || !wrote {
				t.Fatalf("wrote %t, %v", wrote, err)
			}
			if got := c.world.Count(":setIamPolicy"); got != 2 {
				t.Errorf("%d writes, want a refused one and another", got)
			}
			if got := c.world.Count(":getIamPolicy"); got != 2 {
				t.Errorf("%d reads, want a new one after the refusal", got)
			}
			members := 0
			for _, b := range c.policy(t).Bindings {
				members += len(b["members"].([]any))
			}
			if fault != "concurrent-write" {
				return
			}
			fresh := newCloud(t, sim.Options{})
			want := 1 // the other writer's
			for _, b := range fresh.policy(t).Bindings {
				want += len(b["members"].([]any))
			}
			if members != want {
				t.Errorf("%d members, want %d: somebody's change is lost", members, want)
			}
		})
	}
}

// A policy that came below version 3, without an etag, or with what this version does not know is not written. The
// simulator answers correctly, so a proxy in front of it makes such answers.
func TestUnsafePolicyIsNotWritten(t *testing.T) {
	for name, spoil := range map[string]func(map[string]any){
		"without an etag": func(p map[string]any) { delete(p, "etag") },
		"below version 3": func(p map[string]any) {
			p["version"] = 1
			served := map[string]any{"role": "roles/viewer_withcond_0a1b2c", "members": []string{"user:a@example.com"}}
			p["bindings"] = append(p["bindings"].([]any), served)
		},
		"with unknown fields": func(p map[string]any) { p["bindings"].([]any)[0].(map[string]any)["quorum"] = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, sim.Options{})
			c.world.Fault("binding-revoked")
			c.Client = spoiled(t, c.world, spoil)
			wrote, err := c.AddMember(t.Context(), project, mesh.AgentRole, agent)
			if err == nil || wrote {
				t.Errorf("wrote %t, %v", wrote, err)
			}
			if err != nil && !strings.Contains(err.Error(), "Nothing was written") {
				t.Errorf("%v does not say that nothing was written", err)
			}
			if n := c.world.Count(":setIamPolicy"); n != 0 {
				t.Errorf("%d writes", n)
			}
		})
	}
}

func TestManyWritersOfOneProjectAllSucceed(t *testing.T) {
	c := newCloud(t, sim.Options{})
	var failed atomic.Int32
	var writers sync.WaitGroup
	for _, role := range []string{
		"roles/viewer", "roles/browser", "roles/editor", "roles/logging.viewer", "roles/container.viewer", "roles/gkehub.viewer",
	} {
		writers.Go(func() {
			if _, err := c.AddMember(t.Context(), project, role, agent); err != nil {
				failed.Add(1)
				t.Error(err)
			}
		})
	}
	writers.Wait()
	granted := 0
	for _, b := range c.policy(t).Bindings {
		for _, m := range b["members"].([]any) {
			if m == agent {
				granted++
			}
		}
	}
	if granted != 7 { // and its own role
		t.Errorf("the member holds %d roles, want 7", granted)
	}
}

func TestTransportRepeatsAndGivesUp(t *testing.T) {
	for _, fault := range []string{"rate-limit", "unavailable", "cut"} {
		t.Run(fault, func(t *testing.T) {
			c := newCloud(t, sim.Options{})
			c.world.Fault(fault + "?count=2")
			if _, err := c.Project(t.Context(), project); err != nil {
				t.Error(err)
			}
			if n := c.world.Count("projects/" + project); n < 3 && fault != "cut" {
				t.Errorf("%d requests, want two refused and one served", n)
			}
			// A request with a body has to send it again.
			c.world.Fault(fault + "?count=1&method=POST")
			if _, err := c.Policy(t.Context(), project); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("malformed", func(t *testing.T) {
		c := newCloud(t, sim.Options{})
		c.world.Fault("malformed")
		_, err := c.Services(t.Context(), project, mesh.DefaultServices())
		if err == nil || !strings.Contains(err.Error(), "not valid JSON") {
			t.Errorf("got %v", err)
		}
		if _, err := c.Policy(t.Context(), project); err == nil || !strings.Contains(err.Error(), "not valid JSON") {
			t.Errorf("got %v", err)
		}
	})
}

func TestForbiddenNamesThePermission(t *testing.T) {
	c := newCloud(t, sim.Options{})
	nobody := c.as(t, "nobody@example.com")
	for name, read := range map[string]func() error{
		"resourcemanager.projects.getIamPolicy": func() error { _, err := nobody.Policy(t.Context(), project); return err },
		"resourcemanager.projects.get":          func() error { _, err := nobody.Project(t.Context(), project); return err },
		"serviceusage.services": func() error {
			_, err := nobody.Services(t.Context(), project, mesh.DefaultServices())
			return err
		},
		"container.clusters": func() error {
			_, err := nobody.Cluster(t.Context(), mesh.Cluster{Project: project, Location: "us-central1", Name: "cluster-1"})
			return err
		},
		"gkehub.features.get": func() error { _, err := nobody.MeshFeature(t.Context(), project); return err },
	} {
		err := read()
		if !apierr.Forbidden(err) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoTokenIsLogged(t *testing.T) {
	c := newCloud(t, sim.Options{})
	if _, err := c.Policy(t.Context(), project); err != nil {
		t.Fatal(err)
	}
	if c.logs.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	if strings.Contains(c.logs.String(), "sim-token") {
		t.Errorf("the log holds a token: %s", c.logs.String())
	}
}

func TestCancelledWaitsEndAtOnce(t *testing.T) {
	c := newCloud(t, sim.Options{})
	c.world.Clock.Jump = false // so that there is a wait to end
	c.world.Fault("connectgateway-disabled")
	c.world.Fault("stuck-operations")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.EnableServices(ctx, project, []string{mesh.GatewayService}) }()
	for c.world.Count("operations/") == 0 {
		select {
		case err := <-done:
			t.Fatalf("ended before it waited: %v", err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestBusyClusterIsWaitedFor(t *testing.T) {
	c := newCloud(t, sim.Options{})
	cluster := mesh.Cluster{Project: project, Location: "us-central1", Name: "cluster-1"}
	c.world.Fault("workload-pool-missing")
	c.world.Fault("cluster-busy?for=2s")
	if err := c.SetWorkloadPool(t.Context(), cluster, "mesh-sim-1.svc.id.goog"); err != nil {
		t.Fatal(err)
	}
	if n := c.world.Count("PUT "); n < 2 {
		t.Errorf("%d updates: the cluster was not busy, or the refusal was not met with another try", n)
	}
	got, err := c.FreshCluster(t.Context(), cluster)
	if err != nil || got.WorkloadPool != "mesh-sim-1.svc.id.goog" {
		t.Errorf("pool %q, %v", got.WorkloadPool, err)
	}
}

func TestFailedOperationIsAnError(t *testing.T) {
	c := newCloud(t, sim.Options{})
	c.world.Fault("workload-pool-missing")
	c.world.Fault("connectgateway-disabled")
	c.world.Fault("failing-operations")
	cluster := mesh.Cluster{Project: project, Location: "us-central1", Name: "cluster-1"}
	if err := c.SetWorkloadPool(t.Context(), cluster, "mesh-sim-1.svc.id.goog"); err == nil ||
		!strings.Contains(err.Error(), "was accepted and then failed") {
		t.Errorf("a cluster operation that failed gives %v", err)
	}
	if err := c.EnableServices(t.Context(), project, []string{mesh.GatewayService}); err == nil ||
		!strings.Contains(err.Error(), "was accepted and then failed") {
		t.Errorf("a service operation that failed gives %v", err)
	}
}

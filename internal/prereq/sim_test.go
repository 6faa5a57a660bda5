package prereq_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

var (
	member = mesh.Membership{Project: "mesh-sim-1", Location: "us-central1", Name: "cluster-1"}
	gke    = mesh.Cluster{Project: "mesh-sim-1", Location: "us-central1", Name: "cluster-1"}
)

// world is a simulated Google Cloud and what reads and writes it.
type world struct {
	t        *testing.T
	server   *sim.Server
	client   *gcp.Client
	clusters *prereq.Clusters
	ahead    atomic.Int64 // nanoseconds that the world's clock was moved on

	mu     sync.Mutex
	writes []string // METHOD PATH BODY of what changes something
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, sim.Options{Projects: 2, Clusters: 2})
}

func newWorldOf(t *testing.T, o sim.Options) *world {
	t.Helper()
	w := &world{t: t}
	o.Observe = func(e sim.Exchange) {
		if e.Method == http.MethodGet || strings.HasSuffix(e.Path, "getIamPolicy") || strings.HasSuffix(e.Path, "entries:list") {
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.writes = append(w.writes, e.Method+" "+e.Path+" "+string(e.RequestBody))
	}
	server, err := sim.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w.server = server
	at := func(api string) string { return server.URL() + "/" + api + ".googleapis.com" }
	w.client, err = gcp.New(t.Context(), gcp.Config{AccessToken: "sim-token.admin@example.com", Clock: w, Endpoints: gcp.Endpoints{
		ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
		GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"), ConnectGateway: at("us-central1-connectgateway"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.clusters = prereq.NewClusters(w.client, cluster.Config{Clock: w})
	return w
}

// Now and After implement wait.Clock.
func (w *world) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) After(d time.Duration) <-chan time.Time {
	return time.After(min(d, 50*time.Millisecond))
}

// pass lets time go by, in the world and for whoever looks at it.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.call("POST", "/_sim/clock?advance="+d.String(), "")
	w.ahead.Add(int64(d))
}

// wrote are the writes since the last call.
func (w *world) wrote() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.writes
	w.writes = nil
	return all
}

// call makes a request to the simulator past the client.
func (w *world) call(method, path, body string) map[string]any {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sim-token.admin@example.com")
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch && strings.Contains(path, "gkeMemberships") {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %s %s", method, path, resp.Status, text)
	}
	answer := map[string]any{}
	_ = json.Unmarshal(text, &answer)
	return answer
}

func (w *world) fault(name string) { w.t.Helper(); w.call("PUT", "/_sim/faults/"+name, "") }

const inCluster = "/us-central1-connectgateway.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/gkeMemberships/cluster-1"

// shop are the labels and annotations of the namespace shop.
func (w *world) shop() (labels, annotations map[string]any) {
	w.t.Helper()
	metadata := w.call("GET", inCluster+"/api/v1/namespaces/shop", "")["metadata"].(map[string]any)
	labels, _ = metadata["labels"].(map[string]any)
	annotations, _ = metadata["annotations"].(map[string]any)
	return labels, annotations
}

func (w *world) apply(p prereq.Prerequisite) prereq.Change {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Second) // Apply waits as long as it may
	defer cancel()
	change, state, err := prereq.Apply(ctx, p)
	if err != nil || !state.Met() {
		w.t.Fatalf("%v, state %+v", err, state)
	}
	return change
}

func (w *world) undo(p prereq.Prerequisite, c prereq.Change) {
	w.t.Helper()
	if err := p.Undo(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

// What is in place is not written; what was brought about is taken back, unless
// somebody has changed it since.
func TestEveryPrerequisiteIsIdempotent(t *testing.T) {
	w := newWorld(t)
	target := cluster.Target{Membership: &member}
	for _, p := range []prereq.Prerequisite{
		&prereq.ProjectServices{Client: w.client, Project: "mesh-sim-1", Names: mesh.DefaultServices()},
		&prereq.ServiceAgentBinding{Client: w.client, Project: "mesh-sim-1", FleetProject: "mesh-sim-1"},
		&prereq.WorkloadPool{Client: w.client, Cluster: gke, MigrateNodePools: true},
		&prereq.MembershipIdentity{Client: w.client, Membership: member},
		&prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic},
		&prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic, Version: gcp.HubV2},
		&prereq.NamespaceInjection{Clusters: w.clusters, Target: target, Namespace: "shop", Revision: "asm-managed"},
	} {
		if change := w.apply(p); !change.Empty() {
			t.Errorf("%s: %+v", p.Subject(), change)
		}
		if wrote := w.wrote(); len(wrote) > 0 {
			t.Errorf("%s: wrote %v", p.Subject(), wrote)
		}
	}
}

func TestMembershipIdentity(t *testing.T) {
	w := newWorld(t)
	w.fault("identity-provider-missing")
	p := &prereq.MembershipIdentity{Client: w.client, Membership: member}
	w.wrote()
	change := w.apply(p)
	if wrote := w.wrote(); len(wrote) != 1 || !strings.HasPrefix(wrote[0], "PATCH ") || !strings.Contains(wrote[0], `"authority":{"issuer":`) {
		t.Errorf("wrote %v", wrote)
	}
	w.undo(p, change)
	s, err := p.Read(t.Context(), true)
	if err != nil || s.Issuer != "" {
		t.Errorf("after the undo: %+v, %v", s, err)
	}
	w.apply(p)

	// The project may be written by its number: it is the same issuer.
	byNumber := &prereq.MembershipIdentity{Client: w.client, Membership: member, Issuer: "https://container.googleapis.com/v1/projects/100000000001/locations/us-central1/clusters/cluster-1"}
	if s, err := byNumber.Read(t.Context(), true); err != nil || !s.Met() {
		t.Errorf("by number: %+v, %v", s, err)
	}

	// Another issuer is left alone, unless it is to be replaced.
	other := &prereq.MembershipIdentity{Client: w.client, Membership: member, Issuer: "https://issuer.example.com/x"}
	w.wrote()
	_, _, err = prereq.Apply(t.Context(), other)
	if err == nil || !strings.Contains(err.Error(), "replace_issuer") || len(w.wrote()) > 0 {
		t.Errorf("not to be replaced: %v", err)
	}
	other.Replace = true
	replaced := w.apply(other)
	if wrote := w.wrote(); len(wrote) != 2 || !strings.Contains(wrote[0], `"authority":null`) {
		t.Errorf("replacing wrote %v", wrote)
	}
	w.undo(other, replaced)
	if s, err := p.Read(t.Context(), true); err != nil || !s.Met() {
		t.Errorf("the issuer from before is not back: %+v, %v", s, err)
	}
	var gone *prereq.GoneError
	none := member
	none.Name = "none"
	if _, err := (&prereq.MembershipIdentity{Client: w.client, Membership: none}).Read(t.Context(), false); !errors.As(err, &gone) {
		t.Errorf("a membership that is not there: %v", err)
	}
}

func TestMeshManagement(t *testing.T) {
	for _, version := range []gcp.HubVersion{gcp.HubV1, gcp.HubV2} {
		t.Run(string(version), func(t *testing.T) {
			w := newWorld(t)
			specs := func() map[string]any {
				f := w.call("GET", "/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/global/features/servicemesh", "")
				return f["membershipSpecs"].(map[string]any)
			}
			const second = "projects/100000000001/locations/us-central1/memberships/cluster-2"
			before := specs()[second]
			p := &prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementManual, Version: version}
			w.wrote()
			change := w.apply(p)
			if wrote := w.wrote(); len(wrote) != 1 || strings.Contains(wrote[0], "cluster-2") {
				t.Errorf("wrote %v", wrote)
			}
			if got := specs()[second]; !cmp.Equal(got, before) {
				t.Errorf("the other membership has %v", got)
			}
			w.undo(p, change)
			if s, err := p.Read(t.Context(), true); err != nil || s.Management != mesh.ManagementAutomatic {
				t.Errorf("after the undo: %+v, %v", s, err)
			}
			// What somebody has changed since is theirs.
			change = w.apply(p)
			w.apply(&prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementNotInstalled, Version: version})
			w.wrote()
			w.undo(p, change)
			if wrote := w.wrote(); len(wrote) > 0 {
				t.Errorf("undid what is not ours: %v", wrote)
			}
		})
	}
}

func TestMeshManagementWithoutTheFeature(t *testing.T) {
	w := newWorld(t)
	w.fault("feature-disabled")
	p := &prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic}
	s, err := p.Read(t.Context(), false)
	if err != nil || !s.FeatureOff || s.Met() || s.Findings()[0].Code != mesh.FeatureDisabled {
		t.Errorf("%+v, %v", s, err)
	}
	if _, _, err := prereq.Apply(t.Context(), p); !gcp.NotFound(err) {
		t.Errorf("applied: %v", err)
	}
}

func TestNamespaceInjection(t *testing.T) {
	w := newWorld(t)
	w.call("PATCH", inCluster+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio.io/rev":null,"istio-injection":"enabled","theirs":"1"}}}`)
	p := &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop", Revision: "asm-managed"}
	w.wrote()
	change := w.apply(p)
	if wrote := w.wrote(); len(wrote) != 1 || !strings.HasSuffix(wrote[0], `{"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-managed"}}}`) {
		t.Errorf("wrote %v", wrote)
	}
	if labels, _ := w.shop(); labels["theirs"] != "1" || labels["istio.io/rev"] != "asm-managed" {
		t.Errorf("labels %v", labels)
	}
	// One of the two was changed since: it stays, and the other goes back.
	w.call("PATCH", inCluster+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio.io/rev":"asm-managed-rapid"}}}`)
	w.undo(p, change)
	if labels, _ := w.shop(); labels["istio-injection"] != "enabled" || labels["istio.io/rev"] != "asm-managed-rapid" {
		t.Errorf("after the undo: %v", labels)
	}
}

func TestManagedDataPlane(t *testing.T) {
	w := newWorld(t)
	w.call("PATCH", inCluster+"/api/v1/namespaces/shop", `{"metadata":{"annotations":{"mesh.cloud.google.com/proxy":"{\"managed\":\"false\",\"theirs\":1}","other":"x"}}}`)
	p := &prereq.ManagedDataPlane{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop", Managed: true}
	change := w.apply(p)
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"true","theirs":1}` || annotations["other"] != "x" {
		t.Errorf("annotations %v", annotations)
	}
	w.undo(p, change)
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"false","theirs":1}` {
		t.Errorf("after the undo: %v", annotations)
	}
	whole := &prereq.ManagedDataPlane{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Revision: "asm-managed", Managed: false}
	w.wrote()
	change = w.apply(whole)
	if wrote := w.wrote(); len(wrote) != 1 || !strings.Contains(wrote[0], "/namespaces/istio-system/controlplanerevisions/asm-managed ") {
		t.Errorf("wrote %v", wrote)
	}
	w.undo(whole, change)
	var gone *prereq.GoneError
	for _, missing := range []*prereq.ManagedDataPlane{
		{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "no-such"},
		{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Revision: "asm-managed-stable"},
	} {
		if _, err := missing.Read(t.Context(), false); !errors.As(err, &gone) {
			t.Errorf("%s: %v", missing.Subject(), err)
		}
	}
}

// A cluster that is gone takes its namespaces along; one that cannot be read does
// not.
func TestGoneIsToldFromUnread(t *testing.T) {
	w := newWorld(t)
	none := member
	none.Name = "none"
	var gone *prereq.GoneError
	p := &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Membership: &none}, Namespace: "shop", Revision: "asm-managed"}
	if _, err := p.Read(t.Context(), false); !errors.As(err, &gone) {
		t.Errorf("without the membership: %v", err)
	}
	w.fault("connectgateway-disabled")
	p.Target = cluster.Target{Membership: &member}
	_, err := p.Read(t.Context(), false)
	if _, disabled := cluster.GatewayDisabled(err); !disabled || errors.As(err, &gone) {
		t.Errorf("with the gateway disabled: %v", err)
	}
	if what, next := prereq.Words(err); !strings.Contains(what, "SERVICE_DISABLED") || !strings.Contains(next, "connectgateway.googleapis.com") {
		t.Errorf("in words: %q, %q", what, next)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Read(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

package prereq_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

var (
	member = mesh.Membership{Project: "mesh-sim-1", Location: "us-central1", Name: "cluster-1"}
	gke    = mesh.Cluster{Project: "mesh-sim-1", Location: "us-central1", Name: "cluster-1"}
)

// world is a simulated Google Cloud and what reads and writes it.
type world struct {
	*simtest.World
	t        *testing.T
	client   *gcp.Client
	clusters *prereq.Clusters
}

var two = sim.Options{Projects: 2, Clusters: 2}

func newWorld(t *testing.T, o sim.Options) *world {
	t.Helper()
	w := &world{t: t, World: simtest.Start(t, o)}
	// Time passes only by Advance, so that a test can act while an operation runs.
	w.Clock.Jump, w.Clock.Longest = false, 50*time.Millisecond
	w.client = w.Client(simtest.Owner)
	w.clusters = prereq.NewClusters(w.client, cluster.Config{})
	return w
}

// wrote returns the writes since the last call, as METHOD PATH BODY.
func (w *world) wrote() (all []string) {
	for _, e := range w.Writes() {
		all = append(all, e.Method+" "+e.Path+" "+string(e.RequestBody))
	}
	w.Forget()
	return all
}

// shop are the labels and annotations of the namespace shop.
func (w *world) shop() (labels, annotations map[string]any) {
	w.t.Helper()
	metadata := w.Read(simtest.InCluster + "/api/v1/namespaces/shop")["metadata"].(map[string]any)
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

// What is in place is not written; what was brought about is taken back, unless somebody has changed it since.
func TestEveryPrerequisiteIsIdempotent(t *testing.T) {
	w := newWorld(t, two)
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
	w := newWorld(t, two)
	w.Fault("identity-provider-missing")
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
	byNumber := &prereq.MembershipIdentity{Client: w.client, Membership: member,
		Issuer: "https://container.googleapis.com/v1/projects/100000000001/locations/us-central1/clusters/cluster-1"}
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
			w := newWorld(t, two)
			specs := func() map[string]any {
				f := w.Read("/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/global/features/servicemesh")
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
	w := newWorld(t, two)
	w.Fault("feature-disabled")
	p := &prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic}
	s, err := p.Read(t.Context(), false)
	if err != nil || !s.FeatureOff || s.Met() || s.Findings()[0].Code != catalogue.FeatureDisabled {
		t.Errorf("%+v, %v", s, err)
	}
	if _, _, err := prereq.Apply(t.Context(), p); !apierr.NotFound(err) {
		t.Errorf("applied: %v", err)
	}
}

func TestNamespaceInjection(t *testing.T) {
	w := newWorld(t, two)
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop",
		`{"metadata":{"labels":{"istio.io/rev":null,"istio-injection":"enabled","theirs":"1"}}}`)
	w.noDefaultTag()
	p := &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop",
		Revision: "asm-managed"}
	w.wrote()
	change := w.apply(p)
	if wrote := w.wrote(); len(wrote) != 1 ||
		!strings.HasSuffix(wrote[0], `{"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-managed"}}}`) {
		t.Errorf("wrote %v", wrote)
	}
	if labels, _ := w.shop(); labels["theirs"] != "1" || labels["istio.io/rev"] != "asm-managed" {
		t.Errorf("labels %v", labels)
	}
	// One of the two was changed since: it stays, and the other goes back.
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio.io/rev":"asm-managed-rapid"}}}`)
	w.undo(p, change)
	if labels, _ := w.shop(); labels["istio-injection"] != "enabled" || labels["istio.io/rev"] != "asm-managed-rapid" {
		t.Errorf("after the undo: %v", labels)
	}
}

func TestManagedDataPlane(t *testing.T) {
	w := newWorld(t, two)
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop",
		`{"metadata":{"annotations":{"mesh.cloud.google.com/proxy":"{\"managed\":\"false\",\"theirs\":1}","other":"x"}}}`)
	p := &prereq.ManagedDataPlane{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop", Managed: true}
	change := w.apply(p)
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"true","theirs":1}` ||
		annotations["other"] != "x" {
		t.Errorf("annotations %v", annotations)
	}
	w.undo(p, change)
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"false","theirs":1}` {
		t.Errorf("after the undo: %v", annotations)
	}
	whole := &prereq.ManagedDataPlane{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Revision: "asm-managed",
		Managed: false}
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

// An annotation holds settings of others, too: what they wrote since it was read is not overwritten.
func TestManagedDataPlaneLosesNothingOfOthers(t *testing.T) {
	w := newWorld(t, two)
	p := &prereq.ManagedDataPlane{Clusters: w.clusters, Target: cluster.Target{Membership: &member}, Namespace: "shop", Managed: true}
	annotate := func(value string) {
		body, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"annotations": map[string]string{"mesh.cloud.google.com/proxy": value},
		}})
		w.must(err)
		w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop", string(body))
	}
	annotate(`{"managed":"false"}`)
	state := w.check(p)
	annotate(`{"managed":"false","theirs":1}`)
	if _, err := p.Enforce(t.Context(), state); !apierr.Conflict(err) {
		t.Errorf("enforced over a change of others: %v", err)
	}
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"false","theirs":1}` {
		t.Errorf("annotations %v", annotations)
	}
	w.apply(p)
	if _, annotations := w.shop(); annotations["mesh.cloud.google.com/proxy"] != `{"managed":"true","theirs":1}` {
		t.Errorf("annotations %v", annotations)
	}
}

// A cluster that is gone takes its namespaces along; one that cannot be read does not.
func TestGoneIsToldFromUnread(t *testing.T) {
	w := newWorld(t, two)
	none := member
	none.Name = "none"
	var gone *prereq.GoneError
	p := &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Membership: &none}, Namespace: "shop",
		Revision: "asm-managed"}
	if _, err := p.Read(t.Context(), false); !errors.As(err, &gone) {
		t.Errorf("without the membership: %v", err)
	}
	w.Fault("connectgateway-disabled")
	p.Target = cluster.Target{Membership: &member}
	_, err := p.Read(t.Context(), false)
	if _, disabled := apierr.GatewayDisabled(err); !disabled || errors.As(err, &gone) {
		t.Errorf("with the gateway disabled: %v", err)
	}
	if what, next := apierr.Describe(err); !strings.Contains(what, "SERVICE_DISABLED") ||
		!strings.Contains(next, "connectgateway.googleapis.com") {
		t.Errorf("in words: %q, %q", what, next)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Read(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// A deleted cluster takes its namespaces along, by whichever name it is reached; a cluster that may not be looked up does not.
func TestADeletedClusterIsGone(t *testing.T) {
	for name, target := range map[string]cluster.Target{
		"by its own name": {Cluster: &gke}, "by its membership": {Membership: &member},
		"by both": {Membership: &member, Cluster: &gke},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, two)
			w.Fault("cluster-deleted")
			for _, p := range []prereq.Prerequisite{
				&prereq.NamespaceInjection{Clusters: w.clusters, Target: target, Namespace: "shop", Revision: "asm-managed"},
				&prereq.ManagedDataPlane{Clusters: w.clusters, Target: target, Revision: "asm-managed", Managed: true},
			} {
				var gone *prereq.GoneError
				if _, err := p.Check(t.Context(), false); !errors.As(err, &gone) {
					t.Errorf("%s: %v", p.Kind(), err)
				}
			}
		})
	}
}

func TestAClusterThatMayNotBeLookedUp(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("forbidden?host=container.googleapis.com")
	p := &prereq.NamespaceInjection{Clusters: w.clusters, Target: cluster.Target{Cluster: &gke}, Namespace: "shop", Revision: "asm-managed"}
	_, err := p.Read(t.Context(), false)
	var gone *prereq.GoneError
	what, next := apierr.Describe(err)
	if err == nil || errors.As(err, &gone) || apierr.Unreachable(err) || strings.Contains(next, "network") ||
		!strings.Contains(next, "container.clusters.get") {
		t.Errorf("%q, %q", what, next)
	}
}

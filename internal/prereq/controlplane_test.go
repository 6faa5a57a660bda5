package prereq_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func TestControlPlaneProvisioned(t *testing.T) {
	for _, version := range []gcp.HubVersion{gcp.HubV1, gcp.HubV2} {
		t.Run(string(version), func(t *testing.T) {
			w := newWorld(t, two)
			w.Advance(time.Hour)
			p := &prereq.ControlPlaneProvisioned{Client: w.client, Membership: member, Version: version}
			s, err := p.Read(t.Context(), true)
			if err != nil || !s.Met() || s.Revision() != "asm-managed" {
				t.Fatalf("%+v, %v", s, err)
			}
			// Something is wrong with what is asked for already: it is asked for again.
			w.Fault("node-pool-metadata")
			w.Advance(time.Hour)
			s, err = p.Read(t.Context(), true)
			if err != nil || s.Met() || s.Findings()[0].Code != catalogue.ControlPlaneState ||
				s.Findings()[0].Detail != mesh.StateFailedPrecondition || s.Findings()[0].Subject != member.String() {
				t.Fatalf("%+v, %v", s.Findings(), err)
			}
			w.wrote()
			change, err := p.Enforce(t.Context(), s)
			if wrote := w.wrote(); err != nil || len(wrote) != 1 || !strings.Contains(wrote[0], `"management":"MANAGEMENT_AUTOMATIC"`) {
				t.Errorf("%v, wrote %v", err, wrote)
			}
			change = readBack(t, change)
			w.hasStatus(p, change, prereq.AsBefore) // there is nothing to take back
			w.undo(p, change)
			if wrote := w.wrote(); len(wrote) > 0 || change.Empty() {
				t.Errorf("undoing wrote %v; the change is %+v", wrote, change)
			}
			w.ClearFault("node-pool-metadata")

			w.must(w.client.SetManagement(t.Context(), member, version, mesh.ManagementNotInstalled))
			w.Advance(time.Hour)
			change, err = p.Enforce(t.Context(), w.check(p))
			w.must(err)
			s, err = p.Read(t.Context(), true)
			if err != nil || s.Met() || s.Findings()[0].Detail != mesh.StateProvisioning || s.Findings()[0].Verdict != mesh.Provisioning {
				t.Errorf("while it is being provisioned: %+v, %v", s.Findings(), err)
			}
			w.Advance(time.Hour)
			w.hasStatus(p, readBack(t, change), prereq.AsChanged)
			if !w.check(p).Met() {
				t.Error("it does not come up")
			}
			w.undo(p, readBack(t, change))
			w.hasStatus(p, change, prereq.AsBefore)
		})
	}
}

func TestControlPlaneProvisionedWithoutTheFeature(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("feature-disabled")
	p := &prereq.ControlPlaneProvisioned{Client: w.client, Membership: member}
	s := w.check(p)
	if s.Met() || s.Findings()[0].Code != catalogue.FeatureDisabled {
		t.Errorf("%+v", s)
	}
	if _, err := p.Enforce(t.Context(), s); !apierr.NotFound(err) {
		t.Errorf("enforced: %v", err)
	}
}

// With the feature every mesh of the fleet would go.
func TestMeshFeatureThatIsUsedStays(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("feature-disabled")
	p := &prereq.MeshFeature{Client: w.client, FleetProject: "mesh-sim-1"}
	change := w.apply(p)
	w.apply(&prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic})
	w.wrote()
	var kept *prereq.KeptError
	if err := p.Undo(t.Context(), change); !errors.As(err, &kept) || !strings.Contains(err.Error(), "memberships/cluster-1") ||
		len(w.wrote()) > 0 {
		t.Errorf("undone: %v", err)
	}
	w.must(w.client.SetManagement(t.Context(), member, "", ""))
	w.undo(p, change)
	if w.check(p).Met() {
		t.Error("the feature that no one uses is still there")
	}
}

func TestMembershipRegistration(t *testing.T) {
	w := newWorld(t, two)
	p := &prereq.MembershipRegistration{Client: w.client, Cluster: gke, FleetProject: "100000000001"} // by its number, too
	if s := w.check(p); !s.Met() {
		t.Fatalf("a registered cluster: %+v", s)
	}
	for says, wrong := range map[string]*prereq.MembershipRegistration{
		"in the fleet of project":      {Client: w.client, Cluster: gke, FleetProject: "mesh-sim-2"},
		"as membership projects/mesh-": {Client: w.client, Cluster: gke, FleetProject: "mesh-sim-1", Name: "another"},
	} {
		if _, err := wrong.Read(t.Context(), true); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
	unregister(w)
	taken := &prereq.MembershipRegistration{Client: w.client, Cluster: gke, FleetProject: "mesh-sim-1", Name: "cluster-2"}
	if _, err := taken.Read(t.Context(), true); err == nil || !strings.Contains(err.Error(), "is that of another cluster") {
		t.Errorf("a name that is taken: %v", err)
	}
	s := w.check(p)
	if f := s.Findings(); s.Met() || len(f) != 1 || f[0].Code != catalogue.IdentityMissing {
		t.Errorf("an unregistered cluster: %+v", s)
	}
	// Somebody else registers it between the check and the write: nothing is ours.
	w.must(w.client.Register(t.Context(), member, gke))
	if change, err := p.Enforce(t.Context(), s); err != nil || !change.Empty() {
		t.Errorf("registered meanwhile: %+v, %v", change, err)
	}
	unregister(w)
	change := w.apply(p)
	w.apply(&prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic})
	var kept *prereq.KeptError
	if err := p.Undo(t.Context(), change); !errors.As(err, &kept) {
		t.Errorf("a membership whose mesh is asked for was deleted: %v", err)
	}
	var gone *prereq.GoneError
	none := gke
	none.Name = "none"
	if _, err := (&prereq.MembershipRegistration{Client: w.client, Cluster: none, FleetProject: "mesh-sim-1"}).Read(t.Context(),
		true); !errors.As(err, &gone) {
		t.Errorf("a cluster that is not there: %v", err)
	}
}

func TestNodePoolsByName(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("node-pool-metadata")
	if _, err := (&prereq.NodePoolMetadata{Client: w.client, Cluster: gke, NodePools: []string{"none"}}).Read(t.Context(),
		true); err == nil || !strings.Contains(err.Error(), `no node pool "none"; it has default-pool`) {
		t.Errorf("a node pool that is not there: %v", err)
	}
	p := &prereq.NodePoolMetadata{Client: w.client, Cluster: gke, NodePools: []string{"default-pool"}}
	if s := w.check(p); s.Met() || s.Findings()[0].Code != catalogue.NodePoolNoMetadata {
		t.Errorf("%+v", s)
	}
	none := &prereq.NodePoolMetadata{Client: w.client, Cluster: gke, NodePools: []string{}}
	if s := w.check(none); !s.Met() {
		t.Errorf("of none at all: %+v", s)
	}
}

// GKE has no metadata server for Windows Server: such a node pool lacks none, and is not changed.
func TestWindowsNodePoolsLackNoMetadataServer(t *testing.T) {
	w := newWorld(t, two)
	w.Edit(func(doc map[string]any) {
		all := doc["projects"].([]any)[0].(map[string]any)["clusters"].([]any)
		for _, c := range all {
			pools := c.(map[string]any)["nodePools"].([]any)
			c.(map[string]any)["nodePools"] = append(pools, map[string]any{
				"name": "windows", "config": map[string]any{"imageType": "WINDOWS_LTSC_CONTAINERD"},
			})
		}
	})
	for _, p := range []prereq.Prerequisite{
		&prereq.NodePoolMetadata{Client: w.client, Cluster: gke},
		&prereq.NodePoolMetadata{Client: w.client, Cluster: gke, NodePools: []string{"windows"}},
		&prereq.WorkloadPool{Client: w.client, Cluster: gke, MigrateNodePools: true},
	} {
		if s := w.check(p); !s.Met() || len(s.Findings()) > 0 {
			t.Errorf("%s: %+v", p.Kind(), s)
		}
	}
	w.Fault("node-pool-metadata")
	w.Forget()
	w.client.Forget()
	w.apply(&prereq.NodePoolMetadata{Client: w.client, Cluster: gke})
	if wrote := w.wrote(); len(wrote) != 1 || !strings.Contains(wrote[0], "/nodePools/default-pool ") {
		t.Errorf("wrote %v", wrote)
	}
}

// A change that is in flight is waited for and not made twice.
func TestWorkloadPoolJudgesAnewOnceTheClusterIsFree(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("workload-pool-missing")
	p := &prereq.WorkloadPool{Client: w.client, Cluster: gke}
	s := w.check(p)
	w.Call("PUT", "/container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1",
		`{"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"mesh-sim-1.svc.id.goog"}}}`)
	w.wrote()
	if change, err := p.Enforce(t.Context(), s); err != nil || !change.Empty() || len(w.wrote()) > 0 {
		t.Errorf("%+v, %v", change, err)
	}
	if !w.check(p).Met() {
		t.Error("it did not wait for the operation")
	}
}

func TestSettle(t *testing.T) {
	w := newWorld(t, two)
	for name, test := range map[string]struct {
		begin func()
		of    prereq.OperationWaiter
		done  func() bool
	}{
		"membership": {
			func() { w.Call("PATCH", hub+"us-central1/memberships/cluster-1?updateMask=authority", `{}`) },
			&prereq.MembershipIdentity{Client: w.client, Membership: member},
			func() bool {
				m, err := w.client.FreshMembership(t.Context(), member)
				return err == nil && m.Issuer == ""
			},
		},
		"feature": {
			func() {
				w.Call("PATCH", hub+"global/features/servicemesh?updateMask=membershipSpecs",
					`{"membershipSpecs":{"`+member.String()+`":{"mesh":{"management":"MANAGEMENT_MANUAL"}}}}`)
			},
			&prereq.MeshManagement{Client: w.client, Membership: member},
			func() bool {
				s, err := w.client.MeshSpec(t.Context(), member, "", true)
				return err == nil && s.Management == mesh.ManagementManual
			},
		},
	} {
		test.begin()
		w.must(test.of.WaitForOperations(t.Context()))
		if !test.done() {
			t.Errorf("%s: idle before the operation had ended", name)
		}
	}
	none := member
	none.Name = "none"
	w.must((&prereq.MembershipIdentity{Client: w.client, Membership: none}).WaitForOperations(t.Context()))
}

func TestRevisionsThatAreRefused(t *testing.T) {
	w := newWorld(t, two)
	supported := &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "istio-system", Revision: "asm-managed"}
	_, err := supported.Read(t.Context(), true)
	if err == nil || !strings.Contains(err.Error(), "supports") {
		t.Errorf("a revision that a mesh runs by: %v", err)
	}
	w.wrote()
	if _, err := supported.Enforce(t.Context(), prereq.RemovedState{There: true}); err == nil || len(w.wrote()) > 0 {
		t.Errorf("it was deleted: %v", err)
	}
	if _, err := (&prereq.RevisionChannel{Clusters: w.clusters, Target: place, Revision: "asm-mine"}).Read(t.Context(), true); err == nil ||
		!strings.Contains(err.Error(), "no channel") {
		t.Errorf("a name without a channel: %v", err)
	}
	var gone *prereq.GoneError
	if _, err := (&prereq.RevisionType{Clusters: w.clusters, Target: place, Revision: "asm-managed-rapid"}).Read(t.Context(),
		true); !errors.As(err, &gone) {
		t.Errorf("a revision that is not there: %v", err)
	}
}

// A revision that was replaced since the check is another object: it stays.
func TestRevisionRemovedIsTheOneThatWasChecked(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("stop-name")
	p := &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "istio-system", Revision: "asm-custom"}
	s := w.check(p)
	if f := s.Findings(); len(f) != 1 || f[0].Code != catalogue.RevisionMismatch || f[0].Subject != p.Subject() {
		t.Errorf("%+v", f)
	}
	w.Call("PATCH", revisionPath+"asm-custom", `{"metadata":{"labels":{"theirs":"1"}}}`)
	_, err := p.Enforce(t.Context(), s)
	if !apierr.Conflict(err) || !apierr.Retryable(err) || apierr.Ambiguous(err) {
		t.Errorf("deleted: %v", err)
	}
	if w.check(p).Met() {
		t.Error("it is gone")
	}
}

// The type that a revision had is one that the schema of today refuses.
func TestRevisionTypeThatIsNotAcceptedStays(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("stop-type")
	p := &prereq.RevisionType{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
	if f := w.check(p).Findings(); len(f) != 1 || f[0].Detail != string(catalogue.StopType) {
		t.Errorf("%+v", f)
	}
	w.wrote()
	change := w.apply(p)
	if wrote := w.wrote(); len(wrote) != 1 || !strings.HasSuffix(wrote[0], `{"spec":{"type":"managed_service"}}`) {
		t.Errorf("wrote %v", wrote)
	}
	var kept *prereq.KeptError
	if err := p.Undo(t.Context(), readBack(t, change)); !errors.As(err, &kept) || !strings.Contains(kept.Why, "in_cluster") {
		t.Errorf("undone: %v", err)
	}
	w.hasStatus(p, change, prereq.AsChanged)
}

func TestWebhookURLs(t *testing.T) {
	w := newWorld(t, two)
	p := &prereq.WebhookURLs{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
	w.Fault("stop-mutating-url")
	if f := w.check(p).Findings(); len(f) != 1 || f[0].Code != catalogue.InjectorURL ||
		!strings.HasPrefix(f[0].Subject, member.String()+"/mutatingwebhookconfigurations/istiod-asm-managed") {
		t.Errorf("%+v", f)
	}
	// One of the two is set right by somebody: only the other is changed, and taken back.
	config := w.Read(webhookPath + "mutatingwebhookconfigurations/istiod-asm-managed")
	hooks := config["webhooks"].([]any)
	s := w.check(p)
	_, after := s.Gap()
	injector := "MutatingWebhookConfiguration/istiod-asm-managed/rev.namespace.sidecar-injector.istio.io"
	hooks[0].(map[string]any)["clientConfig"].(map[string]any)["url"] = after[injector]
	raw, err := json.Marshal(config)
	w.must(err)
	w.Call("PUT", webhookPath+"mutatingwebhookconfigurations/istiod-asm-managed", string(raw))
	change, err := p.Enforce(t.Context(), s)
	if err != nil || len(change.After) != 1 ||
		change.After["MutatingWebhookConfiguration/istiod-asm-managed/rev.object.sidecar-injector.istio.io"] == nil {
		t.Errorf("%+v, %v", change, err)
	}
	// An environment that tells nothing is not guessed at.
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/istio-system/configmaps/env-asm-managed", `{"data":{"CLOUDRUN_ADDR":null}}`)
	if _, err := p.Read(t.Context(), true); err == nil || !strings.Contains(err.Error(), "env-asm-managed") {
		t.Errorf("without an address: %v", err)
	}
}

// Where the webhooks go through Google's proxy, the cluster's project is in the URL.
func TestWebhookURLsThroughTheProxy(t *testing.T) {
	w := newWorld(t, two)
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/istio-system/configmaps/env-asm-managed", `{"data":{"WEBHOOK_PROXY":"true"}}`)
	s := w.check(&prereq.WebhookURLs{Clusters: w.clusters, Target: place, Revision: "asm-managed"})
	_, after := s.Gap()
	for entry, url := range after {
		if !strings.HasPrefix(url.(string),
			"https://meshconfig.googleapis.com/v1alpha1/projects/mesh-sim-1/webhooks/inject/ISTIO_META_CLOUDRUN_ADDR/asm-") {
			t.Errorf("%s: %s", entry, url)
		}
	}
	if len(after) != 6 { // the revision's two entries, and the default tag's four
		t.Errorf("the gap is %v", after)
	}
}

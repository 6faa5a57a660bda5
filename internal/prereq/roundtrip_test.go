package prereq_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// A trip takes a prerequisite there and back: it is brought about, taken back, brought
// about once more and, after somebody else was there, left alone.
type trip struct {
	name  string
	spoil func(w *world)
	of    func(w *world) prereq.Prerequisite
	// writes are what the one write of each kind begins with, and must say.
	writes []string
	// meddle is what somebody else does after the change.
	meddle func(w *world)
	before map[string]any
	after  map[string]any
}

const (
	issuer       = "https://container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
	hub          = "/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/"
	nodePools    = "/container.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1/nodePools/"
	revisionPath = simtest.InCluster + "/apis/mesh.cloud.google.com/v1beta1/namespaces/istio-system/controlplanerevisions/"
	webhookPath  = simtest.InCluster + "/apis/admissionregistration.k8s.io/v1/"
)

var place = cluster.Target{Membership: &member}

func trips() []trip {
	fault := func(name string) func(*world) { return func(w *world) { w.Fault(name) } }
	return []trip{
		{
			name: "services", spoil: fault("connectgateway-disabled"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.ProjectServices{Client: w.client, Project: "mesh-sim-1", Names: mesh.DefaultServices()}
			},
			writes: []string{"POST services/connectgateway.googleapis.com:enable"},
			before: map[string]any{"connectgateway.googleapis.com": false}, after: map[string]any{"connectgateway.googleapis.com": true},
		},
		{
			name: "binding", spoil: fault("binding-revoked"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.ServiceAgentBinding{Client: w.client, Project: "mesh-sim-1", FleetProject: "mesh-sim-1"}
			},
			writes: []string{"POST :setIamPolicy"},
			before: map[string]any{"granted": false},
			after:  map[string]any{"granted": true, "role": mesh.AgentRole, "member": mesh.ServiceAgentMember("100000000001")},
		},
		{
			name: "hub agent", spoil: func(w *world) { w.Fault("hub-agent-revoked?project=mesh-sim-2") },
			of: func(w *world) prereq.Prerequisite {
				return &prereq.ServiceAgentBinding{Client: w.client, Project: "mesh-sim-2", FleetProject: "mesh-sim-1", Agent: mesh.AgentHub}
			},
			writes: []string{"POST :setIamPolicy"},
			before: map[string]any{"granted": false},
			after: map[string]any{"granted": true, "role": mesh.HubAgentRole,
				"member": "serviceAccount:service-100000000001@gcp-sa-gkehub.iam.gserviceaccount.com"},
		},
		{
			name: "workload pool", spoil: fault("workload-pool-missing"),
			of:     func(w *world) prereq.Prerequisite { return &prereq.WorkloadPool{Client: w.client, Cluster: gke} },
			writes: []string{`PUT {"update":{"desiredWorkloadIdentityConfig":{"workloadPool":"mesh-sim-1.svc.id.goog"}}}`},
			before: map[string]any{"workload_pool": ""}, after: map[string]any{"workload_pool": "mesh-sim-1.svc.id.goog"},
		},
		{
			name: "node pools", spoil: fault("node-pool-metadata"),
			of:     func(w *world) prereq.Prerequisite { return &prereq.NodePoolMetadata{Client: w.client, Cluster: gke} },
			writes: []string{`PUT /nodePools/default-pool {"workloadMetadataConfig":{"mode":"GKE_METADATA"}}`},
			before: map[string]any{"node_pool/default-pool": "GCE_METADATA"}, after: map[string]any{"node_pool/default-pool": "GKE_METADATA"},
		},
		{
			name: "identity", spoil: fault("identity-provider-missing"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.MembershipIdentity{Client: w.client, Membership: member}
			},
			writes: []string{`PATCH memberships/cluster-1 {"authority":{"issuer":"` + issuer + `"}}`},
			before: map[string]any{"issuer": ""}, after: map[string]any{"issuer": issuer},
			meddle: func(w *world) {
				w.must(w.client.SetAuthority(w.t.Context(), member, ""))
				w.must(w.client.SetAuthority(w.t.Context(), member, "https://issuer.example.com/x"))
			},
		},
		{
			name: "registration", spoil: unregister,
			of: func(w *world) prereq.Prerequisite {
				return &prereq.MembershipRegistration{Client: w.client, Cluster: gke, FleetProject: "mesh-sim-1"}
			},
			writes: []string{`POST /memberships {"authority":{"issuer":"` + issuer +
				`"},"endpoint":{"gkeCluster":{"resourceLink":"//container.googleapis.com/projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"}}}`},
			before: map[string]any{"membership": "", "issuer": ""}, after: map[string]any{"membership": member.String(), "issuer": issuer},
			meddle: func(w *world) { w.must(w.client.SetAuthority(w.t.Context(), member, "")) },
		},
		{
			name: "management", spoil: fault("management-manual"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.MeshManagement{Client: w.client, Membership: member, Management: mesh.ManagementAutomatic}
			},
			writes: []string{`PATCH features/servicemesh {"membershipSpecs":{"` + member.String() +
				`":{"mesh":{"management":"MANAGEMENT_AUTOMATIC"}}}}`},
			before: map[string]any{"management": mesh.ManagementManual}, after: map[string]any{"management": mesh.ManagementAutomatic},
			meddle: func(w *world) {
				w.must(w.client.SetManagement(w.t.Context(), member, "", mesh.ManagementNotInstalled))
			},
		},
		{
			name: "feature",
			spoil: func(w *world) {
				for _, of := range []string{"cluster-1", "cluster-2"} {
					m := member
					m.Name = of
					w.must(w.client.SetManagement(w.t.Context(), m, "", ""))
				}
				w.must(w.client.DisableMeshFeature(w.t.Context(), "mesh-sim-1"))
			},
			of: func(w *world) prereq.Prerequisite {
				return &prereq.MeshFeature{Client: w.client, FleetProject: "mesh-sim-1"}
			},
			writes: []string{"POST /locations/global/features {}"},
			before: map[string]any{"enabled": false}, after: map[string]any{"enabled": true},
		},
		{
			name:  "channel",
			spoil: fault("stop-channel"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.RevisionChannel{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
			},
			writes: []string{`PATCH controlplanerevisions/asm-managed {"spec":{"channel":"regular"}}`},
			before: map[string]any{"spec.channel": "rapid"}, after: map[string]any{"spec.channel": "regular"},
			meddle: func(w *world) { w.Call("PATCH", revisionPath+"asm-managed", `{"spec":{"channel":"stable"}}`) },
		},
		{
			name:  "no channel",
			spoil: fault("stop-channel-missing"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.RevisionChannel{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
			},
			writes: []string{`PATCH controlplanerevisions/asm-managed {"spec":{"channel":"regular"}}`},
			before: map[string]any{"spec.channel": ""}, after: map[string]any{"spec.channel": "regular"},
		},
		{
			name: "removed for its name", spoil: fault("stop-name"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "istio-system", Revision: "asm-custom"}
			},
			writes: []string{`DELETE istio-system/controlplanerevisions/asm-custom "preconditions":{"uid":`},
			before: map[string]any{"revision": customRevision("asm-custom", "istio-system")}, after: map[string]any{"revision": ""},
			meddle: func(w *world) {
				w.Call("POST", strings.TrimSuffix(revisionPath, "/"),
					`{"apiVersion":"mesh.cloud.google.com/v1beta1","kind":"ControlPlaneRevision","metadata":{"name":"asm-custom","labels":{"theirs":"1"}},"spec":{"channel":"rapid"}}`)
			},
		},
		{
			name: "removed for its namespace", spoil: fault("stop-namespace"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.RevisionRemoved{Clusters: w.clusters, Target: place, Namespace: "default", Revision: "asm-managed"}
			},
			writes: []string{`DELETE default/controlplanerevisions/asm-managed "resourceVersion":`},
			before: map[string]any{"revision": customRevision("asm-managed", "default")}, after: map[string]any{"revision": ""},
		},
		{
			name: "mutating webhook", spoil: fault("stop-mutating-url"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.WebhookURLs{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
			},
			writes: []string{`PATCH mutatingwebhookconfigurations/istiod-asm-managed [{"op":"replace","path":"/metadata/resourceVersion"`},
			before: map[string]any{
				"MutatingWebhookConfiguration/istiod-asm-managed/rev.namespace.sidecar-injector.istio.io": "https://" + oldAddress +
					"/inject/ISTIO_META_CLOUDRUN_ADDR/" + oldAddress,
				"MutatingWebhookConfiguration/istiod-asm-managed/rev.object.sidecar-injector.istio.io": "https://" + oldAddress +
					"/inject/ISTIO_META_CLOUDRUN_ADDR/" + oldAddress,
			},
			after: map[string]any{
				"MutatingWebhookConfiguration/istiod-asm-managed/rev.namespace.sidecar-injector.istio.io": "https://" + address +
					"/inject/ISTIO_META_CLOUDRUN_ADDR/" + address,
				"MutatingWebhookConfiguration/istiod-asm-managed/rev.object.sidecar-injector.istio.io": "https://" + address +
					"/inject/ISTIO_META_CLOUDRUN_ADDR/" + address,
			},
		},
		{
			name: "validating webhook", spoil: fault("stop-validating-url"),
			of: func(w *world) prereq.Prerequisite {
				return &prereq.WebhookURLs{Clusters: w.clusters, Target: place, Revision: "asm-managed"}
			},
			writes: []string{`PATCH validatingwebhookconfigurations/istiod-istio-system-mcp {"op":"replace","path":"/webhooks/0/clientConfig/url","value":"https://` + address + `/validate"}`},
			before: map[string]any{"ValidatingWebhookConfiguration/istiod-istio-system-mcp/rev.validation.istio.io": "https://" + oldAddress +
				"/validate"},
			after: map[string]any{"ValidatingWebhookConfiguration/istiod-istio-system-mcp/rev.validation.istio.io": "https://" + address +
				"/validate"},
			meddle: func(w *world) {
				w.Call("PATCH", webhookPath+"validatingwebhookconfigurations/istiod-istio-system-mcp",
					`{"webhooks":[{"name":"rev.validation.istio.io","clientConfig":{"url":"https://theirs.example.com/validate"},"sideEffects":"None","admissionReviewVersions":["v1"]}]}`)
			},
		},
		{
			name: "injection",
			spoil: func(w *world) {
				w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop",
					`{"metadata":{"labels":{"istio.io/rev":null,"istio-injection":"enabled"}}}`)
				w.noDefaultTag()
			},
			of: func(w *world) prereq.Prerequisite {
				return &prereq.NamespaceInjection{Clusters: w.clusters, Target: place, Namespace: "shop", Revision: "asm-managed"}
			},
			writes: []string{`PATCH namespaces/shop {"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-managed"}}}`},
			before: map[string]any{"istio.io/rev": "", "istio-injection": "enabled"},
			after:  map[string]any{"istio.io/rev": "asm-managed", "istio-injection": ""},
		},
		{
			name: "data plane",
			of: func(w *world) prereq.Prerequisite {
				return &prereq.ManagedDataPlane{Clusters: w.clusters, Target: place, Namespace: "shop", Managed: true}
			},
			writes: []string{`PATCH namespaces/shop mesh.cloud.google.com/proxy`},
			before: map[string]any{"mesh.cloud.google.com/proxy": ""}, after: map[string]any{"mesh.cloud.google.com/proxy": `{"managed":"true"}`},
			meddle: func(w *world) {
				w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop",
					`{"metadata":{"annotations":{"mesh.cloud.google.com/proxy":"{\"managed\":\"false\"}"}}}`)
			},
		},
	}
}

const (
	oldAddress = "asm-old-control-plane-uc.a.run.app"
	address    = "asm-cluster-1-asm-managed-CLOUDRUN-uc.a.run.app" // with the hash that the world gives it
)

func customRevision(name, namespace string) map[string]any {
	return map[string]any{
		"apiVersion": "mesh.cloud.google.com/v1beta1", "kind": "ControlPlaneRevision",
		"metadata": map[string]any{"name": name, "namespace": namespace}, "spec": map[string]any{"channel": "regular", "type": "managed_service"},
	}
}

func unregister(w *world) {
	w.Call("DELETE", hub+"us-central1/memberships/cluster-1", "")
	w.Advance(1e9)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) check(p prereq.Prerequisite) prereq.State {
	w.t.Helper()
	s, err := p.Check(w.t.Context(), true)
	w.must(err)
	return s
}

// read back is a change that a journal kept.
func readBack(t *testing.T, c prereq.Change) prereq.Change {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var back prereq.Change
	if err := decoder.Decode(&back); err != nil {
		t.Fatal(err)
	}
	return back
}

// stands wants a change to stand so.
func (w *world) hasStatus(p prereq.Prerequisite, c prereq.Change, want prereq.ChangeStatus) {
	w.t.Helper()
	got, why := prereq.StatusOf(w.check(p), c)
	if got != want || want == prereq.AsChanged && len(why) > 0 {
		w.t.Errorf("the change stands %s, want %s: %v", got, want, why)
	}
}

// Every prerequisite is brought about by the smallest write, verified by the check that found the gap, taken back, and
// left alone once somebody else was there; also by a change that a journal kept.
func TestThereAndBack(t *testing.T) {
	for _, trip := range trips() {
		t.Run(trip.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, two)
			env := w.Read(simtest.InCluster + "/api/v1/namespaces/istio-system/configmaps/env-asm-managed")
			real := env["data"].(map[string]any)["CLOUDRUN_ADDR"].(string)
			for _, fields := range []map[string]any{trip.before, trip.after} {
				for k, v := range fields {
					if s, ok := v.(string); ok {
						fields[k] = strings.ReplaceAll(s, address, real)
					}
				}
			}
			if trip.spoil != nil {
				trip.spoil(w)
			}
			p := trip.of(w)
			found := w.check(p)
			before, after := found.Gap()
			if found.Met() || !cmp.Equal(before, trip.before) || !cmp.Equal(after, trip.after) {
				t.Fatalf("met %t, the gap is\n%v\n%v", found.Met(), before, after)
			}
			w.wrote()
			change := w.apply(p)
			wrote := w.wrote()
			if len(wrote) != len(trip.writes) {
				t.Errorf("wrote %q", wrote)
			}
			for i, want := range trip.writes {
				for part := range strings.FieldsSeq(strings.ReplaceAll(want, address, real)) {
					if i < len(wrote) && !strings.Contains(wrote[i], part) {
						t.Errorf("wrote %s, which does not have %s", wrote[i], part)
					}
				}
			}
			if !cmp.Equal(change.Before, before) || !cmp.Equal(change.After, after) || change.Kind != p.Kind() || change.Subject != p.Subject() {
				t.Errorf("the change is %+v", change)
			}
			if before, after := w.check(p).Gap(); before != nil || after != nil {
				t.Errorf("what is met has a gap: %v %v", before, after)
			}
			w.wrote()
			if again := w.apply(p); !again.Empty() || len(w.wrote()) > 0 {
				t.Errorf("not idempotent: %+v", again)
			}
			kept := readBack(t, change)
			w.hasStatus(p, kept, prereq.AsChanged)
			w.undo(p, kept)
			if wrote := w.wrote(); len(wrote) != len(trip.writes) {
				t.Errorf("undoing wrote %q", wrote)
			}
			w.hasStatus(p, kept, prereq.AsBefore)
			w.undo(p, kept)
			if wrote := w.wrote(); len(wrote) > 0 {
				t.Errorf("undoing twice wrote %q", wrote)
			}
			change = w.apply(p)
			if trip.meddle == nil {
				return
			}
			trip.meddle(w)
			w.wrote()
			w.hasStatus(p, change, prereq.ChangedSince)
			w.undo(p, change)
			if wrote := w.wrote(); len(wrote) > 0 {
				t.Errorf("undid what somebody else did: %q", wrote)
			}
		})
	}
}

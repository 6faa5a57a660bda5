package gcp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// BenchmarkAddMember is one read-modify-write of a policy with 1,500 members,
// which is as many as a project may have, half of them under conditions.
func BenchmarkAddMember(b *testing.B) {
	type object = map[string]any
	policy := object{"version": 3, "etag": "BwYxGWjYJ1A="}
	var bindings []object
	for i := range 100 {
		var members []string
		for j := range 15 {
			members = append(members, fmt.Sprintf("serviceAccount:robot-%d-%d@mesh-sim-1.iam.gserviceaccount.com", i, j))
		}
		binding := object{"role": fmt.Sprintf("roles/custom.role%d", i), "members": members}
		if i%2 == 0 {
			binding["condition"] = object{"title": "expires", "expression": `request.time < timestamp("2030-01-01T00:00:00Z")`}
		}
		bindings = append(bindings, binding)
	}
	policy["bindings"] = bindings
	body, err := json.Marshal(policy)
	if err != nil {
		b.Fatal(err)
	}
	client := canned(b, body)
	b.ReportAllocs()
	for b.Loop() {
		wrote, err := client().AddMember(b.Context(), project, "roles/anthosservicemesh.serviceAgent", agent)
		if err != nil || !wrote {
			b.Fatalf("wrote: %t, error: %v", wrote, err)
		}
	}
	b.ReportMetric(float64(len(body)), "policy-bytes")
}

// BenchmarkMeshFeature reads the mesh feature of a fleet of ten thousand memberships.
func BenchmarkMeshFeature(b *testing.B) {
	const memberships = 10_000
	world := simtest.Start(b, sim.Options{Clusters: memberships})
	body := world.Call(http.MethodGet, "/gkehub.googleapis.com/v1/projects/"+project+"/locations/global/features/servicemesh", "")
	client := canned(b, body)
	b.ReportAllocs()
	for b.Loop() {
		f, err := client().MeshFeature(b.Context(), project)
		if err != nil || len(f.Memberships) != memberships {
			b.Fatalf("%d memberships: %v", len(f.Memberships), err)
		}
	}
	b.ReportMetric(float64(len(body)), "answer-bytes")
}

// canned returns a maker of clients whose every request is answered with body:
// what is measured is our side. Each client begins with nothing read.
func canned(b *testing.B, body []byte) func() *gcp.Client {
	b.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // the client notices when it is cut short
	}))
	b.Cleanup(server.Close)
	config := gcp.Config{AccessToken: "token", Endpoints: gcp.Endpoints{ResourceManager: server.URL, GKEHub: server.URL}}
	return func() *gcp.Client {
		client, err := gcp.New(b.Context(), config)
		if err != nil {
			b.Fatal(err)
		}
		return client
	}
}

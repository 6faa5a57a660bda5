package diagnosis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const fleetProject = "mesh-sim-1"

// world is a simulated Google Cloud, seen by a diagnosis whose clock goes along
// with the world's.
type world struct {
	t        *testing.T
	server   *sim.Server
	ahead    atomic.Int64  // nanoseconds
	hasty    bool          // what waits lets the time pass at once
	billed   string        // the project whose quota everything is charged to; "": that of each request
	patience time.Duration // with a cluster's answer; 0: as usual
	narrow   bool          // clusters are reached through Connect Gateway alone

	mu   sync.Mutex
	seen []string
}

func newWorld(t *testing.T, o sim.Options) *world {
	t.Helper()
	w := &world{t: t}
	o.Observe = func(e sim.Exchange) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, fmt.Sprintf("%s %s%s %d", e.Method, e.Host, e.Path, e.Status))
	}
	server, err := sim.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.server = server
	return w
}

// Now implements wait.Clock.
func (w *world) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// After implements wait.Clock.
func (w *world) After(d time.Duration) <-chan time.Time {
	if w.hasty {
		w.pass(d)
		d = 0
	}
	return time.After(d)
}

func (w *world) control(method, path, body string) []byte {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL()+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return answer
}

func (w *world) fault(name string)   { w.t.Helper(); w.control("PUT", "faults/"+name, "") }
func (w *world) unfault(name string) { w.t.Helper(); w.control("DELETE", "faults/"+name, "") }

// pass lets time go by, in the world and for the diagnosis.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.control("POST", "clock?advance="+d.String(), "")
	w.ahead.Add(int64(d))
}

// edit changes the world's document.
func (w *world) edit(change func(doc map[string]any)) {
	w.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(w.control("GET", "world", ""), &doc); err != nil {
		w.t.Fatal(err)
	}
	change(doc)
	text, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	w.control("PUT", "world", string(text))
}

// project is a project in a world's document.
func project(doc map[string]any, id string) map[string]any {
	for _, p := range doc["projects"].([]any) {
		if p := p.(map[string]any); p["projectId"] == id {
			return p
		}
	}
	return nil
}

// meshFeature is the mesh feature of the fleet in a world's document.
func meshFeature(doc map[string]any) map[string]any {
	fleet := project(doc, fleetProject)["fleet"].(map[string]any)
	return fleet["features"].(map[string]any)["servicemesh"].(map[string]any)
}

// asked counts the requests since the last call that a text is part of.
func (w *world) asked(part string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.seen {
		if strings.Contains(s, part) {
			n++
		}
	}
	return n
}

// forget lets the requests be counted anew.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// reader is what somebody reads the world with.
func (w *world) reader(caller string) diagnosis.Reader {
	w.t.Helper()
	at := func(api string) string { return w.server.URL() + "/" + api + ".googleapis.com" }
	client, err := gcp.New(w.t.Context(), gcp.Config{
		AccessToken: "sim-token." + caller, Clock: w, UserProjectOverride: w.billed != "", BillingProject: w.billed,
		Endpoints: gcp.Endpoints{
			ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
			GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	config := cluster.Config{GatewayEndpoint: at("us-central1-connectgateway"), Clock: w, RequestTimeout: w.patience}
	// The addresses that the world's GKE tells are not of this machine.
	config.FindEndpoint = func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
		return cluster.Endpoint{Address: w.server.URL() + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
	}
	if w.narrow {
		config.FindEndpoint = func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{}, errors.New("there is no endpoint that can be reached from here")
		}
	}
	return diagnosis.Reader{Client: client, Clusters: prereq.NewClusters(client, config)}
}

func (w *world) diagnose(o diagnosis.Options) *diagnosis.Report {
	w.t.Helper()
	return w.diagnoseAs("admin@example.com", o)
}

func (w *world) diagnoseAs(caller string, o diagnosis.Options) *diagnosis.Report {
	w.t.Helper()
	if len(o.FleetProjects)+len(o.Memberships)+len(o.Clusters) == 0 {
		o.FleetProjects = []string{fleetProject}
	}
	o.Clock = w
	if o.Since == 0 {
		o.Since = 24 * time.Hour
	}
	report, err := diagnosis.Run(w.t.Context(), w.reader(caller), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

// name is CODE[:DETAIL], and whether it waits.
func name(f diagnosis.Finding) string {
	s := string(f.Code)
	if f.Detail != "" {
		s += ":" + f.Detail
	}
	if f.Waiting {
		s += " (waiting)"
	}
	return s
}

// told is everything that a report says, for a failing test.
func told(r *diagnosis.Report) string {
	var b bytes.Buffer
	b.WriteString(r.Summary + "\n")
	for _, f := range r.Findings {
		b.WriteString("  " + string(f.Severity) + " " + name(f) + " about " + f.About + " " + strings.Join(f.BlockedBy, ",") + ": " + f.Message + "\n")
	}
	return b.String()
}

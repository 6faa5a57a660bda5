package diagnosis_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
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
	t      *testing.T
	server *sim.Server
	ahead  time.Duration

	mu   sync.Mutex
	seen []string
}

func newWorld(t *testing.T, o sim.Options) *world {
	t.Helper()
	w := &world{t: t}
	o.Observe = func(e sim.Exchange) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, e.Method+" "+e.Host+e.Path)
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

// Now and After make the world a wait.Clock.
func (w *world) Now() time.Time                         { return time.Now().Add(w.ahead) }
func (w *world) After(d time.Duration) <-chan time.Time { return time.After(d) }

func (w *world) control(method, path, body string) {
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
}

func (w *world) fault(name string)   { w.t.Helper(); w.control("PUT", "faults/"+name, "") }
func (w *world) unfault(name string) { w.t.Helper(); w.control("DELETE", "faults/"+name, "") }

// pass lets time go by, in the world and for the diagnosis.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.control("POST", "clock?advance="+d.String(), "")
	w.ahead += d
}

// reader is what somebody reads the world with.
func (w *world) reader(caller string) diagnosis.Reader {
	w.t.Helper()
	at := func(api string) string { return w.server.URL() + "/" + api + ".googleapis.com" }
	client, err := gcp.New(w.t.Context(), gcp.Config{
		AccessToken: "sim-token." + caller, Clock: w,
		Endpoints: gcp.Endpoints{
			ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
			GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return diagnosis.Reader{Client: client, Clusters: prereq.NewClusters(client, cluster.Config{
		GatewayEndpoint: at("us-central1-connectgateway"), Clock: w,
		// The addresses that the world's GKE tells are not of this machine.
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: w.server.URL() + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
		},
	})}
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

// causes are the root causes of a report as CODE[:DETAIL] ABOUT, without what is
// for information only.
func causes(r *diagnosis.Report) []string {
	found := []string{}
	for _, f := range r.Findings {
		if f.Root() && f.Severity != mesh.Info {
			found = append(found, name(f))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

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

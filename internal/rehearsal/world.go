package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// caller is who the runbooks of a test run as: an owner of every project.
const caller = "admin@example.com"

// world is the simulated Google Cloud of one test. It is its own clock: whoever
// waits lets its time go by at once.
type world struct {
	server *sim.Server
	client *http.Client // of the simulator's own door
	ahead  atomic.Int64 // nanoseconds before the machine's time
	lost   context.CancelCauseFunc

	mu     sync.Mutex
	writes []string
}

// newWorld starts a world. lost is called when the simulator does not answer any
// more.
func newWorld(ctx context.Context, s setup, lost context.CancelCauseFunc) (*world, error) {
	w := &world{client: &http.Client{Transport: &http.Transport{}}, lost: lost}
	server, err := sim.Start(ctx, sim.Options{Projects: s.projects, Clusters: s.clusters, Observe: w.observe})
	if err != nil {
		return nil, err
	}
	w.server = server
	if s.file != "" {
		if err := w.replace(ctx, s.file); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// replace puts the world of a document in the place of the one there is.
func (w *world) replace(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if _, err := w.control(ctx, http.MethodPut, "world", string(text)); err != nil {
		return fmt.Errorf("%s is no world: %w", path, err)
	}
	var doc struct {
		Clock sim.Clock `json:"clock"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s is no world: %w", path, err)
	}
	w.ahead.Store(int64(doc.Clock.Offset))
	return nil
}

func (w *world) close() error {
	w.client.CloseIdleConnections()
	return w.server.Close()
}

// Now implements wait.Clock.
func (w *world) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// After implements wait.Clock.
func (w *world) After(d time.Duration) <-chan time.Time {
	if err := w.pass(context.Background(), d); err != nil {
		w.lost(fmt.Errorf("the simulator's clock does not go on: %w", err))
	}
	return time.After(0)
}

// pass lets time go by.
func (w *world) pass(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	_, err := w.control(ctx, http.MethodPost, "clock?advance="+url.QueryEscape(d.String()), "")
	if err == nil {
		w.ahead.Add(int64(d))
	}
	return err
}

// control uses the door by which the simulation is steered.
func (w *world) control(ctx context.Context, method, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, w.server.URL()+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode < http.StatusMultipleChoices {
		return answer, err
	}
	var problem struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &problem) != nil || problem.Error == "" {
		problem.Error = fmt.Sprintf("%s %s: %s", method, path, resp.Status)
	}
	return nil, errors.New(problem.Error)
}

// do switches a fault on or off.
func (w *world) do(ctx context.Context, d deed) error {
	q := url.Values{}
	for name, value := range d.params {
		q.Set(name, value)
	}
	method := http.MethodPut
	if d.off {
		method = http.MethodDelete
	}
	if _, err := w.control(ctx, method, "faults/"+url.PathEscape(d.fault)+"?"+q.Encode(), ""); err != nil {
		return fmt.Errorf("fault %q: %w", d.fault, err)
	}
	return nil
}

// document is the world as JSON.
func (w *world) document(ctx context.Context) ([]byte, error) {
	return w.control(ctx, http.MethodGet, "world", "")
}

// observe remembers what was written. Reads that are made with POST are none.
func (w *world) observe(e sim.Exchange) {
	if e.Method == http.MethodGet || e.Method == http.MethodHead || e.Host == "oauth2.googleapis.com" {
		return
	}
	for _, reads := range []string{":getIamPolicy", ":testIamPermissions", "/entries:list", "/selfsubjectaccessreviews", "/selfsubjectrulesreviews", "/selfsubjectreviews", ":generateAccessToken"} {
		if strings.HasSuffix(e.Path, reads) {
			return
		}
	}
	line := e.Method + " " + e.Host + " " + e.Path
	if e.Status >= http.StatusBadRequest {
		line += fmt.Sprintf(" %d", e.Status)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.writes = append(w.writes, line)
}

// written are the writes since the last call.
func (w *world) written() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.writes
	w.writes = nil
	return all
}

// engine makes what a command would be: it has read nothing yet. Runs are kept in a
// folder.
func (w *world) engine(ctx context.Context, dir, version string) (*runbook.Engine, error) {
	at := func(api string) string { return w.server.URL() + "/" + api + ".googleapis.com" }
	client, err := gcp.New(ctx, gcp.Config{
		AccessToken: "sim-token." + caller, Clock: w, UserAgent: "terraform-provider-asm/" + version,
		Endpoints: gcp.Endpoints{
			ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
			GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		},
	})
	if err != nil {
		return nil, err
	}
	clusters := prereq.NewClusters(client, cluster.Config{
		GatewayEndpoint: at("us-central1-connectgateway"), Clock: w,
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: w.server.URL() + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
		},
	})
	redactor := journal.NewRedactor()
	return &runbook.Engine{
		Client: client, Clusters: clusters, Redactor: redactor, Clock: w, Version: version,
		Store: store.NewLocal(dir, store.Options{Clock: w, Redactor: redactor}),
	}, nil
}

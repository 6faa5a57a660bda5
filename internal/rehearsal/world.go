package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// caller is who the runbooks of a test run as: an owner of every project.
const caller = "admin@example.com"

// world is the simulated Google Cloud of one test. A wait lets its time pass at once.
type world struct {
	server  *sim.Server
	control *control.Client
	clock   *wait.Shifted
	writes  control.Requests // since the last call of written
}

// newWorld starts a world. lost is called when the simulator no longer answers.
func newWorld(ctx context.Context, s setup, lost context.CancelCauseFunc) (*world, error) {
	w := &world{clock: &wait.Shifted{Jump: true}}
	server, err := sim.Start(ctx, sim.Options{Projects: s.projects, Clusters: s.clusters, Observe: func(e sim.Exchange) {
		if control.IsWrite(e) {
			w.writes.Observe(e)
		}
	}})
	if err != nil {
		return nil, err
	}
	w.server, w.control = server, control.NewClient(server.URL())
	w.clock.OnAdvance = func(d time.Duration) error {
		err := w.control.Advance(context.WithoutCancel(ctx), d)
		if err != nil {
			lost(fmt.Errorf("the simulator's clock cannot be moved: %w", err))
		}
		return err
	}
	if s.file != "" {
		if err := w.load(ctx, s.file); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

// load replaces the world by that of a document.
func (w *world) load(ctx context.Context, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := w.control.SetWorld(ctx, text); err != nil {
		return fmt.Errorf("%s is no world: %w", path, err)
	}
	var doc struct {
		Clock sim.Clock `json:"clock"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s is no world: %w", path, err)
	}
	w.clock.Set(time.Duration(doc.Clock.Offset))
	return nil
}

func (w *world) close() error {
	w.control.Close()
	return w.server.Close()
}

// do switches a fault on or off.
func (w *world) do(ctx context.Context, d faultChange) error {
	parameters := url.Values{}
	for name, value := range d.params {
		parameters.Set(name, value)
	}
	if d.off {
		return w.control.ClearFault(ctx, d.fault, parameters)
	}
	return w.control.Fault(ctx, d.fault, parameters)
}

// written returns the writes since the last call, each as METHOD HOST PATH and, where it was refused, the status.
func (w *world) written() []string {
	var lines []string
	for _, e := range w.writes.All() {
		line := e.Method + " " + e.Host + " " + e.Path
		if e.Status >= http.StatusBadRequest {
			line += fmt.Sprintf(" %d", e.Status)
		}
		lines = append(lines, line)
	}
	w.writes.Forget()
	return lines
}

// engine returns what a command would work with: it has read nothing yet. Runs are kept in a folder.
func (w *world) engine(ctx context.Context, dir, version string) (*engine.Engine, error) {
	client, err := gcp.New(ctx, gcp.Config{
		AccessToken: "sim-token." + caller, Clock: w.clock, UserAgent: "terraform-provider-asm/" + version,
		Endpoints: gcp.EndpointsBelow(w.server.URL()),
	})
	if err != nil {
		return nil, err
	}
	clusters := prereq.NewClusters(client, cluster.Config{
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: w.control.ClusterURL(c.Project, c.Location, c.Name)}, nil
		},
	})
	redactor := journal.NewRedactor()
	return &engine.Engine{
		Client: client, Clusters: clusters, Redactor: redactor, Clock: w.clock, Version: version,
		Store: store.NewLocal(dir, store.Options{Clock: w.clock, Redactor: redactor}),
	}, nil
}

package runbook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/store"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	fleetProject = "mesh-sim-1"
	member       = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"
)

// world is a simulated Google Cloud. Its clock goes on when a run waits.
type world struct {
	t      testing.TB
	server *sim.Server
	clock  *hasty

	mu   sync.Mutex
	seen []sim.Exchange
}

func newWorld(t testing.TB, o sim.Options) *world {
	t.Helper()
	w := &world{t: t}
	o.Observe = func(e sim.Exchange) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, e)
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
	w.server, w.clock = server, &hasty{url: server.URL()}
	return w
}

// hasty is a clock whose waits let the world's time pass at once.
type hasty struct {
	url   string
	ahead atomic.Int64 // nanoseconds
}

func (c *hasty) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *hasty) After(d time.Duration) <-chan time.Time {
	if err := c.pass(d); err != nil {
		panic(err) // the simulator is gone, and nothing after it makes sense
	}
	return time.After(0)
}

func (c *hasty) pass(d time.Duration) error {
	_, err := control(c.url, "POST", "clock?advance="+d.String(), "")
	c.ahead.Add(int64(d))
	return err
}

func control(url, method, path, body string) ([]byte, error) {
	req, err := http.NewRequest(method, url+"/_sim/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return answer, err
}

func (w *world) control(method, path, body string) []byte {
	w.t.Helper()
	answer, err := control(w.server.URL(), method, path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer
}

func (w *world) fault(name string)   { w.t.Helper(); w.control("PUT", "faults/"+name, "") }
func (w *world) unfault(name string) { w.t.Helper(); w.control("DELETE", "faults/"+name, "") }

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	if err := w.clock.pass(d); err != nil {
		w.t.Fatal(err)
	}
}

// forget lets the requests be counted anew.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// writes are the requests since forget that changed something, or meant to.
func (w *world) writes() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, e := range w.seen {
		if writes(e) {
			all = append(all, fmt.Sprintf("%s %s%s %d", e.Method, e.Host, e.Path, e.Status))
		}
	}
	return all
}

func writes(e sim.Exchange) bool {
	if e.Method == "GET" || e.Method == "HEAD" {
		return false
	}
	for _, reads := range []string{":getIamPolicy", ":testIamPermissions", "entries:list", "selfsubjectaccessreviews", ":search"} {
		if strings.HasSuffix(e.Path, reads) {
			return false
		}
	}
	return true
}

// document is the world's JSON.
func (w *world) document() map[string]any {
	w.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(w.control("GET", "world", ""), &doc); err != nil {
		w.t.Fatal(err)
	}
	return doc
}

// engine works on a world as somebody, with the runs of a folder.
func newEngine(ctx context.Context, url, caller, dir string, clock *hasty) (*runbook.Engine, error) {
	at := func(api string) string { return url + "/" + api + ".googleapis.com" }
	client, err := gcp.New(ctx, gcp.Config{
		AccessToken: "sim-token." + caller, Clock: clock,
		Endpoints: gcp.Endpoints{
			ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
			GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
		},
	})
	if err != nil {
		return nil, err
	}
	clusters := prereq.NewClusters(client, cluster.Config{
		GatewayEndpoint: at("us-central1-connectgateway"), Clock: clock,
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: url + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
		},
	})
	redactor := journal.NewRedactor()
	return &runbook.Engine{
		Client: client, Clusters: clusters, Redactor: redactor, Clock: clock, Version: "test",
		Store: store.NewLocal(dir, store.Options{Redactor: redactor}),
	}, nil
}

// runs is a folder for journals: in memory where the machine has such a place, for
// every entry is synced, and what a disk takes for that is not what is tested.
func runs(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "runs")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func (w *world) engine(dir string) *runbook.Engine {
	w.t.Helper()
	e, err := newEngine(w.t.Context(), w.server.URL(), "admin@example.com", dir, w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

func (w *world) diagnose(e *runbook.Engine) *diagnosis.Report {
	w.t.Helper()
	e.Client.Forget()
	r, err := diagnosis.Run(w.t.Context(), diagnosis.Reader{Client: e.Client, Clusters: e.Clusters}, w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) options() diagnosis.Options {
	return diagnosis.Options{FleetProjects: []string{fleetProject}, Clock: w.clock, Since: time.Hour}
}

// alarms are the findings that are not for information only.
func alarms(r *diagnosis.Report) []string {
	names := []string{}
	for _, f := range r.Findings {
		if f.Severity == catalogue.Info {
			continue
		}
		name := string(f.Code)
		if f.Detail != "" {
			name += ":" + f.Detail
		}
		if f.Root() {
			name += " (root)"
		}
		if f.Waiting {
			name += " (waiting)"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func builtIn(t testing.TB) *runbook.Books {
	t.Helper()
	books, err := runbook.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return books
}

// job is a built-in runbook on the world's one membership.
func job(t testing.TB, name string) runbook.Job {
	t.Helper()
	book, found := builtIn(t).Find(name)
	if !found {
		t.Fatalf("there is no runbook %q", name)
	}
	return runbook.Job{Runbook: book.Runbook, File: book.File, Target: target(t, member)}
}

// own is a runbook of a test.
func own(t testing.TB, text string) runbook.Job {
	t.Helper()
	r, file, err := runbook.Load("test.hcl", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	return runbook.Job{Runbook: r, File: file, Target: target(t, member)}
}

func target(t testing.TB, name string) runbook.Target {
	t.Helper()
	at, err := runbook.ParseTarget(lang.TargetMembership, name, "")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func plan(t testing.TB, e *runbook.Engine, j runbook.Job) *runbook.Prepared {
	t.Helper()
	p, err := e.Plan(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var yes = runbook.Approvals{All: true, Approver: "tester@example.com"}

func run(t testing.TB, e *runbook.Engine, p *runbook.Prepared, a runbook.Approvals) *runbook.Result {
	t.Helper()
	r, err := e.Run(t.Context(), p, a)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// told is everything that a result says, for a failing test.
func told(r *runbook.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %s %s\n", r.Runbook, r.Target, r.Outcome, r.Error)
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "  %s %s %s %s\n", s.Step, s.Status, s.Text, s.Error)
	}
	return b.String()
}

func asHeld(err error, held **store.HeldError) bool { return errors.As(err, held) }

package kinds_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/kinds"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

const (
	fleet  = "mesh-sim-1"
	member = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"
	gke    = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
)

// world is a simulated Google Cloud with one cluster, and what kinds act with in it.
type world struct {
	t      *testing.T
	server *sim.Server
	env    *kinds.Runtime
	ahead  atomic.Int64 // nanoseconds

	mu   sync.Mutex
	seen []sim.Exchange
}

func newWorld(t *testing.T, faults ...string) *world {
	t.Helper()
	w := &world{t: t}
	server, err := sim.Start(t.Context(), sim.Options{Projects: 1, Clusters: 1, Observe: func(e sim.Exchange) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.seen = append(w.seen, e)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w.server = server
	at := func(api string) string { return server.URL() + "/" + api + ".googleapis.com" }
	client, err := gcp.New(t.Context(), gcp.Config{AccessToken: "sim-token.admin@example.com", Clock: w, Endpoints: gcp.Endpoints{
		ResourceManager: at("cloudresourcemanager"), ServiceUsage: at("serviceusage"), Container: at("container"),
		GKEHub: at("gkehub"), Logging: at("logging"), IAMCredentials: at("iamcredentials"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	clusters := prereq.NewClusters(client, cluster.Config{
		GatewayEndpoint: at("us-central1-connectgateway"), Clock: w,
		FindEndpoint: func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
			return cluster.Endpoint{Address: server.URL() + "/_cluster/" + c.Project + "/" + c.Location + "/" + c.Name}, nil
		},
	})
	w.env = &kinds.Runtime{Client: client, Clusters: clusters, Clock: w, Started: w.Now().UTC().Truncate(time.Second), Tool: "terraform-provider-asm test", Redactor: journal.NewRedactor()}
	w.pass(time.Hour)
	for _, f := range faults {
		w.fault(f)
		w.pass(time.Hour)
	}
	w.forget()
	return w
}

// Now implements wait.Clock.
func (w *world) Now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// After implements wait.Clock: the world's time passes at once. A shared read may wait
// for longer than the test that began it, so a world that is gone is no failure here.
func (w *world) After(d time.Duration) <-chan time.Time {
	resp, err := http.Post(w.server.URL()+"/_sim/clock?advance="+d.String(), "", nil)
	if err == nil {
		resp.Body.Close()
		w.ahead.Add(int64(d))
	}
	return time.After(0)
}

func (w *world) request(method, path, contentType, body string) []byte {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL()+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sim-token.admin@example.com")
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	if resp.StatusCode >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return answer
}

func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.request("POST", "/_sim/clock?advance="+d.String(), "", "")
	w.ahead.Add(int64(d))
}

func (w *world) fault(name string) {
	w.t.Helper()
	w.request("PUT", "/_sim/faults/"+name, "", "")
}

func (w *world) unfault(name string) {
	w.t.Helper()
	w.request("DELETE", "/_sim/faults/"+name, "", "")
}

const inCluster = "/us-central1-connectgateway.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/gkeMemberships/cluster-1"

// patch changes an object in the cluster as somebody else.
func (w *world) patch(path, body string) {
	w.t.Helper()
	w.request("PATCH", inCluster+path, "application/merge-patch+json", body)
}

// edit changes the world's document.
func (w *world) edit(change func(doc map[string]any)) {
	w.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(w.request("GET", "/_sim/world", "", ""), &doc); err != nil {
		w.t.Fatal(err)
	}
	change(doc)
	text, err := json.Marshal(doc)
	if err != nil {
		w.t.Fatal(err)
	}
	w.request("PUT", "/_sim/world", "application/json", string(text))
}

func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = nil
}

// asked are the requests since forget.
func (w *world) asked() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, e := range w.seen {
		all = append(all, e.Method+" "+e.Host+e.Path)
	}
	return all
}

// wrote are the requests since forget that changed something, or meant to.
func (w *world) wrote() []string {
	var all []string
	for _, r := range w.asked() {
		if strings.HasPrefix(r, "GET ") || strings.HasSuffix(r, "etIamPolicy") && !strings.HasSuffix(r, ":setIamPolicy") || strings.HasSuffix(r, "entries:list") {
			continue
		}
		all = append(all, r)
	}
	return all
}

// args are the arguments of a kind: those that are given, with the defaults of the
// others.
func args(t *testing.T, d *kinds.Def, given map[string]any) kinds.Args {
	t.Helper()
	values := map[string]cty.Value{}
	for _, a := range d.Args {
		v := a.Default
		if v == cty.NilVal {
			v = cty.NullVal(a.Type)
		}
		switch g := given[a.Name].(type) {
		case string:
			v = cty.StringVal(g)
		case bool:
			v = cty.BoolVal(g)
		case []string:
			v = cty.SetValEmpty(cty.String)
			if len(g) > 0 {
				var items []cty.Value
				for _, s := range g {
					items = append(items, cty.StringVal(s))
				}
				v = cty.SetVal(items)
			}
		case nil:
			if a.Required {
				t.Fatalf("%s %s needs %s", d.Action, d.Name, a.Name)
			}
		default:
			t.Fatalf("%s: %T", a.Name, g)
		}
		if !v.IsNull() && a.Check != nil {
			if err := a.Check(v); err != nil {
				t.Fatalf("%s %s: %s: %v", d.Action, d.Name, a.Name, err)
			}
		}
		values[a.Name] = v
	}
	for name := range given {
		if _, known := values[name]; !known {
			t.Fatalf("%s %s has no %s", d.Action, d.Name, name)
		}
	}
	return kinds.NewArgs(cty.ObjectVal(values))
}

func find(t *testing.T, action lang.ActionKind, name string) *kinds.Def {
	t.Helper()
	d := kinds.Find(action, name)
	if d == nil {
		t.Fatalf("there is no %s %q", action, name)
	}
	return d
}

// thing is what an ensure brings about.
func (w *world) thing(name string, given map[string]any) (*kinds.Def, prereq.Prerequisite) {
	w.t.Helper()
	d := find(w.t, lang.Ensure, name)
	p, err := d.Prerequisite(w.env, args(w.t, d, given))
	if err != nil {
		w.t.Fatal(err)
	}
	return d, p
}

// look is what an assert or wait sees. It must change nothing, and tell something.
func (w *world) look(action lang.ActionKind, name string, given map[string]any) kinds.Observation {
	w.t.Helper()
	seen, err := w.try(action, name, given)
	if err != nil {
		w.t.Fatalf("%s %s: %v", action, name, err)
	}
	return seen
}

func (w *world) try(action lang.ActionKind, name string, given map[string]any) (kinds.Observation, error) {
	w.t.Helper()
	d := find(w.t, action, name)
	w.forget()
	seen, err := d.Observe(w.t.Context(), w.env, args(w.t, d, given))
	if wrote := w.wrote(); len(wrote) > 0 {
		w.t.Errorf("%s %s wrote %q", action, name, wrote)
	}
	if err == nil && (seen.State == "" || seen.Message == "") {
		w.t.Errorf("%s %s tells nothing: %+v", action, name, seen)
	}
	return seen, err
}

// sees fails unless a look sees a state, and says a text.
func (w *world) sees(action lang.ActionKind, name string, given map[string]any, state, text string) {
	w.t.Helper()
	if seen := w.look(action, name, given); seen.State != state || !strings.Contains(seen.Message, text) {
		w.t.Errorf("%s %s: is %q (%s), want %q with %q", action, name, seen.State, seen.Message, state, text)
	}
}

// attribute is one of a result.
func attribute(v cty.Value, name string) string {
	if v == cty.NilVal || v.IsNull() {
		return "no result"
	}
	v = v.GetAttr(name)
	if v.Type() == cty.String {
		return v.AsString()
	}
	var all []string
	for it := v.ElementIterator(); it.Next(); {
		key, item := it.Element()
		text := ""
		if item.Type() == cty.String {
			text = item.AsString()
		}
		if v.Type().IsMapType() {
			text = key.AsString() + "=" + text
		}
		all = append(all, text)
	}
	return fmt.Sprint(all)
}

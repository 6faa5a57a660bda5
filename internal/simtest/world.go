// Package simtest gives tests a simulated Google Cloud: it starts the simulator, breaks its world, moves its clock, counts
// the requests, and makes the product's clients for it.
package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// The first of what a simulated world has, and its owner.
const (
	Project       = "mesh-sim-1"
	ProjectNumber = "100000000001"
	Location      = "us-central1"
	Membership    = "projects/mesh-sim-1/locations/us-central1/memberships/cluster-1"
	Cluster       = "projects/mesh-sim-1/locations/us-central1/clusters/cluster-1"
	Owner         = "admin@example.com"
)

// InCluster is the path, for World.Call, below which the first cluster's API server is reached through Connect Gateway.
const InCluster = "/us-central1-connectgateway.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/gkeMemberships/cluster-1"

// Token is the access token of a caller, named by the e-mail address.
func Token(caller string) string { return "sim-token." + caller }

// World is a simulated Google Cloud. Its methods fail the test when the simulator refuses what they ask for.
type World struct {
	*sim.Server
	*control.Requests // what the APIs were asked
	Control           *control.Client
	// Clock shows the world's time. By default a wait lets the time pass at once, in the world, too.
	Clock *wait.Shifted

	t      testing.TB
	closed atomic.Bool
}

// Start starts a world for one test.
func Start(t testing.TB, o sim.Options) *World {
	t.Helper()
	w := &World{t: t, Requests: &control.Requests{}}
	observe := o.Observe
	o.Observe = func(e sim.Exchange) {
		w.Observe(e)
		if observe != nil {
			observe(e)
		}
	}
	server, err := sim.Start(context.WithoutCancel(t.Context()), o) // what cleans up after the test still needs it
	if err != nil {
		t.Fatal(err)
	}
	w.Server, w.Control = server, control.NewClient(server.URL())
	w.Clock = &wait.Shifted{Jump: true, OnAdvance: w.advance}
	t.Cleanup(func() {
		w.closed.Store(true)
		w.Control.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// advance moves the simulator's clock. A shared read may wait for longer than the test that began it.
func (w *World) advance(d time.Duration) error {
	err := w.Control.Advance(context.Background(), d)
	if err != nil && !w.closed.Load() {
		panic(err) // the clocks differ from now on, and nothing after it makes sense
	}
	return err
}

// Advance lets time pass, in the world and for the clients.
func (w *World) Advance(d time.Duration) {
	w.t.Helper()
	w.must(w.Clock.Advance(d))
}

// Fault switches a fault on. Its parameters follow its name as in an address: "binding-revoked?project=mesh-sim-2".
func (w *World) Fault(fault string) {
	w.t.Helper()
	name, parameters := w.parse(fault)
	w.must(w.Control.Fault(context.Background(), name, parameters))
}

// ClearFault switches a fault off.
func (w *World) ClearFault(fault string) {
	w.t.Helper()
	name, parameters := w.parse(fault)
	w.must(w.Control.ClearFault(context.Background(), name, parameters))
}

// Suffer switches faults on one after another, and gives the mesh an hour to react to each.
func (w *World) Suffer(faults ...string) {
	w.t.Helper()
	for _, f := range faults {
		w.Fault(f)
		w.Advance(time.Hour)
	}
}

func (w *World) parse(fault string) (name string, parameters url.Values) {
	w.t.Helper()
	name, query, _ := strings.Cut(fault, "?")
	parameters, err := url.ParseQuery(query)
	w.must(err)
	return name, parameters
}

// Document returns the world as decoded JSON.
func (w *World) Document() map[string]any {
	w.t.Helper()
	text, err := w.Control.World(context.Background())
	w.must(err)
	var doc map[string]any
	w.must(json.Unmarshal(text, &doc))
	return doc
}

// Edit changes the world's document.
func (w *World) Edit(change func(doc map[string]any)) {
	w.t.Helper()
	doc := w.Document()
	change(doc)
	text, err := json.Marshal(doc)
	w.must(err)
	w.must(w.Control.SetWorld(context.Background(), text))
}

// Call makes a request to an API of the world as its owner and returns the answer's body; path begins with the API's host.
// A patch in a cluster is a merge patch.
func (w *World) Call(method, path, body string) []byte {
	w.t.Helper()
	return w.CallAs(Owner, "", method, path, body)
}

// CallAs is Call as another caller, and with a User-Agent unless it is "".
func (w *World) CallAs(caller, userAgent, method, path, body string) []byte {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.URL()+path, strings.NewReader(body))
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+Token(caller))
	req.Header.Set("Content-Type", "application/json")
	if userAgent != "" {
		req.Header.Set("User-Agent", userAgent)
	}
	if inCluster := strings.Contains(path, "gkeMemberships") || strings.HasPrefix(path, "/_cluster/"); method == http.MethodPatch &&
		inCluster {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	w.must(err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode >= http.StatusMultipleChoices {
		w.t.Fatalf("%s %s answers %s: %s", method, path, resp.Status, bytes.TrimSpace(answer))
	}
	return answer
}

// Read is Call with GET, and decodes the answer.
func (w *World) Read(path string) map[string]any {
	w.t.Helper()
	answer := map[string]any{}
	w.must(json.Unmarshal(w.Call(http.MethodGet, path, ""), &answer))
	return answer
}

func (w *World) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

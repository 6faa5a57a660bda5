package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/contract"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// The simulated world that these tests start: a fleet project with a regional and a zonal cluster, and a
// second project with a cluster of the same fleet.
const (
	fleet    = "mesh-sim-1"
	second   = "mesh-sim-2"
	nowhere  = "no-such-project"
	regional = "locations/us-central1"
	zonal    = "locations/us-central1-a"

	admin    = "sim-token.admin@example.com"
	stranger = "sim-token.stranger@example.com"
)

// deliberate marks a request that is wrong on purpose, to see the answer to it.
const deliberate = "X-Test-Deliberate"

// A simulation is a running simulator with a checker that sees every exchange.
type simulation struct {
	t       *testing.T
	server  *sim.Server
	client  *http.Client
	checker *contract.Checker

	mu       sync.Mutex
	problems []contract.Problem
	unseen   []string // deliberate mistakes that the checker did not see
}

// simulate starts a simulator. When the test ends, every problem that the checker found fails it.
func simulate(t *testing.T, checker *contract.Checker, faults ...string) *simulation {
	t.Helper()
	s := &simulation{t: t, checker: checker, client: &http.Client{Transport: &http.Transport{}}}
	server, err := sim.Start(t.Context(), sim.Options{Projects: 2, Clusters: 3, Faults: faults, Observe: s.observe})
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("closing the simulator: %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, line := range contract.Summarize(s.problems) {
			t.Error(line)
		}
		for _, u := range s.unseen {
			t.Errorf("the checker did not see what is wrong with %s", u)
		}
	})
	return s
}

func (s *simulation) observe(e sim.Exchange) {
	problems := s.checker.Check(contract.Exchange{
		Method: e.Method, Host: e.Host, Path: e.Path, RawQuery: e.RawQuery,
		RequestBody: e.RequestBody, Status: e.Status, ResponseBody: e.ResponseBody,
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	wrong := false
	for _, p := range problems {
		if p.InRequest() && e.RequestHeader.Get(deliberate) != "" {
			wrong = true
			continue
		}
		s.problems = append(s.problems, p)
	}
	if e.RequestHeader.Get(deliberate) != "" && !wrong {
		s.unseen = append(s.unseen, e.Method+" "+e.Host+e.Path+"?"+e.RawQuery)
	}
}

// taken returns and forgets the problems found so far, for a test that expects them.
func (s *simulation) taken() []contract.Problem {
	s.mu.Lock()
	defer s.mu.Unlock()
	problems := s.problems
	s.problems = nil
	return problems
}

// send sends "METHOD host/path?query" through the plain door as the bearer of a token ("" for none) and
// returns the status and the body. Headers are "Name: value".
func (s *simulation) send(request, body, token string, header ...string) (int, []byte) {
	s.t.Helper()
	method, url, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL()+"/"+url, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatalf("%s: %v", request, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s: %v", request, err)
	}
	return response.StatusCode, text
}

// do sends a request as the administrator, wants the status, and returns the decoded answer.
func (s *simulation) do(request, body string, want int) map[string]any {
	s.t.Helper()
	status, text := s.send(request, body, admin)
	if status != want {
		s.t.Errorf("%s %s\n answered %d, want %d: %s", request, body, status, want, text)
	}
	var v map[string]any
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&v); err != nil {
		s.t.Errorf("%s: %v", request, err)
	}
	return v
}

// control uses the simulator's own interface, which is no API.
func (s *simulation) control(request string) {
	s.t.Helper()
	if status, text := s.send(request, "", ""); status/100 != 2 {
		s.t.Fatalf("%s answered %d: %s", request, status, text)
	}
}

// later moves the simulated clock, so that operations end and the mesh reacts.
func (s *simulation) later(duration string) { s.control("POST _sim/clock?advance=" + duration) }

// finish moves the clock until an operation, found at "METHOD host/version/" and its name, is done, and returns it.
func (s *simulation) finish(prefix string, op map[string]any) map[string]any {
	s.t.Helper()
	name, _ := op["name"].(string)
	if op["done"] == true {
		return op
	}
	s.do(prefix+name, "", http.StatusOK) // as it runs
	s.later("2m")
	return s.do(prefix+name, "", http.StatusOK)
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// try sends a request to a simulator that may break the answer.
func (s *simulation) try(request string) {
	s.t.Helper()
	method, url, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL()+"/"+url, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+admin)
	response, err := s.client.Do(r)
	if err != nil {
		return // cut
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return // cut
	}
}

// decodeName returns the field "name" of a JSON object.
func decodeName(body []byte) string {
	var named struct {
		Name string `json:"name"`
	}
	if err := json.Unmarshal(body, &named); err != nil {
		return ""
	}
	return named.Name
}

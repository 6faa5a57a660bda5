package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	crm       = "cloudresourcemanager.googleapis.com"
	usage     = "serviceusage.googleapis.com"
	container = "container.googleapis.com"
	hub       = "gkehub.googleapis.com"
	logs      = "logging.googleapis.com"
	iamCreds  = "iamcredentials.googleapis.com"

	p1 = "mesh-sim-1"
	p2 = "mesh-sim-2"
	n1 = "100000000001"
	n2 = "100000000002"

	agent     = "service-" + n1 + "@gcp-sa-servicemesh.iam.gserviceaccount.com"
	agentRole = "roles/anthosservicemesh.serviceAgent"

	featurePath = "/v1/projects/" + p1 + "/locations/global/features/servicemesh"
)

// A client talks to a simulation by the plain door.
type client struct {
	t      testing.TB
	s      *sim.Server
	http   *http.Client
	caller string
	header http.Header
}

// start begins a simulation that ends with the test.
func start(t testing.TB, o sim.Options) *client {
	t.Helper()
	s, err := sim.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: nil, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &client{t: t, s: s, http: &http.Client{Transport: transport}, caller: "admin@example.com", header: http.Header{}}
}

// as is the same client with another caller.
func (c *client) as(email string) *client {
	d := *c
	d.caller = email
	return &d
}

// with is the same client with another header.
func (c *client) with(key, value string) *client {
	d := *c
	d.header = c.header.Clone()
	d.header.Set(key, value)
	return &d
}

type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	raw    []byte
	body   map[string]any
}

// try sends a request and gives the transport's error, if any.
func (c *client) try(method, url, body string) (answer, error) {
	req, err := http.NewRequestWithContext(c.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	if c.caller != "" {
		req.Header.Set("Authorization", "Bearer sim-token."+c.caller)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	a := answer{t: c.t, what: method + " " + url, status: res.StatusCode, header: res.Header}
	if a.raw, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	_ = json.Unmarshal(a.raw, &a.body)
	return a, nil
}

func (c *client) do(method, url, body string) answer {
	c.t.Helper()
	a, err := c.try(method, url, body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	return a
}

// api calls an API.
func (c *client) api(method, host, path, body string) answer {
	c.t.Helper()
	return c.do(method, c.s.URL()+"/"+host+path, body)
}

// sim calls the control.
func (c *client) sim(method, path, body string) answer {
	c.t.Helper()
	return c.do(method, c.s.URL()+"/_sim/"+path, body)
}

// advance moves the clock.
func (c *client) advance(d time.Duration) {
	c.t.Helper()
	c.sim("POST", "clock?advance="+d.String(), "").ok()
}

func (a answer) ok() answer {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d, want 200: %s", a.what, a.status, a.raw)
	}
	return a
}

// refused checks an error's HTTP status, its status word, and texts of it.
func (a answer) refused(status int, word string, texts ...string) answer {
	a.t.Helper()
	if a.status != status || a.str("error", "status") != word {
		a.t.Fatalf("%s: got %d %s, want %d %s: %s", a.what, a.status, a.str("error", "status"), status, word, a.raw)
	}
	var compact bytes.Buffer
	_ = json.Compact(&compact, a.raw)
	for _, text := range texts {
		if !strings.Contains(compact.String(), text) {
			a.t.Errorf("%s: %q is not in %s", a.what, text, a.raw)
		}
	}
	return a
}

// at finds a value by its path: names and indexes.
func (a answer) at(path ...any) any {
	var v any = a.body
	for _, p := range path {
		switch k := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[k]
		case int:
			l, _ := v.([]any)
			if k >= len(l) {
				return nil
			}
			v = l[k]
		}
	}
	return v
}

func (a answer) str(path ...any) string {
	s, _ := a.at(path...).(string)
	return s
}

// is checks a value.
func (a answer) is(want any, path ...any) answer {
	a.t.Helper()
	if got := a.at(path...); fmt.Sprint(got) != fmt.Sprint(want) {
		a.t.Errorf("%s: %v is %v, want %v", a.what, path, got, want)
	}
	return a
}

// settled waits for a service usage operation.
func (c *client) settled(a answer) answer {
	c.t.Helper()
	c.advance(time.Minute)
	if a.at("done") == true {
		return a
	}
	return c.api("GET", usage, "/v1/"+a.str("name"), "").ok().is(true, "done")
}

// policy reads a project's policy at version 3.
func (c *client) policy(project string) answer {
	c.t.Helper()
	return c.api("POST", crm, "/v1/projects/"+project+":getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`).ok()
}

// setBindings writes a whole policy.
func (c *client) setBindings(project, etag string, bindings any) answer {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{
		"policy": map[string]any{"version": 3, "etag": etag, "bindings": bindings}, "updateMask": "bindings,etag",
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.api("POST", crm, "/v3/projects/"+project+":setIamPolicy", string(body))
}

// revoke takes the mesh agent's role away; grant gives it back.
func (c *client) revoke(project string) {
	c.t.Helper()
	got := c.policy(project)
	var keep []any
	for _, b := range got.at("bindings").([]any) {
		if b.(map[string]any)["role"] != agentRole {
			keep = append(keep, b)
		}
	}
	c.setBindings(project, got.str("etag"), keep).ok()
}

func (c *client) grant(project, role, member string) {
	c.t.Helper()
	got := c.policy(project)
	bindings := append(got.at("bindings").([]any), map[string]any{"role": role, "members": []string{member}})
	c.setBindings(project, got.str("etag"), bindings).ok()
}

// entries searches a project's log.
func (c *client) entries(project, filter string) []map[string]any {
	c.t.Helper()
	body, _ := json.Marshal(map[string]any{"resourceNames": []string{"projects/" + project}, "filter": filter, "pageSize": 1000})
	list, _ := c.api("POST", logs, "/v2/entries:list", string(body)).ok().at("entries").([]any)
	out := make([]map[string]any, len(list))
	for i, e := range list {
		out[i] = e.(map[string]any)
	}
	return out
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]sim.Options{
		"not on loopback": {Listen: "0.0.0.0:0"},
		"listen address":  {Listen: "nowhere"},
		"unknown fault":   {Faults: []string{"no-such-fault"}},
		"projects":        {Projects: -1},
		"clusters":        {Clusters: -1},
		"latency":         {Latency: -time.Second},
		"implementation":  {Implementation: "ISTIO"},
	} {
		s, err := sim.Start(t.Context(), o)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: no error", name)
		} else if !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error is %q", name, err)
		}
	}
}

func TestEnvFile(t *testing.T) {
	c := start(t, sim.Options{})
	path := filepath.Join(t.TempDir(), "sim.env")
	if err := c.s.WriteEnvFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode is %v, %v", info.Mode(), err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range c.s.Env() {
		k, v, _ := strings.Cut(kv, "=")
		if want := "export " + k + "='" + v + "'\n"; !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the file", want)
		}
	}
	for _, k := range []string{"HTTPS_PROXY", "SSL_CERT_FILE", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_PROJECT", "ASM_SIM_URL",
		"CLOUDSDK_CONFIG"} {
		if !strings.Contains(string(text), "export "+k+"=") {
			t.Errorf("%s is not exported", k)
		}
	}
	if err := c.s.WriteEnvFile(filepath.Join(path, "no", "folder")); err == nil {
		t.Error("a path that cannot be written gave no error")
	}
}

// TestEndsWithContext checks that a server ends with the context that it was started with, and takes its files away.
func TestEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sim.Start(ctx, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ca := ""
	for _, kv := range s.Env() {
		if v, ok := strings.CutPrefix(kv, "SSL_CERT_FILE="); ok {
			ca = v
		}
	}
	if _, err := os.Stat(ca); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil { // waits for the end that began
		t.Error(err)
	}
	if _, err := os.Stat(ca); !os.IsNotExist(err) {
		t.Errorf("the CA file is still there: %v", err)
	}
}

func TestWhatEveryAnswerHas(t *testing.T) {
	c := start(t, sim.Options{})
	a := c.api("GET", crm, "/v3/projects/"+p1, "").ok()
	for k, v := range map[string]string{
		"Content-Type": "application/json; charset=UTF-8", "Server": "ESF",
		"Vary": "Origin, X-Origin, Referer", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.header.Get(k); got != v {
			t.Errorf("%s is %q, want %q", k, got, v)
		}
	}

	nobody := c.as("")
	nobody.api("GET", crm, "/v3/projects/"+p1, "").refused(401, "UNAUTHENTICATED", "CREDENTIALS_MISSING")
	nobody.with("Authorization", "Bearer ya29.something").api("GET", crm, "/v3/projects/"+p1, "").refused(401, "UNAUTHENTICATED",
		"invalid authentication credentials")
	nobody.api("GET", crm, "/v3/projects/"+p1+"?access_token=sim-token.admin@example.com", "").ok()

	c.api("GET", hub, featurePath+"?nonsense=1", "").refused(400, "INVALID_ARGUMENT",
		`Unknown name \"nonsense\": Cannot bind query parameter`, "fieldViolations")
	c.api("GET", hub, featurePath+"?alt=json&fields=name&prettyPrint=false&%24.xgafv=2&quotaUser=x", "").ok()
	c.api("POST", crm, "/v1/projects/"+p1+":setIamPolicy", `{"policy":{"bindigns":[]}}`).refused(400, "INVALID_ARGUMENT",
		`Unknown name \"bindigns\" at 'policy': Cannot find field.`)
	c.api("POST", crm, "/v1/projects/"+p1+":setIamPolicy", `{"policy":`).refused(400, "INVALID_ARGUMENT", "Invalid JSON payload")

	if a := c.api("GET", crm, "/v9/nothing", ""); a.status != 404 || !strings.Contains(string(a.raw), "was not found on this server") {
		t.Errorf("an unknown path answered %d %s", a.status, a.raw)
	}
	if a := c.do("GET", c.s.URL()+"/example.com/", ""); a.status != 404 || !strings.Contains(string(a.raw), crm) {
		t.Errorf("an unknown host answered %d %s", a.status, a.raw)
	}
}

func TestLatencyIsForAPIsOnly(t *testing.T) {
	const latency = 50 * time.Millisecond
	c := start(t, sim.Options{Latency: latency})
	began := time.Now()
	c.api("GET", crm, "/v3/projects/"+p1, "").ok()
	if took := time.Since(began); took < latency {
		t.Errorf("an API answered after %s", took)
	}
	began = time.Now()
	c.sim("GET", "clock", "").ok()
	if took := time.Since(began); took >= latency {
		t.Errorf("the control answered after %s", took)
	}
}

func TestRequestsAreListed(t *testing.T) {
	var mu sync.Mutex
	var seen []sim.Exchange
	c := start(t, sim.Options{Observe: func(x sim.Exchange) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, x)
	}})
	c.with("User-Agent", "test/1").api("POST", crm, "/v1/projects/"+p1+":getIamPolicy?alt=json",
		`{"options":{"requestedPolicyVersion":3}}`).ok()
	c.api("GET", crm, "/v1/projects/nowhere-at-all", "").refused(403, "PERMISSION_DENIED")

	var list []map[string]any
	if err := json.Unmarshal(c.sim("GET", "requests", "").ok().raw, &list); err != nil || len(list) != 2 {
		t.Fatalf("%d requests, %v", len(list), err)
	}
	for k, want := range map[string]any{
		"door": "plain", "method": "POST", "url": "https://" + crm + "/v1/projects/" + p1 + ":getIamPolicy?alt=json",
		"host": crm, "path": "/v1/projects/" + p1 + ":getIamPolicy", "query": "alt=json", "caller": "admin@example.com", "userAgent": "test/1",
		"status": 200.0,
	} {
		if list[0][k] != want {
			t.Errorf("%s is %v, want %v", k, list[0][k], want)
		}
	}
	if _, ok := list[0]["requestBody"].(map[string]any); !ok || list[1]["status"] != 403.0 {
		t.Errorf("requests are %v", list)
	}
	mu.Lock()
	if len(seen) != 2 || seen[0].Status != 200 || len(seen[0].ResponseBody) == 0 || seen[0].Caller != "admin@example.com" {
		t.Errorf("observed %v", seen)
	}
	mu.Unlock()
	c.sim("DELETE", "requests", "").ok()
	if a := c.sim("GET", "requests", ""); strings.TrimSpace(string(a.raw)) != "[]" {
		t.Errorf("after DELETE there are %s", a.raw)
	}
	if a := c.sim("GET", "nothing", ""); a.status != 404 {
		t.Errorf("an unknown control answered %d", a.status)
	}
}

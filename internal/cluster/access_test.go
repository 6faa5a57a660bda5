package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestGatewayURL(t *testing.T) {
	global := mesh.Membership{Project: "1234567", Location: "global", Name: "m"}
	regional := mesh.Membership{Project: "1234567", Location: "us-central1", Name: "m"}
	const projects = "/v1/projects/1234567/locations/"
	for want, got := range map[string]string{
		"https://connectgateway.googleapis.com" + projects + "global/gkeMemberships/m": cluster.GatewayURL(global, false, "", ""),
		"https://us-central1-connectgateway.googleapis.com" + projects + "us-central1/gkeMemberships/m": cluster.
			GatewayURL(regional, false, "", ""),
		"https://connectgateway.googleapis.com" + projects + "global/memberships/m": cluster.GatewayURL(global, true, "", ""),
		"https://connectgateway.example.cloud" + projects + "global/gkeMemberships/m": cluster.
			GatewayURL(global, false, "example.cloud", ""),
		"http://127.0.0.1:8/gw" + projects + "us-central1/gkeMemberships/m": cluster.
			GatewayURL(regional, false, "", "http://127.0.0.1:8/gw/"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestTheGatewayIsPreferred(t *testing.T) {
	gateway, endpoint := serve(t, says(200, emptyList)), serve(t, says(200, emptyList))
	c := open(t, access(t, cluster.Config{GatewayEndpoint: gateway.URL, FindEndpoint: endpointAt(endpoint.URL), QuotaProject: "p-quota-1"}),
		membershipName, clusterName)
	if _, err := c.Revisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"GET " + gatewayPrefix + "/apis/mesh.cloud.google.com/v1beta1/controlplanerevisions"}
	if got := gateway.requests(); !slices.Equal(got, want) {
		t.Errorf("asked the gateway %v, want %v", got, want)
	}
	if got := endpoint.requests(); len(got) != 0 {
		t.Errorf("asked the endpoint %v", got)
	}
	if gateway.tokens[0] != "Bearer ya29.secret" || c.Via() != "Connect Gateway" || len(c.Skipped()) != 0 {
		t.Errorf("token %q, via %q, skipped %v", gateway.tokens[0], c.Via(), c.Skipped())
	}
}

func TestFallingBack(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		back   bool
	}{
		"the API is disabled":          {says(403, gatewayDisabled), true},
		"the gateway refuses":          {says(403, gatewayForbidden), true},
		"the membership is unknown":    {says(404, gatewayNotFound), true},
		"the host is another's":        {says(400, wrongHost), true},
		"a page of something between":  {says(502, "<html>"), true},
		"the cluster refuses":          {says(403, rbacDenied), false},
		"the cluster does not know us": {says(401, unauthorized), false},
	} {
		t.Run(name, func(t *testing.T) {
			gateway, endpoint := serve(t, c.answer), serve(t, says(200, emptyList))
			opened := open(t, access(t, cluster.Config{GatewayEndpoint: gateway.URL, FindEndpoint: endpointAt(endpoint.URL)}), membershipName,
				clusterName)
			_, err := opened.Revisions(t.Context())
			if (err == nil) != c.back || (len(endpoint.requests()) > 0) != c.back {
				t.Fatalf("error %v, asked the endpoint %v", err, endpoint.requests())
			}
			if !c.back {
				return
			}
			before := len(gateway.requests())
			_, _ = opened.Namespace(t.Context(), "shop")
			if got := gateway.requests(); len(got) != before || before > 2 {
				t.Errorf("the gateway was asked again: %v", got)
			}
			if skipped := opened.Skipped(); len(skipped) != 1 || opened.Via() != "the cluster's endpoint" {
				t.Errorf("via %s, skipped %v", opened.Via(), skipped)
			}
		})
	}
}

func TestBothWaysFailing(t *testing.T) {
	gateway, endpoint := serve(t, says(403, gatewayDisabled)), serve(t, says(403, rbacDenied))
	c := open(t, access(t, cluster.Config{GatewayEndpoint: gateway.URL, FindEndpoint: endpointAt(endpoint.URL)}), membershipName, clusterName)
	_, err := c.Revisions(t.Context())
	if _, disabled := apierr.GatewayDisabled(err); !disabled || !strings.Contains(err.Error(), "controlplanerevisions") {
		t.Errorf("an error that lacks one of the two: %v", err)
	}
}

func TestAWriteThatWasNotAnsweredIsNotSentElsewhere(t *testing.T) {
	gateway, endpoint := serve(t, asleep), serve(t, says(200, `{"metadata":{}}`))
	c := open(t, access(t, cluster.Config{GatewayEndpoint: gateway.URL, FindEndpoint: endpointAt(endpoint.URL),
		RequestTimeout: 50 * time.Millisecond}), membershipName, clusterName)
	value := "asm-managed"
	if _, err := c.MarkNamespace(t.Context(), "shop", map[string]*string{mesh.LabelRevision: &value}, nil); !apierr.Unreachable(err) {
		t.Errorf("got %v", err)
	}
	if got := endpoint.requests(); len(got) != 0 {
		t.Errorf("asked the endpoint %v", got)
	}
}

func TestMarkNamespacePatchesTheseKeysAlone(t *testing.T) {
	var body map[string]any
	var kind, manager string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		kind, manager = r.Header.Get("Content-Type"), r.URL.Query().Get("fieldManager")
		_ = json.NewDecoder(r.Body).Decode(&body)
		says(200, `{"metadata":{"name":"shop","labels":{"istio.io/rev":"asm-managed","theirs":"1"}}}`)(w, r)
	})
	value := "asm-managed"
	c := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "")
	ns, err := c.MarkNamespace(t.Context(), "shop", map[string]*string{mesh.LabelRevision: &value, mesh.LabelInjection: nil}, nil)
	if err != nil || ns.Labels["theirs"] != "1" {
		t.Errorf("got %+v, %v", ns, err)
	}
	if got := fmt.Sprint(body); got != "map[metadata:map[labels:map[istio-injection:<nil> istio.io/rev:asm-managed]]]" ||
		kind != "application/merge-patch+json" ||
		manager != cluster.FieldManager {
		t.Errorf("sent %s as %s by %s", got, kind, manager)
	}
}

func TestBadTargets(t *testing.T) {
	const kubeconfig = `apiVersion: v1
kind: Config
current-context: %s
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
contexts:
- {name: good, context: {cluster: c, user: token}}
- {name: no-plugin, context: {cluster: c, user: exec}}
- {name: old, context: {cluster: c, user: provider}}
- {name: no-cluster, context: {cluster: gone, user: token}}
users:
- {name: token, user: {token: secret-token}}
- {name: exec, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-plugin-xyz,
    installHint: "Install it.", interactiveMode: Never}}}
- {name: provider, user: {auth-provider: {name: gcp}}}
`
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, fmt.Appendf(nil, kubeconfig, "good"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		target cluster.Target
		says   string
	}{
		"nothing": {cluster.Target{}, "no cluster is named"},
		"a context that is missing": {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path, Context: "prod"}},
			`no context "prod"; it has: good, no-cluster, no-plugin, old`},
		"an unknown plugin": {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path, Context: "no-plugin"}},
			`"no-such-plugin-xyz", which is not in PATH; Install it.`},
		"a removed auth provider":   {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path, Context: "old"}}, `auth provider "gcp"`},
		"a context without cluster": {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path, Context: "no-cluster"}}, `"no-cluster"`},
		"no file":                   {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path + "x"}}, "there is no kubeconfig at"},
		"no YAML":                   {cluster.Target{Kubeconfig: &cluster.Kubeconfig{Content: []byte("secret: [")}}, "not valid YAML"},
		"no current context": {
			cluster.Target{Kubeconfig: &cluster.Kubeconfig{Content: fmt.Appendf(nil, kubeconfig, `""`)}}, "name one of: good",
		},
		"an endpoint nobody finds": {
			cluster.Target{Cluster: &mesh.Cluster{Project: "p-mesh-1", Location: "us-central1", Name: "c"}}, "fleet membership",
		},
		"an agent without membership": {cluster.Target{Agent: true, Cluster: &mesh.Cluster{}}, "membership"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := access(t, cluster.Config{}).Open(c.target)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want it to say %q", err, c.says)
			}
		})
	}
	if _, err := cluster.New(cluster.Config{}).
		Open(cluster.Target{Membership: &mesh.Membership{}}); err == nil ||
		!strings.Contains(err.Error(), "no Google credentials") {
		t.Errorf("without credentials: %v", err)
	}
	if _, err := access(t, cluster.Config{}).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}}); err != nil {
		t.Errorf("a good kubeconfig: %v", err)
	}
	if _, err := cluster.ParseTarget("memberships/m", ""); err == nil {
		t.Error("a membership's name that cannot be is accepted")
	}
	c := open(t, access(t, cluster.Config{GatewayEndpoint: "http://127.0.0.1:1"}), membershipName, "")
	if _, err := c.Namespace(t.Context(), "Shop/../x"); err == nil || !strings.Contains(err.Error(), "cannot be a namespace") {
		t.Errorf("a namespace that cannot be: %v", err)
	}
}

// A kubeconfig with credentials of its own is used as kubectl uses it.
func TestKubeconfigCredentials(t *testing.T) {
	var seen atomic.Value
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		says(200, emptyList)(w, r)
	}))
	defer s.Close()
	content := fmt.Sprintf(
		`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"c","cluster":{"server":%q,`+
			`"insecure-skip-tls-verify":true}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"users":[{"name":"u",`+
			`"user":{"token":"own"}}]}`,
		s.URL,
	)
	c, err := access(t, cluster.Config{}).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Content: []byte(content)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Revisions(t.Context()); err != nil || seen.Load() != "Bearer own" {
		t.Errorf("%v, with %v", err, seen.Load())
	}
}

// One bad cluster never delays the others, and a fleet takes no more clients than it may.
func TestAFleetIsBounded(t *testing.T) {
	var under, most atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "m-bad") {
			asleep(w, r)
			return
		}
		n := under.Add(1)
		defer under.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		says(200, emptyList)(w, r)
	})
	const clients, clusters = 4, 40
	a := access(t, cluster.Config{GatewayEndpoint: s.URL, MaxClients: clients, RequestTimeout: 10 * time.Second})
	ctx, cancel := context.WithCancel(t.Context())
	bad := make(chan error, 1)
	go func() {
		_, err := open(t, a, "projects/1234567/locations/global/memberships/m-bad", "").Revisions(ctx)
		bad <- err
	}()
	var group sync.WaitGroup
	for i := range clusters {
		group.Go(func() {
			c := open(t, a, fmt.Sprintf("projects/1234567/locations/global/memberships/m-%d", i), "")
			if _, err := c.Revisions(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait() // while the bad one still waits
	cancel()
	if err := <-bad; err == nil {
		t.Error("the bad cluster answered")
	}
	if got := most.Load(); got > clients {
		t.Errorf("%d requests at once with %d clients", got, clients)
	}
}

// Waiting for a turn is not timed: what comes after clusters that do not answer is asked all the same.
func TestALateTurnIsNoFailure(t *testing.T) {
	asked := make(chan struct{}, 1)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "m-bad") {
			select {
			case asked <- struct{}{}:
			default:
			}
			asleep(w, r)
			return
		}
		says(200, emptyList)(w, r)
	})
	a := access(t, cluster.Config{GatewayEndpoint: s.URL, MaxClients: 1, RequestTimeout: 200 * time.Millisecond})
	var group sync.WaitGroup
	for i := range 3 {
		c := open(t, a, fmt.Sprintf("projects/1234567/locations/global/memberships/m-bad-%d", i), "")
		group.Go(func() {
			if _, err := c.Revisions(t.Context()); !apierr.Unreachable(err) {
				t.Errorf("a cluster that does not answer: %v", err)
			}
		})
		if i == 0 {
			<-asked
		}
	}
	if _, err := open(t, a, "projects/1234567/locations/global/memberships/m-good", "").Revisions(t.Context()); err != nil {
		t.Error(err)
	}
	group.Wait()
	for i := range 3 {
		if n := s.count(fmt.Sprintf("/m-bad-%d/apis/mesh.cloud.google.com/v1beta1/controlplanerevisions", i)); n != 1 {
			t.Errorf("m-bad-%d was asked %d times", i, n)
		}
	}
}

package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

var reachTests = []test{
	{"somebody who may do nothing", testNobody},
	{"a cluster that answers half", testHalf},
	{"a cluster of which one list sleeps", testAsleep},
	{"an unreachable cluster", testUnreachable},
	{"one bad cluster does not delay another", testBadNeighbour},
	{"a context that does not exist", testNoContext},
}

// testNobody is refused by the cluster itself. The simulator has no roles in its
// clusters, only IAM; what it says is what RBAC says.
func testNobody(t *testing.T, on target) {
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.KubeconfigOf(path, "nobody@example.com"))
	c, err := access(t, cluster.Config{}).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}})
	must(t, err)
	revision := "asm-managed"
	for rule, do := range map[string]func() error{
		`{apiGroups: ["mesh.cloud.google.com"], resources: ["controlplanerevisions"], verbs: ["list"]}`: func() error {
			_, err := c.Revisions(t.Context())
			return err
		},
		`{apiGroups: [""], resources: ["pods"], verbs: ["list"]}`: func() error {
			_, err := c.Proxies(t.Context(), false)
			return err
		},
		`{apiGroups: [""], resources: ["namespaces"], verbs: ["get"]}`: func() error {
			_, err := c.Namespace(t.Context(), "default")
			return err
		},
		`{apiGroups: [""], resources: ["namespaces"], verbs: ["patch"]}`: func() error {
			_, err := c.MarkNamespace(t.Context(), "default", map[string]*string{mesh.LabelRevision: &revision}, nil)
			return err
		},
		`{apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"]} in namespace default`: func() error {
			results, err := c.RestartOwners(t.Context(), []mesh.Owner{{Kind: "Deployment", Namespace: "default", Name: "x"}}, cluster.Restart{})
			must(t, err)
			return results[0].Err
		},
	} {
		if err := do(); !apierr.Forbidden(err) || apierr.NotFound(err) || !strings.Contains(err.Error(), rule) ||
			!strings.Contains(err.Error(), "nobody@example.com") {
			t.Errorf("%s: got %v", rule, err)
		}
	}
	if _, err := c.Read(t.Context()); !apierr.Forbidden(err) {
		t.Errorf("a full read: %v", err)
	}
}

// RBAC and the gateway are those of the real server, seen by somebody who may do nothing.
func TestRBACNamesTheMissingRule(t *testing.T) {
	server := kubetest.Start(t)
	gateway, err := server.Gateway(membershipName)
	must(t, err)
	front := httptest.NewServer(gateway)
	t.Cleanup(front.Close)
	a := access(t, cluster.Config{GatewayEndpoint: front.URL, Tokens: token(kubetest.Token("nobody@example.com"))})
	_, err = open(t, a, membershipName, "").Revisions(t.Context())
	if !apierr.Forbidden(err) ||
		!strings.Contains(err.Error(), `{apiGroups: ["mesh.cloud.google.com"], resources: ["controlplanerevisions"], verbs: ["list"]}`) {
		t.Errorf("got %v", err)
	}
	_, err = open(t, a, "projects/100000000001/locations/global/memberships/other", "").Revisions(t.Context())
	if apierr.NotFound(err) || err == nil || !strings.Contains(err.Error(), "memberships list") {
		t.Errorf("an unknown membership: %v", err)
	}
}

func token(text string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: text})
}

// The simulated gateway refuses by IAM, before the cluster is asked.
func TestTheGatewayNamesTheMissingPermission(t *testing.T) {
	world := simtest.Start(t, sim.Options{})
	const name = "projects/100000000001/locations/us-central1/memberships/cluster-1"
	through := func(email string) *cluster.Cluster {
		return open(t, access(t, cluster.Config{GatewayEndpoint: gcp.EndpointsBelow(world.URL()).ConnectGateway,
			Tokens: token(simtest.Token(email))}), name, "")
	}
	if _, err := through(simtest.Owner).Revisions(t.Context()); err != nil {
		t.Errorf("the owner: %v", err)
	}
	_, err := through("nobody@example.com").Revisions(t.Context())
	if !apierr.Forbidden(err) || !strings.Contains(err.Error(), "gkehub.gateway.get") ||
		!strings.Contains(err.Error(), "roles/gkehub.gatewayReader") {
		t.Errorf("a read: %v", err)
	}
	revision := "asm-managed"
	_, err = through("nobody@example.com").MarkNamespace(t.Context(), "default", map[string]*string{mesh.LabelRevision: &revision}, nil)
	if !apierr.Forbidden(err) || !strings.Contains(err.Error(), "gkehub.gateway.patch") {
		t.Errorf("a write: %v", err)
	}
}

// parts are the seven lists of a full read: how each ends, and what it is called.
var parts = map[string]string{
	"/controlplanerevisions":           "its ControlPlaneRevisions",
	"/mutatingwebhookconfigurations":   "its mutating webhooks",
	"/validatingwebhookconfigurations": "its validating webhooks",
	"/configmaps":                      "the revisions' environments",
	"/namespaces":                      "its namespaces",
	"/pods":                            "its pods",
	"/dataplanecontrols":               "its DataPlaneControls",
}

func testHalf(t *testing.T, on target) {
	for _, broken := range []struct {
		name   string
		answer http.HandlerFunc
		says   string
		asked  int // times: what may be the trouble of one answer is read again
	}{
		{"403", says(403, rbacDenied), "403", 1},
		{"a web page", says(200, "<html>Sign in</html>"), "not valid JSON", 2},
		{"half an answer", says(200, `{"metadata":{},"items":[{"metadata":{"name":"x"`), "not valid JSON", 2},
		{"another shape", says(200, `{"metadata":{},"items":{"x":1}}`), "not valid JSON", 2},
		{"500", says(500, "etcdserver: request timed out"), "etcdserver", 2},
	} {
		t.Run(broken.name, func(t *testing.T) {
			for path, part := range parts {
				c, s := reachThrough(t, on, cluster.Config{}, func(w http.ResponseWriter, r *http.Request) bool {
					if strings.HasSuffix(r.URL.Path, path) {
						broken.answer(w, r)
					}
					return strings.HasSuffix(r.URL.Path, path)
				})
				state, err := c.Read(t.Context())
				must(t, err)
				h := state.Health()
				if len(state.Unread) != 1 || state.Unread[part] == nil || !strings.Contains(h.Summary, broken.says) {
					t.Errorf("%s: unread %v, %s", part, state.Unread, h.Summary)
				}
				// Leftovers of other tests may be worse than unknown, never better.
				if h.Verdict == mesh.Healthy || h.Verdict == mesh.Provisioning || !slices.Contains(codes(h), catalogue.Unreadable) {
					t.Errorf("%s: %s", part, h.Summary)
				}
				for other := range parts {
					want := 1
					if other == path {
						want = broken.asked
					}
					// Pods of other tests' leftovers whose proxy is wrong are read whole, too.
					if n := s.count(other); n != want && (other != "/pods" || n == 0) {
						t.Errorf("%s: %d requests for %s", part, n, other)
					}
				}
			}
		})
	}
}

func testAsleep(t *testing.T, on target) {
	c, _ := reachThrough(t, on, cluster.Config{RequestTimeout: 300 * time.Millisecond}, func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/namespaces") {
			asleep(w, r)
		}
		return strings.HasSuffix(r.URL.Path, "/namespaces")
	})
	s, err := c.Read(t.Context())
	must(t, err)
	if h := s.Health(); len(s.Unread) != 1 || !apierr.Unreachable(s.Unread["its namespaces"]) ||
		!strings.Contains(h.Summary, "no answer came in time") ||
		len(s.Revisions) != 1 {
		t.Errorf("unread %v, %s", s.Unread, h.Summary)
	}
}

func testUnreachable(t *testing.T, on target) {
	c, s := reachThrough(t, on, cluster.Config{}, func(http.ResponseWriter, *http.Request) bool { return false })
	if _, err := c.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	_, err := c.Read(t.Context())
	if !apierr.Unreachable(err) || apierr.NotFound(err) || !strings.Contains(err.Error(), "kubectl works with the same kubeconfig") {
		t.Errorf("got %v", err)
	}
	if h := apierr.UnreadHealth("c", err); h.Verdict != mesh.Unknown || len(h.Findings) != 1 {
		t.Errorf("health %+v", h)
	}
}

// The neighbour is read to its end while the bad one still waits.
func testBadNeighbour(t *testing.T, on target) {
	asked := make(chan struct{}, 7)
	bad := serve(t, func(w http.ResponseWriter, r *http.Request) { asked <- struct{}{}; asleep(w, r) })
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.Kubeconfig(path))
	a := access(t, cluster.Config{MaxClients: 2})
	opened, err := a.Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Content: kubeconfigFor(bad.URL)}})
	must(t, err)
	good, err := a.Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}})
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := opened.Read(ctx)
		done <- err
	}()
	<-asked
	s, err := good.Read(t.Context())
	must(t, err)
	if len(s.Unread) != 0 {
		t.Errorf("unread %v", s.Unread)
	}
	select {
	case err := <-done:
		t.Errorf("the bad cluster answered: %v", err)
	default:
	}
	stop()
	if err := <-done; err == nil {
		t.Error("the bad cluster was read")
	}
}

func testNoContext(t *testing.T, on target) {
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.Kubeconfig(path))
	_, err := access(t, cluster.Config{}).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path, Context: "prod"}})
	if err == nil || !strings.Contains(err.Error(), `no context "prod"; it has: `) || strings.Contains(fmt.Sprint(err), "sim-token") {
		t.Errorf("got %v", err)
	}
}

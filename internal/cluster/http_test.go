package cluster_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

const (
	membershipName = "projects/100000000001/locations/global/memberships/m-1"
	clusterName    = "projects/p-mesh-1/locations/us-central1/clusters/gke-1"
	gatewayPrefix  = "/v1/projects/100000000001/locations/global/gkeMemberships/m-1"
)

// server answers as it is told, and remembers what it was asked.
type server struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	tokens []string
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		s.tokens = append(s.tokens, r.Header.Get("Authorization"))
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// count is how many of the requests were for a path with that end.
func (s *server) count(end string) (n int) {
	for _, line := range s.requests() {
		if strings.HasSuffix(line, end) {
			n++
		}
	}
	return n
}

// says answers with a status and a body, of JSON unless it begins otherwise.
func says(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		kind := "application/json"
		switch {
		case strings.HasPrefix(body, "<"):
			kind = "text/html"
		case !strings.HasPrefix(body, "{"):
			kind = "text/plain"
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

// asleep answers only when the caller has gone.
func asleep(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // a server notices a caller's going only once it has read what he sent
	<-r.Context().Done()
}

var tokens = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ya29.secret"})

func access(t *testing.T, config cluster.Config) *cluster.Access {
	t.Helper()
	if config.Tokens == nil {
		config.Tokens = tokens
	}
	if config.RequestTimeout == 0 {
		config.RequestTimeout = 20 * time.Second
	}
	a := cluster.New(config)
	t.Cleanup(a.Close)
	return a
}

func open(t *testing.T, a *cluster.Access, membership, name string) *cluster.Cluster {
	t.Helper()
	target, err := cluster.ParseTarget(membership, name)
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Open(target)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func endpointAt(address string) func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
	return func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
		return cluster.Endpoint{Address: address}, nil
	}
}

const (
	emptyList = `{"kind":"List","metadata":{},"items":[]}`

	// facts/google-apis 3, with connectgateway's names
	gatewayDisabled = `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Connect Gateway API has not been used in ` +
		`project 100000000001 before or it is disabled. Enable it by visiting ` +
		`https://console.developers.google.com/apis/api/connectgateway.googleapis.com/overview?project=100000000001 then retry.",
 "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com",
 "metadata":{"service":"connectgateway.googleapis.com","consumer":"projects/100000000001"}}]}}`
	// as Config Connector's recordings have it: without details
	gatewayDisabledBare = `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Connect Gateway API has not been used in ` +
		`project 100000000001 before or it is disabled. Enable it by visiting …"}}`
	quotaProjectMissing = `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"requires a quota project",` +
		`"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED",` +
		`"metadata":{"service":"connectgateway.googleapis.com","consumer":"projects/764086051850"}}]}}`
	gatewayForbidden = `{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Permission 'gkehub.gateway.get' denied on ` +
		`resource \"//gkehub.googleapis.com/projects/100000000001/locations/global/memberships/m-1\" (or it may not exist)."}}`
	gatewayNotFound = `{"error":{"code":404,"status":"NOT_FOUND","message":"Resource ` +
		`'projects/100000000001/locations/global/memberships/m-1' was not found"}}`
	wrongHost  = `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"Request contains an invalid argument."}}`
	rbacDenied = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,` +
		`"message":"controlplanerevisions.mesh.cloud.google.com is forbidden: User \"u@x\" cannot list resource",` +
		`"details":{"group":"mesh.cloud.google.com","kind":"controlplanerevisions"}}`
	agentDenied = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"users ` +
		`\"u@x\" is forbidden: User \"system:serviceaccount:gke-connect:connect-agent-sa\" cannot impersonate resource \"users\"",` +
		`"details":{"kind":"users","name":"u@x"}}`
	unauthorized = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401,"message":"Unauthorized"}`
)

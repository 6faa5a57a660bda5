package cluster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

const revisionList = `{"metadata":{},"items":[{"metadata":{"name":"asm-managed","namespace":"istio-system"},` +
	`"spec":{"channel":"regular","type":"managed_service"},"status":{"conditions":[{"type":"Reconciled","status":"True"},` +
	`{"type":"Stalled","status":"False"}]}}]}`

func TestAMissingCRDIsReportedAsWhatItMeans(t *testing.T) {
	s := serve(t, without("v1beta1", "v1alpha1"))
	r, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Revisions(t.Context())
	if err != nil || r.Installed || r.Verdict != mesh.Unhealthy || !strings.Contains(r.Summary, "never installed") ||
		r.Findings[0].Code != catalogue.RevisionMissing {
		t.Errorf("%+v, %v", r, err)
	}
	if got := s.requests(); len(got) != 4 {
		t.Errorf("requests %v", got)
	}
}

// without answers as an API server that does not serve these versions of the mesh's kinds: in plain text, beside its list
// of groups.
func without(versions ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		served := `{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}]}`
		if !slices.Contains(versions, "v1alpha1") {
			served += `,{"name":"mesh.cloud.google.com","versions":[{"groupVersion":"mesh.cloud.google.com/v1alpha1","version":"v1alpha1"}]}`
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/apis"):
			says(200, `{"kind":"APIGroupList","apiVersion":"v1","groups":[`+served+`]}`)(w, r)
		case slices.ContainsFunc(versions, func(v string) bool { return strings.Contains(r.URL.Path, "/"+v+"/") }):
			says(404, "404 page not found")(w, r)
		default:
			says(200, revisionList)(w, r)
		}
	}
}

// A plain 404 is the answer of anything between here and the API server: it says neither that an object is gone nor, without
// the server's list of groups, that a kind is not served.
func TestAPlain404SaysNothingOfTheCluster(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"everywhere": says(404, "404 page not found"),
		"a list that is refused": func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/apis") {
				says(403, rbacDenied)(w, r)
				return
			}
			says(404, "default backend - 404")(w, r)
		},
		"a kind that is served": func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/apis") {
				says(200, `{"kind":"APIGroupList","groups":[{"name":"mesh.cloud.google.com","versions":[{"version":"v1beta1"},`+
					`{"version":"v1alpha1"}]}]}`)(w, r)
				return
			}
			says(404, "404 page not found")(w, r)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer)
			c := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "")
			if _, err := c.Namespace(t.Context(), "shop"); err == nil || apierr.NotFound(err) || !strings.Contains(err.Error(), "proxies") {
				t.Errorf("the namespace: %v", err)
			}
			if r, err := c.Revisions(t.Context()); err == nil || apierr.NotFound(err) {
				t.Errorf("the revisions: %+v, %v", r, err)
			}
		})
	}
}

func TestTheOlderVersionIsRead(t *testing.T) {
	s := serve(t, without("v1beta1"))
	r, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Revisions(t.Context())
	if err != nil || !r.Installed || r.Verdict != mesh.Healthy {
		t.Errorf("%+v, %v", r, err)
	}
}

// A cluster that answers half is unknown for the other half, and judged by what it did answer.
func TestAHalfAnsweringCluster(t *testing.T) {
	for name, c := range map[string]struct {
		broken string
		want   mesh.Verdict
	}{
		"no webhooks":   {"/mutatingwebhookconfigurations", mesh.Unknown},
		"no namespaces": {"/namespaces", mesh.Unknown},
		"no pods":       {"/pods", mesh.Unknown},
		"no revisions":  {"/controlplanerevisions", mesh.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, c.broken):
					says(403, rbacDenied)(w, r)
				case strings.HasSuffix(r.URL.Path, "/controlplanerevisions"):
					says(200, revisionList)(w, r)
				case strings.HasSuffix(r.URL.Path, "/mutatingwebhookconfigurations"):
					says(200, `{"metadata":{},"items":[{"metadata":{"name":"istiod-asm-managed","labels":{"istio.io/rev":"asm-managed"}}}]}`)(w, r)
				default:
					says(200, emptyList)(w, r)
				}
			})
			state, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			h := state.Health()
			if h.Verdict != c.want || len(state.Unread) != 1 || len(h.Findings) != 1 || h.Findings[0].Code != catalogue.Unreadable ||
				!strings.Contains(h.Summary, "403") {
				t.Errorf("%s: %+v, unread %v", h.Summary, h.Findings, state.Unread)
			}
		})
	}
}

func TestPaging(t *testing.T) {
	var queries []string
	expired := false
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.Query().Get("limit")+"/"+r.URL.Query().Get("continue"))
		next := map[string]string{"": "a", "a": "b", "b": ""}[r.URL.Query().Get("continue")]
		if r.URL.Query().Get("continue") == "b" && !expired {
			expired = true
			says(410, `{"kind":"Status","code":410,"reason":"Expired","message":"The provided continue parameter is too old"}`)(w, r)
			return
		}
		says(200, fmt.Sprintf(`{"metadata":{"continue":%q},"items":[{"metadata":{"name":"r-%s","namespace":"n"}}]}`, next,
			r.URL.Query().Get("continue")))(w, r)
	})
	r, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Revisions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, revision := range r.All {
		names = append(names, revision.Name)
	}
	if !slices.Equal(names, []string{"r-", "r-a", "r-b"}) ||
		!slices.Equal(queries, []string{"500/", "500/a", "500/b", "500/", "500/a", "500/b"}) {
		t.Errorf("read %v by %v", names, queries)
	}
}

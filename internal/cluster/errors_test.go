package cluster_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		answer   http.HandlerFunc
		side     apierr.Source
		code     int
		disabled bool
		missing  string
		says     []string
	}{
		"the gateway's API is disabled": {
			says(403, gatewayDisabled), apierr.Gateway, 403, true, "",
			[]string{"SERVICE_DISABLED", "gcloud services enable connectgateway.googleapis.com --project 100000000001"},
		},
		"disabled, without details": {
			says(403, gatewayDisabledBare), apierr.Gateway, 403, true, "",
			[]string{"gcloud services enable connectgateway.googleapis.com --project 100000000001"},
		},
		"credentials without quota project": {says(403, quotaProjectMissing), apierr.Gateway, 403, false, "", []string{"set-quota-project"}},
		"no permission on the gateway": {
			says(403, gatewayForbidden), apierr.Gateway, 403, false, "gkehub.gateway.get",
			[]string{"roles/gkehub.gatewayReader", "or it may not exist"},
		},
		"no such membership":           {says(404, gatewayNotFound), apierr.Gateway, 404, false, "", []string{"memberships list"}},
		"the host of another location": {says(400, wrongHost), apierr.Gateway, 400, false, "", []string{"location"}},
		"no RBAC rule": {
			says(403, rbacDenied), apierr.Kubernetes, 403, false,
			`{apiGroups: ["mesh.cloud.google.com"], resources: ["controlplanerevisions"], verbs: ["list"]}`,
			[]string{"the cluster says 403 (Forbidden)", `resources: ["controlplanerevisions"]`},
		},
		"the agent may not impersonate": {
			says(403, agentDenied), apierr.Kubernetes, 403, false, "impersonate users, for the Connect agent",
			[]string{"generate-gateway-rbac"},
		},
		"a token that is not valid":       {says(401, unauthorized), apierr.Kubernetes, 401, false, "", []string{"renew the credentials"}},
		"a proxy's page":                  {says(502, "<html>Bad Gateway</html>"), apierr.Unknown, 502, false, "", []string{"a web page"}},
		"a redirect":                      {says(302, "<a href=x>"), apierr.Unknown, 302, false, "", []string{"proxies"}},
		"an answer that breaks off":       {says(200, `{"items":[{`), apierr.Unknown, 200, false, "", []string{"not valid JSON"}},
		"plain text of a starting server": {says(500, "not ready"), apierr.Kubernetes, 500, false, "", []string{"not ready"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, c.answer)
			_, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Revisions(t.Context())
			var e *apierr.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			if e.Source != c.side || e.Code != c.code || e.Missing != c.missing {
				t.Errorf("side %q, code %d, missing %q", e.Source, e.Code, e.Missing)
			}
			if project, disabled := apierr.GatewayDisabled(err); disabled != c.disabled || disabled && project != "100000000001" {
				t.Errorf("disabled is %t on %q", disabled, project)
			}
			for _, word := range append(c.says, membershipName, "Connect Gateway") {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in: %v", word, err)
				}
			}
			if strings.Contains(err.Error(), "ya29") {
				t.Errorf("the token is in: %v", err)
			}
			once := 1
			switch name { // what may be the trouble of one answer
			case "a proxy's page", "an answer that breaks off", "plain text of a starting server", "no permission on the gateway":
				once = 2
			}
			if got := s.requests(); len(got) != once {
				t.Errorf("requests %v", got)
			}
			h := apierr.UnreadHealth(membershipName, err)
			if h.Verdict != mesh.Unknown || len(h.Findings) != 1 || c.missing != "" && !strings.Contains(h.Summary, c.missing) {
				t.Errorf("health %+v", h)
			}
		})
	}
}

func TestASlowClusterIsUnknownWithinTheTimeout(t *testing.T) {
	s := serve(t, asleep)
	c := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL, RequestTimeout: 50 * time.Millisecond}), membershipName, "")
	_, err := c.Read(t.Context())
	var e *apierr.Error
	if !errors.As(err, &e) || !errors.Is(e, context.DeadlineExceeded) || !apierr.Unreachable(err) {
		t.Fatalf("got %v", err)
	}
	if h := apierr.UnreadHealth("c", err); h.Verdict != mesh.Unknown || !strings.Contains(h.Summary, "no answer came in time") {
		t.Errorf("health %+v", h)
	}
}

func TestAnUnreachableCluster(t *testing.T) {
	s := serve(t, asleep)
	s.Close()
	_, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Injection(t.Context())
	if !apierr.Unreachable(err) || apierr.NotFound(err) || !strings.Contains(err.Error(), "HTTPS_PROXY") {
		t.Errorf("got %v", err)
	}
}

func TestACancelledReadIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").Read(ctx)
	var e *apierr.Error
	if !errors.Is(err, context.Canceled) || errors.As(err, &e) {
		t.Errorf("got %v", err)
	}
}

func TestABusyServerIsAskedAgain(t *testing.T) {
	for _, code := range []int{429, 503} {
		times := 0
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if times++; times < 3 {
				says(code, "busy")(w, r)
				return
			}
			says(200, emptyList)(w, r)
		})
		c := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "")
		if _, err := c.Revisions(t.Context()); err != nil || len(s.requests()) != 3 {
			t.Errorf("%d: %v after %v", code, err, s.requests())
		}
	}
}

// One broken answer is read again before it is believed.
func TestOneBrokenAnswerIsReadAgain(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a web page":         says(200, "<html>Sign in</html>"),
		"half an answer":     says(200, `{"items":[{`),
		"a proxy's page":     says(502, "<html>Bad Gateway</html>"),
		"refused on the way": says(403, gatewayForbidden),
		"a broken connection": func(http.ResponseWriter, *http.Request) {
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			broken := true
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if broken {
					broken = false
					answer(w, r)
					return
				}
				says(200, emptyList)(w, r)
			})
			c := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "")
			if _, err := c.Revisions(t.Context()); err != nil || len(s.requests()) != 2 {
				t.Errorf("%v after %v", err, s.requests())
			}
		})
	}
}

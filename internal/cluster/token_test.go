package cluster_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

// debugged is a cluster whose webhook and environment name these addresses.
func debugged(t *testing.T, webhookAt, environmentAt string) (*cluster.Cluster, *server, *[]byte) {
	t.Helper()
	var asked []byte
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/mutatingwebhookconfigurations"):
			says(
				200,
				fmt.Sprintf(
					`{"metadata":{},"items":[{"metadata":{"name":"istiod-asm-managed","labels":{"istio.io/rev":"asm-managed"}},`+
						`"webhooks":[{"name":"w","clientConfig":{"url":"https://%[1]s/inject/ISTIO_META_CLOUDRUN_ADDR/%[1]s"}}]}]}`,
					webhookAt,
				),
			)(w, r)
		case strings.HasSuffix(r.URL.Path, "/configmaps"):
			says(200, fmt.Sprintf(`{"metadata":{},"items":[{"metadata":{"name":"env-asm-managed"},"data":{"CLOUDRUN_ADDR":%q}}]}`,
				environmentAt))(w, r)
		case strings.HasSuffix(r.URL.Path, "/serviceaccounts/default/token"):
			asked = make([]byte, r.ContentLength)
			_, _ = r.Body.Read(asked)
			says(201, `{"kind":"TokenRequest","status":{"token":"sa-secret"}}`)(w, r)
		default:
			says(404, "404 page not found")(w, r)
		}
	})
	return open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, ""), s, &asked
}

func TestDebug(t *testing.T) {
	var authorization string
	via := controlPlane(t, func(w http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
		if r.URL.Path != "/debug/configz" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `[{"kind":"Gateway"},{"kind":"Sidecar","echo":%q}]`, authorization)
	})
	c, _, asked := debugged(t, runAddress, runAddress)
	d, err := c.Debug(t.Context(), cluster.DebugRequest{HTTP: via})
	if err != nil {
		t.Fatal(err)
	}
	if d.Status != 200 || d.Configs != 2 || d.Address != "https://"+runAddress || authorization != "Bearer sa-secret" {
		t.Errorf("got %+v with %q", d, authorization)
	}
	if strings.Contains(fmt.Sprintf("%+v %s", d, d.Body), "sa-secret") {
		t.Error("the token is shown")
	}
	if !strings.Contains(string(*asked), `"audiences":["istio-ca"]`) || !strings.Contains(string(*asked), `"expirationSeconds":600`) {
		t.Errorf("asked for %s", *asked)
	}
}

func TestDebugSendsNoTokenElsewhere(t *testing.T) {
	for name, c := range map[string]struct{ webhook, environment, says string }{
		"a webhook that was bent":        {"evil.example.test", "asm-managed.a.run.app", "no token is sent to an address that differs"},
		"an environment without address": {"evil.example.test", "", "does not name the address"},
		"both were bent":                 {"evil.example.test", "evil.example.test", "no token is sent there"},
		"a name that ends alike":         {"evilrun.app", "evilrun.app", "no token is sent there"},
		"another port":                   {runAddress + ":8443", runAddress + ":8443", "no token is sent there"},
		"a name before the host":         {runAddress + "@evil.example.test", runAddress + "@evil.example.test", "no token is sent there"},
	} {
		opened, s, _ := debugged(t, c.webhook, c.environment)
		_, err := opened.Debug(t.Context(), cluster.DebugRequest{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		for _, r := range s.requests() {
			if strings.HasPrefix(r, "POST") {
				t.Errorf("%s: a token was asked for: %s", name, r)
			}
		}
	}
}

func TestDebugOfAControlPlaneThatDoesNotAnswer(t *testing.T) {
	via := controlPlane(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	c, _, _ := debugged(t, runAddress, runAddress)
	_, err := c.Debug(t.Context(), cluster.DebugRequest{HTTP: via})
	if err == nil || !strings.Contains(err.Error(), "does not answer") || strings.Contains(err.Error(), "sa-secret") {
		t.Errorf("got %v", err)
	}
}

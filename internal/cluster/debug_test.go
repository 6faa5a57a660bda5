package cluster_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

var debugTests = []test{
	{"the control plane's debugging page", testDebugPage},
	{"a token of an account that is missing", testDebugNoAccount},
}

// controlPlane answers in the place of the managed one at runAddress, whatever address is dialled.
func controlPlane(t *testing.T, answer http.HandlerFunc) http.RoundTripper {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	base := s.Client().Transport.(*http.Transport)
	trusted := &tls.Config{
		RootCAs:    base.TLSClientConfig.RootCAs,
		ServerName: "example.com",
		MinVersion: tls.VersionTLS12,
	} // httptest's certificate is for that name
	transport := &http.Transport{TLSClientConfig: trusted, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func testDebugPage(t *testing.T, on target) {
	var token, host string
	via := controlPlane(t, func(w http.ResponseWriter, r *http.Request) {
		token, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		host = r.Host + r.URL.Path
		fmt.Fprintf(w, `[{"kind":"Gateway"},{"kind":"Sidecar","echo":%q}]`, token)
	})
	c, l := reach(t, on)
	d, err := c.Debug(t.Context(), cluster.DebugRequest{HTTP: via})
	must(t, err)
	if d.Status != http.StatusOK || d.Configs != 2 || host != runAddress+"/debug/configz" || d.Address != "https://"+runAddress {
		t.Errorf("%+v at %s", d, host)
	}
	var claims struct {
		Audience []string `json:"aud"`
		Subject  string   `json:"sub"`
		Issued   int64    `json:"iat"`
		Expires  int64    `json:"exp"`
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("it was sent %d parts of a token", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	must(t, json.Unmarshal(raw, &claims))
	if !slices.Equal(claims.Audience, []string{"istio-ca"}) || claims.Subject != "system:serviceaccount:default:default" ||
		claims.Expires-claims.Issued != 600 {
		t.Errorf("the token says %+v", claims)
	}
	for what, text := range map[string]string{"the answer": fmt.Sprintf("%+v %s", d, d.Body), "the log": l.said} {
		if strings.Contains(text, token) || strings.Contains(text, parts[2]) {
			t.Errorf("the token is in %s", what)
		}
	}
	if l.count("create") != 1 || l.count("") != 3 {
		t.Errorf("asked %v", l.asked)
	}

	fails := controlPlane(t, func(w http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("Authorization")
		connection, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			connection.Close()
		}
	})
	_, err = c.Debug(t.Context(), cluster.DebugRequest{HTTP: fails})
	token, _ = strings.CutPrefix(token, "Bearer ")
	if err == nil || token == "" || strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), runAddress+" does not answer") {
		t.Errorf("a control plane that hangs up: %v", err)
	}
}

func testDebugNoAccount(t *testing.T, on target) {
	called := false
	via := controlPlane(t, func(http.ResponseWriter, *http.Request) { called = true })
	c, _ := reach(t, on)
	_, err := c.Debug(t.Context(), cluster.DebugRequest{HTTP: via, ServiceAccount: "gone"})
	if !apierr.NotFound(err) || !strings.Contains(err.Error(), "default/gone") || called {
		t.Errorf("%v, called %t", err, called)
	}
}

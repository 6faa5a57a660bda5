package sim_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// env is one variable of the environment for clients.
func env(s *sim.Server, key string) string {
	for _, kv := range s.Env() {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}

// throughProxy is an HTTPS client that does what the env file says.
func throughProxy(t *testing.T, c *client) *client {
	t.Helper()
	pem, err := os.ReadFile(env(c.s, "SSL_CERT_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the file")
	}
	proxy, err := url.Parse(env(c.s, "HTTPS_PROXY"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	d := *c
	d.http = &http.Client{Transport: transport}
	return &d
}

func TestProxyDoor(t *testing.T) {
	c := start(t, sim.Options{})
	p := throughProxy(t, c)
	p.do("GET", "https://"+crm+"/v3/projects/"+p1, "").ok().is("projects/"+n1, "name")
	p.do("GET", "https://gkehub.us-central1.rep.googleapis.com/v1/projects/"+p1+"/locations/global/features/servicemesh", "").ok()
	p.do("POST", "https://"+crm+"/v1/projects/"+p1+":getIamPolicy", `{"options":{"requestedPolicyVersion":3}}`).ok()
	list := c.sim("GET", "requests", "")
	if !strings.Contains(string(list.raw), `"door":"proxy"`) ||
		!strings.Contains(string(list.raw), `"url":"https://`+crm+`/v3/projects/`+p1+`"`) {
		t.Errorf("requests are %s", list.raw)
	}

	// Nothing else is reached, loopback included.
	for _, u := range []string{"https://example.com/", "https://127.0.0.1/", "https://localhost/", "https://compute.googleapis.com/"} {
		if _, err := p.try("GET", u, ""); err == nil || !strings.Contains(err.Error(), "Bad Gateway") {
			t.Errorf("%s: %v", u, err)
		}
	}
	if a, err := p.try("GET", "http://example.com/", ""); err != nil || a.status != 502 || !strings.Contains(string(a.raw), "example.com") {
		t.Errorf("an absolute URL was answered %d %s, %v", a.status, a.raw, err)
	}

	// A client that does not trust the authority does not get in.
	proxy, _ := url.Parse(env(c.s, "HTTPS_PROXY"))
	stranger := *c
	stranger.http = &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy),
		TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}}
	if _, err := stranger.try("GET", "https://"+crm+"/v3/projects/"+p1, ""); err == nil {
		t.Error("an unknown authority was trusted")
	}
}

// TestProxyCut checks that a cut answer is a reset inside of TLS, too.
func TestProxyCut(t *testing.T) {
	c := start(t, sim.Options{Faults: []string{"cut"}})
	if a, err := throughProxy(t, c).try("GET", "https://"+crm+"/v3/projects/"+p1, ""); err == nil {
		t.Errorf("answered %d %s", a.status, a.raw)
	}
}

// TestProxyRawConnect checks CONNECT by hand: another port, and garbage.
func TestProxyRawConnect(t *testing.T) {
	c := start(t, sim.Options{})
	for _, tc := range []struct{ target, want string }{
		{crm + ":22", "502"}, {"nonsense", "400"}, {"example.com:443", "502"}, {crm + ":443", "200"},
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(c.s.URL(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", tc.target, tc.target)
		line, _ := bufio.NewReader(conn).ReadString('\n')
		if !strings.Contains(line, tc.want) {
			t.Errorf("%s: %q", tc.target, line)
		}
		if tc.want == "200" {
			fmt.Fprint(conn, "this is no TLS\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // the server hangs up
		}
		_ = conn.Close()
	}
}

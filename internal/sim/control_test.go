package sim_test

import (
	"net/http"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// A page that a browser on this machine shows reaches loopback, by a name of its own or across sites.
func TestTheControlRefusesPagesOfOtherSites(t *testing.T) {
	c := start(t, sim.Options{})
	for name, test := range map[string]struct {
		host    string
		headers map[string]string
		want    int
	}{
		"as tools ask":            {"", nil, 200},
		"by localhost":            {"localhost:8080", nil, 200},
		"by IPv6":                 {"[::1]:8080", nil, 200},
		"a name that points here": {"evil.example:8080", nil, 403},
		"a page of another site":  {"", map[string]string{"Origin": "https://evil.example"}, 403},
		"a page from a file":      {"", map[string]string{"Origin": "null"}, 403},
		"a request across sites":  {"", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.s.URL()+"/_sim/clock?advance=0s", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if test.host != "" {
				req.Host = test.host
			}
			for k, v := range test.headers {
				req.Header.Set(k, v)
			}
			res, err := c.http.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			if res.StatusCode != test.want {
				t.Errorf("answered %d, want %d", res.StatusCode, test.want)
			}
		})
	}
}

package api

import (
	"net/http"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// APIs are the simulated APIs of one server: what they keep beside the world.
type APIs struct {
	// CA is the certificate, as PEM, that signs for every cluster's endpoint.
	CA    []byte
	quota quotas
}

// Serve answers a request to an API. It also returns how a fault damages the answer, "cut", "malformed" or "", and who
// called. The world must be locked.
func (s *APIs) Serve(w *world.World, a *API, host string, r *http.Request, body []byte) (rep Reply, harm, who string) {
	caller, authErr := authenticate(r)
	now := w.Now()
	w.AdvanceTo(now)
	harm = damage(w, host, r)
	if e, empty := refuse(w, host, r); e != nil {
		if empty {
			return JSON(e.HTTPStatus(), struct{}{}), harm, caller.Email
		}
		return JSON(e.HTTPStatus(), e.Envelope(a.legacy)), harm, caller.Email
	}
	c := &call{
		w: w, quota: &s.quota, ca: s.CA, now: now, api: a, host: host, route: &route{method: r.Method},
		r: r, query: r.URL.Query(), body: body, who: caller,
	}
	if a.serve != nil {
		return a.serve(c, authErr), harm, caller.Email
	}
	if c.route, c.params = a.match(r.Method, r.URL); c.route == nil {
		return notFoundPage(r.URL.Path), harm, caller.Email
	}
	return c.answer(authErr), harm, caller.Email
}

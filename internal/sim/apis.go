package sim

import "net/http"

// apis are the simulated APIs of one server: what they keep beside the world.
type apis struct {
	// CA is the certificate, as PEM, that signs for every cluster's endpoint.
	CA    []byte
	quota quotas
}

// serve answers a request to an API and says who made it and what is to be
// done to the answer on its way: "cut", "malformed" or nothing. The world must
// be locked.
func (s *apis) serve(w *World, a *API, host string, r *http.Request, body []byte) (rep reply, harm, who string) {
	caller, authErr := authenticate(r)
	now := w.now()
	w.settle(now)
	harm = damage(w, host, r)
	if e, empty := refuse(w, host, r); e != nil {
		if empty {
			return jsonReply(e.httpStatus(), struct{}{}), harm, caller.Email
		}
		return jsonReply(e.httpStatus(), e.envelope(a.legacy)), harm, caller.Email
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

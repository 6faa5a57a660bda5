package kubetest

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
)

// gatewayPath is "/v1/projects/N/locations/L/gkeMemberships/M" and what follows.
var gatewayPath = regexp.MustCompile(`^/v1/(projects/[^/]+/locations/[^/]+)/gkeMemberships/([^/]+)(?:/|$)`)

// Gateway reaches the API server in the shape of Google's Connect Gateway: the path begins with the name
// of a membership, and the cluster sees the caller by impersonation. It knows the given memberships, by
// full name: "projects/123/locations/global/memberships/m". What goes wrong before the cluster is reported in
// Google's format, what goes wrong in the cluster in that of Kubernetes.
func (s *Server) Gateway(memberships ...string) (http.Handler, error) {
	target, err := url.Parse(s.host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(s.Config())
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1, // a watch is a response that does not end
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE", err.Error())
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		email, ok := emailOf(bearer)
		if !ok {
			refuse(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
			return
		}
		match := gatewayPath.FindStringSubmatch(r.URL.Path)
		if match == nil {
			refuse(w, http.StatusNotFound, "NOT_FOUND", "Requested entity was not found.")
			return
		}
		if name := match[1] + "/memberships/" + match[2]; !slices.Contains(memberships, name) {
			refuse(w, http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("Resource '%s' was not found", name))
			return
		}
		// The cluster trusts the gateway to say who calls, so the caller does not say it.
		for header := range r.Header {
			if strings.HasPrefix(header, "Impersonate-") {
				r.Header.Del(header)
			}
		}
		r.Header.Del("Authorization") // the transport adds the gateway's own
		r.Header.Set("Impersonate-User", email)
		if groups := groupsOf(email); len(groups) > 0 {
			r.Header["Impersonate-Group"] = groups
		}
		http.StripPrefix(strings.TrimSuffix(match[0], "/"), proxy).ServeHTTP(w, r)
	}), nil
}

// refuse answers with an error in Google's format.
func refuse(w http.ResponseWriter, code int, status, message string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).
		Encode(map[string]any{"error": map[string]any{"code": code, "message": message, "status": status}})
	// the caller has gone
}

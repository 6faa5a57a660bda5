package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// An API is one simulated API: its host, which is also its service name, and its methods.
type API struct {
	Host   string
	legacy bool // repeats errors in error.errors (recorded)
	routes []route
	// serve answers instead of routes, where the path continues inside a cluster.
	serve func(c *call, authErr *wire.Error) Reply
}

// apiByHost are the simulated APIs.
var apiByHost = map[string]*API{
	wire.HostCRM:            {Host: wire.HostCRM, legacy: true, routes: crmRoutes},
	wire.HostServiceUsage:   {Host: wire.HostServiceUsage, legacy: true, routes: serviceUsageRoutes},
	wire.HostContainer:      {Host: wire.HostContainer, legacy: true, routes: containerRoutes},
	wire.HostHub:            {Host: wire.HostHub, routes: hubRoutes},
	wire.HostLogging:        {Host: wire.HostLogging, routes: loggingRoutes},
	wire.HostIAMCredentials: {Host: wire.HostIAMCredentials, routes: iamCredentialsRoutes},
	wire.HostOAuth:          {Host: wire.HostOAuth},
	wire.HostGateway:        {Host: wire.HostGateway, serve: serveGateway},
}

// Hosts lists the hosts, for messages.
func Hosts() []string {
	out := make([]string, 0, len(apiByHost))
	for h := range apiByHost {
		out = append(out, h)
	}
	slices.Sort(out)
	return out
}

// Find finds the API of a host name. The hub also has regional hosts, gkehub.<region>.rep.googleapis.com (discovery),
// and so has Connect Gateway, <location>-connectgateway.googleapis.com (gcloud).
func Find(host string) *API {
	host = strings.ToLower(host)
	if a := apiByHost[host]; a != nil {
		return a
	}
	if strings.HasPrefix(host, "gkehub.") && strings.HasSuffix(host, ".rep.googleapis.com") {
		return apiByHost[wire.HostHub]
	}
	if strings.HasSuffix(host, "-"+wire.HostGateway) {
		return apiByHost[wire.HostGateway]
	}
	return nil
}

// A route is one method of an API.
type route struct {
	method string
	// path is a template: "v1/projects/{project}:getIamPolicy".
	path string
	// query are the method's own parameters.
	query  []string
	write  bool
	batch  bool // counts as five writes in Service Usage's quota
	noBody bool // takes no body though it is a POST
	// answer is an empty message of the type that it answers with.
	answer any
	handle handler
}

// A handler answers a call with the message that it returns.
type handler func(*call) (any, *wire.Error)

// read is a method that changes nothing.
func read(method, path string, answer any, handle handler, query ...string) route {
	return route{method: method, path: path, query: query, answer: answer, handle: handle}
}

// write is a method that changes the world.
func write(method, path string, answer any, handle handler, query ...string) route {
	r := read(method, path, answer, handle, query...)
	r.write = true
	return r
}

// match finds the method that a request means.
func (a *API) match(method string, u *url.URL) (*route, map[string]string) {
	path := strings.TrimPrefix(u.EscapedPath(), "/")
	for i := range a.routes {
		r := &a.routes[i]
		if r.method != method {
			continue
		}
		if params, ok := matchPath(r.path, path); ok {
			return r, params
		}
	}
	return nil, nil
}

// matchPath matches a path against a template, segment by segment. The verb
// after the last colon is part of the last segment.
func matchPath(template, path string) (map[string]string, bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return nil, false
	}
	params := map[string]string{}
	for i, t := range want {
		h, err := url.PathUnescape(have[i])
		if err != nil {
			return nil, false
		}
		if !strings.HasPrefix(t, "{") {
			if t != h {
				return nil, false
			}
			continue
		}
		name, verb, _ := strings.Cut(t[1:], "}")
		if verb != "" {
			rest, ok := strings.CutSuffix(h, verb)
			if !ok {
				return nil, false
			}
			h = rest
		} else if i == len(want)-1 && strings.Contains(h, ":") {
			return nil, false // another verb
		}
		if h == "" {
			return nil, false
		}
		params[name] = h
	}
	return params, true
}

// notFoundPage is how Google answers for a path that no API has: a page, not an error envelope.
func notFoundPage(path string) Reply {
	page := "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 404 (Not Found)!!1</title>\n" +
		"  <p><b>404.</b> <ins>That’s an error.</ins>\n  <p>The requested URL <code>" + htmlEscape(path) +
		"</code> was not found on this server.  <ins>That’s all we know.</ins>\n"
	return Reply{Status: http.StatusNotFound, Body: []byte(page), ContentType: "text/html; charset=UTF-8"}
}

func htmlEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;").Replace(s)
}

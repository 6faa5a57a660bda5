package kube

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Request is one request to a cluster, its path below the cluster's root.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	User   string
	// Allowed says whether the user may read or write here. The world asks
	// IAM; there are no roles in the cluster. Secrets count as written.
	Allowed func(write bool) bool
}

// A Response is the answer; a watch has a Watch and no body.
type Response struct {
	Status      int
	ContentType string
	Body        []byte
	Watch       *Watch
}

func jsonAnswer(code int, o any) Response {
	body, err := json.Marshal(o)
	if err != nil {
		return Response{Status: http.StatusInternalServerError, ContentType: "text/plain; charset=utf-8", Body: []byte(err.Error())}
	}
	return Response{Status: code, ContentType: "application/json", Body: append(body, '\n')}
}

func plainAnswer(code int, text string) Response {
	return Response{Status: code, ContentType: "text/plain; charset=utf-8", Body: []byte(text)}
}

func answer(s *status) Response { return jsonAnswer(int(s.ErrStatus.Code), body(s)) }

// noSuchPath is what the API server says where there is nothing.
func noSuchPath() Response { return plainAnswer(http.StatusNotFound, "404 page not found\n") }

// A call is a request to a resource, while it is answered.
type call struct {
	*Request
	c       *Cluster
	r       *resource
	version string
	ns      string
	name    string
	sub     string
	dryRun  bool
}

// Serve answers one request; Settle comes before it.
func (c *Cluster) Serve(q *Request) Response {
	path, err := url.PathUnescape(q.Path)
	if err != nil {
		return answer(errBadRequest("%s", err))
	}
	part := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case part[0] == "api" && len(part) > 2:
		return c.serveResource(q, "", part[1], part[2:])
	case part[0] == "apis" && len(part) > 3:
		return c.serveResource(q, part[1], part[2], part[3:])
	case q.Method != http.MethodGet:
		return answer(errMethod())
	}
	return c.discover(q, part)
}

// serveResource finds the resource that a path means.
func (c *Cluster) serveResource(q *Request, group, version string, part []string) Response {
	k := &call{Request: q, c: c, version: version}
	if part[0] == "namespaces" && len(part) > 2 && part[2] != "status" && part[2] != "finalize" {
		k.ns, part = part[1], part[2:]
	}
	if len(part) > 3 {
		return noSuchPath()
	}
	if r := c.review(k, group, part); r != nil {
		return *r
	}
	id := part[0]
	if group != "" {
		id += "." + group
	}
	k.r = c.resource(id)
	if k.r == nil || !slices.Contains(k.r.versions, version) || (k.ns != "" && !k.r.namespaced) {
		return noSuchPath()
	}
	if len(part) > 1 {
		k.name = part[1]
	}
	if len(part) > 2 {
		k.sub = part[2]
	}
	if k.r.namespaced && k.ns == "" && (k.name != "" || q.Method == http.MethodPost) {
		if k.name != "" {
			return noSuchPath()
		}
		return answer(errMethod())
	}
	if dry := q.Query.Get("dryRun"); dry != "" && dry != "All" {
		return answer(errBadRequest("dryRun: Unsupported value: %q: supported values: \"All\"", dry))
	}
	k.dryRun = q.Query.Get("dryRun") == "All"
	out, s := k.serve()
	if s != nil {
		return answer(s)
	}
	return out
}

// verb is the request's verb as RBAC names it.
func (k *call) verb() string {
	switch k.Method {
	case http.MethodGet:
		switch {
		case k.name != "":
			return "get"
		case k.watching():
			return "watch"
		}
		return "list"
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if k.name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	return ""
}

func (k *call) watching() bool {
	w := k.Query.Get("watch")
	return w == "true" || w == "1"
}

func (k *call) serve() (Response, *status) {
	verb := k.verb()
	if verb == "" {
		return Response{}, errMethod()
	}
	write := verb != "get" && verb != "list" && verb != "watch" || k.r.id() == resSecrets
	if !k.Allowed(write) {
		return Response{}, errForbidden(k.User, verb, k.r, k.sub, k.ns, k.name)
	}
	if s := k.readJSON(); s != nil {
		return Response{}, s
	}
	if k.sub != "" {
		return k.subresource(verb)
	}
	switch verb {
	case "get":
		o := k.c.get(k.r.id(), k.ns, k.name)
		if o == nil {
			return Response{}, errNotFound(k.r, k.name)
		}
		return k.show(http.StatusOK, o), nil
	case "list":
		return k.list()
	case "watch":
		return k.watch()
	case "create":
		if k.name != "" {
			return Response{}, errMethod()
		}
		return k.create()
	case "update":
		return k.update()
	case "patch":
		return k.patch()
	case "delete":
		return k.delete()
	default:
		return k.deleteAll()
	}
}

// body reads the request's object.
func (k *call) body() (Object, *status) {
	var o Object
	if kind := mediaType(k.Header.Get("Content-Type")); kind != "" && kind != "application/json" && kind != "*/*" {
		return nil, errMediaType("application/json")
	}
	if err := decode(k.Body, &o); err != nil {
		return nil, errBadRequest("the object provided is unrecognized (must be of type %s): couldn't get version/kind; json parse error: %v",
			k.r.kind, err)
	}
	if o == nil {
		return nil, errBadRequest("the object provided is unrecognized (must be of type %s): it is null", k.r.kind)
	}
	return o, nil
}

func mediaType(header string) string {
	kind, _, _ := strings.Cut(header, ";")
	return strings.TrimSpace(kind)
}

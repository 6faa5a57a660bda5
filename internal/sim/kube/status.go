package kube

import (
	"fmt"
	"net/http"
)

// A status is a refusal: a metav1.Status of failure.
type status struct {
	code    int
	reason  string
	message string
	name    string
	group   string
	kind    string // the resource's plural, or the kind where Kubernetes writes that
	causes  []any
	retry   int    // seconds
	next    string // a continue token that may be used instead
}

func (s *status) body() Object {
	o := Object{"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Failure", "message": s.message, "reason": s.reason, "code": s.code}
	if s.next != "" {
		child(o, "metadata")["continue"] = s.next
	}
	details := Object{}
	for k, v := range map[string]string{"name": s.name, "group": s.group, "kind": s.kind} {
		if v != "" {
			details[k] = v
		}
	}
	if s.causes != nil {
		details["causes"] = s.causes
	}
	if s.retry > 0 {
		details["retryAfterSeconds"] = s.retry
	}
	if len(details) > 0 {
		o["details"] = details
	}
	return o
}

// qualified is a resource as messages write it: "deployments.apps".
func (r *resource) qualified() string { return r.id() }

func errNotFound(r *resource, name string) *status {
	return &status{code: http.StatusNotFound, reason: "NotFound", message: fmt.Sprintf("%s %q not found", r.qualified(), name), name: name, group: r.group, kind: r.plural}
}

func errExists(r *resource, name string) *status {
	return &status{code: http.StatusConflict, reason: "AlreadyExists", message: fmt.Sprintf("%s %q already exists", r.qualified(), name), name: name, group: r.group, kind: r.plural}
}

func errConflict(r *resource, name string) *status {
	return &status{
		code: http.StatusConflict, reason: "Conflict", name: name, group: r.group, kind: r.plural,
		message: fmt.Sprintf("Operation cannot be fulfilled on %s %q: the object has been modified; please apply your changes to the latest version and try again", r.qualified(), name),
	}
}

func errBadRequest(format string, args ...any) *status {
	return &status{code: http.StatusBadRequest, reason: "BadRequest", message: fmt.Sprintf(format, args...)}
}

// errInvalid is about fields; each is "path: problem".
func errInvalid(r *resource, name, field, problem, reason string) *status {
	group := r.kind
	if r.group != "" {
		group += "." + r.group
	}
	return &status{
		code: http.StatusUnprocessableEntity, reason: "Invalid", message: fmt.Sprintf("%s %q is invalid: %s: %s", group, name, field, problem),
		name: name, group: r.group, kind: r.kind, causes: []any{anyMap("reason", reason, "message", problem, "field", field)},
	}
}

func errMethod() *status {
	return &status{code: http.StatusMethodNotAllowed, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource"}
}

func errMediaType(accepted string) *status {
	return &status{
		code: http.StatusUnsupportedMediaType, reason: "UnsupportedMediaType",
		message: "the body of the request was in an unknown format - accepted media types include: " + accepted,
	}
}

func errGone(from, have uint64) *status {
	return &status{code: http.StatusGone, reason: "Expired", message: fmt.Sprintf("too old resource version: %d (%d)", from, have)}
}

// errExpired is about a continue token, and gives one for those who can do with
// an inconsistent list.
func errExpired(next string) *status {
	return &status{code: http.StatusGone, reason: "Expired", next: next, message: "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, " +
		"or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."}
}

// errForbidden is what RBAC says, word by word.
func errForbidden(user, verb string, r *resource, sub, ns, name string) *status {
	full := r.plural
	if sub != "" {
		full += "/" + sub
	}
	qualified := full
	if r.group != "" {
		qualified += "." + r.group
	}
	subject := qualified
	if name != "" {
		subject += fmt.Sprintf(" %q", name)
	}
	scope := "at the cluster scope"
	if ns != "" {
		scope = fmt.Sprintf("in the namespace %q", ns)
	}
	return &status{
		code: http.StatusForbidden, reason: "Forbidden", name: name, group: r.group, kind: r.plural,
		message: fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group %q %s", subject, user, verb, full, r.group, scope),
	}
}

// Unauthorized is the answer to a token that the cluster does not know.
func Unauthorized() Response {
	return answer(&status{code: http.StatusUnauthorized, reason: "Unauthorized", message: "Unauthorized"})
}

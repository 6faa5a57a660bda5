package cluster

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// refused completes the error for an answer that is not a success.
func (r request) refused(e *apierr.Error, body []byte) *apierr.Error {
	text := strings.TrimSpace(string(body))
	if kind, ok := e.DecodeKubernetes(body); ok {
		if e.Code == http.StatusForbidden && kind == "users" && r.resource.Resource != "users" {
			e.Missing = `impersonate users, for the Connect agent`
			e.Next = "The Connect agent may not act for the caller: " +
				"generate its RBAC with `gcloud container fleet memberships generate-gateway-rbac`."
		}
		return e.Refused(r.rule())
	}
	switch {
	case e.DecodeGoogle(body):
		e.Source = apierr.Gateway
		return e.Refused("gkehub.gateway." + strings.ToLower(r.method()))
	case strings.HasPrefix(text, "<"):
		e.Message = "a web page instead of an answer"
		e.Next = "Something between here and the cluster answers in its place: check proxies and custom endpoints."
	case e.Code == http.StatusNotFound:
		// API servers answer so for a kind that they do not serve, and so does whatever else is reached in their place. It
		// never says that an object does not exist: an API server says that with a Status.
		e.Message = cmp.Or(apierr.Shorten(text), http.StatusText(e.Code))
		e.Next = "That is not how an API server answers for an object that it does not have: something between here and the cluster " +
			"answers in its place. Check proxies and custom endpoints."
	default:
		// API servers answer in plain text while they start.
		e.Source, e.Message = apierr.Kubernetes, cmp.Or(apierr.Shorten(text), http.StatusText(e.Code))
	}
	return e.Refused(r.rule())
}

// rule is the RBAC rule that the request takes, as a Role spells it.
func (r request) rule() string {
	resource := r.resource.Resource
	if r.subresource != "" {
		resource += "/" + r.subresource
	}
	where := ""
	if r.namespace != "" {
		where = " in namespace " + r.namespace
	}
	return fmt.Sprintf(`{apiGroups: [%q], resources: [%q], verbs: [%q]}%s`, r.resource.Group, resource, r.verb, where)
}

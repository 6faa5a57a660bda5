package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// envelope is Google's error answer (google.rpc.Status), the part that decides.
type envelope struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []struct {
			Type     string            `json:"@type"`
			Reason   string            `json:"reason"`
			Metadata map[string]string `json:"metadata"`
		} `json:"details"`
	} `json:"error"`
}

// refused makes an Error of an answer that is not a success.
func (r request) refused(e *Error, body []byte) *Error {
	var google envelope
	var status metav1.Status
	text := strings.TrimSpace(string(body))
	switch {
	case json.Unmarshal(body, &google) == nil && (google.Error.Status != "" || google.Error.Message != ""):
		e.gatewayRefused(r, google)
	case json.Unmarshal(body, &status) == nil && status.Kind == "Status":
		e.clusterRefused(r, status)
	case strings.HasPrefix(text, "<"):
		e.Message = "a web page instead of an answer"
		e.Next = "Something between here and the cluster answers in its place: check proxies and custom endpoints."
	default:
		// API servers answer in plain text for a path they do not serve, which is how
		// a missing CRD looks, and while they start.
		e.Side, e.Message = SideCluster, cmp.Or(shorten(text), http.StatusText(e.Code))
		if e.Code == http.StatusForbidden {
			e.Missing = r.rule()
		}
	}
	if e.Next == "" {
		e.Next = e.nextStep()
	}
	return e
}

func (e *Error) gatewayRefused(r request, google envelope) {
	e.Side, e.Status, e.Message = SideGateway, google.Error.Status, shorten(google.Error.Message)
	for _, d := range google.Error.Details {
		if strings.HasSuffix(d.Type, "google.rpc.ErrorInfo") {
			e.Reason, e.Service, e.Missing = d.Reason, d.Metadata["service"], d.Metadata["permission"]
			e.Consumer = strings.TrimPrefix(d.Metadata["consumer"], "projects/")
		}
	}
	if e.Code != http.StatusForbidden {
		return
	}
	if _, project, found := text.DisabledAPI(e.Message); found && e.Reason == "" {
		e.Reason, e.Consumer = "SERVICE_DISABLED", project
	}
	if e.Reason != "SERVICE_DISABLED" && e.Missing == "" {
		e.Missing = "gkehub.gateway." + strings.ToLower(r.method())
	}
}

func (e *Error) clusterRefused(r request, status metav1.Status) {
	e.Side, e.Reason, e.Message = SideCluster, string(status.Reason), shorten(status.Message)
	if e.Code != http.StatusForbidden {
		return
	}
	e.Missing = r.rule()
	if status.Details != nil && status.Details.Kind == "users" && r.resource.Resource != "users" {
		e.Missing = `impersonate users, for the Connect agent`
		e.Next = "The Connect agent may not act for the caller: generate its RBAC with `gcloud container fleet memberships generate-gateway-rbac`."
	}
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

// unanswered makes an Error of a request to which no answer came.
func (r request) unanswered(e *Error, err error) *Error {
	e.cause, e.Message = err, err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.TimedOut = true
		e.Message = "no answer came in time"
		e.Next = "The cluster or the way to it is slow or gone: check that it runs, and that firewalls and authorized networks let this machine through."
	case strings.Contains(e.Via, "kubeconfig"):
		e.Next = "Check that kubectl works with the same kubeconfig and context."
	case strings.Contains(e.Via, "endpoint"):
		e.Next = "Check the network; the endpoint of a private cluster is reached through its fleet membership."
	default:
		e.Next = "Check the network, HTTPS_PROXY and custom endpoints."
	}
	return e
}

// shorten keeps a message to what fits a report.
func shorten(s string) string {
	const most = 1000
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

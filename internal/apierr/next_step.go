package apierr

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Reasons of google.rpc.ErrorInfo (google/api/error_reason.proto).
const (
	reasonDisabled  = "SERVICE_DISABLED"
	reasonPerimeter = "SECURITY_POLICY_VIOLATED"
	reasonRate      = "RATE_LIMIT_EXCEEDED"
)

// gcloudProject is Google's own project, which answers for user credentials
// without a quota project; nobody outside Google can enable an API there.
const gcloudProject = "764086051850"

func (e *Error) isGatewayService() bool {
	return e.Service == "" || e.Service == mesh.GatewayService
}

// Refused completes an error whose answer was decoded: what the caller lacks and the next step, where they are not set
// yet. permission is the IAM permission or RBAC rule that the call takes; it may be "".
func (e *Error) Refused(permission string) *Error {
	e.Ambiguous = e.Ambiguous || e.Code >= http.StatusInternalServerError
	lacks := e.Source == Kubernetes || e.Source != Unknown && (e.Reason == "" || e.Reason == "IAM_PERMISSION_DENIED")
	if e.Code == http.StatusForbidden && e.Missing == "" && lacks {
		e.Missing = permission
	}
	e.Next = cmp.Or(e.Next, e.nextStep(cmp.Or(e.Missing, permission)))
	return e
}

func (e *Error) nextStep(permission string) string {
	switch {
	case e.Reason == reasonDisabled:
		return e.enableStep()
	case e.Reason == "USER_PROJECT_DENIED":
		return "The caller may not charge requests to that quota project: grant roles/serviceusage.serviceUsageConsumer on it, " +
			"or choose another billing_project."
	case e.Reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return "The token lacks a scope; it needs https://www.googleapis.com/auth/cloud-platform."
	case e.Reason == reasonPerimeter:
		return e.perimeterStep()
	case e.Reason == "BILLING_DISABLED":
		return "Link project " + e.Consumer + " to an active billing account, then wait a few minutes."
	case e.Reason == "LOCATION_ORG_POLICY_VIOLATED" || e.Reason == "RESOURCE_USAGE_RESTRICTION_VIOLATED" || e.policy != "":
		return fmt.Sprintf("A policy of the organization forbids it%s. Who administers the policy can make an exception for the project; "+
			"no permission of the caller changes that.", named(e.policy))
	case e.Code == http.StatusUnauthorized:
		return "The access token is expired or invalid: renew the credentials. Nothing was changed."
	}
	switch e.Source {
	case Gateway:
		return e.gatewayStep(permission)
	case Kubernetes:
		if e.Code == http.StatusForbidden {
			return "Grant the caller the RBAC rule " + permission + " with a Role or ClusterRole, " +
				"or, on GKE, an IAM role of Kubernetes Engine that has it."
		}
	case GoogleAPI:
		return e.googleStep(permission)
	}
	return e.clusterStep()
}

func (e *Error) enableStep() string {
	switch {
	case e.Consumer == gcloudProject:
		return "The credentials have no quota project. Run `gcloud auth application-default set-quota-project PROJECT`, " +
			"or set user_project_override and billing_project."
	case e.chargedElsewhere():
		return fmt.Sprintf("The API is disabled in project %s, which the requests are charged to, and not necessarily in the fleet's "+
			"project: enable it there, or choose another billing_project or quota project.", e.Consumer)
	case e.Source == Gateway:
		return fmt.Sprintf("Enable the API, then wait a few minutes: gcloud services enable %s --project %s. "+
			"Managed mesh reaches the cluster through it, too.", cmp.Or(e.Service, mesh.GatewayService), e.Consumer)
	case e.Service != "":
		return fmt.Sprintf("Enable the API, then wait a few minutes: gcloud services enable %s --project %s", e.Service, e.Consumer)
	}
	return "Enable that API on project " + e.Consumer + ", then wait a few minutes."
}

func (e *Error) perimeterStep() string {
	return fmt.Sprintf("VPC Service Controls refuse the call%s: the caller, its network or the project is outside of a service perimeter. "+
		"Run it from inside of the perimeter, or have its administrator look up that refusal and add an ingress or egress rule; "+
		"no IAM permission changes it.", named(e.policy))
}

func named(policy string) string {
	if policy == "" {
		return ""
	}
	return " (" + policy + ")"
}

func (e *Error) googleStep(permission string) string {
	switch {
	case e.OverQuota():
		return "The quota stayed exhausted after repeated tries: try again later, lower -parallelism, or ask for more quota."
	case e.Code == http.StatusForbidden && permission != "":
		return "The caller needs the permission " + permission + " there. " +
			"Google gives the same answer for something that does not exist: check the name, too."
	case e.Code >= http.StatusInternalServerError:
		return "The API kept failing after repeated tries: try again later, and see https://status.cloud.google.com."
	}
	return ""
}

func (e *Error) gatewayStep(permission string) string {
	switch e.Code {
	case http.StatusForbidden:
		return "The caller needs the permission " + permission + " on the fleet's project " +
			"(roles/gkehub.gatewayReader to read, gatewayEditor to change). " +
			"Google gives the same answer for a membership that does not exist: check the name, too."
	case http.StatusNotFound:
		return "Check the membership's name and location: gcloud container fleet memberships list."
	case http.StatusBadRequest:
		return "The gateway refuses a membership at another location's host: check the membership's location."
	}
	return e.clusterStep()
}

func (e *Error) clusterStep() string {
	switch {
	case e.Code == http.StatusTooManyRequests:
		return "The cluster or its gateway is busy: try again later."
	case e.Code >= http.StatusInternalServerError:
		return "Try again later; when it lasts, look at the cluster's state in GKE."
	}
	return ""
}

// ErrMalformed is the cause, wrapped, of an answer that is not what the API answers.
var ErrMalformed = errors.New("malformed answer")

// Unanswered completes an error for a call without an answer that could be read. cause says why.
func (e *Error) Unanswered(cause error) *Error {
	e.Cause, e.Message = cause, cause.Error()
	var inner *Error
	var token *TokenError
	switch {
	case errors.As(cause, &inner) && (inner.Next != "" || inner.Code != 0):
		// An earlier call, such as the look-up of the endpoint, failed.
		e.Message, e.Next = strings.TrimSuffix(e.Message, "\n\n"+inner.Next), inner.Next
	case malformed(cause):
		e.Ambiguous = true
		e.Message = "the answer is not valid JSON: " + e.Message
		e.Next = "Something on the way may be answering in the API's place, or cutting answers short: check proxies and custom endpoints."
	case errors.Is(cause, context.DeadlineExceeded):
		e.timedOut()
	case errors.As(cause, &token):
		e.Message = token.Error()
		e.Next = "Renew the credentials; nothing was read or changed."
	default:
		e.networkFailed(cause)
	}
	return e
}

func (e *Error) timedOut() {
	if e.Cluster == "" {
		e.Message = "no answer came in time (" + e.Message + ")"
		e.Next = "Try again later, or raise the timeouts of the resource or data source, or the provider's request_timeout."
		return
	}
	e.Message = "no answer came in time"
	e.Next = "The cluster or the way to it is slow or gone: check that it runs, " +
		"and that firewalls and authorized networks let this machine through."
}

// networkFailed says what broke without the address, which holds the whole query, and where to look.
func (e *Error) networkFailed(cause error) {
	var sent *url.Error
	if errors.As(cause, &sent) {
		e.Message = sent.Err.Error()
		if at, err := url.Parse(sent.URL); err == nil && at.Host != "" {
			e.Message = at.Host + ": " + e.Message
		}
	}
	e.Next = e.networkStep()
	var network *net.OpError
	var refused *ProxyError
	if errors.As(cause, &refused) || errors.As(cause, &network) && network.Op == "proxyconnect" {
		e.Next = proxyStep()
	}
}

// proxyStep names the variable that leads to the proxy, in the order of net/http.
func proxyStep() string {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"} {
		if os.Getenv(name) != "" {
			return "Requests go through the proxy that the environment variable " + name + " names: check that it runs and lets this " +
				"host through, or unset the variable."
		}
	}
	return "Check the proxy."
}

func (e *Error) networkStep() string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(e.Cause, &certificate) && e.Cluster == "":
		return "The server's certificate is not trusted: check custom endpoints, and whether a proxy on the way replaces certificates " +
			"(SSL_CERT_FILE names the authorities that are trusted)."
	case strings.Contains(e.Via, "kubeconfig"):
		return "Check that kubectl works with the same kubeconfig and context."
	case strings.Contains(e.Via, "endpoint"):
		return "Check the network; the endpoint of a private cluster is reached through its fleet membership."
	}
	return "No answer came. Check the network, HTTPS_PROXY and custom endpoints."
}

func malformed(err error) bool {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	var broken *url.Error // the connection, rather than the answer, ended early
	return errors.As(err, &syntax) || errors.As(err, &shape) || errors.Is(err, ErrMalformed) ||
		errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &broken)
}

package cluster

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// Side says who refused a request.
type Side string

// The sides. Connect Gateway answers with Google's error envelope, a cluster
// with an object of kind Status; no side means that no answer can be told from
// one of something in between.
const (
	SideGateway Side = "gateway"
	SideCluster Side = "cluster"
	SideNone    Side = ""
)

// Error is a failed request to a cluster: what was being done, by which way, who
// refused it, and what to do next. Decide on Side, Code, Status and Reason;
// Message is for people.
type Error struct {
	Doing    string // "list the pods"
	Cluster  string
	Via      string // "Connect Gateway", "the cluster's endpoint", "kubeconfig"
	Side     Side
	Code     int    // HTTP status, or 0 when no answer came
	Status   string // of the gateway: PERMISSION_DENIED
	Reason   string // ErrorInfo.reason of the gateway, or reason of the cluster's Status
	Message  string // the words of who refused
	Service  string // the API that a refusal names: connectgateway.googleapis.com
	Consumer string // the project that it names
	Missing  string // IAM permission, or RBAC rule, that the caller lacks
	TimedOut bool
	Next     string
	cause    error
	sent     bool // handed to a connection, so that it may have arrived
}

// Error is the whole of it in two paragraphs: what failed, and what to do.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.what()
	}
	return e.what() + "\n\n" + e.Next
}

func (e *Error) Unwrap() error { return e.cause }

func (e *Error) what() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cannot %s of %s through %s: ", e.Doing, e.Cluster, e.Via)
	switch e.Side {
	case SideGateway:
		b.WriteString("the gateway says ")
	case SideCluster:
		b.WriteString("the cluster says ")
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, "%d", e.Code)
		if e.Status != "" {
			b.WriteString(" " + e.Status)
		}
		if e.Reason != "" {
			b.WriteString(" (" + e.Reason + ")")
		}
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Words splits an error in one line that says what failed and the next step,
// which may be "".
func Words(err error) (what, next string) {
	var e *Error
	if !errors.As(err, &e) {
		return strings.Join(strings.Fields(err.Error()), " "), ""
	}
	what = strings.Join(strings.Fields(e.what()), " ")
	if e.Missing != "" {
		what += " (it takes " + e.Missing + ")"
	}
	return what, e.Next
}

// UnreadHealth is the health of what err kept from being read: unknown, with the
// reason.
func UnreadHealth(subject string, err error) health.Health {
	what, next := Words(err)
	return health.UnreadHealth(subject, what, next)
}

// GatewayDisabled reports whether err says that the Connect Gateway API is not
// enabled, and on which project. That is the finding of the seed's last section.
func GatewayDisabled(err error) (project string, disabled bool) {
	for e := range Errors(err) {
		if e.Side == SideGateway && e.Reason == "SERVICE_DISABLED" && (e.Service == "" || e.Service == mesh.GatewayService) && e.Consumer != gcloudProject {
			return e.Consumer, true
		}
	}
	return "", false
}

// NotFound reports whether the cluster itself says that something is not there.
// A 404 of the gateway is about the membership, and is none.
func NotFound(err error) bool { return fromCluster(err, http.StatusNotFound) }

// Forbidden reports whether the gateway or the cluster refuses the caller.
func Forbidden(err error) bool {
	for e := range Errors(err) {
		if e.Code == http.StatusForbidden {
			return true
		}
	}
	return false
}

// Conflict reports whether something changed between a read and its write.
func Conflict(err error) bool { return fromCluster(err, http.StatusConflict) }

// Invalid reports whether the cluster refuses what was to be written for what it is.
func Invalid(err error) bool { return fromCluster(err, http.StatusUnprocessableEntity) }

// Unreachable reports whether no answer came, or none in time.
func Unreachable(err error) bool {
	for e := range Errors(err) {
		if e.Code == 0 {
			return true
		}
	}
	return false
}

func fromCluster(err error, code int) bool {
	for e := range Errors(err) {
		if e.Side == SideCluster && e.Code == code {
			return true
		}
	}
	return false
}

// Errors are the errors of this package in err, which may join one for each way
// that was tried.
func Errors(err error) iter.Seq[*Error] {
	return func(yield func(*Error) bool) { walk(err, yield) }
}

func walk(err error, yield func(*Error) bool) bool {
	if err == nil {
		return true
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // every error of a joined one is wanted, not the first
		return yield(e)
	}
	switch u := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			if !walk(inner, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return walk(u.Unwrap(), yield)
	}
	return true
}

// gcloudProject is Google's own project, which answers for user credentials
// without a quota project; enabling an API there is nobody's to do.
const gcloudProject = "764086051850"

// nextStep says what a person does about a refusal.
func (e *Error) nextStep() string {
	switch {
	case e.Side == SideGateway && e.Reason == "SERVICE_DISABLED" && e.Consumer == gcloudProject:
		return "The credentials have no quota project. Run `gcloud auth application-default set-quota-project PROJECT`."
	case e.Side == SideGateway && e.Reason == "SERVICE_DISABLED":
		service := e.Service
		if service == "" {
			service = mesh.GatewayService
		}
		return fmt.Sprintf("Enable the API, then wait a few minutes: gcloud services enable %s --project %s. Managed mesh reaches the cluster through it, too.", service, e.Consumer)
	case e.Side == SideGateway && e.Code == http.StatusForbidden:
		return "The caller needs the permission " + e.Missing + " on the fleet's project (roles/gkehub.gatewayReader to read, gatewayEditor to change). Google gives the same answer for a membership that does not exist: check the name, too."
	case e.Side == SideGateway && e.Code == http.StatusNotFound:
		return "Check the membership's name and location: gcloud container fleet memberships list."
	case e.Side == SideGateway && e.Code == http.StatusBadRequest:
		return "The gateway refuses a membership at another location's host: check the membership's location."
	case e.Code == http.StatusUnauthorized:
		return "The access token is expired or invalid: renew the credentials. Nothing was changed."
	case e.Side == SideCluster && e.Code == http.StatusForbidden:
		return "Grant the caller the RBAC rule " + e.Missing + " with a Role or ClusterRole, or, on GKE, an IAM role of Kubernetes Engine that has it."
	case e.Code == http.StatusTooManyRequests:
		return "The cluster or its gateway is busy: try again later."
	case e.Code >= http.StatusInternalServerError:
		return "Try again later; when it lasts, look at the cluster's state in GKE."
	}
	return ""
}

// IsError reports whether err is, or joins, failed requests to a cluster.
func IsError(err error) bool {
	for e := range Errors(err) {
		return e != nil
	}
	return false
}

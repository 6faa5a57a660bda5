// Package apierr describes failed calls of Google Cloud's APIs and of Kubernetes clusters: what failed, the API's own
// words, whether the call may be repeated, whether it may have happened all the same, and what a person does next.
package apierr

import (
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// Source is who answered a call.
type Source string

// The sources. Google's APIs and Connect Gateway answer with a google.rpc.Status, a cluster with a metav1.Status.
const (
	GoogleAPI  Source = "api"
	Gateway    Source = "gateway" // Connect Gateway, before the request reached the cluster
	Kubernetes Source = "cluster"
	Unknown    Source = "" // no answer, or one that none of them gives, such as a proxy's web page
)

// Error is a failed call. Decide on Source, Code, Status and Reason; Message is for people.
type Error struct {
	Doing   string // completes "cannot": "read the IAM policy of project p-1"
	Cluster string // the cluster that was called, or ""
	Via     string // the way to it: "Connect Gateway", "the cluster's endpoint", "kubeconfig"

	Source  Source
	Code    int    // HTTP status, or 0 without an answer
	Status  string // google.rpc.Code by name: PERMISSION_DENIED; may be ""
	Reason  string // google.rpc.ErrorInfo.reason or metav1.Status.reason: SERVICE_DISABLED, Forbidden; may be ""
	Message string // the API's own words

	Service   string // disabled API: container.googleapis.com
	Consumer  string // quota project in which it is disabled
	Quota     string // project that the caller charges its requests to, where that is not the cluster's fleet project
	Fleet     string // the cluster's fleet project, by id or number; "" where no fleet is asked
	FleetToo  string // the fleet project by its other name; may be ""
	Missing   string // IAM permission or RBAC rule that the caller lacks
	Next      string // what a person does next, in sentences; may be ""
	Ambiguous bool   // a write may have happened all the same
	Cause     error

	policy string // that refuses the call: the identifier of a perimeter's refusal, or constraints/NAME
}

// Error returns what failed, and in a second paragraph what to do next.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.what()
	}
	return e.what() + "\n\n" + e.Next
}

func (e *Error) Unwrap() error { return e.Cause }

func (e *Error) what() string {
	var b strings.Builder
	b.WriteString("cannot " + e.Doing)
	if e.Cluster != "" {
		fmt.Fprintf(&b, " of %s through %s", e.Cluster, e.Via)
	}
	b.WriteString(": ")
	switch e.Source {
	case Gateway:
		b.WriteString("the gateway says ")
	case Kubernetes:
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

// nextStepper is an error of another package that knows what a person does next.
type nextStepper interface {
	error
	NextStep() string
}

// Describe returns one line that says what failed, and the next step, which may be "".
func Describe(err error) (what, next string) {
	var other nextStepper
	var e *Error
	switch {
	case errors.As(err, &other):
		return oneLine(other.Error()), other.NextStep()
	case !errors.As(err, &e):
		return oneLine(err.Error()), ""
	}
	what = oneLine(e.what())
	if e.Missing != "" {
		what += " (missing permission: " + e.Missing + ")"
	}
	return what, e.Next
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// UnreadHealth returns the health of a subject that could not be read because of
// err: unknown, with the reason and the next step.
func UnreadHealth(subject string, err error) health.Health {
	what, next := Describe(err)
	h := health.UnreadHealth(subject, what, next)
	h.Findings[0].Detail = DisabledService(err)
	return h
}

// DisabledService returns the API without which a read failed, or "". It is the detail
// of a finding about that read, so that the finding about the API explains it.
func DisabledService(err error) string {
	if _, disabled := GatewayDisabled(err); disabled {
		return mesh.GatewayService
	}
	service, _ := Disabled(err)
	return service
}

// All returns the failed calls in err, which may join several, one for each way to
// a cluster that was tried. It does not return what an Error was caused by.
func All(err error) iter.Seq[*Error] {
	return func(yield func(*Error) bool) { walk(err, yield) }
}

func walk(err error, yield func(*Error) bool) bool {
	switch e := err.(type) { //nolint:errorlint // every error of a joined one is wanted, not the first
	case nil:
		return true
	case *Error:
		return yield(e)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if !walk(inner, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return walk(e.Unwrap(), yield)
	}
	return true
}

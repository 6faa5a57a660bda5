package apierr

import (
	"net/http"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// NotFound reports whether an API or a cluster says that an object does not exist.
// A 404 of Connect Gateway is about the membership, so it does not count.
func NotFound(err error) bool { return answered(err, http.StatusNotFound) }

// Conflict reports whether something changed between a read and the write based on it (409 or 412).
func Conflict(err error) bool {
	return answered(err, http.StatusConflict, http.StatusPreconditionFailed)
}

// Gone reports whether a cluster no longer keeps the state that a list continues.
func Gone(err error) bool { return answered(err, http.StatusGone) }

// Invalid reports whether a cluster rejects the content of a write.
func Invalid(err error) bool { return answered(err, http.StatusUnprocessableEntity) }

// answered reports whether an API or a cluster, not the gateway on the way there, answered with one of these codes.
func answered(err error, codes ...int) bool {
	return contains(err, func(e *Error) bool {
		return (e.Source == GoogleAPI || e.Source == Kubernetes) && slices.Contains(codes, e.Code)
	})
}

// Forbidden reports whether the caller is refused (403). Google gives this answer
// for what does not exist, too: it never proves that something is deleted.
func Forbidden(err error) bool {
	return contains(err, func(e *Error) bool { return e.Code == http.StatusForbidden && !e.OverQuota() })
}

// OverQuota reports whether e is a refusal for a quota per minute, also in the older form, which is a 403.
func (e *Error) OverQuota() bool {
	return e.Code == http.StatusTooManyRequests || e.Code == http.StatusForbidden && e.Reason == reasonRate
}

// AlreadyExists reports whether a Google API says that the object to create exists.
func AlreadyExists(err error) bool {
	return contains(err, func(e *Error) bool { return e.Code == http.StatusConflict && e.Status == "ALREADY_EXISTS" })
}

// Aborted reports whether a Google API refuses a write for another one that is under way.
func Aborted(err error) bool {
	return contains(err, func(e *Error) bool { return e.Code == http.StatusConflict && e.Status == "ABORTED" })
}

// Unreachable reports whether a call was not answered, or not in time. One that was not sent, because an earlier call on the
// way was refused, is as that call was.
func Unreachable(err error) bool {
	return contains(err, func(e *Error) bool {
		if contains(e.Cause, func(*Error) bool { return true }) {
			return Unreachable(e.Cause)
		}
		return e.Code == 0 && e.Status == ""
	})
}

// Disabled reports whether a call failed because an API is not enabled. service is
// the API, or "" where the answer does not name it.
func Disabled(err error) (service string, disabled bool) {
	for e := range All(err) {
		if e.Reason == reasonDisabled && !e.chargedElsewhere() {
			return e.Service, true
		}
		// A cluster whose endpoint could not be looked up because of it.
		if service, disabled := Disabled(e.Cause); disabled {
			return service, true
		}
	}
	return "", false
}

// GatewayDisabled reports whether a call failed because the Connect Gateway API is not enabled, and on which project. One
// that is disabled in the project that the caller charges its requests to is no fault of the fleet, and does not count.
func GatewayDisabled(err error) (project string, disabled bool) {
	for e := range All(err) {
		if e.Source == Gateway && e.Reason == reasonDisabled && e.isGatewayService() && e.Consumer != gcloudProject && !e.chargedElsewhere() {
			return e.Consumer, true
		}
	}
	return "", false
}

// chargedElsewhere reports whether the API is disabled in a project that requests are charged to, and not in the cluster's fleet
// project. A refusal names that project by number, or by id where the caller did.
func (e *Error) chargedElsewhere() bool {
	if e.Fleet == "" || e.Consumer == "" || e.Consumer == e.Fleet || e.Consumer == e.FleetToo {
		return false
	}
	number := mesh.IsProjectNumber(e.Consumer)
	compares := func(name string) bool { return name != "" && mesh.IsProjectNumber(name) == number }
	return e.Quota != "" || compares(e.Fleet) || compares(e.FleetToo)
}

func contains(err error, is func(*Error) bool) bool {
	for e := range All(err) {
		if is(e) {
			return true
		}
	}
	return false
}

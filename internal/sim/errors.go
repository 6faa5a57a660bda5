package sim

import (
	"fmt"
	"net/http"
)

// The status words of google.rpc.Code that the simulated APIs use.
const (
	statusCancelled          = "CANCELLED"
	statusInvalidArgument    = "INVALID_ARGUMENT"
	statusNotFound           = "NOT_FOUND"
	statusAlreadyExists      = "ALREADY_EXISTS"
	statusPermissionDenied   = "PERMISSION_DENIED"
	statusResourceExhausted  = "RESOURCE_EXHAUSTED"
	statusFailedPrecondition = "FAILED_PRECONDITION"
	statusAborted            = "ABORTED"
	statusUnimplemented      = "UNIMPLEMENTED"
	statusInternal           = "INTERNAL"
	statusUnavailable        = "UNAVAILABLE"
	statusUnauthenticated    = "UNAUTHENTICATED"
)

// statusTable gives each status its number in google.rpc.Code (used in
// operations and audit entries), its HTTP status, and the reason that the
// older APIs repeat in error.errors.
var statusTable = map[string]struct {
	rpc    int
	http   int
	reason string
}{
	statusCancelled:          {1, 499, "cancelled"},
	statusInvalidArgument:    {3, http.StatusBadRequest, "badRequest"},
	statusNotFound:           {5, http.StatusNotFound, "notFound"},
	statusAlreadyExists:      {6, http.StatusConflict, "alreadyExists"},
	statusPermissionDenied:   {7, http.StatusForbidden, "forbidden"},
	statusResourceExhausted:  {8, http.StatusTooManyRequests, "rateLimitExceeded"},
	statusFailedPrecondition: {9, http.StatusBadRequest, "failedPrecondition"},
	statusAborted:            {10, http.StatusConflict, "aborted"},
	statusUnimplemented:      {12, http.StatusNotImplemented, "notImplemented"},
	statusInternal:           {13, http.StatusInternalServerError, "backendError"},
	statusUnavailable:        {14, http.StatusServiceUnavailable, "backendError"},
	statusUnauthenticated:    {16, http.StatusUnauthorized, "required"},
}

// An apiError is a refusal in Google's error envelope.
type apiError struct {
	status  string
	message string
	http    int // overrides the status's own HTTP code
	reason  string
	domain  string
	help    string // extendedHelp of the legacy entry
	details []any
}

func newError(status, format string, args ...any) *apiError {
	return &apiError{status: status, message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *apiError {
	return newError(statusInvalidArgument, format, args...)
}

func notFound(format string, args ...any) *apiError {
	return newError(statusNotFound, format, args...)
}

func denied(format string, args ...any) *apiError {
	return newError(statusPermissionDenied, format, args...)
}

func precondition(format string, args ...any) *apiError {
	return newError(statusFailedPrecondition, format, args...)
}

// with adds an entry to details.
func (e *apiError) with(details ...any) *apiError {
	e.details = append(e.details, details...)
	return e
}

// info adds a google.rpc.ErrorInfo.
func (e *apiError) info(reason, domain string, metadata map[string]string) *apiError {
	d := map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain}
	if len(metadata) > 0 {
		d["metadata"] = metadata
	}
	return e.with(d)
}

// listed sets the entry in error.errors, for the older APIs, where it is not the status's own.
func (e *apiError) listed(domain, reason, help string) *apiError {
	e.domain, e.reason, e.help = domain, reason, help
	return e
}

// withHTTP answers with another HTTP status than the status's own.
func (e *apiError) withHTTP(code int) *apiError {
	e.http = code
	return e
}

func (e *apiError) httpStatus() int {
	if e.http != 0 {
		return e.http
	}
	return statusTable[e.status].http
}

func (e *apiError) rpcCode() int { return statusTable[e.status].rpc }

// An rpcStatus is a google.rpc.Status, as operations carry it.
type rpcStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details []any  `json:"details,omitempty"`
}

// envelope is the error as the API writes it. Container, Cloud Resource
// Manager and Service Usage repeat it in the old error.errors; GKE Hub and
// the newer ones do not (recorded).
func (e *apiError) envelope(legacy bool) map[string]any {
	body := map[string]any{"code": e.httpStatus(), "message": e.message, "status": e.status}
	if legacy {
		old := map[string]any{"message": e.message, "domain": "global", "reason": statusTable[e.status].reason}
		if e.reason != "" {
			old["reason"] = e.reason
		}
		if e.domain != "" {
			old["domain"] = e.domain
		}
		if e.help != "" {
			old["extendedHelp"] = e.help
		}
		body["errors"] = []any{old}
	}
	if len(e.details) > 0 {
		body["details"] = e.details
	}
	return map[string]any{"error": body}
}

// errValue is the refusal of a value that is not of the field's type; types
// are TYPE_INT32 or the name of an enumeration. Paths are in snake_case.
func errValue(path, typ, value string) *apiError {
	text := fmt.Sprintf("Invalid value at '%s' (%s), %q", path, typ, value)
	return invalid("%s", text).with(map[string]any{
		"@type":           "type.googleapis.com/google.rpc.BadRequest",
		"fieldViolations": []any{map[string]any{"field": path, "description": text}},
	})
}

// unknownField is the refusal of a field or query parameter that the message
// does not have (recorded on gkehub for a query parameter).
func unknownField(path, message string) *apiError {
	text := fmt.Sprintf("Invalid JSON payload received. Unknown name %q%s", path, message)
	return invalid("%s", text).with(map[string]any{
		"@type":           "type.googleapis.com/google.rpc.BadRequest",
		"fieldViolations": []any{map[string]any{"description": text}},
	})
}

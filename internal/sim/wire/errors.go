package wire

import (
	"fmt"
	"net/http"
)

// The status words of google.rpc.Code that the simulated APIs use.
const (
	statusCancelled          = "CANCELLED"
	statusInvalidArgument    = "INVALID_ARGUMENT"
	statusNotFound           = "NOT_FOUND"
	StatusAlreadyExists      = "ALREADY_EXISTS"
	statusPermissionDenied   = "PERMISSION_DENIED"
	StatusResourceExhausted  = "RESOURCE_EXHAUSTED"
	statusFailedPrecondition = "FAILED_PRECONDITION"
	StatusAborted            = "ABORTED"
	StatusUnimplemented      = "UNIMPLEMENTED"
	StatusInternal           = "INTERNAL"
	StatusUnavailable        = "UNAVAILABLE"
	StatusUnauthenticated    = "UNAUTHENTICATED"
)

// statusTable gives each status its number in google.rpc.Code (used in operations and audit entries), its HTTP status,
// and the reason that the older APIs repeat in error.errors.
var statusTable = map[string]struct {
	rpc    int
	http   int
	reason string
}{
	statusCancelled:          {1, 499, "cancelled"},
	statusInvalidArgument:    {3, http.StatusBadRequest, "badRequest"},
	statusNotFound:           {5, http.StatusNotFound, "notFound"},
	StatusAlreadyExists:      {6, http.StatusConflict, "alreadyExists"},
	statusPermissionDenied:   {7, http.StatusForbidden, "forbidden"},
	StatusResourceExhausted:  {8, http.StatusTooManyRequests, "rateLimitExceeded"},
	statusFailedPrecondition: {9, http.StatusBadRequest, "failedPrecondition"},
	StatusAborted:            {10, http.StatusConflict, "aborted"},
	StatusUnimplemented:      {12, http.StatusNotImplemented, "notImplemented"},
	StatusInternal:           {13, http.StatusInternalServerError, "backendError"},
	StatusUnavailable:        {14, http.StatusServiceUnavailable, "backendError"},
	StatusUnauthenticated:    {16, http.StatusUnauthorized, "required"},
}

// An Error is a refusal in Google's error envelope.
type Error struct {
	Status  string
	Message string
	http    int // overrides the status's own HTTP code
	reason  string
	domain  string
	help    string // extendedHelp of the legacy entry
	details []any
}

// NewError makes a refusal with one of the status words.
func NewError(status, format string, args ...any) *Error {
	return &Error{Status: status, Message: fmt.Sprintf(format, args...)}
}

// Invalid is INVALID_ARGUMENT.
func Invalid(format string, args ...any) *Error {
	return NewError(statusInvalidArgument, format, args...)
}

// NotFound is NOT_FOUND.
func NotFound(format string, args ...any) *Error {
	return NewError(statusNotFound, format, args...)
}

// Denied is PERMISSION_DENIED.
func Denied(format string, args ...any) *Error {
	return NewError(statusPermissionDenied, format, args...)
}

// FailedPrecondition is FAILED_PRECONDITION.
func FailedPrecondition(format string, args ...any) *Error {
	return NewError(statusFailedPrecondition, format, args...)
}

// WithDetails adds an entry to details.
func (e *Error) WithDetails(details ...any) *Error {
	e.details = append(e.details, details...)
	return e
}

// WithViolation adds a google.rpc.BadRequest with one field violation.
func (e *Error) WithViolation(violation map[string]any) *Error {
	return e.WithDetails(map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []any{violation}})
}

// WithInfo adds a google.rpc.ErrorInfo.
func (e *Error) WithInfo(reason, domain string, metadata map[string]string) *Error {
	d := map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": domain}
	if len(metadata) > 0 {
		d["metadata"] = metadata
	}
	return e.WithDetails(d)
}

// InErrors sets the entry in error.errors for the older APIs, where it differs from the status's default.
func (e *Error) InErrors(domain, reason, help string) *Error {
	e.domain, e.reason, e.help = domain, reason, help
	return e
}

// WithHTTPStatus replaces the status's own HTTP status.
func (e *Error) WithHTTPStatus(code int) *Error {
	e.http = code
	return e
}

// HTTPStatus is the HTTP status of the answer.
func (e *Error) HTTPStatus() int {
	if e.http != 0 {
		return e.http
	}
	return statusTable[e.Status].http
}

// RPCCode is the number of the status in google.rpc.Code.
func (e *Error) RPCCode() int { return statusTable[e.Status].rpc }

// An RPCStatus is a google.rpc.Status, as operations carry it.
type RPCStatus struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details []any  `json:"details,omitempty"`
}

// Envelope is the error as the API writes it. Container, Cloud Resource Manager and Service Usage repeat it in the old
// error.errors; GKE Hub and the newer ones do not (recorded).
func (e *Error) Envelope(legacy bool) map[string]any {
	body := map[string]any{"code": e.HTTPStatus(), "message": e.Message, "status": e.Status}
	if legacy {
		old := map[string]any{"message": e.Message, "domain": "global", "reason": statusTable[e.Status].reason}
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

// InvalidValue is the refusal of a value that is not of the field's type; types
// are TYPE_INT32 or the name of an enumeration. Paths are in snake_case.
func InvalidValue(path, typ, value string) *Error {
	text := fmt.Sprintf("Invalid value at '%s' (%s), %q", path, typ, value)
	return Invalid("%s", text).WithViolation(map[string]any{"field": path, "description": text})
}

// UnknownField is the refusal of a field or query parameter that the message
// does not have (recorded on gkehub for a query parameter).
func UnknownField(path, message string) *Error {
	text := fmt.Sprintf("Invalid JSON payload received. Unknown name %q%s", path, message)
	return Invalid("%s", text).WithViolation(map[string]any{"description": text})
}

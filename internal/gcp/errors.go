package gcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"google.golang.org/api/googleapi"
)

// Error is a failed call: what was being done, what the API said, and what to do
// next. Decide on Code, Status and Reason; Message is for people.
type Error struct {
	Doing    string // "read the IAM policy of project p-1"
	Code     int    // HTTP status, or 0 when no answer came
	Status   string // canonical name, such as PERMISSION_DENIED; may be ""
	Reason   string // google.rpc.ErrorInfo.reason, such as SERVICE_DISABLED; may be ""
	Message  string // the API's own words
	Consumer string // project that the refusal of a disabled API names: its quota project
	Service  string // API that it names
	Missing  string // permission that the caller lacks
	Next     string // the next step
	cause    error
	lost     bool // something that was sent was not answered, or not followed to its end
}

// Error is the whole of it in two paragraphs: what failed, and what to do.
func (e *Error) Error() string {
	if e.Next == "" {
		return e.what()
	}
	return e.what() + "\n\n" + e.Next
}

// Words splits an error in one line that says what failed and the next step,
// which may be "".
func Words(err error) (what, next string) {
	var e *Error
	if errors.As(err, &e) {
		what = strings.Join(strings.Fields(e.what()), " ")
		if e.Missing != "" {
			what += " (it takes the permission " + e.Missing + ")"
		}
		return what, e.Next
	}
	return strings.Join(strings.Fields(err.Error()), " "), ""
}

func (e *Error) what() string {
	var b strings.Builder
	b.WriteString("cannot " + e.Doing + ": ")
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

func (e *Error) Unwrap() error { return e.cause }

// NotFound reports whether err is an API's 404.
func NotFound(err error) bool { return hasCode(err, http.StatusNotFound) }

// Forbidden reports whether err is an API's 403 of any kind. Google answers so
// for what does not exist, too: it is never proof that something is gone.
func Forbidden(err error) bool { return hasCode(err, http.StatusForbidden) }

// Conflict reports whether err is an API's 409 or 412: something changed between
// a read and the write that it was for.
func Conflict(err error) bool {
	return hasCode(err, http.StatusConflict) || hasCode(err, http.StatusPreconditionFailed)
}

// Exists reports whether err says that what was to be made is there already.
func Exists(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == http.StatusConflict && e.Status == "ALREADY_EXISTS"
}

// Disabled reports whether err says that an API is not enabled.
func Disabled(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason == "SERVICE_DISABLED"
}

func hasCode(err error, code int) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// rpcStatus is Google's error envelope (google.rpc.Status and its details), the
// part that decides.
type rpcStatus struct {
	Error struct {
		Code    int         `json:"code"`
		Message string      `json:"message"`
		Status  string      `json:"status"`
		Details []rpcDetail `json:"details"`
	} `json:"error"`
}

type rpcDetail struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Metadata map[string]string `json:"metadata"`
}

// failed turns any failure of a call into an *Error. permission is the one that
// the call needs, for the next step when the API does not name it.
func (c *Client) failed(err error, doing, permission string) error {
	var already *Error
	if err == nil || errors.As(err, &already) || errors.Is(err, context.Canceled) {
		return err
	}
	e := &Error{Doing: doing, Message: err.Error(), cause: err}
	var api *googleapi.Error
	switch {
	case errors.As(err, &api):
		e.Code, e.lost = api.Code, api.Header.Get(lostHeader) != ""
		e.fill([]byte(api.Body), api.Message)
	case isMalformed(err):
		e.Message = "the answer is not valid JSON: " + err.Error()
		e.Next = "Something between here and the API may be answering in its place: check proxies and custom endpoints."
	case errors.Is(err, context.DeadlineExceeded):
		e.Message = "no answer came in time (" + err.Error() + ")"
		e.Next = "Try again later, or raise the timeouts of the resource or data source, or the provider's request_timeout."
	default:
		var identity *identityError
		if errors.As(err, &identity) {
			e.Message = identity.Error()
			e.Next = "Renew the credentials; nothing was read or changed."
		} else {
			e.Next = "No answer came. Check the network, HTTPS_PROXY and custom endpoints."
		}
	}
	if e.Code == http.StatusForbidden && e.Missing == "" && (e.Reason == "" || e.Reason == "IAM_PERMISSION_DENIED") {
		e.Missing = permission
	}
	if e.Next == "" {
		e.Next = e.nextStep(permission)
	}
	return e
}

// unfollowed is failed for an operation that goes on while nobody sees how it ends.
func (c *Client) unfollowed(err error, doing, permission string) error {
	err = c.failed(err, "follow the operation to "+doing, permission)
	var e *Error
	if errors.As(err, &e) {
		e.lost = true
	}
	return err
}

func isMalformed(err error) bool {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	return errors.As(err, &syntax) || errors.As(err, &shape) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errMalformed)
}

func (e *Error) fill(body []byte, fallback string) {
	var status rpcStatus
	if json.Unmarshal(body, &status) == nil {
		e.Status = status.Error.Status
	}
	message := cmp.Or(status.Error.Message, fallback, http.StatusText(e.Code))
	message, _, _ = strings.Cut(message, "\nHelp Token:") // opaque, and different each time
	e.Message = strings.TrimSpace(message)
	for _, d := range status.Error.Details {
		if !strings.HasSuffix(d.Type, "google.rpc.ErrorInfo") {
			continue
		}
		e.Reason = d.Reason
		e.Missing = d.Metadata["permission"]
		e.Service = d.Metadata["service"]
		e.Consumer = strings.TrimPrefix(d.Metadata["consumer"], "projects/")
	}
	if e.Reason == "" && e.Code == http.StatusForbidden {
		if _, project, found := text.DisabledAPI(e.Message); found {
			e.Reason, e.Consumer = "SERVICE_DISABLED", project
		}
	}
}

// gcloudProject is Google's own project, which answers for user credentials
// without a quota project; enabling an API there is nobody's to do.
const gcloudProject = "764086051850"

func (e *Error) nextStep(permission string) string {
	permission = cmp.Or(e.Missing, permission)
	switch {
	case e.Reason == "SERVICE_DISABLED" && e.Consumer == gcloudProject:
		return "The credentials have no quota project. Run `gcloud auth application-default set-quota-project PROJECT`, or set user_project_override and billing_project."
	case e.Reason == "SERVICE_DISABLED" && e.Service != "":
		return fmt.Sprintf("Enable the API, then wait a few minutes: gcloud services enable %s --project %s", e.Service, e.Consumer)
	case e.Reason == "SERVICE_DISABLED":
		return "Enable that API on project " + e.Consumer + ", then wait a few minutes."
	case e.Reason == "USER_PROJECT_DENIED":
		return "The caller may not charge requests to that quota project: grant roles/serviceusage.serviceUsageConsumer on it, or choose another billing_project."
	case e.Reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
		return "The token lacks a scope; it needs https://www.googleapis.com/auth/cloud-platform."
	case e.Code == http.StatusUnauthorized:
		return "The access token is expired or invalid: renew the credentials. Nothing was changed."
	case e.Code == http.StatusForbidden && permission != "":
		return "The caller needs the permission " + permission + " there. Google gives the same answer for something that does not exist: check the name, too."
	case e.Code == http.StatusTooManyRequests:
		return "The quota stayed exhausted after repeated tries: try again later, lower -parallelism, or ask for more quota."
	case e.Code >= http.StatusInternalServerError:
		return "The API kept failing after repeated tries: try again later, and see https://status.cloud.google.com."
	}
	return ""
}

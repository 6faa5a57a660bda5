package apierr

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
)

// rpcStatus is google.rpc.Status in JSON, the part that decides (https://cloud.google.com/apis/design/errors).
type rpcStatus struct {
	Error struct {
		Message string `json:"message"`
		Status  string `json:"status"`
		Errors  []struct {
			Reason string `json:"reason"` // the older form of the details
		} `json:"errors"`
		Details []struct {
			Type       string            `json:"@type"`
			Reason     string            `json:"reason"`
			Metadata   map[string]string `json:"metadata"`
			Violations []struct {
				Type        string `json:"type"`
				Description string `json:"description"`
			} `json:"violations"` // of a google.rpc.PreconditionFailure
		} `json:"details"`
	} `json:"error"`
}

// quotaReasons are the reasons of a quota that is refilled within minutes, in the older form of an error.
var quotaReasons = []string{"rateLimitExceeded", "userRateLimitExceeded"}

// DecodeGoogle fills e from the answer of a Google API or of Connect Gateway, as e.Source says. ok is false when the
// body is not a google.rpc.Status; Message is then the HTTP status in words.
func (e *Error) DecodeGoogle(body []byte) (ok bool) {
	var status rpcStatus
	ok = json.Unmarshal(body, &status) == nil && (status.Error.Status != "" || status.Error.Message != "")
	message, _, _ := strings.Cut(status.Error.Message, "\nHelp Token:") // opaque, and different each time
	e.Status, e.Message = status.Error.Status, cmp.Or(Shorten(message), http.StatusText(e.Code))
	for _, d := range status.Error.Details {
		if strings.HasSuffix(d.Type, "google.rpc.ErrorInfo") {
			e.Reason, e.Service, e.Missing = d.Reason, d.Metadata["service"], d.Metadata["permission"]
			e.Consumer = strings.TrimPrefix(d.Metadata["consumer"], "projects/")
			if d.Reason == reasonPerimeter {
				e.policy = cmp.Or(e.policy, d.Metadata["uid"])
			}
		}
		for _, v := range d.Violations {
			switch {
			case v.Type == "VPC_SERVICE_CONTROLS":
				e.Reason, e.policy = cmp.Or(e.Reason, reasonPerimeter), cmp.Or(e.policy, v.Description)
			case strings.HasPrefix(v.Type, "constraints/"):
				e.policy = v.Type
			}
		}
	}
	if e.Reason == "" && e.Code == http.StatusForbidden {
		_, project, disabled := text.DisabledAPI(e.Message)
		switch {
		case disabled:
			e.Reason, e.Consumer = reasonDisabled, project
		case e.Status == "RESOURCE_EXHAUSTED" || text.IsOverQuota(e.Message) ||
			len(status.Error.Errors) > 0 && slices.Contains(quotaReasons, status.Error.Errors[0].Reason):
			e.Reason = reasonRate
		}
	}
	return ok
}

// DecodeKubernetes fills e from a cluster's answer. ok is false, and e unchanged, when the body is not a metav1.Status.
// kind is the kind of object that the answer is about; it may be "".
func (e *Error) DecodeKubernetes(body []byte) (kind string, ok bool) {
	var status metav1.Status
	if json.Unmarshal(body, &status) != nil || status.Kind != "Status" {
		return "", false
	}
	e.Source, e.Reason, e.Message = Kubernetes, string(status.Reason), Shorten(status.Message)
	if status.Details != nil {
		kind = status.Details.Kind
	}
	return kind, true
}

// Shorten cuts a message to what fits a report.
func Shorten(message string) string {
	const most = 1000 // bytes
	message = strings.TrimSpace(message)
	if len(message) > most {
		return strings.ToValidUTF8(message[:most], "") + "…"
	}
	return message
}

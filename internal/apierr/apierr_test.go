package apierr_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func google(code int, body string) *apierr.Error {
	e := &apierr.Error{Doing: "read it", Source: apierr.GoogleAPI, Code: code}
	e.DecodeGoogle([]byte(body))
	return e.Refused("x.y.get")
}

func fromCluster(source apierr.Source, code int) *apierr.Error {
	e := &apierr.Error{Doing: "read it", Cluster: "c", Via: "Connect Gateway", Source: source, Code: code, Message: "no"}
	return e.Refused("x.y.get")
}

const disabled = `{"error":{"status":"PERMISSION_DENIED","message":"off","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",` +
	`"reason":"SERVICE_DISABLED","metadata":{"service":"container.googleapis.com","consumer":"projects/123"}}]}}`

func TestPredicates(t *testing.T) {
	gateway404, cluster404 := fromCluster(apierr.Gateway, 404), fromCluster(apierr.Kubernetes, 404)
	lookUp := (&apierr.Error{Doing: "read it", Cluster: "c", Via: "the cluster's endpoint"}).Unanswered(google(403, disabled))
	fromNobody := (&apierr.Error{Doing: "read it"}).Unanswered(errors.New("connection refused"))
	busyLookUp := (&apierr.Error{Doing: "read it", Cluster: "c"}).Unanswered(google(503, `{}`))
	tests := []struct {
		name string
		got  bool
		want bool
	}{
		{"404 of a cluster", apierr.NotFound(cluster404), true},
		{"404 of the gateway", apierr.NotFound(gateway404), false},
		{"404 in a joined error", apierr.NotFound(errors.Join(gateway404, fmt.Errorf("at last: %w", cluster404))), true},
		{"404 of a look-up on the way", apierr.NotFound((&apierr.Error{Cluster: "c"}).Unanswered(google(404, `{}`))), false},
		{"stale etag", apierr.Conflict(google(412, `{}`)), true},
		{"exists", apierr.AlreadyExists(google(409, `{"error":{"status":"ALREADY_EXISTS"}}`)), true},
		{"conflict", apierr.AlreadyExists(google(409, `{"error":{"status":"ABORTED"}}`)), false},
		{"retryable in a joined error", apierr.Retryable(errors.Join(gateway404, fromCluster(apierr.Gateway, 503))), true},
		{"a busy look-up on the way", apierr.Retryable(busyLookUp), true},
		{"a write that needed it", apierr.Ambiguous(busyLookUp), false},
		{"5xx", apierr.Ambiguous(google(500, `{}`)), true},
		{"refused", apierr.Ambiguous(google(403, `{}`)), false},
		{"no answer", apierr.Unreachable(fromNobody), true},
		{"a look-up without an answer", apierr.Unreachable((&apierr.Error{Cluster: "c"}).Unanswered(fromNobody)), true},
		{"a refused look-up", apierr.Unreachable(lookUp), false},
		{"an answer", apierr.Unreachable(gateway404), false},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("%s: %t", test.name, test.got)
		}
	}
	if service, off := apierr.Disabled(lookUp); !off || service != "container.googleapis.com" {
		t.Errorf("disabled: %q, %t", service, off)
	}
	if _, off := apierr.GatewayDisabled(lookUp); off {
		t.Error("another API than the gateway's counts as the gateway's")
	}
}

func TestALookUpThatFailedGivesTheNextStep(t *testing.T) {
	e := (&apierr.Error{Doing: "read it", Cluster: "c", Via: "the cluster's endpoint"}).Unanswered(google(403, disabled))
	what, next := apierr.Describe(e)
	if !strings.Contains(next, "gcloud services enable container.googleapis.com --project 123") || strings.Contains(what, "gcloud") {
		t.Errorf("%q, %q", what, next)
	}
}

func TestALookUpOfADeletedClusterIsNoNetworkFailure(t *testing.T) {
	e := (&apierr.Error{Doing: "read it", Cluster: "c", Via: "the cluster's endpoint"}).Unanswered(google(404, `{}`))
	if what, next := apierr.Describe(e); next != "" || !strings.Contains(what, "404") {
		t.Errorf("%q, %q", what, next)
	}
}

type ownError struct{}

func (ownError) Error() string    { return "two\nlines" }
func (ownError) NextStep() string { return "do this" }

func TestDescribe(t *testing.T) {
	if what, next := apierr.Describe(fmt.Errorf("in: %w", ownError{})); what != "two lines" || next != "do this" {
		t.Errorf("%q, %q", what, next)
	}
	what, _ := apierr.Describe(google(403, `{"error":{"status":"PERMISSION_DENIED","message":"no"}}`))
	if want := "cannot read it: 403 PERMISSION_DENIED: no (missing permission: x.y.get)"; what != want {
		t.Errorf("%q, not %q", what, want)
	}
	if h := apierr.UnreadHealth("c", google(500, `{}`)); h.Verdict != mesh.Unknown || len(h.Findings) != 1 {
		t.Errorf("health %+v", h)
	}
}

func TestDecodeKubernetes(t *testing.T) {
	e := &apierr.Error{Code: 403}
	kind, ok := e.DecodeKubernetes([]byte(`{"kind":"Status","reason":"Forbidden","message":" no ","details":{"kind":"users"}}`))
	if !ok || kind != "users" || e.Source != apierr.Kubernetes || e.Reason != "Forbidden" || e.Message != "no" {
		t.Errorf("%q, %t, %+v", kind, ok, e)
	}
	if _, ok := e.DecodeKubernetes([]byte(`{"error":{"status":"PERMISSION_DENIED"}}`)); ok {
		t.Error("Google's answer counts as a cluster's")
	}
	e = &apierr.Error{Code: 400}
	if e.DecodeGoogle([]byte(`{"kind":"Status"}`)) || e.Message != "Bad Request" {
		t.Errorf("%+v", e)
	}
	e.DecodeGoogle([]byte(`{"error":{"message":"` + strings.Repeat("x", 2000) + `"}}`))
	if len(e.Message) > 1010 {
		t.Errorf("%d bytes", len(e.Message))
	}
}

package gcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

func TestRetryableAndDoubtful(t *testing.T) {
	answer := func(code int) error { return failed(&googleapi.Error{Code: code, Body: `{}`}, "do it", "") }
	sent := func(err error) error {
		return failed(&url.Error{Op: "Post", URL: "https://x", Err: err}, "do it", "")
	}
	expired, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	tests := []struct {
		name      string
		err       error
		retryable bool
		doubtful  bool
	}{
		{"none", nil, false, false},
		{"quota", answer(429), true, false},
		{"conflict", answer(409), true, false},
		{"stale etag", answer(412), true, false},
		{"unavailable", answer(503), true, true},
		{"bad gateway", answer(502), true, true},
		{"internal", answer(500), false, true},
		{"refused", answer(403), false, false},
		{"invalid", answer(400), false, false},
		{"not there", answer(404), false, false},
		{"cut after sending", sent(&unansweredError{io.ErrUnexpectedEOF}), true, true},
		{"no connection", sent(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), true, false},
		{"no token", sent(&apierr.TokenError{Err: errors.New("expired")}), false, false},
		{"broken JSON", failed(&json.SyntaxError{}, "do it", ""), false, true},
		{"too slow", failed(context.DeadlineExceeded, "do it", ""), true, true},
		{"interrupted", failed(context.Canceled, "do it", ""), false, true},
		{"interrupted while waiting", wait.Until(canceled(t), wait.Backoff{}, "x", never), false, true},
		{"waited too long", wait.Until(expired, wait.Backoff{}, "x", never), true, true},
		{"operation aborted", operationError("do it", 10, ""), true, false},
		{"operation unavailable", operationError("do it", 14, ""), true, false},
		{"operation denied", operationError("do it", 7, ""), false, false},
		{"operation failed", operationError("do it", 3, "no"), false, false},
		{"operation not followed", unfollowed(&googleapi.Error{Code: 403, Body: `{}`}, "do it", ""), false, true},
		{"of our own", &apierr.Error{Doing: "do it", Message: "the policy came without an etag"}, false, false},
		{"in another", fmt.Errorf("while at it: %w", answer(429)), true, false},
	}
	for _, test := range tests {
		if got := apierr.Retryable(test.err); got != test.retryable {
			t.Errorf("%s: retryable is %t", test.name, got)
		}
		if got := apierr.Ambiguous(test.err); got != test.doubtful {
			t.Errorf("%s: doubtful is %t", test.name, got)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func never(context.Context) (bool, string, error) { return false, "", nil }

// An answer that was lost after the write makes the next one doubtful, and the write
// is ours although the second one was refused.
func TestAWriteWhoseAnswerWasLost(t *testing.T) {
	var writes atomic.Int32
	granted := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, ":getIamPolicy") && granted:
			fmt.Fprint(w, `{"version":3,"etag":"Yg==","bindings":[{"role":"roles/x","members":["user:a@example.com"]}]}`)
		case strings.HasSuffix(r.URL.Path, ":getIamPolicy"):
			fmt.Fprint(w, `{"version":3,"etag":"YQ=="}`)
		case writes.Add(1) == 1:
			granted = true
			panic(http.ErrAbortHandler) // the connection is cut
		default:
			w.WriteHeader(http.StatusConflict)
			fmt.Fprint(w, `{"error":{"code":409,"status":"ABORTED","message":"There were concurrent policy changes."}}`)
		}
	}))
	defer server.Close()
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{ResourceManager: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	wrote, err := c.AddMember(t.Context(), "p-mesh-1", "roles/x", "user:a@example.com")
	if err != nil || !wrote || writes.Load() != 2 {
		t.Errorf("wrote %t, %v, after %d writes", wrote, err, writes.Load())
	}
	// Somebody else's grant in the meantime is not ours.
	writes.Store(1)
	granted = true
	c.policies.forget("p-mesh-1")
	if wrote, err := c.AddMember(t.Context(), "p-mesh-1", "roles/x", "user:a@example.com"); err != nil || wrote {
		t.Errorf("wrote %t, %v", wrote, err)
	}
}

func TestARequestThatNeverLeftIsNotDoubtful(t *testing.T) {
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{ResourceManager: nobody.URL}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Project(t.Context(), "p-mesh-1"); !apierr.Retryable(err) || apierr.Ambiguous(err) {
		t.Errorf("retryable %t, doubtful %t: %v", apierr.Retryable(err), apierr.Ambiguous(err), err)
	}
}

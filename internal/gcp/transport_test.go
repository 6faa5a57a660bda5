package gcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// answering is a client whose requests a handler answers, with the number of attempts made.
func answering(t *testing.T, handler http.HandlerFunc) (*Client, *atomic.Int32) {
	t.Helper()
	var attempts atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		attempts.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{ResourceManager: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	return c, &attempts
}

func TestRepeats(t *testing.T) {
	detail := func(reason string) string {
		return `,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `","metadata":{"uid":"u-1"}}]`
	}
	tests := []struct {
		name     string
		code     int
		body     string
		atLeast  int32
		atMost   int32
		says     string
		saysNot  string
		notFound bool
	}{
		{"unavailable", 503, `{}`, 5, 100, "kept failing after repeated tries", "permission", false},
		{"a flaw", 500, `{}`, 3, 3, "kept failing after repeated tries", "permission", false},
		{"an older quota", 403, `{"error":{"message":"slow down","errors":[{"reason":"rateLimitExceeded"}]}}`, 5, 100, "quota",
			"permission", false},
		{"a quota with a reason", 403, `{"error":{"message":"x"` + detail("RATE_LIMIT_EXCEEDED") + `}}`, 5, 100, "quota", "permission", false},
		{"a quota in words", 403, `{"error":{"message":"Quota exceeded for quota metric 'Read requests' and limit 'x'"}}`, 5, 100, "quota",
			"permission", false},
		{"a perimeter", 403, `{"error":{"status":"PERMISSION_DENIED","message":"no"` + detail("SECURITY_POLICY_VIOLATED") + `}}`, 1, 1,
			"VPC Service Controls refuse the call (u-1)", "The caller needs", false},
		{"a policy", 400, `{"error":{"status":"FAILED_PRECONDITION","message":"no","details":[{"@type":"type.googleapis.com/` +
			`google.rpc.PreconditionFailure","violations":[{"type":"constraints/iam.allowedPolicyMemberDomains"}]}]}}`, 1, 1,
			"policy of the organization forbids it (constraints/iam.allowedPolicyMemberDomains)", "The caller needs", false},
		{"a permission", 403, `{"error":{"message":"no"}}`, 2, 2, "The caller needs the permission", "VPC", false},
		{"not found", 404, `{}`, 1, 1, "404", "permission", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, attempts := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.code)
				fmt.Fprint(w, test.body)
			})
			_, err := c.Project(t.Context(), "p-mesh-1")
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), test.saysNot) {
				t.Errorf("it says %v", err)
			}
			if n := attempts.Load(); n < test.atLeast || n > test.atMost {
				t.Errorf("%d attempts", n)
			}
			if apierr.NotFound(err) != test.notFound || apierr.Forbidden(err) && !strings.Contains(err.Error(), "The caller needs") &&
				!strings.Contains(err.Error(), "VPC") {
				t.Errorf("not found %t, forbidden %t", apierr.NotFound(err), apierr.Forbidden(err))
			}
		})
	}
}

// A quota that is refilled in time costs a pause, and no error.
func TestAQuotaThatIsRefilled(t *testing.T) {
	var asked atomic.Int32
	c, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"errors":[{"reason":"userRateLimitExceeded"}]}}`)
			return
		}
		fmt.Fprint(w, `{"projectId":"p-mesh-1","name":"projects/1","state":"ACTIVE"}`)
	})
	if p, err := c.Project(t.Context(), "p-mesh-1"); err != nil || p.Number != "1" {
		t.Errorf("%+v, %v", p, err)
	}
}

// A command that a person waits for repeats all of its calls together for as long as it says, and then tries each once.
func TestFailingCallsShareTheBudget(t *testing.T) {
	c, attempts := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	start := c.clock.Now()
	ctx := wait.WithRetryBudget(t.Context(), c.clock, 30*time.Second)
	for _, p := range []string{"p-mesh-1", "p-mesh-2", "p-mesh-3", "p-mesh-4"} {
		if _, err := c.Project(ctx, p); !apierr.Retryable(err) {
			t.Error(err)
		}
	}
	if took := c.clock.Now().Sub(start); took > 30*time.Second || attempts.Load() < 5 {
		t.Errorf("%d attempts in %s", attempts.Load(), took)
	}
}

func TestWhatCannotBeTrustedIsNotRepeated(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	defer server.Close()
	clock := wait.NewJumping(time.Now())
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: clock, Endpoints: Endpoints{ResourceManager: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Project(t.Context(), "p-mesh-1")
	if len(clock.Pauses()) > 0 || apierr.Retryable(err) || apierr.Ambiguous(err) || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("%v after the pauses %v", err, clock.Pauses())
	}
}

func TestNobodyListens(t *testing.T) {
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	clock := wait.NewJumping(time.Now())
	start := clock.Now()
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: clock, Endpoints: Endpoints{ResourceManager: nobody.URL}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Project(t.Context(), "p-mesh-1")
	if took := clock.Now().Sub(start); took > 3*connectFor || !apierr.Retryable(err) {
		t.Errorf("after %s: %v", took, err)
	}
	if strings.Contains(err.Error(), "/v3/") {
		t.Errorf("the error repeats the whole address: %v", err)
	}
}

func TestARequestReasonThatNoHeaderHolds(t *testing.T) {
	if _, err := New(t.Context(), Config{AccessToken: "t", RequestReason: "a\nb"}); err == nil ||
		!strings.Contains(err.Error(), "CLOUDSDK_CORE_REQUEST_REASON") {
		t.Errorf("it is accepted: %v", err)
	}
}

type hangingTokens struct{ until chan struct{} }

func (h hangingTokens) Token() (*oauth2.Token, error) {
	<-h.until
	return nil, errors.New("too late")
}

// A caller waits for a token only as long as for everything else.
func TestATokenThatDoesNotCome(t *testing.T) {
	tokens := hangingTokens{make(chan struct{})}
	defer close(tokens.until)
	c, err := New(t.Context(), Config{
		Endpoints: Endpoints{ResourceManager: "http://127.0.0.1:1"},
		FindDefault: func(context.Context, ...string) (*google.Credentials, error) {
			return &google.Credentials{TokenSource: tokens}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.send(ctx, http.MethodGet, "http://127.0.0.1:1/x", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// The quota project of a user's credentials pays for asking to act as a service account, not for what that account does.
func TestQuotaProjectOfAnImpersonator(t *testing.T) {
	t.Setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "")
	quotas := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		quotas[r.Header.Get("Authorization")] = r.Header.Get("X-Goog-User-Project")
		if strings.HasSuffix(r.URL.Path, ":generateAccessToken") {
			fmt.Fprintf(w, `{"accessToken":"theirs","expireTime":%q}`, time.Now().Add(time.Hour).Format(time.RFC3339))
			return
		}
		fmt.Fprint(w, `{"projectId":"p-mesh-1","name":"projects/1","state":"ACTIVE"}`)
	}))
	defer server.Close()
	c, err := New(t.Context(), Config{
		Impersonate: "robot@p-mesh-1.iam.gserviceaccount.com",
		Endpoints:   Endpoints{ResourceManager: server.URL, IAMCredentials: server.URL},
		FindDefault: func(context.Context, ...string) (*google.Credentials, error) {
			return &google.Credentials{
				TokenSource: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "mine"}),
				JSON:        []byte(`{"type":"authorized_user","quota_project_id":"my-sandbox"}`),
			}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Project(t.Context(), "p-mesh-1"); err != nil {
		t.Fatal(err)
	}
	if quotas["Bearer mine"] != "my-sandbox" || quotas["Bearer theirs"] != "" || len(quotas) != 2 || c.QuotaProject() != "" {
		t.Errorf("charged are %v, and %q", quotas, c.QuotaProject())
	}
}

// A log that is longer than what is read does not show that nobody changed it.
func TestAnAuditLogThatIsTooLong(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"entries":[{"timestamp":"2026-11-20T10:00:00Z","protoPayload":{}}],"nextPageToken":"more"}`)
	}))
	defer server.Close()
	c, err := New(t.Context(), Config{AccessToken: "t", Clock: wait.NewJumping(time.Now()), Endpoints: Endpoints{Logging: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	_, found, err := c.WhoDisabled(t.Context(), "p-mesh-1", "mesh.googleapis.com")
	var truncated *AuditTruncatedError
	if found || !errors.As(err, &truncated) || !strings.Contains(err.Error(), "ended at 2026-11-20T10:00:00Z") {
		t.Errorf("found %t, %v", found, err)
	}
}

// One answer that is none, or a single refusal, is read again before it is believed.
func TestOneBrokenAnswerIsReadAgain(t *testing.T) {
	const page = "<!DOCTYPE html><title>Sign in to the proxy</title>"
	for name, once := range map[string]func(http.ResponseWriter){
		"a web page":        func(w http.ResponseWriter) { fmt.Fprint(w, page) },
		"a web page as 404": func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound); fmt.Fprint(w, page) },
		"a web page as 403": func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden); fmt.Fprint(w, page) },
		"half of it":        func(w http.ResponseWriter) { fmt.Fprint(w, `{"projectId": "p-me`) },
		"nothing":           func(http.ResponseWriter) {},
		"refused": func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"code":403}}`)
		},
		"half, then cut off": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "99"); fmt.Fprint(w, `{"pro`) },
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int32
			c, _ := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				if sent.Add(1) == 1 {
					once(w)
					return
				}
				fmt.Fprint(w, `{"projectId": "p-mesh-1", "name": "projects/7", "lifecycleState": "ACTIVE"}`)
			})
			if _, err := c.Project(t.Context(), "p-mesh-1"); err != nil || sent.Load() != 2 {
				t.Errorf("%v after %d requests", err, sent.Load())
			}
		})
	}
}

package gcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// retryFor bounds how long one request is repeated, whatever its context
// allows: an API that is down for longer is reported, not waited for.
const retryFor = time.Minute

func newBaseTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 100 // Terraform calls from as many goroutines as -parallelism says
	return t
}

// transport sends one request as often as it takes: it adds identity and headers, reads the whole answer, so that a
// connection cut in the middle counts as a failed attempt, and repeats with growing pauses on 429 and 503 and on broken
// connections. Every write of this package may be repeated: it either carries an etag or asks for a state rather than a
// step.
type transport struct {
	client       *Client
	base         http.RoundTripper
	tokens       oauth2.TokenSource // nil: send no identity
	quotaProject string
}

type quotaKey struct{}

// chargedTo names the project whose quota a request uses when user_project_override is set and no billing project is.
func chargedTo(ctx context.Context, project string) context.Context {
	return context.WithValue(ctx, quotaKey{}, project)
}

func (t *transport) RoundTrip(request *http.Request) (response *http.Response, err error) {
	ctx := request.Context()
	retry := wait.Retry{Backoff: wait.Backoff{First: 500 * time.Millisecond, Max: 15 * time.Second, Clock: t.client.clock}, For: retryFor}
	unanswered := false
	ended := retry.Do(ctx, func(attempt int) (bool, time.Duration) {
		response, err = t.attempt(request, attempt) //nolint:bodyclose // attempt has read and closed it
		unanswered = unanswered || err != nil && !unsent(err) && apierr.MayHaveArrived(err)
		return repeatable(request, response, err), retryAfter(response)
	})
	switch {
	case ended != nil:
		return nil, ended
	case unanswered && err != nil:
		err = &unansweredError{err}
	case unanswered:
		response.Header.Set(unansweredHeader, "1")
	}
	return response, err
}

// unansweredHeader marks an answer to a request that had been sent before without
// an answer, and may have been obeyed then. It is never sent.
const unansweredHeader = "X-Asm-Unanswered"

// unansweredError marks a request that was sent without an answer, and may have been obeyed.
type unansweredError struct{ err error }

func (e *unansweredError) Error() string { return e.err.Error() }
func (e *unansweredError) Unwrap() error { return e.err }

// repeatable: the answers that ask to come back later, and broken connections.
// 409 is not among them: it needs a new read first.
func repeatable(request *http.Request, response *http.Response, err error) bool {
	var token *apierr.TokenError
	switch {
	case request.Body != nil && request.GetBody == nil:
		return false
	case err != nil:
		return !errors.As(err, &token) && !unsent(err)
	}
	return apierr.Busy(response.StatusCode) || apierr.BadGateway(response.StatusCode)
}

// unsent reports whether the guard of the request's context refused it.
func unsent(err error) bool {
	var refused *wait.GuardError
	return errors.As(err, &refused)
}

// writes reports whether a request may change something. These APIs ask some questions by POST.
func writes(request *http.Request) bool {
	path := request.URL.Path
	return request.Method != http.MethodGet && !strings.HasSuffix(path, ":getIamPolicy") && !strings.HasSuffix(path, ":testIamPermissions") &&
		!strings.HasSuffix(path, "/entries:list") && !strings.HasSuffix(path, ":generateAccessToken")
}

// retryAfter is the pause that an answer asks for, or 0.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // a date is not used by these APIs
	return time.Duration(seconds) * time.Second
}

func (t *transport) attempt(request *http.Request, attempt int) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(request.Context(), t.client.config.RequestTimeout)
	defer cancel()
	sent := request.Clone(ctx)
	if attempt > 1 && request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		sent.Body = body
	}
	if err := t.sign(sent); err != nil {
		return nil, err
	}
	if writes(request) {
		if err := wait.CheckGuard(ctx); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	response, err := t.base.RoundTrip(sent)
	var body []byte
	if err == nil {
		body, err = io.ReadAll(response.Body)
		_ = response.Body.Close() // read to its end: nothing is left to fail
		if err != nil {
			err = fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
			response = nil
		} else {
			response.Body = io.NopCloser(bytes.NewReader(body))
		}
	}
	t.log(ctx, request, response, err, attempt, time.Since(start))
	return response, err
}

func (t *transport) sign(request *http.Request) error {
	config := t.client.config
	if config.UserAgent != "" {
		request.Header.Set("User-Agent", config.UserAgent)
	}
	if t.tokens == nil {
		return nil
	}
	token, err := t.tokens.Token()
	if err != nil {
		return &apierr.TokenError{Err: err}
	}
	token.SetAuthHeader(request)
	if config.RequestReason != "" {
		request.Header.Set("X-Goog-Request-Reason", config.RequestReason)
	}
	quota := t.quotaProject
	if config.UserProjectOverride {
		if project, found := request.Context().Value(quotaKey{}).(string); found {
			quota = project
		}
		if config.BillingProject != "" {
			quota = config.BillingProject
		}
	}
	if quota != "" {
		request.Header.Set("X-Goog-User-Project", quota)
	}
	return nil
}

// log logs a request without headers, which hold tokens, and without bodies, which hold personal data.
func (t *transport) log(ctx context.Context, request *http.Request, response *http.Response, err error, attempt int, took time.Duration) {
	if t.client.config.Log == nil {
		return
	}
	fields := map[string]any{"method": request.Method, "url": request.URL.Redacted(), "attempt": attempt, "ms": took.Milliseconds()}
	if response != nil {
		fields["status"] = response.StatusCode
	}
	if err != nil {
		fields["error"] = err.Error()
	}
	t.client.config.Log(ctx, "Google Cloud request", fields)
}

// limiter holds requests back to a published quota.
type limiter struct {
	bucket *rate.Limiter
	clock  wait.Clock
}

// newLimiter keeps to Cloud Logging's 60 entries.list requests a minute, with
// some left for others who share the quota project.
func newLimiter(clock wait.Clock) *limiter {
	return &limiter{rate.NewLimiter(rate.Every(1500*time.Millisecond), 10), clock}
}

// Wait waits until the quota has room for a request. The bucket's own Wait knows only the machine's clock.
func (l *limiter) Wait(ctx context.Context) error {
	now := l.clock.Now()
	room := l.bucket.ReserveN(now, 1)
	delay := room.DelayFrom(now)
	if delay == 0 {
		return ctx.Err()
	}
	if err := wait.Sleep(ctx, l.clock, delay); err != nil {
		room.CancelAt(l.clock.Now())
		return err
	}
	return nil
}

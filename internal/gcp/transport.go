package gcp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// retryFor bounds how long one request is repeated, whatever its context
// allows: an API that is down for longer is reported, not waited for.
const retryFor = time.Minute

// maxAnswer bounds what one answer takes of memory; the largest of these APIs, a page of log entries, has some MiB.
const maxAnswer = 256 << 20

func newBaseTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 100 // Terraform calls from as many goroutines as -parallelism says
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return &apierr.ProxyError{Proxy: proxy.Host, Code: answer.StatusCode}
	}
	return t
}

// transport sends one request as often as it takes: it adds identity and headers, reads the whole answer, so that a
// connection cut in the middle counts as a failed attempt, and repeats with growing pauses what repeatable names. Every
// write of this package may be repeated: it either carries an etag or asks for a state rather than a step.
type transport struct {
	client       *Client
	base         http.RoundTripper
	tokens       *sharedTokens // nil: send no identity
	quotaProject string
	timeout      time.Duration // of a request with all its repetitions; 0 is that of its context alone
}

type quotaKey struct{}

// chargedTo names the project whose quota a request uses when user_project_override is set and no billing project is.
func chargedTo(ctx context.Context, project string) context.Context {
	return context.WithValue(ctx, quotaKey{}, project)
}

func (t *transport) RoundTrip(request *http.Request) (response *http.Response, err error) {
	ctx := request.Context()
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
		request = request.WithContext(ctx)
	}
	retry := wait.Retry{Backoff: wait.Backoff{First: 500 * time.Millisecond, Max: 15 * time.Second, Clock: t.client.clock}, For: retryFor}
	unanswered, start := false, t.client.clock.Now()
	ended := retry.Do(ctx, func(attempt int) (bool, time.Duration) {
		response, err = t.attempt(request, attempt) //nolint:bodyclose // attempt has read and closed it
		again := repeatable(request, response, err, t.client.clock.Now().Sub(start), attempt)
		unanswered = unanswered || err != nil && !unsent(err) && apierr.MayHaveArrived(err) ||
			again && err == nil && response.StatusCode >= http.StatusInternalServerError
		return again, retryAfter(response)
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

const (
	connectFor       = time.Second // a refused connection or an unknown name may be a restart; longer, it is a mistake
	internalAttempts = 3           // for 500, which may be a flaw that stays
	doubtfulAttempts = 2           // for an answer to a read that is believed only if it comes twice
)

// repeatable reports whether a request is sent again: for the answers that ask to come back later, broken connections,
// and, for a short while, what a restart of a server may look like. 409 is not among them: it needs a new read first.
// A read whose answer is refused or broken is sent once more.
func repeatable(request *http.Request, response *http.Response, err error, since time.Duration, attempt int) bool {
	switch {
	case request.Body != nil && request.GetBody == nil:
		return false
	case errors.Is(err, io.ErrUnexpectedEOF): // the answer broke off
		return true
	case err != nil && (unsent(err) || apierr.Permanent(err)):
		return false
	case err != nil:
		return !apierr.Unconnected(err) || since < connectFor
	case response.StatusCode == http.StatusInternalServerError:
		return attempt < internalAttempts
	case attempt < doubtfulAttempts && !writes(request) && doubtful(response):
		return true
	}
	return apierr.Busy(response.StatusCode) || apierr.BadGateway(response.StatusCode) || overQuota(response)
}

// overQuota reports whether an answer is the older form of 429.
func overQuota(response *http.Response) bool {
	return response.StatusCode == http.StatusForbidden && decoded(response).OverQuota()
}

// doubtful reports whether an answer is not what the API answers, such as the page of a proxy or half of an object, or is
// a refusal for want of a permission, which IAM also gives while a grant propagates.
func doubtful(response *http.Response) bool {
	switch code := response.StatusCode; {
	case code == http.StatusForbidden:
		reason := decoded(response).Reason
		return reason == "" || reason == "IAM_PERMISSION_DENIED"
	case code == http.StatusNoContent:
		return false
	case code >= http.StatusOK && code < http.StatusMultipleChoices || code == http.StatusNotFound:
		return !json.Valid(content(response))
	}
	return false
}

func decoded(response *http.Response) *apierr.Error {
	e := &apierr.Error{Source: apierr.GoogleAPI, Code: response.StatusCode}
	e.DecodeGoogle(content(response))
	return e
}

// content is the body of an answer, which attempt keeps in memory.
func content(response *http.Response) []byte {
	body, _ := io.ReadAll(response.Body) // reading from memory does not fail
	response.Body = io.NopCloser(bytes.NewReader(body))
	return body
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
	ctx, cancel := context.WithTimeout(request.Context(), wait.AttemptTimeout(request.Context(), t.client.config.RequestTimeout))
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
		body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
		_ = response.Body.Close() // what matters has been read
		switch {
		case err != nil:
			err = fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
			response = nil
		case len(body) > maxAnswer:
			err = fmt.Errorf("%w: it has more than %d MiB", apierr.ErrMalformed, maxAnswer>>20)
			response = nil
		default:
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
	token, err := t.tokens.get(request.Context())
	if err != nil {
		return err
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

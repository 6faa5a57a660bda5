package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// request is one request to a cluster, in RBAC's words.
type request struct {
	doing       string // "list the pods"
	verb        string // get, list, create, patch
	resource    schema.GroupVersionResource
	namespace   string
	name        string
	subresource string
	query       url.Values
	accept      string
	contentType string
	body        []byte
	readOnly    bool // changes nothing, whatever its verb
	discovery   bool // of what is served: of the resource's group and version, or, where it has none, of the groups
}

func (r request) method() string {
	switch r.verb {
	case "create":
		return http.MethodPost
	case "update":
		return http.MethodPut
	case "patch":
		return http.MethodPatch
	case "delete":
		return http.MethodDelete
	}
	return http.MethodGet
}

func (r request) reads() bool { return r.readOnly || r.method() == http.MethodGet }

func (r request) path() []string {
	if r.discovery && r.resource.Group == "" {
		return []string{"/apis"}
	}
	if r.discovery {
		return []string{"/apis", r.resource.Group, r.resource.Version}
	}
	p := []string{"/apis", r.resource.Group, r.resource.Version}
	if r.resource.Group == "" {
		p = []string{"/api", r.resource.Version}
	}
	if r.namespace != "" {
		p = append(p, "namespaces", r.namespace)
	}
	p = append(p, r.resource.Resource)
	for _, part := range []string{r.name, r.subresource} {
		if part != "" {
			p = append(p, part)
		}
	}
	return p
}

// do sends a request by the current way, and by the next where this one cannot
// be used, and decodes the answer into out.
func (c *Cluster) do(ctx context.Context, r request, out any) error {
	var failed []error
	at := c.currentRoute()
	for {
		err := c.send(ctx, c.routes[at], r, out)
		if err == nil {
			return nil
		}
		if !c.mayTryNextRoute(c.routes[at], r, err) {
			return errors.Join(append([]error{err}, failed...)...)
		}
		failed = append(failed, err)
		next, more := c.nextRoute(at, err)
		if !more {
			return errors.Join(failed...)
		}
		at = next
	}
}

// mayTryNextRoute reports whether a failure is that of the way to the cluster. A write that was not
// answered may have happened, so it is not sent again elsewhere.
func (c *Cluster) mayTryNextRoute(way route, r request, err error) bool {
	var e *apierr.Error
	if !way.gateway || !errors.As(err, &e) {
		return false
	}
	switch e.Source {
	case apierr.Gateway:
		return e.Code == http.StatusForbidden || e.Code == http.StatusNotFound || e.Code == http.StatusBadRequest || r.reads()
	case apierr.Unknown:
		return r.reads()
	}
	return false
}

func (c *Cluster) send(ctx context.Context, way route, r request, out any) error {
	client, release, err := c.lease(ctx, way)
	if err != nil {
		return c.notLeased(ctx, way, r, err)
	}
	defer release()
	limited, cancel := context.WithTimeout(ctx, wait.AttemptTimeout(ctx, c.access.config.RequestTimeout))
	defer cancel()
	err = c.sendRepeatedly(limited, client, way, r, out)
	if way.forget != nil && apierr.Unreachable(err) && ctx.Err() == nil {
		err = c.sendToNewEndpoint(limited, client, way, r, out, err)
	}
	var refused *apierr.Error
	if errors.As(err, &refused) && refused.Source == apierr.Unknown && refused.Code == http.StatusNotFound &&
		c.lacks(limited, client, way, r.resource) {
		refused.Source, refused.Next = apierr.Kubernetes, ""
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return err
}

// lease takes a client from the pool. In a large fleet clusters wait for one. That wait has no timeout: it would look as if the
// cluster did not answer.
func (c *Cluster) lease(ctx context.Context, way route) (*client, func(), error) {
	return c.access.pool.lease(ctx, way.key, func(ctx context.Context) (*client, error) {
		limited, cancel := context.WithTimeout(ctx, wait.AttemptTimeout(ctx, c.access.config.RequestTimeout))
		defer cancel()
		return way.connect(limited)
	})
}

func (c *Cluster) notLeased(ctx context.Context, way route, r request, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return c.newError(way, r).Unanswered(err)
}

// sendToNewEndpoint looks up the cluster's endpoint again after it was not reached: the cluster may have been made anew, or have
// another address or certificate authority. A request is sent there only if it cannot have arrived at the old one. Where
// nothing has changed, the error is unreached; where the cluster is deleted, the look-up's.
func (c *Cluster) sendToNewEndpoint(ctx context.Context, old *client, way route, r request, out any, unreached error) error {
	var e *apierr.Error
	if !errors.As(unreached, &e) || errors.As(e.Cause, new(*apierr.TokenError)) {
		return unreached
	}
	arrived := apierr.MayHaveArrived(e.Cause)
	if arrived && !errors.Is(e.Cause, context.DeadlineExceeded) {
		return unreached // it listens, but broke off
	}
	if c.access.pool.drop(way.key, old) {
		way.forget()
	}
	if arrived {
		return unreached
	}
	client, release, err := c.lease(ctx, way)
	if apierr.NotFound(err) {
		return c.notLeased(ctx, way, r, err)
	}
	if err != nil {
		return unreached
	}
	defer release()
	if client.endpoint.equal(old.endpoint) {
		return unreached
	}
	return c.sendRepeatedly(ctx, client, way, r, out)
}

const (
	unavailableAttempts = 3 // of a request to a server that answers 503 without a Retry-After
	doubtfulAttempts    = 2 // of a read whose answer is believed only if it comes twice
)

// sendRepeatedly repeats what a busy server refuses: 429 for as long as a request may take, 503 a few times, both after the
// pause that the server asks for. A read whose answer is refused or broken is sent once more.
func (c *Cluster) sendRepeatedly(ctx context.Context, client *client, way route, r request, out any) (err error) {
	pauses := wait.Backoff{First: 200 * time.Millisecond, Max: 2 * time.Second, Clock: c.access.config.Clock}
	sent, held := 0, false
	_ = wait.Retry{Backoff: pauses, For: c.access.config.RequestTimeout}.Do(ctx, func(int) (bool, time.Duration) {
		if hold := c.access.quota.hold(c.charged(way)); hold > 0 && sent == 0 && !held {
			held = true
			return true, hold
		}
		var pause time.Duration
		pause, err = c.sendOnce(ctx, client, way, r, out)
		sent++
		var refused *apierr.Error
		if !errors.As(err, &refused) || !apierr.Busy(refused.Code) {
			return sent < doubtfulAttempts && r.reads() && doubtful(refused), 0
		}
		if refused.Source == apierr.Gateway && refused.Code == http.StatusTooManyRequests {
			c.access.quota.exhausted(c.charged(way), pause)
		}
		return refused.Code == http.StatusTooManyRequests || pause > 0 || sent < unavailableAttempts, pause
	})
	if sent == 0 { // there is no time to wait for the quota
		_, err = c.sendOnce(ctx, client, way, r, out)
	}
	return err
}

// doubtful reports whether the failure of a read may be that of one answer: a page or half of an object in its place, a
// connection that broke, a refusal for want of a permission. A plain 404 is confirmed by Cluster.lacks instead.
func doubtful(e *apierr.Error) bool {
	switch {
	case e == nil:
		return false
	case errors.Is(e.Cause, apierr.ErrMalformed):
		return true
	case e.Code == 0:
		return apierr.MayHaveArrived(e.Cause) && !errors.Is(e.Cause, context.DeadlineExceeded) && !errors.Is(e.Cause, context.Canceled) &&
			!apierr.Permanent(e.Cause)
	case e.Code == http.StatusForbidden:
		return e.Reason == "" || e.Reason == "IAM_PERMISSION_DENIED"
	}
	return apierr.BadGateway(e.Code) || e.Code == http.StatusInternalServerError
}

// charged is the project whose quota a request takes, or "" where it takes none that clusters share.
func (c *Cluster) charged(way route) string {
	if !way.gateway || c.target.Membership == nil {
		return ""
	}
	return cmp.Or(c.access.config.QuotaProject, c.target.Membership.Project)
}

func (c *Cluster) newError(way route, r request) *apierr.Error {
	e := &apierr.Error{Doing: r.doing, Cluster: c.String(), Via: way.via}
	if m := c.target.Membership; way.gateway && m != nil {
		e.Fleet, e.FleetToo = m.Project, c.target.FleetProject
		if quota := c.access.config.QuotaProject; quota != e.Fleet && quota != e.FleetToo {
			e.Quota = quota
		}
	}
	return e
}

// sendOnce also returns the pause that a refusal asks for, or 0.
func (c *Cluster) sendOnce(ctx context.Context, client *client, way route, r request, out any) (pause time.Duration, err error) {
	call := client.rest.Verb(r.method()).AbsPath(r.path()...).MaxRetries(0)
	for key, values := range r.query {
		for _, v := range values {
			call = call.Param(key, v)
		}
	}
	accept := r.accept
	if accept == "" {
		accept = "application/json"
	}
	call = call.SetHeader("Accept", accept)
	if r.body != nil {
		call = call.SetHeader("Content-Type", r.contentType).Body(r.body)
	}
	if !r.reads() {
		if err := wait.CheckGuard(ctx); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	result := call.Do(ctx)
	code := 0
	result.StatusCode(&code)
	body, err := result.Raw()
	if seconds, asked := apierrors.SuggestsClientDelay(err); asked {
		pause = time.Duration(seconds) * time.Second
	}
	if refusal := (&apierrors.StatusError{}); code == 0 && errors.As(err, &refusal) {
		code, body = undecoded(refusal)
	}
	c.log(ctx, r, way, code, time.Since(start))

	e := c.newError(way, r)
	e.Code = code
	switch {
	case code >= 200 && code < 300 && err == nil:
		if err := json.Unmarshal(body, out); err != nil {
			return 0, e.Unanswered(fmt.Errorf("%w: %w", apierr.ErrMalformed, err))
		}
		return 0, nil
	case code == 0 || (code >= 200 && code < 300):
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		e.Code, e.Ambiguous = 0, apierr.MayHaveArrived(err)
		return 0, e.Unanswered(err)
	}
	return pause, r.refused(e, body)
}

func (c *Cluster) log(ctx context.Context, r request, way route, code int, took time.Duration) {
	if c.access.config.Log == nil {
		return
	}
	c.access.config.Log(ctx, "Kubernetes request", map[string]any{
		"cluster": c.String(), "via": way.via, "verb": r.verb, "resource": r.resource.String(),
		"namespace": r.namespace, "name": r.name, "status": code, "ms": took.Milliseconds(),
	})
}

// undecoded is the status and body of an answer that client-go found no decoder
// for, as with plain text and web pages; it keeps them in its error alone.
func undecoded(refusal *apierrors.StatusError) (code int, body []byte) {
	status := refusal.ErrStatus
	text := status.Message
	if status.Details != nil {
		for _, cause := range status.Details.Causes {
			if cause.Type == metav1.CauseTypeUnexpectedServerResponse {
				text = cause.Message
			}
		}
	}
	return int(status.Code), []byte(text)
}

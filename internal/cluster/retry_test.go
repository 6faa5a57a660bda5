package cluster_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

type noTokens struct{}

func (noTokens) Token() (*oauth2.Token, error) { return nil, errors.New("the credentials expired") }

func TestRetryableAndDoubtful(t *testing.T) {
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	busy := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"TooManyRequests","code":429,"message":"busy"}`
	conflict := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Conflict","code":409,"message":"the object has ` +
		`been modified"}`
	for name, test := range map[string]struct {
		answer    http.HandlerFunc // nil: nobody listens
		config    cluster.Config
		retryable bool
		doubtful  bool
	}{
		"busy":                          {answer: says(429, busy), retryable: true},
		"conflict":                      {answer: says(409, conflict), retryable: true},
		"unavailable":                   {answer: says(503, "starting"), retryable: true, doubtful: true},
		"a proxy's page":                {answer: says(502, "<html>"), retryable: true, doubtful: true},
		"a failure of the server":       {answer: says(500, "boom"), doubtful: true},
		"no RBAC rule":                  {answer: says(403, rbacDenied)},
		"the gateway's API is disabled": {answer: says(403, gatewayDisabled)},
		"an answer that cannot be read": {answer: says(200, `{"metadata":`), doubtful: true},
		"cut before the answer": {
			answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, retryable: true, doubtful: true,
		},
		"no answer in time": {
			answer: asleep, config: cluster.Config{RequestTimeout: 50 * time.Millisecond}, retryable: true, doubtful: true,
		},
		"nobody listens": {retryable: true},
		"no token":       {answer: says(200, `{}`), config: cluster.Config{Tokens: noTokens{}}},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.GatewayEndpoint, test.config.Clock = nobody.URL, wait.NewJumping(time.Now())
			if test.answer != nil {
				test.config.GatewayEndpoint = serve(t, test.answer).URL
			}
			label := "x"
			_, err := open(t, access(t, test.config), membershipName, "").MarkNamespace(t.Context(), "shop", map[string]*string{"a": &label}, nil)
			if err == nil || apierr.Retryable(err) != test.retryable || apierr.Ambiguous(err) != test.doubtful {
				t.Errorf("retryable %t, doubtful %t: %v", apierr.Retryable(err), apierr.Ambiguous(err), err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { cancel(); asleep(w, r) })
	_, err := open(t, access(t, cluster.Config{GatewayEndpoint: s.URL}), membershipName, "").MarkNamespace(ctx, "shop", nil, nil)
	if !errors.Is(err, context.Canceled) || apierr.Retryable(err) || !apierr.Ambiguous(err) {
		t.Errorf("interrupted: %v", err)
	}
	if apierr.Retryable(nil) || apierr.Ambiguous(nil) {
		t.Error("no failure at all is one")
	}
}

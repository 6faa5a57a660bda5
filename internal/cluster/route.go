package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"golang.org/x/oauth2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
)

// route is one way to a cluster.
type route struct {
	via     string // "Connect Gateway", "the cluster's endpoint", "kubeconfig"
	key     string // of its client in the pool
	gateway bool
	connect func(ctx context.Context) (*client, error)
	forget  func() // what connect knows of the cluster's place; nil where that does not change
}

// client is a connection to a cluster. Its REST client knows no types: answers are decoded where they are read.
type client struct {
	rest     *rest.RESTClient
	endpoint Endpoint // where it connects to, on the way through the cluster's own endpoint
	close    func()
}

var errNoTokens = errors.New("there are no Google credentials to reach the cluster with; configure the provider's, or give a kubeconfig")

func (a *Access) routes(t Target) ([]route, error) {
	if t.Kubeconfig != nil {
		config, err := t.Kubeconfig.load()
		if err != nil {
			return nil, err
		}
		return []route{a.kubeconfigRoute(config)}, nil
	}
	if a.config.Tokens == nil {
		return nil, errNoTokens
	}
	var routes []route
	if t.Membership != nil {
		routes = append(routes, a.gatewayRoute(GatewayURL(*t.Membership, t.Agent, a.config.Universe, a.config.GatewayEndpoint)))
	}
	if t.Cluster != nil && a.config.FindEndpoint != nil {
		routes = append(routes, a.endpointRoute(t))
	}
	if len(routes) == 0 {
		return nil, fmt.Errorf("%s cannot be reached at its endpoint from here; name its fleet membership or a kubeconfig", t)
	}
	return routes, nil
}

func (a *Access) gatewayRoute(url string) route {
	return route{via: "Connect Gateway", key: url, gateway: true, connect: func(context.Context) (*client, error) {
		var transport http.RoundTripper = &oauth2.Transport{Source: a.config.Tokens, Base: a.gateway}
		if a.config.QuotaProject != "" {
			transport = withHeader{transport, "X-Goog-User-Project", a.config.QuotaProject}
		}
		return a.newClient(&rest.Config{Host: url}, transport, func() {}) // all clusters share the transport
	}}
}

func (a *Access) endpointRoute(t Target) route {
	name := *t.Cluster
	forget := func() {
		if a.config.ForgetEndpoint != nil {
			a.config.ForgetEndpoint(name)
		}
	}
	return route{via: "the cluster's endpoint", key: name.String(), forget: forget, connect: func(ctx context.Context) (*client, error) {
		endpoint, err := a.config.FindEndpoint(ctx, name)
		if err != nil {
			return nil, err
		}
		address := endpoint.Address
		if !strings.Contains(address, "://") {
			address = "https://" + address
		}
		config := &rest.Config{Host: address, TLSClientConfig: rest.TLSClientConfig{CAData: endpoint.CA}}
		// client-go never closes the transports it makes; this one is ours to close.
		own := newTransport()
		if own.TLSClientConfig, err = rest.TLSConfigFor(config); err != nil {
			return nil, fmt.Errorf("the certificate authority of %s cannot be used: %w", name, err)
		}
		made, err := a.newClient(config, &oauth2.Transport{Source: a.config.Tokens, Base: own}, own.CloseIdleConnections)
		if err == nil {
			made.endpoint = endpoint
		}
		return made, err
	}}
}

// kubeconfigs counts those that were opened: each is a connection of its own.
var kubeconfigs atomic.Int64

func (a *Access) kubeconfigRoute(config *rest.Config) route {
	return route{via: "kubeconfig", key: fmt.Sprintf("kubeconfig %d", kubeconfigs.Add(1)), connect: func(context.Context) (*client, error) {
		server, _, err := rest.DefaultServerUrlFor(config) // the scheme may be left out
		if err != nil {
			return nil, fmt.Errorf("the kubeconfig's server %q is not an address: %w", config.Host, err)
		}
		own, err := rest.HTTPClientFor(config)
		if err != nil {
			return nil, fmt.Errorf("the kubeconfig's credentials cannot be used: %w", err)
		}
		return a.newClient(&rest.Config{Host: server.String()}, own.Transport, func() {}) // client-go shares it between equals
	}}
}

// codecs know of the API machinery's own types only, which is what client-go needs to make sense of a Status.
var codecs = func() serializer.CodecFactory {
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	return serializer.NewCodecFactory(scheme)
}()

func (a *Access) newClient(config *rest.Config, transport http.RoundTripper, closeIdle func()) (*client, error) {
	config = &rest.Config{
		Host: config.Host, APIPath: "/", UserAgent: a.config.UserAgent,
		ContentConfig:  rest.ContentConfig{GroupVersion: &schema.GroupVersion{}, NegotiatedSerializer: codecs.WithoutConversion()},
		QPS:            -1,                // the API server has a fairness of its own
		WarningHandler: rest.NoWarnings{}, // deprecations of fixed resources are for the developers, not for the terminal
	}
	if a.config.UserAgent != "" {
		transport = withHeader{transport, "User-Agent", a.config.UserAgent}
	}
	r, err := rest.RESTClientForConfigAndClient(config, &http.Client{Transport: transport, CheckRedirect: noRedirect})
	if err != nil {
		return nil, fmt.Errorf("cannot set up a client for %s: %w", config.Host, err)
	}
	return &client{rest: r, close: closeIdle}, nil
}

// noRedirect hands a redirect back as the answer: an API server sends none, and
// following one would carry a token elsewhere.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// withHeader sets a header on every request.
type withHeader struct {
	base        http.RoundTripper
	name, value string
}

func (t withHeader) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set(t.name, t.value)
	return t.base.RoundTrip(request)
}

// tokenSource marks the failures of a source of tokens.
type tokenSource struct{ oauth2.TokenSource }

func (s tokenSource) Token() (*oauth2.Token, error) {
	token, err := s.TokenSource.Token()
	if err != nil {
		err = &apierr.TokenError{Err: err}
	}
	return token, err
}

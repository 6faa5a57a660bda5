// Package gcp is Google Cloud as this product needs it: projects and their IAM
// policies, APIs, GKE clusters, fleets and audit logs, over REST.
//
// Reads are shared: when many callers of one Client need a project's policy at
// about the same time, it is read once. A write drops what it changed.
package gcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/oauth2"
	crm "google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/container/v1"
	"google.golang.org/api/gkehub/v1"
	hubv2 "google.golang.org/api/gkehub/v2"
	"google.golang.org/api/logging/v2"
	"google.golang.org/api/option"
	"google.golang.org/api/serviceusage/v1"
	identity "google.golang.org/api/serviceusage/v1beta1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Config says how to reach Google Cloud. The zero value uses Application Default
// Credentials and Google's own endpoints.
type Config struct {
	AccessToken string   // OAuth 2.0 token; wins over Credentials
	Credentials string   // path to, or contents of, a credentials JSON
	variable    string   // the environment variable that Credentials came from, or ""
	Impersonate string   // e-mail address of the service account to act as
	Delegates   []string // chain of service accounts that leads there
	Scopes      []string // default: cloud-platform

	BillingProject      string // quota project, sent when UserProjectOverride is set
	UserProjectOverride bool   // charge quota to BillingProject, or else to the project worked on
	RequestReason       string // X-Goog-Request-Reason, kept in audit logs
	RequestTimeout      time.Duration
	UniverseDomain      string // default: googleapis.com
	UserAgent           string

	Endpoints Endpoints
	Clock     wait.Clock
	Log       func(ctx context.Context, message string, fields map[string]any) // called once for each request; nil logs nothing

	// FindDefault finds Application Default Credentials; nil means the standard
	// search of golang.org/x/oauth2/google, which may ask the metadata server.
	FindDefault FindDefault
}

// Client talks to Google Cloud for one configuration. It is safe for concurrent use.
type Client struct {
	config    Config
	endpoints Endpoints
	http      *http.Client
	tokens    oauth2.TokenSource
	clock     wait.Clock

	quotaProject string // that the credentials charge requests to, or ""

	crm        *crm.Service
	container  *container.Service
	hub        *gkehub.Service
	hub2       *hubv2.Service
	logging    *logging.Service
	services   *serviceusage.Service
	identities *identity.APIService

	projects   memo[string, Project]
	policies   memo[string, *iampb.Policy]
	states     serviceStates
	clusters   memo[string, clusterList]
	features   memo[string, mesh.Feature]
	members    memo[string, membershipList]
	endpointOf memo[string, Endpoint]
	audits     memo[string, auditLog]
	auditQueue coalescer[string, auditLog]
	writers    wait.KeyedLock
	auditQuota *limiter
}

// New makes a client. It checks the configuration and finds credentials, and sends no request to Google Cloud's APIs.
func New(ctx context.Context, config Config) (*Client, error) {
	c := &Client{config: config, clock: config.Clock}
	if c.clock == nil {
		c.clock = wait.Real
	}
	if c.config.RequestTimeout == 0 {
		c.config.RequestTimeout = 2 * time.Minute
	}
	var err error
	if !httpguts.ValidHeaderFieldValue(config.RequestReason) {
		return nil, errors.New("the request reason (request_reason, --request-reason, CLOUDSDK_CORE_REQUEST_REASON) holds characters that a " +
			"header may not have, such as a line break")
	}
	if c.endpoints, err = config.Endpoints.complete(config.UniverseDomain); err != nil {
		return nil, err
	}
	if c.http, err = c.authenticated(ctx); err != nil {
		return nil, err
	}
	if err := c.connect(ctx); err != nil {
		return nil, fmt.Errorf("cannot set up the Google Cloud clients: %w", err)
	}
	c.states.client = c
	c.auditQueue.max, c.auditQueue.fetch = maxLogResources, c.fetchChanges
	c.auditQuota = newLimiter(c.clock)
	memos := []interface{ setClock(wait.Clock) }{
		&c.projects, &c.policies, &c.clusters, &c.features, &c.members, &c.endpointOf, &c.audits,
	}
	for _, m := range memos {
		m.setClock(c.clock)
	}
	return c, nil
}

func (c *Client) connect(ctx context.Context) (err error) {
	to := func(endpoint string) []option.ClientOption {
		return []option.ClientOption{option.WithHTTPClient(c.http), option.WithEndpoint(endpoint + "/")}
	}
	if c.crm, err = crm.NewService(ctx, to(c.endpoints.ResourceManager)...); err != nil {
		return err
	}
	if c.container, err = container.NewService(ctx, to(c.endpoints.Container)...); err != nil {
		return err
	}
	if c.hub, err = gkehub.NewService(ctx, to(c.endpoints.GKEHub)...); err != nil {
		return err
	}
	if c.hub2, err = hubv2.NewService(ctx, to(c.endpoints.GKEHub)...); err != nil {
		return err
	}
	if c.logging, err = logging.NewService(ctx, to(c.endpoints.Logging)...); err != nil {
		return err
	}
	if c.services, err = serviceusage.NewService(ctx, to(c.endpoints.ServiceUsage)...); err != nil {
		return err
	}
	c.identities, err = identity.NewService(ctx, to(c.endpoints.ServiceUsage)...)
	return err
}

// Config is what the client was made with, its endpoints complete.
func (c *Client) Config() Config {
	config := c.config
	config.Endpoints = c.endpoints
	return config
}

// QuotaProject is the project that requests are charged to, whatever they work on; "" where each is charged to the
// project of its caller or of its resource.
func (c *Client) QuotaProject() string {
	if c.config.UserProjectOverride && c.config.BillingProject != "" {
		return c.config.BillingProject
	}
	return c.quotaProject
}

// Tokens are the access tokens that this client's requests carry, for other clients that act as the same caller.
func (c *Client) Tokens() oauth2.TokenSource { return c.tokens }

// backoff is the pace at which operations and propagation are polled.
func (c *Client) backoff() wait.Backoff {
	return wait.Backoff{First: 250 * time.Millisecond, Max: 10 * time.Second, Clock: c.clock}
}

package cluster

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Config says how clusters are reached. The zero value reaches those that a kubeconfig names.
type Config struct {
	// Tokens are Google access tokens (scope cloud-platform) for Connect Gateway
	// and for endpoints of GKE clusters. Without them only a kubeconfig serves.
	Tokens oauth2.TokenSource
	// FindEndpoint finds where a GKE cluster's API server listens; nil means that
	// no cluster is reached at its own endpoint.
	FindEndpoint func(ctx context.Context, cluster mesh.Cluster) (Endpoint, error)
	// ForgetEndpoint is called before FindEndpoint is asked again because nothing that can be trusted listens where it said;
	// nil where it keeps no answers.
	ForgetEndpoint func(cluster mesh.Cluster)

	GatewayEndpoint string // replaces Connect Gateway's own hosts
	Universe        string // default: googleapis.com
	QuotaProject    string // X-Goog-User-Project, for the gateway
	UserAgent       string

	RequestTimeout time.Duration // of one request with its repetitions; default 30 s
	MaxClients     int           // clients kept at once; default 64
	Clock          wait.Clock
	// Log is called for every request, without headers and bodies; nil logs nothing.
	Log func(ctx context.Context, message string, fields map[string]any)
}

// Endpoint is where a GKE cluster's API server listens.
type Endpoint struct {
	Address string // https://ADDRESS
	CA      []byte // PEM; nil trusts the machine's roots
}

// Access reaches clusters. It is safe for concurrent use, and bounds what a fleet takes: clients, and with them
// connections, are kept for a limited number of clusters and closed when idle.
type Access struct {
	config  Config
	pool    *pool
	gateway *http.Transport // one for all clusters behind the gateway
	quota   *quota          // of Connect Gateway
}

// New makes an access; it sends no request.
func New(config Config) *Access {
	if config.RequestTimeout == 0 {
		config.RequestTimeout = 30 * time.Second
	}
	if config.MaxClients == 0 {
		config.MaxClients = 64
	}
	if config.Tokens != nil {
		config.Tokens = tokenSource{config.Tokens}
	}
	if config.Clock == nil {
		config.Clock = wait.Real
	}
	// All clusters behind the gateway are one host: where it does not speak HTTP/2,
	// each of their requests at once has a connection, which the next cluster takes.
	gateway := newTransport()
	gateway.MaxIdleConns, gateway.MaxIdleConnsPerHost = 0, config.MaxClients*len(healthyParts)
	return &Access{config: config, pool: newPool(config.MaxClients), gateway: gateway, quota: newQuota(config.Clock)}
}

// QuotaProject is the project that requests through the gateway are charged to; "" where it is the caller's or the fleet's.
func (a *Access) QuotaProject() string { return a.config.QuotaProject }

// Close closes what is idle. Calls that are under way end by themselves.
func (a *Access) Close() {
	a.pool.close()
	a.gateway.CloseIdleConnections()
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = len(healthyParts)
	t.IdleConnTimeout = 30 * time.Second
	return t
}

func (e Endpoint) equal(other Endpoint) bool {
	return e.Address == other.Address && bytes.Equal(e.CA, other.CA)
}

// Cluster is one cluster, and the ways to it. It is safe for concurrent use.
type Cluster struct {
	access *Access
	target Target
	routes []route

	mu      sync.Mutex
	current int
	skipped []error
}

// Open prepares the ways to a cluster. It checks the target, but sends no request:
// the first read does.
func (a *Access) Open(target Target) (*Cluster, error) {
	if err := target.check(); err != nil {
		return nil, err
	}
	routes, err := a.routes(target)
	if err != nil {
		return nil, err
	}
	return &Cluster{access: a, target: target, routes: routes}, nil
}

// String names the cluster.
func (c *Cluster) String() string { return c.target.String() }

// Via is the way by which the cluster is reached now.
func (c *Cluster) Via() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.routes[c.current].via
}

// Skipped are the failures of the ways that were given up, in order. That Connect
// Gateway is disabled stays a finding even where the endpoint answers.
func (c *Cluster) Skipped() []error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]error(nil), c.skipped...)
}

// nextRoute switches to the next way, unless another call already has.
func (c *Cluster) nextRoute(at int, because error) (next int, more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == at && at+1 < len(c.routes) {
		c.current++
		c.skipped = append(c.skipped, because)
	}
	return c.current, c.current > at
}

func (c *Cluster) currentRoute() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current
}

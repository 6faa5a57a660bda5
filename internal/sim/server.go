package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

type (
	// World is the document of GET and PUT /_sim/world.
	World = world.World
	// Binding is a binding of a project's policy in it.
	Binding = world.Binding
	// Clock is its clock.
	Clock = world.Clock
	// Fault is something that can be made to go wrong.
	Fault = world.Fault
)

// Faults lists the known faults by name.
func Faults() []Fault { return world.Faults() }

// Options say what world a server begins with and where it listens.
type Options struct {
	// Listen is a loopback address; "127.0.0.1:0" by default.
	Listen string
	// Projects and Clusters are how many there are; 1 by default. Clusters are spread over the projects in turn and
	// registered in the fleet of the first.
	Projects int
	Clusters int
	// Implementation is the control plane implementation that memberships report: TRAFFIC_DIRECTOR, the default, or ISTIOD.
	Implementation string
	// DefaultInjection gives the demo's namespace the label istio-injection=enabled, as Google's tutorials do, instead of
	// istio.io/rev.
	DefaultInjection bool
	// Faults are active from the start.
	Faults []string
	// Latency is added to every answer of an API, but not below /_sim/.
	Latency time.Duration
	// Observe is called after every exchange with an API, plain or through the proxy. It must be safe for concurrent
	// use.
	Observe func(Exchange)
}

const (
	maxProjects = 10_000
	maxClusters = 100_000
)

// withDefaults checks the options and fills in what is not given.
func (o Options) withDefaults() (Options, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Projects == 0 {
		o.Projects = 1
	}
	if o.Clusters == 0 {
		o.Clusters = 1
	}
	if o.Projects < 0 || o.Projects > maxProjects {
		return o, fmt.Errorf("projects: %d is not between 1 and %d", o.Projects, maxProjects)
	}
	if o.Clusters < 0 || o.Clusters > maxClusters {
		return o, fmt.Errorf("clusters: %d is not between 1 and %d", o.Clusters, maxClusters)
	}
	if o.Latency < 0 {
		return o, fmt.Errorf("latency: %s is negative", o.Latency)
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return o, fmt.Errorf("listen address %q: %w", o.Listen, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return o, fmt.Errorf("listen address %q is not on loopback: the simulator serves this machine only", o.Listen)
	}
	if err := world.CheckImplementation(o.Implementation); err != nil {
		return o, fmt.Errorf("implementation: %w", err)
	}
	for _, name := range o.Faults {
		if err := world.CheckFault(name); err != nil {
			return o, err
		}
	}
	return o, nil
}

// A Server is a running simulation.
type Server struct {
	options Options
	address string

	mu    sync.Mutex // guards world
	world *world.World
	apis  api.APIs // guarded by mu, too

	requests requestLog
	ca       *authority
	files    tempFiles

	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	serving sync.WaitGroup
	plain   *http.Server
	proxy   *http.Server // serves connections that came through CONNECT
	tunnel  *tunnelListener

	closeOnce sync.Once
	closeErr  error
}

// Start starts a simulation. It ends with Close, or when the context does.
func Start(ctx context.Context, o Options) (*Server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o}
	now := time.Now()
	s.world = world.Build(o.Projects, o.Clusters, now)
	s.world.Implementation, s.world.DefaultInjection = o.Implementation, o.DefaultInjection
	for _, name := range o.Faults {
		if err := s.world.Activate(name, map[string]string{}, now); err != nil {
			return nil, err
		}
	}
	if s.ca, err = newAuthority(); err != nil {
		return nil, fmt.Errorf("making the certificate authority: %w", err)
	}
	s.apis.CA = s.ca.pem
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", o.Listen, err)
	}
	s.address = listener.Addr().String()
	if err := s.files.create(s.ca.pem); err != nil {
		return nil, errors.Join(err, listener.Close(), s.files.remove())
	}
	if err := s.writeKubeconfig(s.world); err != nil {
		return nil, errors.Join(err, listener.Close(), s.files.remove())
	}
	s.serve(ctx, listener)
	return s, nil
}

// serve starts to serve plain requests and those that came through the proxy.
func (s *Server) serve(ctx context.Context, listener net.Listener) {
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.tunnel = newTunnelListener(listener.Addr())
	s.plain = s.httpServer(s.Handler())
	s.proxy = s.httpServer(http.HandlerFunc(s.serveTunnel))
	s.serving.Go(func() { _ = s.plain.Serve(listener) }) // ends with ErrServerClosed
	s.serving.Go(func() { _ = s.proxy.Serve(s.tunnel) })
	stop := context.AfterFunc(ctx, func() { _ = s.Close() })
	context.AfterFunc(s.ctx, func() { stop() })
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
		ConnContext: withConnection,
		ErrorLog:    discardLog, // a client that goes away is not news
	}
}

// URL is the address of plain requests: APIs are below it at /<host of the API>/.
func (s *Server) URL() string { return "http://" + s.address }

// Close stops everything that Start started. It may be called more than once.
func (s *Server) Close() error {
	s.closeOnce.Do(func() {
		s.cancel()
		s.closeErr = errors.Join(s.plain.Close(), s.proxy.Close(), s.tunnel.Close(), s.files.remove())
		s.serving.Wait()
	})
	return s.closeErr
}

// pause waits, unless the request or the server ends first.
func (s *Server) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
}

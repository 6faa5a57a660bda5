package simtest

import (
	"context"
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/control"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// Config is how a caller reaches the world's APIs.
func (w *World) Config(caller string) gcp.Config {
	return gcp.Config{AccessToken: Token(caller), Endpoints: gcp.EndpointsBelow(w.URL()), Clock: w.Clock}
}

// Client returns a client of the world's APIs that has read nothing yet.
func (w *World) Client(caller string) *gcp.Client {
	w.t.Helper()
	client, err := gcp.New(w.t.Context(), w.Config(caller))
	w.must(err)
	return client
}

// Clusters reaches the world's clusters with a client's credentials, through Connect Gateway or at their own endpoints.
func (w *World) Clusters(client *gcp.Client) *prereq.Clusters {
	return prereq.NewClusters(client, cluster.Config{FindEndpoint: FindEndpoint(w.URL())})
}

// FindEndpoint finds the API servers of the clusters of the simulator at an address.
func FindEndpoint(url string) func(context.Context, mesh.Cluster) (cluster.Endpoint, error) {
	server := control.NewClient(url)
	return func(_ context.Context, c mesh.Cluster) (cluster.Endpoint, error) {
		return cluster.Endpoint{Address: server.ClusterURL(c.Project, c.Location, c.Name)}, nil
	}
}

// JumpingClock is the clock of the simulator at an address, for a process other than the world's; ahead is what the world's
// Clock.Ahead says.
func JumpingClock(url string, ahead time.Duration) *wait.Shifted {
	server := control.NewClient(url)
	clock := &wait.Shifted{Jump: true, OnAdvance: func(d time.Duration) error {
		err := server.Advance(context.Background(), d)
		if err != nil {
			panic(err) // the clocks differ from now on, and nothing after it makes sense
		}
		return err
	}}
	clock.Set(ahead)
	return clock
}

// CustomEndpoints are the world's addresses by the name of the provider's argument, without its _custom_endpoint.
func (w *World) CustomEndpoints() map[string]string {
	e := gcp.EndpointsBelow(w.URL())
	return map[string]string{
		"resource_manager_v3": e.ResourceManager, "service_usage": e.ServiceUsage, "container": e.Container, "gke_hub": e.GKEHub,
		"logging": e.Logging, "iam_credentials": e.IAMCredentials, "connect_gateway": e.ConnectGateway,
	}
}

// SetEnvironment lets the environment of the test lead commands to the world, as its owner and without the proxy.
func (w *World) SetEnvironment() {
	for argument, address := range w.CustomEndpoints() {
		w.t.Setenv("GOOGLE_"+strings.ToUpper(argument)+"_CUSTOM_ENDPOINT", address)
	}
	w.t.Setenv("GOOGLE_OAUTH_ACCESS_TOKEN", Token(Owner))
	w.t.Setenv("GOOGLE_PROJECT", Project)
}

// Kubeconfig is the path of a kubeconfig of the world's clusters, by way of the simulator's proxy.
func (w *World) Kubeconfig() string {
	w.t.Helper()
	for _, pair := range w.Env() {
		if path, found := strings.CutPrefix(pair, "KUBECONFIG="); found {
			return path
		}
	}
	w.t.Fatal("the simulator's environment has no KUBECONFIG")
	return ""
}

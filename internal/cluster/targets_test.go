package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// target is a cluster to hold the product to: a real API server, or the
// simulator's, which claims to answer alike. Where they differ the simulator is
// wrong.
type target interface {
	// Config reaches the cluster as somebody who may do everything, Kubeconfig
	// writes the same as a file; ConfigOf and KubeconfigOf are for another user,
	// whom nobody gave any right.
	Config() *rest.Config
	ConfigOf(email string) *rest.Config
	Kubeconfig(path string) error
	KubeconfigOf(path, email string) error
	// Compact forgets what was: continue tokens given until now are too old.
	Compact(ctx context.Context) error
}

// targets are those that every test of the list runs on. Each starts when its
// turn comes, so that a machine without the real server's binaries still runs
// the other half.
var targets = []struct {
	name  string
	start func(t *testing.T) target
}{
	{"simulator", simulator},
	{"kube-apiserver", func(t *testing.T) target { return kubetest.Start(t) }},
}

// simulated is a cluster of the simulator that is in no fleet. Nothing of
// Google's acts in it, so that tests arrange the mesh by hand, as they do in the
// real server.
type simulated struct {
	server *sim.Server
	file   *clientcmdapi.Config
	admin  *rest.Config
}

func simulator(t *testing.T) target {
	t.Helper()
	server := world(t, sim.Options{})
	send(t, server, http.MethodDelete, "/gkehub.googleapis.com/v1/projects/mesh-sim-1/locations/us-central1/memberships/cluster-1")
	send(t, server, http.MethodPost, "/_sim/clock?advance=1s") // the fleet takes a moment
	s := &simulated{server: server}
	var err error
	for _, pair := range server.Env() {
		if path, found := strings.CutPrefix(pair, "KUBECONFIG="); found {
			s.file, err = clientcmd.LoadFromFile(path)
			must(t, err)
		}
	}
	if s.file == nil {
		t.Fatal("the simulator's environment has no KUBECONFIG")
	}
	s.admin, err = clientcmd.NewDefaultClientConfig(*s.file, nil).ClientConfig()
	must(t, err)
	s.admin.QPS = -1
	s.admin.ContentType = "application/json" // it takes no protobuf
	return s
}

// world starts a simulated Google Cloud for one test.
func world(t testing.TB, options sim.Options) *sim.Server {
	t.Helper()
	server, err := sim.Start(context.Background(), options) // what cleans up after the test still needs it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// send makes a request to the simulator's plain door as the owner of its world.
func send(t testing.TB, server *sim.Server, method, path string) {
	t.Helper()
	if err := sendTo(t.Context(), server.URL()+path, method); err != nil {
		t.Fatal(err)
	}
}

func sendTo(ctx context.Context, url, method string) error {
	request, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+simulatedToken("admin@example.com"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answered %s", method, url, answer.Status)
	}
	return nil
}

// simulatedToken is the access token of a user of the simulator.
func simulatedToken(email string) string { return "sim-token." + email }

func (s *simulated) Config() *rest.Config { return rest.CopyConfig(s.admin) }

func (s *simulated) ConfigOf(email string) *rest.Config {
	config := s.Config()
	config.BearerToken = simulatedToken(email)
	return config
}

func (s *simulated) Kubeconfig(path string) error { return clientcmd.WriteToFile(*s.file, path) }

func (s *simulated) KubeconfigOf(path, email string) error {
	file := s.file.DeepCopy()
	for _, user := range file.AuthInfos {
		user.Token = simulatedToken(email)
	}
	return clientcmd.WriteToFile(*file, path)
}

// Compact lets ten minutes pass: an API server compacts every five, and what is
// younger than five stays.
func (s *simulated) Compact(ctx context.Context) error {
	return sendTo(ctx, s.server.URL()+"/_sim/clock?advance=10m", http.MethodPost)
}

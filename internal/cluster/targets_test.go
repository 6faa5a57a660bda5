package cluster_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// target is a cluster to hold the product to: a real API server, or the simulator's, which claims to answer alike.
// Where they differ the simulator is wrong.
type target interface {
	// Config reaches the cluster as somebody who may do everything, Kubeconfig writes the same as a file; ConfigOf and
	// KubeconfigOf are for another user, whom nobody gave any right.
	Config() *rest.Config
	ConfigOf(email string) *rest.Config
	Kubeconfig(path string) error
	KubeconfigOf(path, email string) error
	// Compact forgets what was: continue tokens given until now are too old.
	Compact(ctx context.Context) error
}

// targets are those that every test of the list runs on. Each starts when its turn comes, so that a machine without the
// real server's binaries still runs the other half.
var targets = []struct {
	name  string
	start func(t *testing.T) target
}{
	{"simulator", simulator},
	{"kube-apiserver", func(t *testing.T) target { return kubetest.Start(t) }},
}

// simulated is a cluster of the simulator that is in no fleet. Nothing of Google's acts in it, so that tests arrange
// the mesh by hand, as they do in the real server.
type simulated struct {
	*simtest.World
	file  *clientcmdapi.Config
	admin *rest.Config
}

func simulator(t *testing.T) target {
	t.Helper()
	s := &simulated{World: simtest.Start(t, sim.Options{})}
	s.Call(http.MethodDelete, "/gkehub.googleapis.com/v1/"+simtest.Membership, "")
	s.Advance(time.Second) // the fleet takes a moment
	var err error
	s.file, err = clientcmd.LoadFromFile(s.World.Kubeconfig())
	must(t, err)
	s.admin, err = clientcmd.NewDefaultClientConfig(*s.file, nil).ClientConfig()
	must(t, err)
	s.admin.QPS = -1
	s.admin.ContentType = "application/json" // it takes no protobuf
	return s
}

func (s *simulated) Config() *rest.Config { return rest.CopyConfig(s.admin) }

func (s *simulated) ConfigOf(email string) *rest.Config {
	config := s.Config()
	config.BearerToken = simtest.Token(email)
	return config
}

func (s *simulated) Kubeconfig(path string) error { return clientcmd.WriteToFile(*s.file, path) }

func (s *simulated) KubeconfigOf(path, email string) error {
	file := s.file.DeepCopy()
	for _, user := range file.AuthInfos {
		user.Token = simtest.Token(email)
	}
	return clientcmd.WriteToFile(*file, path)
}

// Compact lets ten minutes pass: an API server compacts every five, and what is younger than five stays.
func (s *simulated) Compact(ctx context.Context) error {
	return s.Control.Advance(ctx, 10*time.Minute)
}

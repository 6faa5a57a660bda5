package kubetest

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// patience is more than a machine needs that is busy with other tests.
const patience = 2 * time.Minute

// shared is the control plane of this test binary.
var shared struct {
	sync.Mutex
	inMain bool
	server *Server
	failed bool
}

// Main runs the tests of a package and then stops the control plane that they started, if they did. It
// returns what TestMain gives to os.Exit.
func Main(m *testing.M) int {
	shared.Lock()
	shared.inMain = true
	shared.Unlock()

	code := m.Run()

	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return code
	}
	if err := shared.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "kubetest:", err)
		return max(code, 1)
	}
	return code
}

// Start returns the control plane of the test package, which the first test to ask starts. Without the
// servers' binaries the test is skipped.
func Start(t testing.TB) *Server {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := binaries(dir); err != nil {
		t.Skip(err)
	}
	shared.Lock()
	defer shared.Unlock()
	if !shared.inMain {
		t.Fatal("kubetest.Start needs a TestMain that calls kubetest.Main, or nothing stops the control plane")
	}
	if shared.failed {
		t.Fatal("the control plane did not start; the first test that asked for it says why")
	}
	if shared.server == nil {
		// Not the test's context: the control plane outlives the test.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		server, err := New(ctx)
		if err != nil {
			shared.failed = true
			t.Fatal(err)
		}
		shared.server = server
	}
	if err := shared.server.ended(); err != nil {
		t.Fatal(fmt.Errorf("the control plane is gone: %w", err))
	}
	return shared.server
}

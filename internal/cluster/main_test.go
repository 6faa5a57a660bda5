package cluster_test

import (
	"os"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

func TestMain(m *testing.M) {
	if clusters := os.Getenv(simulateVariable); clusters != "" {
		os.Exit(simulate(clusters))
	}
	os.Exit(kubetest.Main(m))
}

package cluster_test

import (
	"os"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func TestMain(m *testing.M) {
	simtest.ServeIfAsked()
	os.Exit(kubetest.Main(m))
}

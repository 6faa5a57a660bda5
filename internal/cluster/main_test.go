package cluster_test

import (
	"os"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }

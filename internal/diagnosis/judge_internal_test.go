package diagnosis

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/gcp"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// A line about cluster-1 says nothing of cluster-10, nor of a cluster of that name elsewhere.
func TestALineIsOfOneCluster(t *testing.T) {
	line := gcp.LogLine{Project: "p", Location: "us-central1", Cluster: "cluster-1"}
	for name, want := range map[mesh.Cluster]bool{
		{Project: "p", Location: "us-central1", Name: "cluster-1"}:   true,
		{Project: "p", Location: "us-central1", Name: "cluster-10"}:  false,
		{Project: "p", Location: "us-central1-a", Name: "cluster-1"}: false,
		{Project: "q", Location: "us-central1", Name: "cluster-1"}:   false,
	} {
		if got := isOf(line, name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	line.Cluster, line.Location = "", ""
	if !isOf(line, mesh.Cluster{Project: "p", Location: "us-central1", Name: "cluster-10"}) {
		t.Error("a line that names no cluster is about none")
	}
}

package mesh_test

import (
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

func TestWorst(t *testing.T) {
	if got := mesh.Worst(); got != mesh.Unknown {
		t.Errorf("of nothing: %s, want unknown", got)
	}
	if got := mesh.Worst(mesh.Healthy, mesh.Unknown, mesh.Degraded); got != mesh.Unknown {
		t.Errorf("got %s, want unknown", got)
	}
	if got := mesh.Worst(mesh.Unknown, mesh.Unhealthy); got != mesh.Unhealthy {
		t.Errorf("got %s, want unhealthy", got)
	}
}

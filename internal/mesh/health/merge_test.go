package health_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

func TestMergeHealth(t *testing.T) {
	if got := health.MergeHealth(); got.Verdict != mesh.Unknown {
		t.Errorf("of nothing: %+v", got)
	}
	unread := health.UnreadHealth("c", "cannot list pods: 403", "Grant it.")
	if unread.Verdict != mesh.Unknown || unread.Findings[0].Code != catalogue.Unreadable || unread.Findings[0].Remediation != "Grant it." {
		t.Errorf("unread: %+v", unread)
	}
	healthy := health.JudgeRevisions("c", []mesh.ControlPlaneRevision{managed(nil)}, noon)
	got := health.MergeHealth(healthy, unread)
	if got.Verdict != mesh.Unknown || len(got.Findings) != 1 || !strings.Contains(got.Summary, "403") {
		t.Errorf("healthy and unread: %+v", got)
	}
	named := got.About("m")
	if named.Findings[0].Subject != "m/c" || got.Findings[0].Subject != "c" {
		t.Errorf("subjects %q and %q", named.Findings[0].Subject, got.Findings[0].Subject)
	}
}

package report_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/report"
)

// A diagnosis fits on a screen: the verdict first, consequences counted, and one command at the end.
func TestBriefTable(t *testing.T) {
	whole := render(t, report.Table, broken(), report.Options{})
	brief := render(t, report.Table, broken(), report.Options{Width: 100, Brief: true})
	inOrder(t, brief, "UNHEALTHY", "Root causes", "service-agent-binding-missing", "caused by ci@shop-infra",
		"takes down 2 findings: revisions-unhealthy, data-plane-state", "cannot-read", "remedy: Grant roles/gkehub.viewer.",
		"next: terraform-provider-asm explain cannot-read", "control-plane-state", "info  revisions-several", "Unknown",
		"next: terraform-provider-asm runbook plan restore-service-agent-binding --membership=projects/shop-fleet/locations/europe-west1/memberships/cart\n",
		"--details")
	for _, left := range []string{"seen in", "fixed by", "The data plane is FAILED_PRECONDITION"} {
		if strings.Contains(brief, left) || !strings.Contains(whole, left) {
			t.Errorf("%q is for --details", left)
		}
	}
	if n := strings.Count(brief, "restore-service-agent-binding"); n != 1 {
		t.Errorf("the command is there %d times", n)
	}
	if got := render(t, report.Table, healthy(), report.Options{Brief: true}); strings.Contains(got, "--details") {
		t.Errorf("nothing was left out of\n%s", got)
	}
	if n := strings.Count(render(t, report.Table, fleet(10_000), report.Options{Brief: true}), "\n"); n > 50 {
		t.Errorf("a fleet takes %d lines", n)
	}
}

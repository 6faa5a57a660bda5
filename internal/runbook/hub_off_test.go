package runbook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// Without GKE Hub no membership is known. Its API is enabled on the project, and what that shows is corrected after it.
func TestRemediateAFleetThatCannotBeRead(t *testing.T) {
	w := suffer(t, "binding-revoked")
	w.CallAs(simtest.Owner, "gcloud", http.MethodPost,
		"/serviceusage.googleapis.com/v1/projects/mesh-sim-1/services/gkehub.googleapis.com:disable", `{"disableDependentServices":true}`)
	w.Advance(time.Hour)
	w.Forget()
	m := w.remedy(fleet.RemediateOptions{Approvals: yes})
	if code := m.ExitCode(diagnosis.FailDegraded); code != 0 || len(m.Rounds) != 2 {
		t.Fatalf("exit code %d\n%s", code, tale(m))
	}
	acts := w.writes()
	if len(acts) != 2 || !strings.Contains(acts[0], "gkehub.googleapis.com:enable") || !strings.Contains(acts[1], ":setIamPolicy") {
		t.Errorf("it wrote %q", acts)
	}
	w.Forget()
	if m = w.remedy(fleet.RemediateOptions{Approvals: yes}); len(m.Rounds) > 0 || len(w.acts()) > 0 {
		t.Errorf("the second remediation wrote %q\n%s", w.acts(), tale(m))
	}
}

package cli_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// enabling writes a file with a runbook that enables an API of a project, after the API was disabled.
func (w *world) enabling(name, api string) string {
	w.t.Helper()
	w.Call(http.MethodPost, "/serviceusage.googleapis.com/v1/projects/"+simtest.Project+"/services/"+api+":disable", "{}")
	w.Advance(time.Minute)
	file := filepath.Join(w.t.TempDir(), name+".hcl")
	text := fmt.Sprintf(`
runbook %q {
  title = "An API is off"
  target "project" {}
  step "api" {
    ensure "project_services" {
      project  = target.project
      services = [%q]
    }
  }
}
`, name, api)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// Plans of two runbooks for one target in a folder are both kept, and both are run.
func TestPlansOfOneTargetInAFolder(t *testing.T) {
	w := newWorld(t, 1)
	first, second := w.enabling("first", "dns.googleapis.com"), w.enabling("second", "networksecurity.googleapis.com")
	folder := filepath.Join(t.TempDir(), "plans") + "/"
	for _, file := range []string{first, second, first} { // planning again replaces its own plan
		w.want(2, "runbook", "plan", "--file", file, "--project", simtest.Project, "--out", folder)
	}
	w.wrote()
	out, _ := w.want(0, "runbook", "run", folder)
	contains(t, out, "2 of 2 succeeded, 2 changed something")
	did := strings.Join(w.wrote(), "\n")
	if strings.Count(did, "dns.googleapis.com:enable") != 1 || strings.Count(did, "networksecurity.googleapis.com:enable") != 1 {
		t.Errorf("it wrote\n%s", did)
	}
	// The second of them is not run when the first fails, and the report has both.
	out, _ = w.want(6, "runbook", "run", folder)
	contains(t, out, "0 of 2 succeeded, 1 failed, 1 not begun", simtest.Project+" (second)", "has changed since the plan was made")
	if did := w.wrote(); len(did) > 0 {
		t.Errorf("it wrote %q", did)
	}
}

// A folder is not planned into that has a plan for a target which is no longer among the targets.
func TestStalePlanInAFolder(t *testing.T) {
	w := newWorld(t, 2, "binding-revoked")
	folder := filepath.Join(t.TempDir(), "plans") + "/"
	w.want(2, "runbook", "plan", bindingBook, "--fleet-project", "mesh-sim-1", "--out", folder)
	_, errs := w.want(1, "runbook", "plan", bindingBook, "--membership", member, "--out", folder)
	contains(t, errs, "_memberships_cluster-2.json is an older plan of "+bindingBook+" for another target")
	w.want(2, "runbook", "plan", bindingBook, "--fleet-project", "mesh-sim-1", "--out", folder)
}

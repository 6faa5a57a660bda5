package runbook_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const twoAPIs = `
runbook "two-apis" {
  title = "Two APIs"
  target "membership" {}
  step "apis" {
    timeout = "1m"
    ensure "project_services" {
      project  = target.project
      services = ["connectgateway.googleapis.com", "mesh.googleapis.com"]
    }
    approval = "Enables the APIs."
  }
}
`

// While a person is asked, another client makes a part of the change: the rest is asked for, and only the rest is done. The
// time that the person takes is not the step's.
func TestWhatAPersonAgreedToIsWhatIsDone(t *testing.T) {
	w := suffer(t, "mesh-api-disabled", "connectgateway-disabled")
	clock := simtest.JumpingClock(w.URL(), w.Clock.Ahead())
	e, err := newEngine(t.Context(), w.URL(), simtest.Owner, runs(t), clock)
	if err != nil {
		t.Fatal(err)
	}
	var shown [][]string
	r := run(t, e, plan(t, e, own(t, twoAPIs)), engine.Approvals{Ask: func(_ context.Context, q engine.Question) (bool, string, error) {
		var off []string
		for name, on := range q.Current {
			if on == false {
				off = append(off, name)
			}
		}
		slices.Sort(off)
		if shown = append(shown, off); len(shown) == 1 {
			w.CallAs(simtest.Owner, "gcloud", http.MethodPost, "/serviceusage.googleapis.com/v1/projects/mesh-sim-1/services/connectgateway.googleapis.com:enable", "{}")
			if err := clock.Advance(time.Hour); err != nil {
				return false, "", err
			}
		}
		return true, "boss", nil
	}})
	if r.Outcome != journal.Succeeded {
		t.Fatal(told(r))
	}
	if len(shown) != 2 || len(shown[0]) != 2 || len(shown[1]) != 1 {
		t.Errorf("a person was shown as disabled: %q", shown)
	}
	if acts := w.acts(); slices.ContainsFunc(acts[1:], func(a string) bool { return strings.Contains(a, "connectgateway") }) {
		t.Errorf("what was enabled meanwhile was enabled again: %q", acts)
	}
}

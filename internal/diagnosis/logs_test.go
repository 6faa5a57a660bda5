package diagnosis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestLinesFromBeforeTheFixAreHistory has Connect Gateway off in the fleet's project, which the logs of the other
// project's cluster tell, and something else go wrong after it is on again.
func TestLinesFromBeforeTheFixAreHistory(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
	w.Advance(time.Hour)
	w.Fault("connectgateway-disabled")
	w.Advance(time.Hour)
	lines := func(r *diagnosis.Report) (n int) {
		for _, f := range r.Findings {
			if f.Code == catalogue.LogGatewayDisabled || f.Code == catalogue.LogWebhookFailed {
				n++
				if f.Root() || len(f.Evidence) != 1 {
					t.Errorf("%s is a root cause, or shows no line: %+v", name(f), f)
				}
			}
		}
		return n
	}
	if r := w.diagnose(diagnosis.Options{}); lines(r) != 4 {
		t.Fatalf("two lines of each of two clusters are wanted: %s", told(r))
	}
	if r := w.diagnose(diagnosis.Options{Since: time.Minute}); lines(r) != 0 {
		t.Errorf("nobody asked for lines this old: %s", told(r))
	}
	w.ClearFault("connectgateway-disabled")
	w.Advance(time.Hour)
	w.Fault("workload-pool-missing?cluster=*")
	w.Advance(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if got := rootNames(r); lines(r) != 0 || !slices.Equal(got, []string{"workload-pool-missing of membership"}) {
		t.Errorf("root causes are %q\n%s", got, told(r))
	}
}

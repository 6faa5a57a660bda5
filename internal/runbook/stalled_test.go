package runbook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// stall has the fleet report the control plane as stalled since now, for a reason that only Google knows.
func (w *world) stall() {
	w.t.Helper()
	since := w.Clock.Now().UTC().Format(time.RFC3339)
	w.Edit(func(doc map[string]any) {
		fleet := doc["projects"].([]any)[0].(map[string]any)["fleet"].(map[string]any)
		feature := fleet["features"].(map[string]any)["servicemesh"].(map[string]any)
		feature["stateOverrides"] = map[string]any{"locations/us-central1/memberships/cluster-1": map[string]any{
			"servicemesh": map[string]any{"controlPlaneManagement": map[string]any{"state": "STALLED", "details": []any{
				map[string]any{"code": "REVISION_STALLED", "details": "An internal error occurred."}}}},
			"state": map[string]any{"code": "ERROR", "updateTime": since},
		}}
	})
	w.Advance(time.Hour)
}

// A control plane that stays stalled for an unknown reason is asked for once, not by each run.
func TestAStalledControlPlaneIsAskedForOnce(t *testing.T) {
	w := newWorld(t, sim.Options{})
	w.Advance(time.Hour)
	w.stall()
	for run, want := range []int{1, 0, 0} {
		w.Forget()
		m := w.remedy(fleet.RemediateOptions{Approvals: yes})
		if acts := w.acts(); len(acts) != want {
			t.Errorf("run %d wrote %q\n%s", run, acts, tale(m))
		}
		if run > 0 && !strings.Contains(tale(m), "asked for the control plane") {
			t.Errorf("run %d does not say why it writes nothing\n%s", run, tale(m))
		}
		w.Advance(time.Hour)
	}
	// It worked meanwhile, and stalls anew.
	w.stall()
	w.Forget()
	m := w.remedy(fleet.RemediateOptions{Approvals: yes})
	if acts := w.acts(); len(acts) != 1 {
		t.Errorf("stalled again, it wrote %q\n%s", acts, tale(m))
	}
}

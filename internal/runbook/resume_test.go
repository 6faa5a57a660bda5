package runbook_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// An executor dies between the first entry and the plan. An approval that is given when the run is resumed counts if the
// plan is still the one that was shown, else only after the new one was shown.
func TestApprovalOfARunThatWasNotPlannedYet(t *testing.T) {
	for name, changed := range map[string]bool{"same": false, "changed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := suffer(t, "wrong-injection"), runs(t)
			j := named(own(t, labelAndRestart), "march")
			w.abandon(dir, j, journal.KindRunStarted)
			if changed {
				w.CallAs(simtest.Owner, "kubectl", http.MethodPatch, simtest.InCluster+"/api/v1/namespaces/shop",
					`{"metadata":{"labels":{"istio.io/rev":"asm-managed-rapid"}}}`)
			}
			w.Forget()
			e := w.engine(dir)
			e.Lease = shortLease
			approved := engine.Approvals{Steps: []string{"label"}, Approver: "boss"}
			r, err := fleet.Continue(t.Context(), e, j, approved)
			if err != nil {
				t.Fatal(err)
			}
			if changed {
				if r.Outcome != journal.NeedsApprove || len(w.acts()) > 0 {
					t.Fatal(told(r), w.acts())
				}
				if r, err = e.Resume(t.Context(), r.Run, nil, approved); err != nil {
					t.Fatal(err)
				}
			}
			labelled := slices.ContainsFunc(w.acts(), func(s string) bool { return strings.Contains(s, "namespaces/shop ") })
			if r.Outcome != journal.Succeeded || !labelled {
				t.Error(told(r), w.acts())
			}
			if kinds := w.kinds(dir, r.Run); !slices.Contains(kinds, journal.KindPlan) {
				t.Errorf("the journal has no plan: %q", kinds)
			}
		})
	}
}

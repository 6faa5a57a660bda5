package runbook_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
)

// What the run has corrected is taken away again while it waits for the mesh to notice: nothing comes of waiting.
func TestACauseThatComesBackEndsTheWait(t *testing.T) {
	for fault, step := range map[string]string{"binding-revoked": "noticed", "mesh-api-disabled": "found"} {
		t.Run(fault, func(t *testing.T) {
			w := suffer(t, fault)
			taken := false
			w.Clock.OnAdvance = func(d time.Duration) error { // a wait; the first is for the mesh
				if !taken && d >= 10*time.Second {
					taken = true
					w.Fault(fault)
				}
				return w.Control.Advance(t.Context(), d)
			}
			began := w.Clock.Now()
			m := w.remedy(fleet.RemediateOptions{Approvals: yes})
			if !taken {
				t.Fatalf("nothing was taken away\n%s", tale(m))
			}
			result := m.Rounds[0].Report.Results[0]
			if result.Outcome != journal.Failed || !strings.Contains(tale(m), step+" failed") || !strings.Contains(tale(m), "found again") {
				t.Errorf("it ended as\n%s", tale(m))
			}
			if took := w.Clock.Now().Sub(began); took > 15*time.Minute {
				t.Errorf("it waited %s\n%s", took, tale(m))
			}
		})
	}
}

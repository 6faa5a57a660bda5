package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// slowToNotice makes the mesh take days to notice a correction.
func (w *world) slowToNotice() {
	w.t.Helper()
	w.Edit(func(doc map[string]any) { doc["timings"].(map[string]any)["recoverAfter"] = "72h" })
}

func TestWhatIsFixedWaitsForTheMeshToNotice(t *testing.T) {
	for _, fault := range []string{
		"binding-revoked", "binding-conditional", "agent-missing", "connectgateway-disabled", "mesh-api-disabled", "workload-pool-missing",
		"workload-pool-wrong",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, one)
			w.slowToNotice()
			w.Advance(time.Hour)
			w.Fault(fault)
			w.Advance(time.Hour)
			fixed := w.Clock.Now()
			w.ClearFault(fault)
			w.Advance(10 * time.Minute)
			r := w.diagnose(diagnosis.Options{})
			if r.Verdict != mesh.Provisioning || r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitClean || len(alarms(r)) == 0 {
				t.Errorf("it is %s, exit %d\n%s", r.Verdict, r.ExitCode(diagnosis.FailDegraded), told(r))
			}
			for _, f := range alarms(r) {
				switch {
				case !f.Waiting:
					t.Errorf("%s is not said to wait\n%s", name(f), told(r))
				case f.Root() && (len(f.Evidence) == 0 ||
					!strings.Contains(f.Evidence[0].Text, "corrected at "+fixed.UTC().Format("2006-01-02T15:04")[:15]) ||
					!strings.Contains(f.Evidence[0].Text, "notices by ")):
					t.Errorf("%s does not say when it was corrected, and until when it waits: %v; corrected at %s", name(f), f.Evidence, fixed)
				}
			}
			if !strings.Contains(r.Summary, "waiting for the mesh to notice") || strings.Contains(r.Summary, "root cause") {
				t.Errorf("the summary is %q", r.Summary)
			}

			// A control plane has 25 minutes: to be looked at again, and to be provisioned.
			w.Advance(20 * time.Minute)
			r = w.diagnose(diagnosis.Options{})
			var live []string
			for _, f := range alarms(r) {
				if f.Root() && !f.Waiting {
					live = append(live, string(f.Code))
				}
			}
			if r.Verdict != mesh.Unhealthy || len(live) != 1 || live[0] != string(catalogue.ControlPlaneState) ||
				r.ExitCode(diagnosis.FailUnhealthy) != diagnosis.ExitUnhealthy {
				t.Errorf("after half an hour it is %s, exit %d, with the root causes %v\n%s", r.Verdict, r.ExitCode(diagnosis.FailUnhealthy), live,
					told(r))
			}

			// A day later nothing may be old any more.
			w.Advance(24 * time.Hour)
			for _, f := range alarms(w.diagnose(diagnosis.Options{})) {
				if f.Waiting {
					t.Errorf("%s still waits after a day", name(f))
				}
			}
		})
	}
}

func TestOneOfTwoCausesFixedIsNoWaiting(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 1, Clusters: 1})
	w.slowToNotice()
	w.Advance(time.Hour)
	w.Fault("binding-revoked")
	w.Fault("workload-pool-missing")
	w.Advance(time.Hour)
	w.ClearFault("binding-revoked")
	w.Advance(5 * time.Minute)
	r := w.diagnose(diagnosis.Options{})
	for _, f := range alarms(r) {
		switch {
		case f.Detail == "MESH_IAM_PERMISSION_DENIED" && !f.Waiting, f.Detail != "MESH_IAM_PERMISSION_DENIED" && f.Waiting:
			t.Errorf("%s: waiting is %t\n%s", name(f), f.Waiting, told(r))
		}
	}
	if r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitChanges {
		t.Errorf("exit %d", r.ExitCode(diagnosis.FailDegraded))
	}
}

func TestWithoutTheAuditLogNothingIsKnownToWait(t *testing.T) {
	w := newWorld(t, one)
	w.slowToNotice()
	w.Advance(time.Hour)
	w.Fault("binding-revoked")
	w.Advance(time.Hour)
	w.ClearFault("binding-revoked")
	w.Fault("no-audit")
	w.Advance(5 * time.Minute)
	r := w.diagnose(diagnosis.Options{})
	if r.Verdict != mesh.Unhealthy {
		t.Errorf("it is %s\n%s", r.Verdict, told(r))
	}
	for _, f := range r.Findings {
		if f.Waiting || f.Culprit != nil || f.Verdict == mesh.Unknown {
			t.Errorf("%s: waiting %t, culprit %v, verdict %s", name(f), f.Waiting, f.Culprit, f.Verdict)
		}
	}
}

package diagnosis_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// TestWhatPassesIsNotReported is of faults that a second try, or patience, gets past.
func TestWhatPassesIsNotReported(t *testing.T) {
	for _, fault := range []string{
		"rate-limit?count=3", "unavailable?count=3", "cut?count=3&host=cloudresourcemanager.googleapis.com",
		"cut?count=2&host=gkehub.googleapis.com",
		"slow?by=200ms", "conflict", "conflict-empty-body", "failing-operations", "stuck-operations", "slow-propagation", "concurrent-write",
		"activation-conflict", "policy-version-strict", "empty-log-pages", "no-audit", "quota",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
			w.Clock.Jump = true
			w.Advance(time.Hour)
			want := asJSON(t, w.diagnose(diagnosis.Options{}))
			w.Fault(fault)
			r := w.diagnose(diagnosis.Options{})
			if got := asJSON(t, r); !bytes.Equal(got, want) {
				t.Errorf("the report differs from that of the same world without the fault: %s", told(r))
			}
		})
	}
}

// TestWhatLastsIsUnknownAndNoRootCause is of requests that fail however often they are tried.
func TestWhatLastsIsUnknownAndNoRootCause(t *testing.T) {
	for _, fault := range []string{"rate-limit", "unavailable", "forbidden", "cut", "malformed"} {
		for host, says := range map[string]string{
			"cloudresourcemanager.googleapis.com":       "service_agent_binding of project",
			"serviceusage.googleapis.com":               "apis of project",
			"container.googleapis.com":                  "workload_pool of membership",
			"gkehub.googleapis.com":                     "mesh_feature of fleet",
			"us-central1-connectgateway.googleapis.com": "control_plane of membership",
			"logging.googleapis.com":                    "",
		} {
			t.Run(fault+" "+host, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, one)
				w.Clock.Jump, w.narrow = true, true
				w.Advance(time.Hour)
				w.Fault(fault + "?host=" + host)
				r := w.diagnose(diagnosis.Options{})
				if says == "" {
					quiet(t, r)
					return
				}
				for _, f := range alarms(r) {
					if f.Code != catalogue.Unreadable || f.Verdict != mesh.Unknown || len(f.Message) < 30 || f.Remediation == "" || !f.Root() {
						t.Errorf("%s is not that something could not be read: %+v", name(f), f)
					}
				}
				if !slices.Contains(unknowns(r), says) || r.Verdict != mesh.Unknown || r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitUnknown {
					t.Errorf("unknown are %q\n%s", unknowns(r), told(r))
				}
			})
		}
	}
}

// TestQuotasAreWaitedFor has one project pay for three hundred: more than its minute's worth of requests.
func TestQuotasAreWaitedFor(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 300, Clusters: 300})
	w.Clock.Jump, w.billed = true, fleetProject
	w.Fault("quota")
	w.Advance(time.Hour)
	w.Forget()
	r := w.diagnose(diagnosis.Options{Concurrency: 4}) // on this clock, waits side by side add up
	if got := w.Count(" 429"); got == 0 {
		t.Error("no quota was met; this shows nothing")
	}
	if r.Verdict != mesh.Healthy {
		t.Errorf("because of quotas: %.2000s", told(r))
	}
}

// TestAQuotaThatStaysExhaustedIsSaid has the limit refuse for as long as anybody tries.
func TestAQuotaThatStaysExhaustedIsSaid(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 200, Clusters: 200})
	w.Clock.Jump = true
	w.Advance(time.Hour)
	w.Fault("rate-limit?host=serviceusage.googleapis.com&path=mesh-sim-1")
	r := w.diagnose(diagnosis.Options{})
	limited := unreadable(r)
	if len(limited) != len(alarms(r)) || len(limited) != 111 { // mesh-sim-1, 10 to 19, 100 to 199
		t.Errorf("%d of %d alarms are about what was limited\n%.2000s", len(limited), len(alarms(r)), told(r))
	}
	for _, f := range limited {
		if !strings.Contains(f.Message, "429 RESOURCE_EXHAUSTED") || !strings.Contains(f.Remediation, "quota") {
			t.Errorf("%s; %s", f.Message, f.Remediation)
		}
	}
}

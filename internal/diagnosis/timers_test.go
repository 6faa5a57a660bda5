package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// state is what the fleet says of a membership, last changed at a time.
func state(control, data, dataCode, code string, since time.Time) map[string]any {
	return map[string]any{
		"servicemesh": map[string]any{
			"controlPlaneManagement": map[string]any{"state": control, "implementation": "TRAFFIC_DIRECTOR"},
			"dataPlaneManagement": map[string]any{"state": data,
				"details": []any{map[string]any{"code": dataCode, "details": "As the table has it."}}},
		},
		"state": map[string]any{"code": code, "updateTime": since.UTC().Format(time.RFC3339)},
	}
}

// say lets the fleet say something of the first membership.
func (w *world) say(of map[string]any) {
	w.t.Helper()
	w.Edit(func(doc map[string]any) {
		meshFeature(doc)["stateOverrides"] = map[string]any{"locations/us-central1/memberships/cluster-1": of}
	})
}

func TestProvisioningHasTenMinutes(t *testing.T) {
	for _, plane := range []string{"control", "data"} {
		w := newWorld(t, one)
		control, code := mesh.StateActive, "OK"
		if plane == "control" {
			control, code = mesh.StateProvisioning, ""
		}
		w.say(state(control, mesh.StateProvisioning, "PROVISIONING", code, w.Clock.Now().Add(-9*time.Minute)))
		r := w.diagnose(diagnosis.Options{})
		if r.Verdict != mesh.Provisioning || r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitClean {
			t.Errorf("%s plane, after nine minutes: %s, exit %d\n%s", plane, r.Verdict, r.ExitCode(diagnosis.FailDegraded), told(r))
		}
		before := r.Findings[0].Fingerprint
		w.Advance(2 * time.Minute)
		r = w.diagnose(diagnosis.Options{})
		if r.Verdict != mesh.Unhealthy || r.ExitCode(diagnosis.FailUnhealthy) != diagnosis.ExitUnhealthy ||
			!strings.Contains(r.Summary, "1 root cause") {
			t.Errorf("%s plane, after eleven: %s, exit %d\n%s", plane, r.Verdict, r.ExitCode(diagnosis.FailUnhealthy), told(r))
		}
		if f := r.Findings[0]; f.Fingerprint != before || !strings.Contains(f.Message, "over 10 minutes") {
			t.Errorf("its message is %q; it was %s and is %s", f.Message, before, f.Fingerprint)
		}
	}
}

func TestEachStateOfTheDataPlane(t *testing.T) {
	for _, c := range []struct {
		state, code string // as Google's page pairs them; the last two are not on it
		verdict     mesh.Verdict
		exit        int
	}{
		{mesh.StateActive, "OK", mesh.Healthy, diagnosis.ExitClean},
		{mesh.StateDisabled, "DISABLED", mesh.Healthy, diagnosis.ExitClean},
		{mesh.StateFailedPrecondition, "MANAGED_CONTROL_PLANE_REQUIRED", mesh.Unhealthy, diagnosis.ExitUnhealthy},
		{mesh.StateStalled, "INTERNAL_ERROR", mesh.Unhealthy, diagnosis.ExitUnhealthy},
		{mesh.StateNeedsAttention, "UPGRADE_FAILURES", mesh.Degraded, diagnosis.ExitUnhealthy},
		{mesh.StateDegraded, "", mesh.Degraded, diagnosis.ExitUnhealthy},
		{mesh.StateDeprovisioning, "", mesh.Provisioning, diagnosis.ExitClean},
		{"HIBERNATING", "", mesh.Unknown, diagnosis.ExitUnknown},
	} {
		w := newWorld(t, one)
		w.say(state(mesh.StateActive, c.state, c.code, "OK", w.Clock.Now().Add(-time.Minute)))
		r := w.diagnose(diagnosis.Options{})
		if r.Verdict != c.verdict || r.ExitCode(diagnosis.FailDegraded) != c.exit {
			t.Errorf("%s: %s, exit %d; want %s, %d\n%s", c.state, r.Verdict, r.ExitCode(diagnosis.FailDegraded), c.verdict, c.exit, told(r))
		}
		switch {
		case c.state == mesh.StateActive:
			if len(r.Findings) > 0 {
				t.Errorf("%s: %s", c.state, told(r))
			}
		case len(r.Findings) != 1 ||
			c.verdict != mesh.Unknown && (r.Findings[0].Detail != c.state || r.Findings[0].Remediation == "See the state."):
			t.Errorf("%s: want one finding about it, with a remedy of its own\n%s", c.state, told(r))
		}
	}
}

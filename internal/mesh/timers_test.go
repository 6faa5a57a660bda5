package mesh_test

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

var noonTimers = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestWaiting(t *testing.T) {
	for _, c := range []struct {
		code  mesh.Code
		after time.Duration
		want  bool
	}{
		{mesh.ConditionReported, 23 * time.Hour, true},
		{mesh.ConditionReported, 24 * time.Hour, false},
		{mesh.RevisionStalled, 14 * time.Minute, true},
		{mesh.RevisionStalled, 15 * time.Minute, false},
		{mesh.ControlPlaneState, 24 * time.Minute, true},
		{mesh.ControlPlaneState, 25 * time.Minute, false},
		{mesh.RevisionsUnhealthy, -time.Minute, true}, // another machine's clock
		{mesh.BindingMissing, 0, false},               // is read afresh
		{mesh.ProxiesFailed, 0, false},                // a person restarts them
	} {
		got, until := mesh.Waiting(c.code, noonTimers, noonTimers.Add(c.after))
		if got != c.want {
			t.Errorf("%s %s after its cause was corrected: waiting is %t", c.code, c.after, got)
		}
		if got && !until.After(noonTimers) || until.IsZero() != (c.code == mesh.BindingMissing || c.code == mesh.ProxiesFailed) {
			t.Errorf("%s waits until %s", c.code, until)
		}
	}
	if got, _ := mesh.Waiting(mesh.ConditionReported, time.Time{}, noonTimers); got {
		t.Error("it waits although nobody knows when its cause was corrected")
	}
}

func TestOverdue(t *testing.T) {
	if mesh.Overdue(noonTimers, noonTimers.Add(10*time.Minute)) || !mesh.Overdue(noonTimers, noonTimers.Add(10*time.Minute+time.Second)) || mesh.Overdue(time.Time{}, noonTimers) {
		t.Error("ten minutes are the limit, and without a time there is none")
	}
}

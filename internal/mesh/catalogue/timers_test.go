package catalogue_test

import (
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"testing"
	"time"
)

var noonTimers = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestWaiting(t *testing.T) {
	for _, c := range []struct {
		code  catalogue.Code
		after time.Duration
		want  bool
	}{
		{catalogue.ConditionReported, 23 * time.Hour, true},
		{catalogue.ConditionReported, 24 * time.Hour, false},
		{catalogue.RevisionStalled, 14 * time.Minute, true},
		{catalogue.RevisionStalled, 15 * time.Minute, false},
		{catalogue.ControlPlaneState, 24 * time.Minute, true},
		{catalogue.ControlPlaneState, 25 * time.Minute, false},
		{catalogue.RevisionsUnhealthy, -time.Minute, true}, // another machine's clock
		{catalogue.BindingMissing, 0, false},               // is read afresh
		{catalogue.ProxiesFailed, 0, false},                // a person restarts them
	} {
		got, until := catalogue.Waiting(c.code, noonTimers, noonTimers.Add(c.after))
		if got != c.want {
			t.Errorf("%s %s after its cause was corrected: waiting is %t", c.code, c.after, got)
		}
		if got && !until.After(noonTimers) || until.IsZero() != (c.code == catalogue.BindingMissing || c.code == catalogue.ProxiesFailed) {
			t.Errorf("%s waits until %s", c.code, until)
		}
	}
	if got, _ := catalogue.Waiting(catalogue.ConditionReported, time.Time{}, noonTimers); got {
		t.Error("it waits although nobody knows when its cause was corrected")
	}
}

func TestOverdue(t *testing.T) {
	if catalogue.Overdue(noonTimers, noonTimers.Add(10*time.Minute)) ||
		!catalogue.Overdue(noonTimers, noonTimers.Add(10*time.Minute+time.Second)) || catalogue.Overdue(time.Time{}, noonTimers) {
		t.Error("ten minutes are the limit, and without a time there is none")
	}
}

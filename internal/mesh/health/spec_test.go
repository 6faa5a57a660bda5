package health_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

func TestJudgeSpec(t *testing.T) {
	for _, c := range []struct {
		management, state string
		differs           bool
	}{
		{mesh.ManagementAutomatic, mesh.StateActive, false},
		{mesh.ManagementAutomatic, mesh.StateDisabled, false}, // the state says so itself
		{"", mesh.StateActive, false},
		{mesh.ManagementManual, mesh.StateActive, true},
		{mesh.ManagementManual, mesh.StateStalled, true},
		{mesh.ManagementManual, mesh.StateDisabled, false},
		{mesh.ManagementManual, "", false},
		{mesh.ManagementNotInstalled, mesh.StateActive, true},
		{mesh.ManagementNotInstalled, mesh.StateDeprovisioning, false},
	} {
		m := ready()
		m.Management, m.ControlPlane.State = c.management, c.state
		f, differs := health.JudgeSpec(m)
		if differs != c.differs {
			t.Errorf("%s and %s differ: %t", c.management, c.state, differs)
		}
		if differs && (f.Code != catalogue.SpecState || f.Subject != m.Name || !strings.Contains(f.Message, c.management) ||
			!strings.Contains(f.Message, c.state)) {
			t.Errorf("got %+v", f)
		}
	}
}

func TestJudgeImplementation(t *testing.T) {
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
	}
	for _, c := range []struct {
		implementation string
		now            time.Time
		severity       catalogue.Severity
		code           catalogue.Code
	}{
		{mesh.ImplementationTrafficDirector, noon, "", ""},
		{"", noon, "", ""},
		{mesh.ImplementationUpdating, noon, catalogue.Info, catalogue.ImplementationMoving},
		{mesh.ImplementationIstiod, day(2026, time.September, 27), catalogue.Info, catalogue.ImplementationLegacy},
		{mesh.ImplementationIstiod, day(2026, time.September, 28), catalogue.Warning, catalogue.ImplementationLegacy},
		{mesh.ImplementationIstiod, day(2028, time.February, 29), catalogue.Warning, catalogue.ImplementationLegacy},
		{mesh.ImplementationIstiod, day(2028, time.March, 1), catalogue.Error, catalogue.ImplementationLegacy},
	} {
		m := ready()
		m.Implementation = c.implementation
		f, reported := health.JudgeImplementation(m, c.now)
		if reported != (c.code != "") || f.Code != c.code || f.Severity != c.severity {
			t.Errorf("%s at %s: %+v", c.implementation, c.now, f)
		}
		if c.code == catalogue.ImplementationLegacy &&
			(!strings.Contains(f.Message, "2026-09-28") || !strings.Contains(f.Message, "2028-03-01")) {
			t.Errorf("the message %q lacks a date", f.Message)
		}
	}
}

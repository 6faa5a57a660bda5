package kinds

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// States that the API does not have.
const (
	notReported = "NOT_REPORTED" // the fleet tells none
	notNoticed  = "NOT_NOTICED"  // disabled, although automatic management is asked for
)

// fleetReport is what the fleet reports of a membership's mesh. off is set where the fleet has no mesh feature.
func fleetReport(ctx context.Context, env *Runtime, a Args) (report mesh.MembershipMesh, off bool, err error) {
	membership, err := a.Membership("membership")
	if err != nil {
		return report, false, err
	}
	report.Name = membership.String()
	feature, err := env.Client.FreshMeshFeature(ctx, membership.Project)
	if apierr.NotFound(err) {
		return report, true, nil
	}
	if err != nil {
		return report, false, err
	}
	for _, m := range feature.Memberships {
		if name, err := mesh.ParseMembership(m.Name); err == nil && name.SameAs(membership) {
			m.Name = membership.String()
			return m, false, nil
		}
	}
	if slices.Contains(feature.Unreachable, membership.Location) {
		return report, false, fmt.Errorf("the fleet's memberships in %s could not be read, so the mesh of %s is not known",
			membership.Location, membership)
	}
	return report, false, nil
}

// The planes, for people.
const (
	controlPlane = "control plane"
	dataPlane    = "data plane"
)

// component is what the fleet reports of one plane of a membership's mesh.
func component(what string, of func(mesh.MembershipMesh) mesh.Component) func(context.Context, *Runtime, Args) (Observation, error) {
	return func(ctx context.Context, env *Runtime, a Args) (Observation, error) {
		report, off, err := fleetReport(ctx, env, a)
		if err != nil {
			return Observation{}, err
		}
		plane := of(report)
		switch {
		case off:
			return Observation{State: mesh.StateDisabled, Message: "the mesh feature of the fleet of " + report.Name + " is not enabled"}, nil
		case plane.State == "":
			return Observation{State: notReported, Message: "the fleet reports no state for the " + what + " of " + report.Name}, nil
		case plane.State == mesh.StateDisabled && report.Management == mesh.ManagementAutomatic && what == controlPlane:
			return Observation{
				State:   notNoticed,
				Message: "the " + what + " of " + report.Name + " is DISABLED although automatic management is asked for" + inDetail(plane),
			}, nil
		}
		return Observation{State: plane.State, Message: "the " + what + " of " + report.Name + " is " + plane.State + inDetail(plane)}, nil
	}
}

// inDetail is what a component says about its state, for the end of a sentence.
func inDetail(c mesh.Component) string {
	var all []string
	for _, d := range c.Details {
		if text := strings.TrimSpace(d.Code + " " + d.Text); text != "" {
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

func meshHealthy(ctx context.Context, env *Runtime, a Args) (Observation, error) {
	report, off, err := fleetReport(ctx, env, a)
	if err != nil {
		return Observation{}, err
	}
	if off {
		return Observation{State: Fails, Message: "the mesh feature of the fleet of " + report.Name + " is not enabled"}, nil
	}
	if !report.Reported { // nothing that is wrong with it could be in the report
		return Observation{State: Fails, Message: "the fleet reports nothing about the mesh of " + report.Name}, nil
	}
	health := health.JudgeMembership(report)
	var messages []string
	for _, f := range health.Findings {
		if f.Severity != catalogue.Info {
			messages = append(messages, f.Message)
		}
	}
	fails := fmt.Sprintf("the mesh of %s is %s", report.Name, health.Verdict)
	if len(messages) > 0 {
		fails += ": " + strings.Join(messages, "; ")
	}
	return holdsIf(health.Verdict == mesh.Healthy, "the fleet reports the mesh of "+report.Name+" as healthy", fails), nil
}

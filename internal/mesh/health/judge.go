package health

import (
	"fmt"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/text"
	"slices"
	"strings"
)

// Health is the verdict over something and what led to it.
type Health struct {
	Verdict  mesh.Verdict
	Summary  string // one line for a person
	Findings []catalogue.Finding
}

// JudgeMembership gives the verdict over the mesh of one membership. It decides
// on states and uses codes only to explain: the API pairs them freely (a
// provisioning data plane has been seen with code MANAGED_CONTROL_PLANE_REQUIRED).
func JudgeMembership(m mesh.MembershipMesh) Health {
	j := judge{subject: m.Name}
	switch {
	case m.Management == "" && !m.Runs():
		j.add(catalogue.NotManaged, mesh.Healthy, "no mesh management is asked for")
	case m.Management != mesh.ManagementAutomatic && !m.Runs():
		j.add(catalogue.NotManaged, mesh.Healthy, fmt.Sprintf("management is %s", m.Management))
	case !m.Reported:
		j.add(catalogue.MembershipNotReported, mesh.Unknown, "management is "+m.Management+", but the fleet reports no mesh state yet")
	default:
		j.controlPlane(m)
		j.dataPlane(m)
		j.membershipCode(m)
	}
	j.conditions(m.Conditions)
	return j.health()
}

// JudgeFeature gives the verdict over a fleet: its feature and every membership.
func JudgeFeature(f mesh.Feature) (fleet Health, memberships []Health) {
	j := judge{subject: f.Name}
	switch f.ResourceState {
	case "ACTIVE":
	case "ENABLING", "UPDATING", "SERVICE_UPDATING":
		j.add(catalogue.FeatureNotReady, mesh.Provisioning, "the feature's resource is "+f.ResourceState)
	case "DISABLING":
		j.add(catalogue.FeatureNotReady, mesh.Degraded, "the feature is being disabled")
	default:
		j.unlisted("resourceState.state", f.ResourceState)
	}
	switch f.Code {
	case "OK", "":
	case "WARNING":
		j.add(catalogue.FeatureNotReady, mesh.Degraded, "WARNING: "+f.Description)
	case "ERROR":
		j.add(catalogue.FeatureNotReady, mesh.Unhealthy, "ERROR: "+f.Description)
	default:
		j.unlisted("state.state.code", f.Code)
	}
	j.conditions(f.Conditions)
	for _, region := range f.Unreachable {
		j.add(catalogue.Unreadable, mesh.Unknown, "the fleet could not reach "+region+"; memberships there are missing from its answer")
	}
	counts := map[mesh.Verdict]int{}
	verdicts := []mesh.Verdict{j.verdict()}
	for _, m := range f.Memberships {
		h := JudgeMembership(m)
		memberships = append(memberships, h)
		counts[h.Verdict]++
		verdicts = append(verdicts, h.Verdict)
	}
	if !slices.ContainsFunc(f.Memberships, func(m mesh.MembershipMesh) bool { return m.Runs() || m.Management == mesh.ManagementAutomatic }) {
		verdicts = append(verdicts, mesh.Unknown) // there is no mesh whose health it could be
	}
	fleet = j.health()
	fleet.Verdict = mesh.Worst(verdicts...)
	fleet.Summary = summary(fleet.Verdict, len(f.Memberships), counts) + examples(f.Memberships, memberships)
	return fleet, memberships
}

func summary(v mesh.Verdict, total int, counts map[mesh.Verdict]int) string {
	if total == 0 {
		return fmt.Sprintf("%s: no memberships use the mesh feature", v)
	}
	var parts []string
	for _, verdict := range []mesh.Verdict{mesh.Unhealthy, mesh.Unknown, mesh.Degraded, mesh.Provisioning, mesh.Healthy} {
		if n := counts[verdict]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, verdict))
		}
	}
	return fmt.Sprintf("%s: %d membership(s): %s", v, total, strings.Join(parts, ", "))
}

// examples names the first memberships that are not healthy, so that a small
// fleet's summary names them and a large one's stays a line.
func examples(members []mesh.MembershipMesh, healths []Health) string {
	const most = 2
	var told []string
	rest := 0
	for i, h := range healths {
		switch {
		case h.Verdict == mesh.Healthy:
		case len(told) < most:
			name := members[i].Name
			told = append(told, name[strings.LastIndex(name, "/")+1:]+" is "+h.Summary)
		default:
			rest++
		}
	}
	if len(told) == 0 {
		return ""
	}
	text := "; " + strings.Join(told, "; ")
	if rest > 0 {
		text += fmt.Sprintf("; and %d more", rest)
	}
	return text
}

// judge collects findings and the verdicts that go with them.
type judge struct {
	subject  string
	verdicts []mesh.Verdict
	findings []catalogue.Finding
}

func (j *judge) add(code catalogue.Code, v mesh.Verdict, message string) *catalogue.Finding {
	f := catalogue.NewFinding(code, j.subject, message)
	f.Verdict = v
	switch v {
	case mesh.Healthy:
		f.Severity = catalogue.Info
	case mesh.Unhealthy:
		f.Severity = catalogue.Error
	default:
		f.Severity = catalogue.Warning
	}
	j.verdicts = append(j.verdicts, v)
	j.findings = append(j.findings, f)
	return &j.findings[len(j.findings)-1]
}

func (j *judge) unlisted(field, value string) {
	if value == "" || strings.HasSuffix(value, "_UNSPECIFIED") {
		j.add(catalogue.UnlistedValue, mesh.Unknown, field+" is not reported")
		return
	}
	j.add(catalogue.UnlistedValue, mesh.Unknown, fmt.Sprintf("%s is %q, which this version does not know", field, value))
}

func (j *judge) controlPlane(m mesh.MembershipMesh) {
	state, why := m.ControlPlane.State, inDetail(m.ControlPlane)
	var f *catalogue.Finding
	switch state {
	case mesh.StateActive:
	case mesh.StateProvisioning:
		f = j.add(catalogue.ControlPlaneState, mesh.Provisioning, "control plane PROVISIONING"+why)
	case mesh.StateNeedsAttention, mesh.StateDegraded:
		f = j.add(catalogue.ControlPlaneState, mesh.Degraded, "control plane "+state+why)
	case mesh.StateFailedPrecondition, mesh.StateStalled:
		f = j.add(catalogue.ControlPlaneState, mesh.Unhealthy, "control plane "+state+why)
	case mesh.StateDisabled:
		f = j.add(catalogue.ControlPlaneState, mesh.Unhealthy, "control plane DISABLED although management is automatic"+why)
	case mesh.StateDeprovisioning:
		v := mesh.Degraded
		if m.Management == mesh.ManagementNotInstalled {
			v = mesh.Provisioning
		}
		f = j.add(catalogue.ControlPlaneState, v, "control plane DEPROVISIONING"+why)
	default:
		j.unlisted("controlPlaneManagement.state", state)
	}
	if info, known := catalogue.DescribeState(state); f != nil && known {
		f.Detail, f.Remediation = state, info.ControlRemedy
	}
	switch m.Implementation {
	case "", mesh.ImplementationIstiod, mesh.ImplementationTrafficDirector, mesh.ImplementationUpdating, "IMPLEMENTATION_UNSPECIFIED":
	default:
		j.unlisted("controlPlaneManagement.implementation", m.Implementation)
	}
}

func (j *judge) dataPlane(m mesh.MembershipMesh) {
	state, why := m.DataPlane.State, inDetail(m.DataPlane)
	var f *catalogue.Finding
	switch state {
	case mesh.StateActive:
	case mesh.StateDisabled:
		// Pods that were enabled one by one are managed although the feature says
		// DISABLED, and a mesh may do without a managed data plane: no alarm.
		f = j.add(catalogue.DataPlaneState, mesh.Healthy, "data plane management DISABLED: no namespace or revision is enabled for it"+why)
	case mesh.StateProvisioning:
		f = j.add(catalogue.DataPlaneState, mesh.Provisioning, "data plane PROVISIONING"+why)
	case mesh.StateNeedsAttention, mesh.StateDegraded:
		f = j.add(catalogue.DataPlaneState, mesh.Degraded, "data plane "+state+why)
	case mesh.StateFailedPrecondition, mesh.StateStalled:
		f = j.add(catalogue.DataPlaneState, mesh.Unhealthy, "data plane "+state+why)
	case mesh.StateDeprovisioning:
		f = j.add(catalogue.DataPlaneState, mesh.Provisioning, "data plane DEPROVISIONING"+why)
	case "":
		if m.ControlPlane.State == mesh.StateActive {
			j.unlisted("dataPlaneManagement.state", state)
		}
	default:
		j.unlisted("dataPlaneManagement.state", state)
	}
	if info, known := catalogue.DescribeState(state); f != nil && known {
		f.Detail, f.Remediation = state, info.DataPlaneRemedy
	}
}

func (j *judge) membershipCode(m mesh.MembershipMesh) {
	says := ""
	if m.Description != "" {
		says = ": " + m.Description
	}
	code := catalogue.MembershipState
	if text.IsRevisionsUnhealthy(m.Description) {
		code = catalogue.RevisionsUnhealthy
	}
	switch m.Code {
	case "OK":
	case "WARNING":
		j.add(code, mesh.Degraded, "WARNING"+says)
	case "ERROR":
		j.add(code, mesh.Unhealthy, "ERROR"+says)
	case "", "CODE_UNSPECIFIED":
		// Left out while a revision rolls out, and of a mesh that is not enabled; otherwise the state is unknown.
		if m.ControlPlane.State != mesh.StateProvisioning && m.ControlPlane.State != mesh.StateDisabled {
			j.unlisted("membershipStates[].state.code", m.Code)
		}
	default:
		j.unlisted("membershipStates[].state.code", m.Code)
	}
}

func (j *judge) conditions(conditions []mesh.Condition) {
	for _, c := range conditions {
		text := c.Code
		if c.Details != "" {
			text += ": " + c.Details
		}
		var f *catalogue.Finding
		switch c.Severity {
		case "ERROR":
			f = j.add(catalogue.ConditionReported, mesh.Unhealthy, text)
		case "WARNING":
			f = j.add(catalogue.ConditionReported, mesh.Degraded, text)
		case "INFO":
			continue // the API documents that it requires no action
		default:
			f = j.add(catalogue.ConditionReported, mesh.Unknown, text+" (severity "+orNone(c.Severity)+")")
		}
		f.Detail = c.Code
		if info, known := catalogue.DescribeCondition(c.Code); known {
			f.Remediation, f.FixedBy, f.DocURL = info.Remedy, info.FixedBy, info.DocURL
		}
		if c.Link != "" {
			f.DocURL = c.Link
		}
	}
}

func (j *judge) verdict() mesh.Verdict {
	return mesh.Worst(append([]mesh.Verdict{mesh.Healthy}, j.verdicts...)...)
}

func (j *judge) health() Health {
	h := Health{Verdict: j.verdict(), Summary: string(j.verdict()), Findings: slices.Clone(j.findings)}
	catalogue.SortFindings(h.Findings)
	var worst []string
	for _, f := range h.Findings {
		if f.Severity != catalogue.Info {
			worst = append(worst, f.Message)
		}
	}
	if len(worst) > 0 {
		h.Summary += ": " + strings.Join(worst, "; ")
	}
	return h
}

// inDetail renders the details of a component's state.
func inDetail(c mesh.Component) string {
	var parts []string
	for _, d := range c.Details {
		switch {
		case d.Code != "" && d.Text != "":
			parts = append(parts, d.Code+": "+d.Text)
		case d.Code != "" || d.Text != "":
			parts = append(parts, d.Code+d.Text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

package world

import (
	"fmt"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// revision is the ControlPlaneRevision of the regular channel.
const revision = "asm-managed"

// The answer types: gkehub.v1.MembershipFeatureState and what is in it.
type (
	membershipState struct {
		ServiceMesh *meshState   `json:"servicemesh,omitempty"`
		State       *stateReport `json:"state,omitempty"`
	}
	meshState struct {
		ControlPlane *planeState     `json:"controlPlaneManagement,omitempty"`
		DataPlane    *planeState     `json:"dataPlaneManagement,omitempty"`
		Conditions   []meshCondition `json:"conditions,omitempty"`
	}
	planeState struct {
		State          string       `json:"state,omitempty"`
		Implementation string       `json:"implementation,omitempty"`
		Details        []meshDetail `json:"details,omitempty"`
	}
	meshDetail struct {
		Code    string `json:"code,omitempty"`
		Details string `json:"details,omitempty"`
	}
	meshCondition struct {
		Code              string `json:"code,omitempty"`
		Severity          string `json:"severity,omitempty"`
		Details           string `json:"details,omitempty"`
		DocumentationLink string `json:"documentationLink,omitempty"`
	}
	stateReport struct {
		Code        string         `json:"code,omitempty"`
		Description string         `json:"description,omitempty"`
		UpdateTime  wire.Timestamp `json:"updateTime,omitzero"`
	}
)

const troubleshooting = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-with-feature-state-condition"

// MembershipState computes what the fleet reports of a membership at a time: a pure function of the spec, the history of
// causes and the clock. The second result is false when there is nothing to report.
func (w *World) MembershipState(fleet *Project, ft *Feature, m *Membership, now time.Time) (any, bool) {
	if o, ok := ft.StateOverrides[m.Key()]; ok {
		return o, true
	}
	h := MeshHistory{}
	if m.Mesh != nil {
		h = *m.Mesh
	}
	switch management := ft.management(m.Key()); {
	case management == managementNotInstalled:
		return removedState(h, ft, w.Timings, now), true
	case management == managementAutomatic || h.Left:
		return w.managedState(fleet, ft, m, h, now), true
	default:
		return unmanagedState(), true
	}
}

// unmanagedState is of a membership that nobody asks a mesh of, as published outputs have it: without a code.
func unmanagedState() *membershipState {
	disabled := func(plane string) *planeState {
		return &planeState{State: "DISABLED", Details: []meshDetail{{"DISABLED", plane + " Management is not enabled."}}}
	}
	return &membershipState{
		ServiceMesh: &meshState{ControlPlane: disabled("Control Plane"), DataPlane: disabled("Data Plane")},
		State: &stateReport{Description: "Please see https://cloud.google.com/service-mesh/docs/install for instructions to onboard to " +
			"Anthos Service Mesh."},
	}
}

func removedState(h MeshHistory, ft *Feature, t Timings, now time.Time) *membershipState {
	gone := h.RemovedAt.Add(time.Duration(t.Deprovision))
	if !h.RemovedAt.IsZero() && now.Before(gone) {
		return &membershipState{
			ServiceMesh: &meshState{ControlPlane: &planeState{State: "DEPROVISIONING"}, DataPlane: &planeState{State: "DEPROVISIONING"}},
			State:       &stateReport{Description: "Revision being removed: " + revision + ".", UpdateTime: h.RemovedAt},
		}
	}
	since := ft.CreateTime
	if !h.RemovedAt.IsZero() {
		since = wire.At(gone)
	}
	return &membershipState{
		ServiceMesh: &meshState{
			ControlPlane: &planeState{State: "DISABLED"},
			DataPlane: &planeState{State: "DISABLED",
				Details: []meshDetail{{Code: "DISABLED", Details: "Data Plane Management is not enabled."}}},
		},
		State: &stateReport{Code: "OK", UpdateTime: since},
	}
}

func (w *World) managedState(fleet *Project, ft *Feature, m *Membership, h MeshHistory, now time.Time) *membershipState {
	t := w.Timings
	start := latest(ft.CreateTime.Time, m.CreateTime.Time, h.ProvisionFrom.Time)
	ready := start.Add(time.Duration(t.Provision))
	since := start
	if !now.Before(ready) {
		since = ready
	}
	var shown []CauseRecord
	for _, r := range h.Causes {
		from, to := r.span(t)
		if r.shown(t, now) {
			shown = append(shown, r)
			since = latest(since, from)
		} else if !to.IsZero() && to.After(from) && !now.Before(to) {
			since = latest(since, to)
		}
	}
	var s *membershipState
	switch {
	case len(shown) > 0:
		s = w.brokenState(fleet, shown)
		w.reportTrouble(s, m, now)
	case now.Before(ready):
		s = provisioningState()
	default:
		var trouble time.Time
		s, trouble = w.stateFromCluster(m, now)
		w.reportTrouble(s, m, now)
		since = latest(since, trouble)
	}
	s.State.UpdateTime = wire.At(since)
	return s
}

func latest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}

// stateFromCluster is what a provisioned mesh reports about the inside of its cluster. A cluster without a first access
// is as it was created: healthy. Codes and states are documented; the texts of what goes with a stop code, and the
// membership's own code for failed upgrades, are inferred.
func (w *World) stateFromCluster(m *Membership, now time.Time) (*membershipState, time.Time) {
	s := w.readyState()
	p, c := w.MemberCluster(m)
	if c == nil || c.Kubernetes == nil {
		return s, time.Time{}
	}
	k := w.Kubernetes(p, c, now)
	if reason, message := k.Stopped(); reason != "" {
		cp := s.ServiceMesh.ControlPlane
		cp.State, cp.Details = "FAILED_PRECONDITION", []meshDetail{{"REVISION_FAILED_PRECONDITION", message}}
		if reason == "ProvisioningFailed" {
			cp.State, cp.Details = "STALLED", []meshDetail{{"REVISION_STALLED", message}}
		}
		s.ServiceMesh.DataPlane = waitingDataPlane("FAILED_PRECONDITION")
		s.State = &stateReport{Code: "ERROR", Description: "Revision(s) reporting unhealthy: " + revision + "."}
		return s, k.TroubleSince()
	}
	if n := k.FailedProxies(); n > 0 {
		s.ServiceMesh.DataPlane = &planeState{State: "NEEDS_ATTENTION",
			Details: []meshDetail{{"UPGRADE_FAILURES", fmt.Sprintf("%d proxies could not be upgraded.", n)}}}
		s.State.Code = "WARNING"
	}
	return s, k.TroubleSince()
}

// waitingDataPlane is a data plane without a control plane that is ready.
func waitingDataPlane(state string) *planeState {
	return &planeState{State: state, Details: []meshDetail{{"MANAGED_CONTROL_PLANE_REQUIRED", "Managed control plane is not ready."}}}
}

// readyState is as pasted from gcloud by several people.
func (w *World) readyState() *membershipState {
	return &membershipState{
		ServiceMesh: &meshState{
			ControlPlane: &planeState{State: "ACTIVE", Implementation: w.implementation(),
				Details: []meshDetail{{"REVISION_READY", "Ready: " + revision}}},
			DataPlane: &planeState{State: "ACTIVE", Details: []meshDetail{{"OK", "Service is running."}}},
			Conditions: []meshCondition{{
				Code: "VPCSC_GA_SUPPORTED", Severity: "INFO", Details: "This control plane supports VPC-SC GA.", // details inferred
				DocumentationLink: "http://cloud.google.com/service-mesh/docs/managed/vpc-sc",
			}},
		},
		State: &stateReport{Code: "OK", Description: "Revision ready for use: " + revision + "."},
	}
}

// provisioningState is as observed: the data plane's code does not go with
// its state, and the membership's code is absent.
func provisioningState() *membershipState {
	return &membershipState{
		ServiceMesh: &meshState{
			ControlPlane: &planeState{State: "PROVISIONING", Details: []meshDetail{{"REVISION_PROVISIONING", "Provisioning: " + revision}}},
			DataPlane:    waitingDataPlane("PROVISIONING"),
		},
		State: &stateReport{Description: "Revision being rolled out: " + revision + "."},
	}
}

// brokenState is what causes look like from outside. Codes and the texts of the node pool condition and of the workload
// identity details are from Google's pages; how a lost API or cluster shows, and the texts that say so, are inferred.
func (w *World) brokenState(fleet *Project, causes []CauseRecord) *membershipState {
	cp := &planeState{State: "FAILED_PRECONDITION", Implementation: w.implementation()}
	dp := waitingDataPlane("FAILED_PRECONDITION")
	mesh := &meshState{ControlPlane: cp, DataPlane: dp}
	seenDetail, seenCondition := map[string]bool{}, map[string]bool{}
	for _, r := range causes {
		detail, stalls := w.causeDetail(r)
		if stalls {
			cp.State = "STALLED"
			dp.State, dp.Details = "STALLED", []meshDetail{{"INTERNAL_ERROR", "The managed data plane cannot be reached."}}
		}
		if !seenDetail[detail.Details] {
			seenDetail[detail.Details] = true
			cp.Details = append(cp.Details, detail)
		}
		if c, ok := causeCondition(fleet, r); ok && !seenCondition[c.Code] {
			seenCondition[c.Code] = true
			mesh.Conditions = append(mesh.Conditions, c)
		}
	}
	return &membershipState{
		ServiceMesh: mesh,
		State:       &stateReport{Code: "ERROR", Description: "Revision(s) reporting unhealthy: " + revision + "."},
	}
}

// causeDetail is the control plane's detail for a cause, and whether it
// stalls provisioning rather than fails a precondition.
func (w *World) causeDetail(r CauseRecord) (meshDetail, bool) {
	const failed, stalled = "REVISION_FAILED_PRECONDITION", "REVISION_STALLED" // the second is inferred
	switch r.Cause {
	case causePool:
		if r.Detail == "" {
			return meshDetail{failed, "Workload identity is not enabled"}, false
		}
		return meshDetail{failed, "Unsupported workload pool: " + r.Detail}, false
	case causeNodePool:
		return meshDetail{failed, "Required in-cluster components are not ready. This will be retried within 15 minutes."}, false
	case causeIAM:
		return meshDetail{failed, fmt.Sprintf("Service Mesh service agent is missing the role %s on project %s.", meshAgentRole, r.Project)},
			false
	case causeMeshAPI:
		return meshDetail{failed, ServiceDisabledText("mesh.googleapis.com", r.Project)}, false
	case causeTrafficAPI:
		return meshDetail{failed, ServiceDisabledText(r.Detail, r.Project)}, false
	case causeGateway:
		return meshDetail{stalled, ServiceDisabledText("connectgateway.googleapis.com", r.Project)}, true
	case causeClusterMissing:
		return meshDetail{stalled, "The cluster of this membership does not exist."}, true
	default:
		return meshDetail{stalled, "Project " + r.Project + " has been deleted."}, true
	}
}

// causeCondition is the condition that goes with a cause, if one does. Its
// details are inferred except for the node pools'.
func causeCondition(fleet *Project, r CauseRecord) (meshCondition, bool) {
	condition := func(code, anchor, details string) (meshCondition, bool) {
		return meshCondition{Code: code, Severity: "ERROR", Details: details, DocumentationLink: troubleshooting + anchor}, true
	}
	switch {
	case r.Cause == causeIAM && r.Project == fleet.Number():
		return condition("MESH_IAM_PERMISSION_DENIED", "#mesh_iam_permission_denied",
			fmt.Sprintf("Service Mesh service agent %s does not have the required permissions on project %s.", meshAgent(fleet), r.Project))
	case r.Cause == causeIAM:
		return condition("MESH_IAM_CROSS_PROJECT_PERMISSION_DENIED", "#mesh_iam_cross_project_permission_denied",
			fmt.Sprintf("Service Mesh service agent %s does not have the required permissions on the cluster's project %s.", meshAgent(fleet),
				r.Project))
	case r.Cause == causePool:
		return condition("WORKLOAD_IDENTITY_REQUIRED", "#workload_identity_required",
			"Workload identity federation for GKE is not enabled on the cluster.")
	case r.Cause == causeNodePool:
		return condition("NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED", "#nodepool_workload_identity_federation_required",
			"One or more node pools have workload identity federation disabled.")
	}
	return meshCondition{}, false
}

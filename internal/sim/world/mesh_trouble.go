package world

import (
	"slices"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
)

// reportTrouble adds what is wrong inside of a cluster to what the fleet reports of its mesh. The conditions' codes are
// documented (API discovery; Google's pages on managed CNI, configuration and modernization), and that one of severity
// WARNING makes the membership's code WARNING is published of the canonical service's (asmcli). The other severities, the
// details, and that components without a node or without the CNI fail a precondition, are inferred.
func (w *World) reportTrouble(s *membershipState, m *Membership, now time.Time) {
	p, c := w.MemberCluster(m)
	if c == nil || c.Kubernetes == nil {
		return // as it was created
	}
	t := w.Kubernetes(p, c, now).Trouble()
	trafficDirector := w.implementation() == implementationTrafficDirector
	if len(t.Unschedulable) > 0 || t.CNIOff && trafficDirector {
		s.failPrecondition()
	}
	for _, c := range troubleConditions(t, trafficDirector) {
		c.DocumentationLink = "https://cloud.google.com/service-mesh/docs/" + c.DocumentationLink
		s.ServiceMesh.Conditions = append(s.ServiceMesh.Conditions, c)
		if s.State.Code == "OK" || c.Severity == "ERROR" {
			s.State.Code = c.Severity
		}
	}
}

func (s *membershipState) failPrecondition() {
	if s.ServiceMesh.ControlPlane.State != "ACTIVE" {
		return // another reason is reported already
	}
	s.ServiceMesh.ControlPlane.State = "FAILED_PRECONDITION"
	s.ServiceMesh.ControlPlane.Details = []meshDetail{{"REVISION_FAILED_PRECONDITION",
		"Required in-cluster components are not ready. This will be retried within 15 minutes."}}
	s.ServiceMesh.DataPlane = waitingDataPlane("FAILED_PRECONDITION")
	s.State.Code, s.State.Description = "ERROR", "Revision(s) reporting unhealthy: "+revision+"."
}

// troubleConditions are the conditions of what is wrong, with the page of Google's documentation.
func troubleConditions(t kube.Trouble, trafficDirector bool) (conditions []meshCondition) {
	add := func(code, severity, details, page string) {
		conditions = append(conditions, meshCondition{Code: code, Severity: severity, Details: details, DocumentationLink: page})
	}
	const updates, configuration = "migrate/modernization-configuration-updates", "troubleshooting/troubleshoot-configuration"
	switch {
	case t.CNIOff && trafficDirector:
		add("CNI_CONFIG_UNSUPPORTED", "ERROR", "Managed CNI is disabled in the cluster.", "troubleshooting/troubleshoot-managed-cni")
	case t.CNIOff:
		add("MANAGED_CNI_NOT_ENABLED", "WARNING", "Managed CNI is not enabled.", updates+"#enable_managed_cni")
	}
	for _, component := range t.Unschedulable {
		if component == "istio-cni-node" {
			add("CNI_POD_UNSCHEDULABLE", "ERROR", "A pod of the managed CNI cannot be scheduled.", "troubleshooting/troubleshoot-managed-cni")
			break
		}
	}
	if t.Rejected {
		add("CONFIG_VALIDATION_ERROR", "ERROR", "Some Istio resources are invalid.", configuration)
	}
	if t.Incompatible && !trafficDirector {
		add("MODERNIZATION_INCOMPATIBLE_CONFIG", "WARNING", "Some Istio resources are not compatible.", "migrate/eligibility")
	}
	if t.RemoteSecrets { // MULTICLUSTER_SECRET_WARNING is on Google's page, and no value of the API
		add("LEGACY_MC_SECRETS", "WARNING", "The cluster uses Istio multi-cluster secrets.", updates+"#multicluster_secrets")
	}
	return conditions
}

// FleetState is what the fleet as a whole reports of its mesh, or nil. With the implementation ISTIOD that is whether it can be
// modernized (codes from the API's discovery; severities and details inferred).
func (w *World) FleetState(fleet *Project, ft *Feature, now time.Time) any {
	if w.implementation() == implementationTrafficDirector {
		return nil
	}
	c := meshCondition{Code: "MODERNIZATION_COMPATIBLE", Severity: "INFO", Details: "The fleet is compatible for modernization.",
		DocumentationLink: "https://cloud.google.com/service-mesh/docs/migrate/eligibility"}
	for _, m := range fleet.Fleet.Memberships {
		s, _ := w.MembershipState(fleet, ft, m, now)
		state, ok := s.(*membershipState)
		if ok && slices.ContainsFunc(state.ServiceMesh.Conditions, func(c meshCondition) bool { return c.Severity != "INFO" }) {
			c.Code, c.Severity, c.Details = "MODERNIZATION_INCOMPATIBLE", "WARNING", "The fleet is not yet compatible for modernization."
			break
		}
	}
	return map[string]any{"state": map[string]any{}, "servicemesh": map[string]any{"conditions": []meshCondition{c}}}
}

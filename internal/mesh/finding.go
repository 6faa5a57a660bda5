package mesh

import (
	"cmp"
	"slices"
)

// Severity says how much a finding matters; the words are those of the GKE Hub
// API's conditions, in lower case.
type Severity string

// The severities, gravest first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is one thing that a check found out about one subject.
type Finding struct {
	Code        Code     `json:"code"`
	Severity    Severity `json:"severity"`
	Subject     string   `json:"subject"` // full resource name
	Message     string   `json:"message"` // what is wrong there, with the API's own words
	Remediation string   `json:"remediation"`
	FixedBy     string   `json:"fixed_by,omitempty"` // the Terraform resource that corrects it
	DocURL      string   `json:"doc_url,omitempty"`
}

// Code is a finding's stable name.
type Code string

// The findings that the checks of this version report.
const (
	BindingMissing     Code = "service-agent-binding-missing"
	BindingConditional Code = "service-agent-binding-conditional"
	BindingDeleted     Code = "service-agent-deleted"
	ServiceDisabled    Code = "api-disabled"
	PoolMissing        Code = "workload-pool-missing"
	PoolWrong          Code = "workload-pool-wrong"
	NodePoolNoMetadata Code = "node-pool-without-gke-metadata"

	FeatureDisabled       Code = "mesh-feature-disabled"
	FeatureNotReady       Code = "mesh-feature-not-ready"
	MembershipNotReported Code = "membership-not-reported"
	MembershipState       Code = "membership-state"
	NotManaged            Code = "mesh-not-managed"
	ControlPlaneState     Code = "control-plane-state"
	DataPlaneState        Code = "data-plane-state"
	ConditionReported     Code = "mesh-condition"
	RevisionsUnhealthy    Code = "revisions-unhealthy"
	UnlistedValue         Code = "unlisted-value"
	Unreadable            Code = "cannot-read"
	NotConfigured         Code = "provider-not-configured"
)

// Description is what is known about a kind of finding.
type Description struct {
	Code     Code
	Severity Severity // of a finding that does not bring its own
	Kind     Kind     // the prerequisite or part of the mesh it is about
	Means    string
	JudgedBy string // the API field it is read from
	Source   string // where the knowledge comes from
	Remedy   string
	FixedBy  string
	DocURL   string
}

const (
	docTroubleshoot = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-managed-service-mesh"
	docConditions   = "https://cloud.google.com/service-mesh/docs/troubleshooting/troubleshoot-with-feature-state-condition"
)

var catalogue = []Description{
	{BindingMissing, Error, ServiceAgentGrant,
		"The fleet's mesh service agent lacks " + AgentRole + " on the project, so the mesh reports \"Revision(s) reporting unhealthy\". Reconfiguration by Terraform, Puppet or CI/CD usually took it away.",
		"cloudresourcemanager projects.getIamPolicy, bindings[]", "the seed, \"Revision(s) reporting unhealthy\"",
		"Grant the role to the agent, and find the authoritative configuration (google_project_iam_policy, google_project_iam_binding) that removes it.",
		"asm_service_agent_binding", docTroubleshoot},
	{BindingConditional, Error, ServiceAgentGrant,
		"The mesh service agent holds " + AgentRole + " only under a condition, which does not count as granted.",
		"cloudresourcemanager projects.getIamPolicy, bindings[].condition", "the seed, \"Revision(s) reporting unhealthy\"; that a conditional grant is not enough is inferred",
		"Grant the role to the agent without a condition.", "asm_service_agent_binding", docTroubleshoot},
	{BindingDeleted, Error, ServiceAgentGrant,
		"The policy names a deleted identity of the mesh service agent. A recreated account of the same name has no part in that grant.",
		"cloudresourcemanager projects.getIamPolicy, members deleted:serviceAccount:…?uid=…", "IAM documentation on deleted principals",
		"Grant the role to the agent that exists now.", "asm_service_agent_binding", docTroubleshoot},
	{ServiceDisabled, Error, APIs,
		"An API that managed mesh needs is not enabled on the project.",
		"serviceusage services.batchGet, services[].state", "the seed, \"cannot connect to the GKE cluster\", for connectgateway; Google's list of required APIs for the others",
		"Enable the API. It takes minutes to take effect everywhere.", "asm_project_services", docTroubleshoot},
	{PoolMissing, Error, ClusterPool,
		"The cluster has no workload pool: Workload Identity is off, and the installer fails with HTTP 400 HealthCheckContainerError.",
		"container clusters.get, workloadIdentityConfig.workloadPool", "the seed, \"HTTP 400\"",
		"Set the cluster's workload pool to PROJECT_ID.svc.id.goog.", "asm_workload_pool", docTroubleshoot},
	{PoolWrong, Error, ClusterPool,
		"The cluster's workload pool is not PROJECT_ID.svc.id.goog, the only one that managed mesh accepts.",
		"container clusters.get, workloadIdentityConfig.workloadPool", "the seed, stop code \"Unsupported workload pool\"",
		"Set the cluster's workload pool to PROJECT_ID.svc.id.goog.", "asm_workload_pool", docTroubleshoot},
	{NodePoolNoMetadata, Warning, NodePoolMetadata,
		"A node pool does not run the GKE metadata server (GKE_METADATA), so its pods have no workload identity.",
		"container clusters.get, nodePools[].config.workloadMetadataConfig.mode", "condition NODEPOOL_WORKLOAD_IDENTITY_FEDERATION_REQUIRED",
		"Set migrate_node_pools = true on asm_workload_pool when the nodes may be recreated, or change the pool by hand.", "asm_workload_pool", docConditions},
	{FeatureDisabled, Error, FleetFeature,
		"The mesh feature is not enabled in the fleet, so nothing is managed in it.",
		"gkehub features.get answers 404", "GKE Hub API",
		"Enable the feature: gcloud container fleet mesh enable --project FLEET_PROJECT.", "", docTroubleshoot},
	{FeatureNotReady, Warning, FleetFeature,
		"The mesh feature itself is in transition or reports trouble.",
		"gkehub features.get, resourceState.state and state.state.code", "GKE Hub API",
		"Wait when it is in transition; otherwise read the description.", "", docTroubleshoot},
	{MembershipNotReported, Error, ControlPlane,
		"The fleet reports no mesh state for this membership.",
		"gkehub features.get, membershipStates", "GKE Hub API",
		"Check that the membership exists, and that mesh management is on for it: gcloud container fleet mesh describe.", "", docTroubleshoot},
	{MembershipState, Error, ControlPlane,
		"The fleet reports trouble with the mesh of this membership.",
		"gkehub features.get, membershipStates[].state.code", "GKE Hub API",
		"Read the description and the conditions.", "", docTroubleshoot},
	{NotManaged, Info, FleetFeature,
		"Google is not asked to manage the mesh of this membership.",
		"gkehub features.get, membershipSpecs[].mesh.management", "GKE Hub API",
		"Nothing, if that is meant; otherwise gcloud container fleet mesh update --management automatic.", "", docTroubleshoot},
	{ControlPlaneState, Error, ControlPlane,
		"The managed control plane is not active.",
		"gkehub features.get, membershipStates[].servicemesh.controlPlaneManagement.state", "the seed, \"Check the managed control plane status\"",
		"Correct the prerequisites first; then read the ControlPlaneRevision: kubectl describe controlplanerevision -n istio-system.", "", docTroubleshoot},
	{DataPlaneState, Error, DataPlane,
		"The managed data plane is not active.",
		"gkehub features.get, membershipStates[].servicemesh.dataPlaneManagement.state", "the seed, \"Managed data plane status\"",
		"See the state.", "", docTroubleshoot},
	{ConditionReported, Error, ControlPlane,
		"The mesh reports a condition.",
		"gkehub features.get, membershipStates[].servicemesh.conditions[]", "GKE Hub API",
		"See the condition's documentation.", "", docConditions},
	{RevisionsUnhealthy, Error, ControlPlane,
		"The mesh reports \"Revision(s) reporting unhealthy\": usually the mesh service agent lost " + AgentRole + ".",
		"gkehub features.get, membershipStates[].state.description", "the seed, \"Revision(s) reporting unhealthy\"",
		"Restore the binding with asm_service_agent_binding on the fleet, cluster and network host projects.", "asm_service_agent_binding", docTroubleshoot},
	{UnlistedValue, Warning, ControlPlane,
		"The API answered with a value that this version does not know.",
		"the field named in the message", "GKE Hub API",
		"Look the value up in the documentation, and update the provider.", "", docTroubleshoot},
	{Unreadable, Warning, FleetFeature,
		"A read failed, so nothing can be told about what it would have shown.",
		"the answer of the API named in the message", "the API itself",
		"Grant the permission or enable the API that the message names, then read again.", "", ""},
	{NotConfigured, Warning, FleetFeature,
		"The provider's configuration depends on values that are known only after apply, so nothing was read.",
		"the provider's configuration", "Terraform",
		"Apply, or give the provider configuration that is known at plan time.", "", ""},
}

// Describe returns what is known about a kind of finding.
func Describe(code Code) Description {
	for _, d := range catalogue {
		if d.Code == code {
			return d
		}
	}
	return Description{Code: code, Severity: Warning}
}

// Catalogue returns all kinds of findings, in the order of their causes.
func Catalogue() []Description { return slices.Clone(catalogue) }

// NewFinding makes a finding with the severity, remedy and links of its kind.
func NewFinding(code Code, subject, message string) Finding {
	d := Describe(code)
	return Finding{Code: code, Severity: d.Severity, Subject: subject, Message: message, Remediation: d.Remedy, FixedBy: d.FixedBy, DocURL: d.DocURL}
}

// SortFindings orders findings by subject, then roots first, then by text, so
// that the same facts always give the same list.
func SortFindings(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Subject, b.Subject),
			cmp.Compare(Describe(a.Code).Kind.position(), Describe(b.Code).Kind.position()),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

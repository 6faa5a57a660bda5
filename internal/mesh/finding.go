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
	IdentityMissing    Code = "membership-identity-missing"
	IdentityWrong      Code = "membership-identity-wrong"

	FeatureDisabled       Code = "mesh-feature-disabled"
	FeatureNotReady       Code = "mesh-feature-not-ready"
	MembershipNotReported Code = "membership-not-reported"
	MembershipState       Code = "membership-state"
	NotManaged            Code = "mesh-not-managed"
	ManagementDiffers     Code = "mesh-management-differs"
	ControlPlaneState     Code = "control-plane-state"
	DataPlaneState        Code = "data-plane-state"
	ConditionReported     Code = "mesh-condition"
	RevisionsUnhealthy    Code = "revisions-unhealthy"
	RevisionMissing       Code = "revision-missing"
	RevisionStalled       Code = "revision-stalled"
	RevisionNotReady      Code = "revision-not-ready"
	RevisionMismatch      Code = "revision-mismatch"
	RevisionsSeveral      Code = "revisions-several"
	InjectorMissing       Code = "injector-missing"
	InjectorURL           Code = "injector-url"
	InjectorLeftover      Code = "injector-leftover"
	InjectionWrong        Code = "wrong-injection"
	InjectionNone         Code = "no-injection"
	InjectionUnclear      Code = "unclear-injection"
	InjectionLabel        Code = "injection-label-wrong"
	ProxyUnmanaged        Code = "managed-data-plane-off"
	ProxiesFailed         Code = "proxies-not-upgraded"
	ProxiesOutdated       Code = "proxies-outdated"
	DataPlaneProgress     Code = "data-plane-control"

	UnlistedValue Code = "unlisted-value"
	Unreadable    Code = "cannot-read"
	NotConfigured Code = "provider-not-configured"
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
	{IdentityMissing, Error, MembershipIdentity,
		"The fleet membership has no identity provider, so the mesh cannot tell who a workload is: it was registered before Workload Identity was on. The installer says \"Cluster has memberships.hub.gke.io CRD but no identity provider specified\".",
		"gkehub memberships.get, authority", "the seed, \"no identity provider specified\"; that an absent authority is its sign is inferred",
		"Turn on the cluster's workload pool, then set the membership's authority.", "asm_membership_identity", docTroubleshoot},
	{IdentityWrong, Error, MembershipIdentity,
		"The fleet membership's identity provider is not the cluster that it is a membership of. An issuer cannot be changed, only cleared and set again.",
		"gkehub memberships.get, authority.issuer", "GKE Hub API, Authority.issuer",
		"Find out who set it; clear the authority and set the cluster's own while no workload relies on the old one.", "asm_membership_identity", docTroubleshoot},
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
	{ManagementDiffers, Error, MeshManagement,
		"The membership's mesh management is not the one that is asked for. It is a wish, not a state: switching it leaves a control plane that runs as it is for a while.",
		"gkehub features.get, membershipSpecs[].mesh.management", "GKE Hub API",
		"Set the management of this membership alone.", "asm_mesh_management", docTroubleshoot},
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
	{RevisionMissing, Error, ControlPlane,
		"The cluster has no ControlPlaneRevision, so no managed control plane was ever provisioned in it.",
		"mesh.cloud.google.com controlplanerevisions, list", "the seed, \"Check the managed control plane status\"",
		"Turn on mesh management for the membership: gcloud container fleet mesh update --management automatic --memberships MEMBERSHIP.", "asm_mesh_management", docTroubleshoot},
	{RevisionStalled, Error, ControlPlane,
		"A ControlPlaneRevision is stalled: provisioning will not go on without intervention.",
		"mesh.cloud.google.com controlplanerevisions, status.conditions[type=Stalled]", "the seed, \"ControlPlaneRevision stop codes\"",
		"See the stop code.", "", docTroubleshoot},
	{RevisionNotReady, Error, ControlPlane,
		"A ControlPlaneRevision does not say that it works. Only the condition Reconciled says so; ProvisioningFinished is true after a failure, too.",
		"mesh.cloud.google.com controlplanerevisions, status.conditions[type=Reconciled]", "the seed, \"Check the managed control plane status\"; Google's Go type for ProvisioningFinished",
		"Wait while it is being provisioned, some ten minutes; afterwards correct the prerequisites and read the conditions.", "", docTroubleshoot},
	{RevisionMismatch, Error, ControlPlane,
		"A ControlPlaneRevision's name, namespace, channel or type is not one that managed mesh accepts.",
		"mesh.cloud.google.com controlplanerevisions, metadata and spec", "the seed, \"ControlPlaneRevision stop codes\"",
		"Correct the field; a wrong name or namespace takes deleting and creating the revision.", "", docTroubleshoot},
	{RevisionsSeveral, Info, ControlPlane,
		"The cluster has more than one ControlPlaneRevision. That is meant while workloads move between channels.",
		"mesh.cloud.google.com controlplanerevisions, list", "inferred",
		"Nothing while a move is under way; otherwise move the remaining namespaces, then delete the one that is not used.", "", docTroubleshoot},
	{InjectorMissing, Error, DataPlane,
		"A ControlPlaneRevision has no mutating webhook, so no pod gets a proxy of it.",
		"admissionregistration.k8s.io mutatingwebhookconfigurations, label istio.io/rev", "source of Google's data plane controller, which expects exactly one for each revision",
		"Let the mesh provision again once the control plane is healthy; Google installs the webhook.", "", docTroubleshoot},
	{InjectorURL, Warning, DataPlane,
		"A webhook of the managed control plane calls another address than its revision's.",
		"admissionregistration.k8s.io webhooks[].clientConfig.url beside ConfigMap env-REVISION", "the seed, stop codes on webhook URLs; how the expected URL is made is from a fork of Google's tool",
		"Compare both URLs, keep a copy of the webhook configuration, then set the URL that is expected. Google never overwrites it.", "", docTroubleshoot},
	{InjectorLeftover, Info, DataPlane,
		"A webhook of an in-cluster control plane is still installed beside the managed one.",
		"admissionregistration.k8s.io mutatingwebhookconfigurations, webhooks[].clientConfig.service", "the seed, \"Pod injected with istiod.istio-system\"",
		"Once no namespace is selected by it, remove the in-cluster control plane with the tool that installed it.", "", docTroubleshoot},
	{InjectionWrong, Error, DataPlane,
		"Pods of a namespace get their proxy from an in-cluster istiod instead of the managed control plane; usually the label istio-injection was not replaced.",
		"namespace labels against webhooks[].namespaceSelector and objectSelector", "the seed, \"Pod injected with istiod.istio-system\"",
		"Set the label istio.io/rev to the revision, remove istio-injection, then restart the workloads.", "asm_namespace_injection", docTroubleshoot},
	{InjectionNone, Warning, DataPlane,
		"A namespace asks for injection, but no webhook selects its pods: they start without a proxy.",
		"namespace labels against webhooks[].namespaceSelector and objectSelector", "Istio's documentation on injection",
		"Set the label istio.io/rev to a revision that exists, and remove istio-injection.", "asm_namespace_injection", docTroubleshoot},
	{InjectionUnclear, Warning, DataPlane,
		"What injects the pods of a namespace is not well defined: it carries both labels, or several webhooks select it.",
		"namespace labels against webhooks[].namespaceSelector and objectSelector", "Google's page on injection: behaviour is undefined with both labels",
		"Keep the label istio.io/rev alone.", "asm_namespace_injection", docTroubleshoot},
	{InjectionLabel, Error, InjectionLabels,
		"A namespace does not carry the label that makes the managed control plane inject its pods, or carries istio-injection beside it.",
		"namespace labels istio.io/rev and istio-injection", "the seed, \"Pod injected with istiod.istio-system\"",
		"Set the label istio.io/rev to the revision, remove istio-injection, then restart the workloads.", "asm_namespace_injection", docTroubleshoot},
	{ProxyUnmanaged, Error, DataPlane,
		"The managed data plane is not set as asked for by the annotation mesh.cloud.google.com/proxy of a namespace or a revision.",
		"annotation mesh.cloud.google.com/proxy", "the seed, \"Managed data plane status\", state DISABLED",
		"Set the annotation.", "asm_managed_data_plane", docTroubleshoot},
	{ProxiesFailed, Warning, ProxyUpgrades,
		"Proxies could not be upgraded: their pods carry the label dataplane-upgrade=failed.",
		"pods with label dataplane-upgrade=failed", "the seed, \"NEEDS_ATTENTION\"",
		"Restart the workloads that own the pods, after the budget or other obstacle that is named has been seen to.", "", docTroubleshoot},
	{ProxiesOutdated, Info, ProxyUpgrades,
		"Proxies run another version than their revision's.",
		"image of container istio-proxy beside TAG of ConfigMap env-REVISION", "source of Google's data plane controller",
		"Wait for the managed data plane, or restart the workloads.", "", docTroubleshoot},
	{DataPlaneProgress, Warning, ProxyUpgrades,
		"The managed data plane controller reports that an upgrade does not succeed.",
		"mesh.cloud.google.com dataplanecontrols, status.state and status.errorDetails", "source of Google's data plane controller",
		"See the error, and the pods with label dataplane-upgrade=failed.", "", docTroubleshoot},
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

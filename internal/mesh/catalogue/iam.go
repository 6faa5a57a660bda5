package catalogue

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh"

// Findings about the mesh service agent and its role.
const (
	BindingTugOfWar    Code = "binding-tug-of-war"
	AgentMissing       Code = "service-agent-missing"
	BindingMissing     Code = "service-agent-binding-missing"
	BindingConditional Code = "service-agent-binding-conditional"
	BindingDeleted     Code = "service-agent-deleted"
	NetworkHostDiffers Code = "shared-vpc-host-project"
	HubBindingMissing  Code = "hub-agent-binding-missing"
)

// lostRole are the consequences of a service agent without its role.
var lostRole = []Code{RevisionsUnhealthy, MembershipState, ControlPlaneState, ConditionReported, RevisionMissing, RevisionNotReady}

var iamFindings = []Description{
	{
		Code: BindingTugOfWar, Title: "Two configurations fight over the binding", Severity: Warning, Kind: mesh.ServiceAgentGrant,
		Means:    "The audit log shows that the mesh service agent's role is removed and restored again and again.",
		JudgedBy: "logging entries.list, audit entries of SetIamPolicy, serviceData.policyDelta.bindingDeltas[]",
		Cause: "Two configurations disagree. Usually one is authoritative (google_project_iam_policy, or google_project_iam_binding for " +
			"this role) and removes every member that it does not list.",
		Source: "Cloud Audit Logs; " + pageUnhealthy + "; that an authoritative resource is the usual culprit is inferred",
		Remedy: "Add the mesh service agent to the configuration that removes it, or let that use google_project_iam_member. Restoring the " +
			"binding alone lasts until its next run.",
		DocURL: docTroubleshoot,
	},
	{
		Code: AgentMissing, Title: "The mesh service agent does not exist", Severity: Error, Kind: mesh.ServiceAgentGrant,
		Means: "The fleet's mesh service agent was never created, so that no role can be granted to it: IAM answers \"Service account " +
			"service-NUMBER@gcp-sa-servicemesh.iam.gserviceaccount.com does not exist\".",
		JudgedBy: "cloudresourcemanager projects.setIamPolicy answers 400 INVALID_ARGUMENT",
		Cause: "Google creates the agent when mesh.googleapis.com is enabled on the fleet project, or its service identity is generated; " +
			"neither happened.",
		Source: "recorded answers of IAM; that mesh.googleapis.com yields this agent is inferred",
		Remedy: "Enable mesh.googleapis.com on the fleet project, have the identity generated (gcloud beta services identity create " +
			"--service mesh.googleapis.com), then grant the role.",
		FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runBinding, Blocks: []Code{BindingMissing}, DocURL: docTroubleshoot,
	},
	{
		Code: BindingMissing, Title: "The mesh service agent lost its role", Severity: Error, Kind: mesh.ServiceAgentGrant,
		Single: true,
		Means: "The fleet's mesh service agent lacks " + mesh.AgentRole + " on the project, so the mesh reports \"Revision(s) reporting " +
			"unhealthy\". Reconfiguration by Terraform, Puppet or CI/CD usually took it away.",
		JudgedBy: "cloudresourcemanager projects.getIamPolicy, bindings[]",
		Cause: "Terraform, Puppet or CI/CD rewrote the project's IAM policy and left the agent out, or the role was never granted on " +
			"this project.",
		Source:      pageUnhealthy,
		Established: true,
		Remedy: "Grant the role to the agent, and find the authoritative configuration (google_project_iam_policy, " +
			"google_project_iam_binding) that removes it.",
		FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runBinding, Blocks: lostRole, DocURL: docTroubleshoot,
	},
	{
		Code: BindingConditional, Title: "The role is granted under a condition only", Severity: Error, Kind: mesh.ServiceAgentGrant,
		Single: true, Drift: "the mesh service agent holds its role only under a condition",
		Means:    "The mesh service agent holds " + mesh.AgentRole + " only under a condition, which does not count as granted.",
		JudgedBy: "cloudresourcemanager projects.getIamPolicy, bindings[].condition",
		Cause:    "The role was granted with a condition, such as one that expires, or a policy tool added one to every grant.",
		Source:   pageUnhealthy + "; that a conditional grant is not enough is inferred",
		Remedy:   "Grant the role to the agent without a condition.",
		FixedBy:  mesh.ServiceAgentGrant.Resource(), Runbook: runBinding, Blocks: lostRole, DocURL: docTroubleshoot,
	},
	{
		Code: BindingDeleted, Title: "The role is granted to a deleted agent", Severity: Error, Kind: mesh.ServiceAgentGrant,
		Single: true, Drift: "the role is granted to a deleted mesh service agent",
		Means:    "The policy names a deleted identity of the mesh service agent. A recreated account of the same name does not have that grant.",
		JudgedBy: "cloudresourcemanager projects.getIamPolicy, members deleted:serviceAccount:…?uid=…",
		Cause: "The agent was deleted and created again, as after disabling the mesh API or moving the fleet, and the policy still names " +
			"the old one.",
		Source:      "IAM documentation on deleted principals",
		Established: true,
		Remedy:      "Grant the role to the agent that exists now.",
		FixedBy:     mesh.ServiceAgentGrant.Resource(), Runbook: runBinding, Blocks: lostRole, DocURL: docTroubleshoot,
	},
	{
		Code: HubBindingMissing, Title: "The GKE Hub service agent lacks its role", Severity: Warning, Kind: mesh.ServiceAgentGrant,
		Single: true, Drift: "the GKE Hub service agent lost its role",
		Means: "The fleet's GKE Hub service agent lacks " + mesh.HubAgentRole + " on a cluster's project that is not the fleet's own. " +
			"Clusters of that project cannot be registered: \"the hub default service account does not have access to the GKE cluster " +
			"project\".",
		JudgedBy: "cloudresourcemanager projects.getIamPolicy, bindings[]",
		Cause: "The role was never granted on this project, or Terraform, Puppet or CI/CD rewrote the project's IAM policy and left the " +
			"agent out.",
		Source: "asmcli, ensure_cross_project_service_accounts; issues 936 and 1398 of terraform-google-kubernetes-engine; what it means for " +
			"clusters that are registered already is inferred",
		Remedy: "Grant the role to the agent, and find the authoritative configuration (google_project_iam_policy, " +
			"google_project_iam_binding) that removes it.",
		FixedBy: mesh.ServiceAgentGrant.Resource(), Runbook: runHubBinding,
		DocURL: "https://cloud.google.com/kubernetes-engine/fleet-management/docs/before-you-begin/gke",
	},
	{
		Code: NetworkHostDiffers, Title: "The network belongs to a host project", Severity: Info, Kind: mesh.ServiceAgentGrant,
		Means:       "The cluster's network is a Shared VPC of another project, so the mesh service agent needs its role there, too.",
		JudgedBy:    "container clusters.get, networkConfig.network, beside the cluster's project",
		Cause:       "The cluster is in a service project of a Shared VPC.",
		Source:      "Google's page on provisioning managed mesh; condition SHARED_VPC_MISSING_PERMISSIONS",
		Established: true,
		Remedy:      "Hold the binding on the network host project as well: one asm_service_agent_binding for each project.",
		FixedBy:     mesh.ServiceAgentGrant.Resource(), DocURL: docTroubleshoot,
	},
}

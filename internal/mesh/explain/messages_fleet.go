package explain

import (
	"regexp"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Parts that several shapes share.
const (
	listMembers = "gcloud container fleet memberships list --project={project}"
	register    = "gcloud container fleet memberships register {cluster} --gke-cluster={location}/{cluster} --enable-workload-identity " +
		"--project={project}"
	callerRoles = "gcloud projects get-iam-policy {project} --flatten='bindings[].members' --filter=bindings.members:ACCOUNT " +
		"--format='value(bindings.role)'"
	setMeshID = "gcloud container clusters update {cluster} --location={location} --project={project} " +
		"--update-labels=mesh_id=proj-FLEET_PROJECT_NUMBER"
	authorizedNetworks = "gcloud container clusters describe {cluster} --location={location} --project={project} " +
		"--format='yaml(privateClusterConfig,masterAuthorizedNetworksConfig,controlPlaneEndpointsConfig)'"
	showVersion = "gcloud container clusters describe {cluster} --location={location} --project={project} " +
		"--format='value(currentMasterVersion)'"

	unreachableRemedy = "Run it from a network that the cluster admits, add the caller's address to the authorized networks, or connect by " +
		"Connect Gateway (gcloud container fleet memberships get-credentials) or the DNS endpoint."

	hubAgentCause = "The cluster is in another project than the fleet. The agent " +
		"service-FLEET_NUMBER@gcp-sa-gkehub.iam.gserviceaccount.com of the fleet's project does not hold roles/gkehub.serviceAgent " +
		"on the cluster's project, or does not exist yet."
	hubAgentRemedy = "Create the agent (gcloud beta services identity create --service=gkehub.googleapis.com --project=FLEET_PROJECT), and " +
		"grant it roles/gkehub.serviceAgent on the cluster's project."
	grantHubAgent = "gcloud projects add-iam-policy-binding {project} " +
		"--member=serviceAccount:service-FLEET_PROJECT_NUMBER@gcp-sa-gkehub.iam.gserviceaccount.com --role=roles/gkehub.serviceAgent"
)

// fleetShapes are refusals of GKE Hub, as the API, gcloud and Terraform print them.
var fleetShapes = []shape{
	{key: "hubdefaultserviceaccount",
		pattern: like(`hub default service account does not have access to the gke cluster project(?: for "?//container\.googleapis\.com/projects/(?P<project>[a-z0-9:.-]+)/(?:locations|zones)/(?P<location>[a-z0-9-]+)/clusters/(?P<cluster>[a-z0-9-]+))?`),
		code:    catalogue.HubBindingMissing,
		cause:   hubAgentCause,
		remedy:  hubAgentRemedy,
		command: grantHubAgent, established: true},
	{key: "gcp-sa-gkehub.iam", pattern: like(`gcp-sa-gkehub\.iam\.gserviceaccount\.com.{0,120}(?:does not (?:exist|have)|lacks|missing|denied|cannot|not have)|(?:denied|lacks|missing|not have).{0,120}service-[0-9]+@gcp-sa-gkehub`),
		code:  catalogue.HubBindingMissing,
		cause: hubAgentCause, remedy: hubAgentRemedy, command: grantHubAgent, established: true},
	{key: "gcp-sa-servicemesh.iam",
		pattern: like(`service-(?P<fleet_number>[0-9]+)@gcp-sa-servicemesh\.iam\.gserviceaccount\.com.{0,120}(?:does not have|lacks|missing|denied|cannot|not have)|(?:denied|lacks|missing|not have).{0,120}service-[0-9]+@gcp-sa-servicemesh`),
		code:    catalogue.BindingMissing},
	{key: "roles/anthosservicemesh.serviceagent",
		pattern: like(`"?action"?: ?"?remove"?.{0,200}roles/anthosservicemesh\.serviceAgent|roles/anthosservicemesh\.serviceAgent.{0,200}"?action"?: ?"?remove`),
		code:    catalogue.BindingMissing, established: true},
	{key: "doesnotmatchacurrentmembership", pattern: like(`does not match a current membership`),
		code: catalogue.RequestRefused, detail: "membership-location",
		established: false,
		title:       "The spec names a membership that the fleet does not have",
		means:       "The mesh's spec was written for a membership that is not there: most often the name is right and the location is not.",
		cause: "Newer registrations (the fleet block of a cluster, gcloud) make the membership in the cluster's region; older ones made " +
			"it in global. The spec names the other one. Or the membership was removed.",
		remedy: "List the memberships, and use the location that is shown: membership_location of google_gke_hub_feature_membership, " +
			"--location of gcloud.",
		command: listMembers, roots: []catalogue.Code{catalogue.MembershipElsewhere, catalogue.SpecOrphaned}},
	{key: "memberships/", pattern: like(`(?:(?:membership|resource) "?(?:projects/(?P<project>[a-z0-9:.-]+)/locations/(?P<location>[a-z0-9-]+)/)memberships/(?P<membership>[a-z0-9-]+)"? (?:was )?(?:not found|does not exist)|not found:? (?:membership|resource) "?projects/\S+memberships/\S+)`),
		code: catalogue.RequestRefused, detail: "membership-not-found",
		title:   "The fleet has no such membership",
		cause:   "The membership was removed, its location is another one (global or the cluster's region), or the project is not the fleet's.",
		remedy:  "List the fleet's memberships, and use name and location as they are shown; register the cluster if it is not among them.",
		command: listMembers},
	{key: "membership", pattern: like(`container\.(?:fleet|hub)\.mesh\.[a-z]+\).{0,80}membership "?\[?(?P<membership>[a-z0-9-]+)\]?"? (?:was )?(?:not found|does not exist|could not be found)`),
		code: catalogue.RequestRefused, detail: "membership-not-found",
		title:   "The fleet has no such membership",
		cause:   "The membership was removed, its location is another one (global or the cluster's region), or the project is not the fleet's.",
		remedy:  "List the fleet's memberships, and use name and location as they are shown; register the cluster if it is not among them.",
		command: listMembers},
	{key: "membershipsareinmultiplelocations", pattern: like(`container\.(?:fleet|hub)\.\S+\).{0,80}memberships are in multiple locations`),
		code: catalogue.RequestRefused, detail: "membership-location",
		title:  "Several locations have memberships",
		cause:  "The fleet has memberships in global and in regions, and the command was given no location.",
		remedy: "Give --location.", command: listMembers},
	{key: "nomembershipsavailableinthefleet", pattern: like(`no memberships available in the fleet`),
		code: catalogue.RequestRefused, detail: "membership-not-found",
		title:   "The fleet has no memberships",
		cause:   "No cluster is registered in the project's fleet, or the project is not the fleet's.",
		remedy:  "Register the cluster, or name the fleet's project.",
		command: listMembers, established: true},
	{key: "endpoint.gke_cluster.resource_link",
		pattern: like(`endpoint\.gke_cluster\.resource_link.{0,200}(?:failed to validate|invalid|not a valid)`),
		code:    catalogue.RequestRefused, detail: "resource-link",
		title: "The membership names its cluster wrongly",
		cause: "resource_link and issuer must have the cluster's full name: " +
			"//container.googleapis.com/projects/PROJECT/locations/LOCATION/clusters/CLUSTER. A short name, or zones/ for locations/, is refused.",
		remedy:  "Use the id of google_container_cluster, which is that name without the host.",
		command: "gcloud container clusters describe {cluster} --location={location} --project={project} --format='value(selfLink)'"},
	{key: "serviceisrequiredforthisoperation",
		pattern: like(`\[(?P<service>[a-z]+\.googleapis\.com)\] service is required for this operation and is not enabled for the project \[?(?P<project>[a-z0-9:-]+)`),
		where:   (*explainer).namesMeshAPI, code: catalogue.ServiceDisabled, established: true},
	{key: "alreadyexists", pattern: like(`(?:features/servicemesh|gke_?hub_?feature(?:_?membership)?|creating feature|feature membership).{0,300}already exists|already exists.{0,200}features/servicemesh|resource "?projects/\S+/features/servicemesh"? already exists`),
		where: (*explainer).ofMeshFeature,
		code:  catalogue.RequestRefused, detail: "already-exists",
		title:   "The mesh feature, or its membership, exists already",
		cause:   "Something else made it: gcloud, the fleet's default, another configuration or an earlier run whose state was lost.",
		remedy:  "Import it into the state instead of making it; nothing is wrong with the mesh.",
		command: "terraform import google_gke_hub_feature.NAME projects/{project}/locations/global/features/servicemesh"},
	{key: "alreadyexists", pattern: like(`(?:resource "?projects/\S+/memberships/\S+"? already exists|creating membership:.{0,120}already exists)`),
		code: catalogue.RequestRefused, detail: "already-exists",
		title:   "The membership exists already",
		cause:   "The cluster is registered already, for example by its fleet block or by gcloud.",
		remedy:  "Import it into the state instead of making it.",
		command: listMembers},
	{key: "alreadyregistered", pattern: like(`cluster.{0,160}already registered (?:to|in|with) (?:a |another )?(?:different )?(?:fleet|hub|membership|project)`),
		code: catalogue.RequestRefused, detail: "already-registered",
		title:   "The cluster is in a fleet already",
		cause:   "A cluster is a member of one fleet at most, and this one has a membership, perhaps in another project.",
		remedy:  "Use that membership, or unregister the cluster there first.",
		command: "gcloud container clusters describe {cluster} --location={location} --project={project} --format='value(fleet)'"},
	{key: "servicemeshfeature", pattern: like(`service ?mesh feature(?: for project "?\[?(?P<project>[a-z0-9:.-]+)\]?"?)? (?:is )?not (?:been )?enabled`),
		code: catalogue.FeatureDisabled},
	{key: "feature[servicemesh]", pattern: like(`feature \[servicemesh\].{0,60}not (?:found|enabled)`),
		code: catalogue.FeatureDisabled},
	{key: "workloadidentityisnotenabled",
		pattern:     like(`cannot enable workload identity for membership|--enable-workload-identity"? requires a gke cluster with workload identity`),
		code:        catalogue.PoolMissing,
		cause:       "A membership with Workload Identity needs a cluster that has a workload pool, and this one has none.",
		established: true},
	{key: "identitypooldoesnotexist", pattern: like(`identity pool does not exist ?\(?"?(?P<pool>[a-z0-9:.-]+\.svc\.id\.goog)`),
		code: catalogue.PoolMissing, cause: "No cluster of the project has Workload Identity on yet: the pool comes into being with the first " +
			"one. IAM refuses members of a pool that does not exist.",
		remedy:      "Set the workload pool of a cluster of the project first, then grant the role.",
		established: true},
}

// policyShapes are refusals by organization policies and by VPC Service Controls, where they concern the mesh.
var policyShapes = []shape{
	{key: "disableinternetnetworkendpointgroup", pattern: like(`(?:constraints/)?compute\.disableInternetNetworkEndpointGroup`),
		code: catalogue.ConditionReported, detail: "REQUIRED_ORG_POLICY_DISABLED",
		established: true},
	{key: "prohibitedbyorganization",
		pattern: like(`request is prohibited by organization.?s policy(?:.{0,200}?vpcServiceControlsUniqueIdentifier:? ?"?(?P<denial>[A-Za-z0-9_-]+))?`),
		where:   (*explainer).perimeterOfMesh,
		code:    catalogue.RequestRefused, detail: "vpc-service-controls",
		established: true,
		title:       "A perimeter of VPC Service Controls refuses the request",
		cause: "The project is inside of a perimeter that restricts the API, and the caller, or a service agent of the mesh, comes from " +
			"outside. A mesh may not span perimeters.",
		remedy: "Find the denial by its identifier in the audit log, then let the perimeter admit the caller (an ingress rule or access " +
			"level), or put all of the mesh's projects into one perimeter.",
		command: "gcloud logging read protoPayload.metadata.vpcServiceControlsUniqueId={denial} --project={project}"},
	{key: "constraints/gcp.restrictserviceusage", pattern: like(`constraints/gcp\.restrictServiceUsage`),
		where: (*explainer).namesMeshAPI,
		code:  catalogue.RequestRefused, detail: "restricted-service",
		established: true,
		title:       "An organization policy forbids an API that the mesh needs",
		cause:       "constraints/gcp.restrictServiceUsage does not allow the API on the project.",
		remedy:      "Ask the administrator of organization policies to allow the API.",
		command:     "gcloud org-policies describe gcp.restrictServiceUsage --project={project} --effective"},
	{key: "iam.allowedpolicymemberdomains", pattern: like(`iam\.allowedPolicyMemberDomains`),
		where: (*explainer).namesAgent,
		code:  catalogue.RequestRefused, detail: "member-domains",
		title:   "An organization policy refuses to grant the role to the service agent",
		cause:   "constraints/iam.allowedPolicyMemberDomains allows members of some domains only, and does not allow the agent.",
		remedy:  "Ask the administrator of organization policies to except the project while the role is granted.",
		command: "gcloud org-policies describe iam.allowedPolicyMemberDomains --project={project} --effective"},
}

// Which texts name the mesh's feature, its APIs and its agents.
var (
	deniedService = regexp.MustCompile(`service:? "?([a-z]+\.googleapis\.com)`)
	featureName   = regexp.MustCompile(`/features/([a-z]+)`)
	agentWords    = like(`gcp-sa-(?:servicemesh|gkehub|meshdataplane)`)
	apiWords      = like(`\b(?:anthos|mesh|meshconfig|meshca|gkehub|gkeconnect|connectgateway|trafficdirector|networkservices|networksecurity)\.googleapis\.com`)
)

// ofMeshFeature reports whether the text is about the mesh, and names no other feature of a fleet.
func (e *explainer) ofMeshFeature() bool {
	other := false
	for _, m := range featureName.FindAllStringSubmatch(e.Window(e.spot, closeBy, e.spot, closeBy), 20) {
		other = other || m[1] != "servicemesh"
	}
	return e.ofMesh() && !other
}

// listsMeshAPI reports whether an API of the mesh is named close by, or the text is about a mesh.
func (e *explainer) listsMeshAPI() bool {
	return apiWords.MatchString(e.Window(e.spot, closeBy, e.spot, 2*closeBy)) || e.ofMesh()
}

func (e *explainer) namesAgent() bool   { return agentWords.MatchString(e.Text) }
func (e *explainer) namesMeshAPI() bool { return apiWords.MatchString(e.Text) }
func (e *explainer) perimeterOfMesh() bool {
	around := e.Window(e.spot, closeBy, e.spot, 2*closeBy)
	if m := deniedService.FindStringSubmatch(around); m != nil {
		return apiWords.MatchString(m[1])
	}
	return agentWords.MatchString(around) || apiWords.MatchString(around) || e.ofMesh()
}

package explain

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"

const (
	crdCause = "The cluster does not have the definition of ControlPlaneRevision, which Google installs a few minutes after the cluster is " +
		"a member of the fleet and the mesh feature is on. The object was applied too early, or the membership is not managed."
	crdRemedy   = "Wait for the definition before anything is applied, and see that the membership is registered and its management automatic."
	describeCNI = "kubectl describe pods -n kube-system -l k8s-app=istio-cni-node"
	waitCRD     = "kubectl wait --for=condition=established --timeout=10m crd/controlplanerevisions.mesh.cloud.google.com"
)

// clusterShapes are what kubectl, Helm and Kubernetes print about the mesh's objects in a cluster.
var clusterShapes = []shape{
	{key: "controlplanerevision",
		pattern: like(`no matches for kind "?ControlPlaneRevision"?|resource mapping not found.{0,200}ControlPlaneRevision|controlplanerevisions\.mesh\.cloud\.google\.com"? not found|doesn.?t have a resource type "?controlplanerevisions?"?|could not find the requested resource.{0,80}controlplanerevision|ensure crds are installed first.{0,100}controlplanerevision`),
		code:    catalogue.RevisionMissing, cause: crdCause,
		remedy:  crdRemedy,
		command: waitCRD, established: true},
	{key: "mesh.cloud.google.com",
		pattern: like(`no matches for kind "?ControlPlaneRevision"? in version "?mesh\.cloud\.google\.com/v1(?:alpha1|beta1)"?|no matches for mesh\.cloud\.google\.com/`),
		code:    catalogue.RevisionMissing, cause: crdCause,
		remedy:  crdRemedy,
		command: waitCRD, established: true},
	{key: "timedoutwaiting", pattern: like(`timed out waiting for the condition on (?:customresourcedefinitions/controlplanerevisions|crd/controlplanerevisions)\S*`),
		code: catalogue.RevisionMissing, cause: crdCause,
		remedy:  crdRemedy,
		command: waitCRD, established: true},
	{key: "timedoutwaiting", pattern: like(`timed out waiting for the condition on controlplanerevisions?(?:\.mesh\.cloud\.google\.com)?/(?P<revision>[a-z0-9-]+)`),
		code: catalogue.RevisionNotReady, title: "A ControlPlaneRevision did not get ready in time",
		cause: "The control plane was not provisioned within the wait. Its conditions say what keeps it: a prerequisite (APIs, the mesh " +
			"agent's role, Workload Identity), or room in the cluster.",
		remedy:  "Read the conditions of the revision and of the membership; a wait of less than ten minutes may be too short.",
		command: showPlane},
	{key: "mdp-controller",
		pattern: like(`mdp-controller.{0,300}(?:insufficient (?:cpu|memory)|nodes are available|untolerated taint|unschedulable|didn.?t match|not ready|taint)|(?:nodes are available|insufficient (?:cpu|memory)|untolerated taint).{0,300}mdp-controller`),
		code:    catalogue.ComponentUnschedulable, detail: "mdp-controller", established: true,
		command: "kubectl describe pods -n kube-system -l app=mdp-controller"},
	{key: "istio-cni-node", pattern: like(`istio-cni-node.{0,300}(?:insufficient (?:cpu|memory)|nodes are available|untolerated taint|unschedulable|failedscheduling)|(?:nodes are available|insufficient (?:cpu|memory)|failedscheduling).{0,300}istio-cni-node`),
		code: catalogue.ComponentUnschedulable, detail: "istio-cni-node", command: describeCNI,
		established: true},
	{key: "istio-cni-node", pattern: like(`istio-cni-node.{0,300}(?:exceeded quota|forbidden|admission webhook|denied the request|violates podsecurity)|(?:exceeded quota|admission webhook|denied the request|violates podsecurity).{0,300}istio-cni-node`),
		code: catalogue.ConditionReported, detail: "CNI_INSTALLATION_FAILED"},
	{key: "accepted", pattern: like(`(?:type: accepted.{0,120}status: "?false"?|status: "?false"? type: accepted|accepted=false|last transition time.{0,300}status: false type: accepted)`),
		where:       (*explainer).ofIstio,
		code:        catalogue.ConfigRejected,
		established: true},
	{key: "modernizationcompatible",
		pattern:     like(`(?:type: modernizationcompatible.{0,120}status: "?false"?|status: "?false"? type: modernizationcompatible|modernizationcompatible ?[=:] ?"?false)`),
		code:        catalogue.ConfigIncompatible,
		established: true},
	{key: "oneormoreconfigs", pattern: like(`application of one or more configs has failed`),
		code: catalogue.ConditionReported, detail: "CONFIG_VALIDATION_WARNING",
		established: true},
	{key: "managed-cni-enabled", pattern: like(`mesh\.cloud\.google\.com/managed-cni-enabled"?[:=] ?"?false`),
		code:        catalogue.ManagedCNIOff,
		established: true},
	{key: "istio-injection=enabled",
		pattern: like(`istio-injection=enabled[ ,]+istio\.io/rev=(?P<revision>[a-z0-9-]+)|istio\.io/rev=[a-z0-9-]+[ ,]+istio-injection=enabled`),
		code:    catalogue.InjectionUnclear, established: true},
	{key: "kind:membership", pattern: like(`api version: hub\.gke\.io/\S+ kind: membership .{0,400}spec: owner: id: \S+ (?:status|events):`),
		code: catalogue.IdentityMissing, established: true},
	{key: "kind:mutatingwebhookconfiguration",
		pattern: like(`name: istiod-asm-managed(?:-rapid|-stable)? .{0,300}kind: mutatingwebhookconfiguration .{0,500}client config: (?:ca bundle: \S+ )?service: name: \S+`),
		code:    catalogue.InjectorURL, established: true},
	{key: "asm_opts", pattern: like(`ASM_OPTS"?: ?"?[^"]{0,60}CNI=off`),
		code:        catalogue.ManagedCNIOff,
		established: true},
	{key: "imageauto", pattern: like(`(?:failed to pull|back-off pulling|pulling) image "?auto"?[ :;.,"]|(?:errimagepull|imagepullbackoff).{0,80}image "?auto"`),
		code: catalogue.InjectionNone, title: "A gateway's pod was not injected",
		established: true,
		means: "A gateway is deployed with the image \"auto\", which injection replaces by the proxy's. Nothing injected the pod, so " +
			"that the kubelet looks for an image of that name.",
		cause: "The namespace of the gateway has no label that a webhook of the mesh selects, or the pod was created before the control " +
			"plane was ready."},
	{key: "violatethepod", pattern: like(`(?:mdp|data ?plane|istio-proxy|proxy upgrade).{0,300}cannot evict pod as it would violate the pod.?s disruption budget`),
		code: catalogue.ProxiesFailed, established: true},
	{key: "nomatchesforkind", pattern: like(`no matches for kind "?(?P<kind>VirtualService|DestinationRule|ServiceEntry|Sidecar|EnvoyFilter|WorkloadEntry|WorkloadGroup|AuthorizationPolicy|PeerAuthentication|RequestAuthentication|Telemetry|WasmPlugin|ProxyConfig|Gateway)"? in version "?[a-z]+\.istio\.io/`),
		code: catalogue.RequestRefused, detail: "istio-definitions",
		title: "The cluster does not have Istio's definitions", established: true,
		cause: "The object was applied before the control plane was provisioned, which installs the definitions of Istio's kinds, or the " +
			"cluster " +
			"has no mesh.",
		remedy:  "Provision the mesh first, and wait until the control plane is ACTIVE.",
		command: "kubectl get customresourcedefinitions -l app.kubernetes.io/part-of=istio"},
	{key: "remoteclient", pattern: like(`(?:failed|error|unable|timed? ?out).{0,80}(?:create|creating|initialize|initializing|sync|build) remote clients?.{0,300}`),
		code: catalogue.RequestRefused, detail: "remote-secret",
		title: "The control plane does not reach another cluster", established: true,
		means: "Endpoints of the other cluster are not found, so that requests stay in the local one.",
		cause: "The remote secret names an API server that is not reached: the cluster was deleted, or is private without global access, or " +
			"its authorized networks keep the control plane out; or the secret's credentials were revoked.",
		remedy: "Make the API server reachable, or let the mesh discover endpoints with multicluster_mode in ConfigMap asm-options; then " +
			"recreate the remote secrets.",
		command: "kubectl get secrets -n istio-system -l istio/multiCluster=true"},
	{key: "istio-remote-secret", pattern: like(`istio-remote-secret-[a-z0-9_-]+.{0,120}(?:not found|invalid|timed? ?out|unreachable|refused)`),
		code: catalogue.RequestRefused, detail: "remote-secret",
		title: "A remote secret of another cluster is missing or does not work", established: true,
		cause: "The secret that lets the control plane discover the endpoints of the other cluster is missing, invalid, or names an API server " +
			"that is not reached.",
		remedy:  "Create the remote secrets again, or set multicluster_mode in ConfigMap asm-options, which does without them.",
		command: "kubectl get secrets -n istio-system -l istio/multiCluster=true"},
	{key: "canonical", pattern: like(`canonical-?service-?controller.{0,300}(?:error|failed|forbidden|denied|not found|could not|crashloop)|(?:canonicalservices?\.anthos\.cloud\.google\.com).{0,120}(?:not found|denied|forbidden|could not)`),
		code: catalogue.ConditionReported, detail: "CANONICAL_SERVICE_ERROR"},
	{key: "dialtcp[::1]:80", pattern: like(`post "?http://localhost/api.{0,80}dial tcp \[::1\]:80: connect: connection refused`),
		where: (*explainer).asmModule,
		code:  catalogue.RequestRefused, detail: "provider-not-configured",
		title:   "Terraform's kubernetes provider has no cluster",
		cause:   "The kubernetes provider is not configured, and asks localhost. It is not the mesh that refuses.",
		remedy:  "Give the provider the cluster's endpoint, token and certificate.",
		command: "terraform providers"},
	{key: "check_components.sh", pattern: like(`check_components\.sh gcloud kubectl.{0,60}exit status`), where: (*explainer).asmModule,
		code: catalogue.InstallerRefused, detail: "dependencies", established: true,
		title:   "The Terraform module lacks programs",
		cause:   "The module runs gcloud and kubectl on the machine that runs Terraform, and does not find them.",
		remedy:  "Install both there, or provision with google_gke_hub_feature_membership instead: the module was removed in version 36.",
		command: "gcloud components install kubectl"},
	{key: "unabletoconnecttotheserver",
		pattern: like(`unable to connect to the server: (?:dial tcp|net/http|context deadline|eof|tls).{0,120}`),
		where:   (*explainer).installed,
		code:    catalogue.InstallerRefused, detail: "cluster-unreachable",
		title:       "The cluster's API server is not reached",
		established: true,
		cause:       "The machine does not reach the cluster's API server: a private endpoint, authorized networks or a firewall keep it out.",
		remedy:      unreachableRemedy,
		command:     authorizedNetworks},
	{key: "istioctlps", pattern: like(`istioctl (?:ps|proxy-status).{0,200}(?:unsupported|not supported)`),
		code: catalogue.RequestRefused, detail: "istioctl",
		title:       "istioctl does not show a managed control plane's proxies",
		cause:       "istioctl asks an istiod in the cluster, and a managed mesh has none.",
		remedy:      "Ask the managed control plane with gcloud.",
		command:     "gcloud beta container fleet mesh debug proxy-status --membership={membership} --location={location} --project={project}",
		established: true},
	{key: "norunningistiodpodsinistio-system", pattern: like(`(?:no running istiod pods|no istio pods|unable to find any istiod).{0,80}`),
		where: (*explainer).managed,
		code:  catalogue.RequestRefused, detail: "istioctl",
		title:       "istioctl does not show a managed control plane's proxies",
		cause:       "istioctl asks an istiod in the cluster, and a managed mesh has none.",
		remedy:      "Ask the managed control plane with gcloud.",
		command:     "gcloud beta container fleet mesh debug proxy-status --membership={membership} --location={location} --project={project}",
		established: true},
}

var (
	istioObjects   = like(`istio\.io|virtual ?service|destination ?rule|service ?entry|envoy ?filter|authorization ?policy|peer ?authentication|sidecar|workload ?entry`)
	installerWords = like(`asmcli|install_asm|create_cpr|anthos service mesh|cloud service mesh`)
	moduleWords    = like(`module\.[a-z0-9_.-]*asm|modules/asm\b|asm\.cpr`)
	managedWords   = like(`asm-managed|managed (?:anthos|cloud) service mesh|managed control plane|fleet mesh`)
)

func (e *explainer) asmModule() bool { return moduleWords.MatchString(e.Text) }
func (e *explainer) ofIstio() bool   { return istioObjects.MatchString(e.Text) }
func (e *explainer) installed() bool { return installerWords.MatchString(e.Text) }
func (e *explainer) managed() bool   { return managedWords.MatchString(e.Text) }

// fallbackShapes are looked for where nothing else was recognised: they say where it stopped, not why.
var fallbackShapes = []shape{
	{key: "create_cpr.sh", pattern: like(`create_cpr\.sh.{0,400}exit status [0-9]+|create_cpr\.sh`), where: (*explainer).asmModule,
		code: catalogue.InstallerRefused, detail: "terraform-module",
		title: "The Terraform module could not create the ControlPlaneRevision",
		means: "The script of the module ended with an error, before or while it waited for the control plane. The end of its output says which.",
		cause: "The machine that runs Terraform does not reach the cluster or lacks gcloud and kubectl, the definition of ControlPlaneRevision " +
			"is not in the cluster yet, or the control plane was not provisioned in time.",
		remedy: "Read the end of the output. The module was removed in version 36: google_gke_hub_feature_membership provisions without a " +
			"script.",
		command: showPlane},
	{key: "[error]:", pattern: like(`(?:asmcli|install_asm)[a-z0-9_.]*: \[error\]: .{1,300}`),
		code: catalogue.InstallerRefused, detail: "other",
		title: "The installer stopped with a message that is not known here",
		means: "asmcli ends at the first check that fails. This version does not know the message.",
		cause: "The message says it.", remedy: "Correct what the message names, and run asmcli validate.",
		command: "asmcli validate --help"},
}

package explain

import "github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"

const (
	proxyLogs = "kubectl logs -n {namespace} {pod} -c istio-proxy --tail=100"
	checkPool = "gcloud container node-pools list --cluster={cluster} --location={location} --project={project} " +
		"--format='value(name,config.workloadMetadataConfig.mode)'"
)

// proxyShapes are what proxies of a managed mesh print when they get no configuration or no certificate.
var proxyShapes = []shape{
	{key: "trafficdirector.googleapis.com",
		pattern: like(`trafficdirector\.googleapis\.com.{0,300}(?:permission_?denied|code = permissiondenied|closed: 7\b|\b403\b)|(?:permission_?denied|closed: 7\b).{0,300}trafficdirector\.googleapis\.com`),
		code:    catalogue.ProxyNotReady, detail: "control-plane-denied",
		title: "The control plane refuses the proxy",
		cause: "The proxy's identity may not ask for configuration: the API is disabled on the fleet's project, or the node or workload has " +
			"no identity of the fleet's workload pool (GKE_METADATA is off on its node pool).",
		remedy:  "Enable trafficdirector.googleapis.com on the fleet's project, and see that the node pool runs the GKE metadata server.",
		command: "gcloud services list --enabled --project={project} --filter=config.name=trafficdirector.googleapis.com",
		roots:   []catalogue.Code{catalogue.ServiceDisabled, catalogue.NodePoolNoMetadata}},
	{key: "trafficdirector.googleapis.com",
		pattern: like(`trafficdirector\.googleapis\.com.{0,300}(?:i/o timeout|deadline|unavailable|connection refused|no such host|closed: 14|reset)|(?:i/o timeout|unavailable|no such host|dial tcp).{0,200}trafficdirector\.googleapis\.com`),
		code:    catalogue.ProxyNotReady, detail: "control-plane-unreachable",
		title: "The proxy does not reach the control plane",
		cause: "The nodes do not reach trafficdirector.googleapis.com: no Private Google Access or NAT on a private cluster, a firewall or " +
			"NetworkPolicy on egress, or a DNS zone for googleapis.com that lacks the name.",
		remedy:  "Turn on Private Google Access for the subnet, and allow egress to Google's APIs on port 443.",
		command: proxyLogs},
	{key: "meshconfig.googleapis.com",
		pattern: like(`(?:dial tcp|i/o timeout|no such host|connection refused|deadline exceeded|xds|stream|connect).{0,200}meshconfig\.googleapis\.com:443|meshconfig\.googleapis\.com:443.{0,300}(?:i/o timeout|deadline|unavailable|refused|no such host|closed|reset)`),
		code:    catalogue.ProxyNotReady, detail: "control-plane-unreachable",
		title: "The proxy does not reach the control plane",
		cause: "The nodes do not reach meshconfig.googleapis.com: no Private Google Access or NAT on a private cluster, or a firewall or " +
			"NetworkPolicy on egress.",
		remedy:  "Turn on Private Google Access for the subnet, and allow egress to Google's APIs on port 443.",
		command: proxyLogs},
	{key: "meshca.googleapis.com",
		pattern: like(`meshca\.googleapis\.com.{0,400}(?:denied|unauthenticated|unavailable|timeout|deadline|invalid|\b403\b|\b401\b|error|fail)|(?:denied|unauthenticated|unavailable|timeout|deadline|fail|error).{0,400}meshca\.googleapis\.com`),
		code:    catalogue.ProxyNotReady, detail: "certificate-refused",
		title: "The mesh CA does not sign the proxy's certificate",
		cause: "The proxy's token is not accepted (Workload Identity is off on the cluster or its node pool, or the workload pool is not the " +
			"mesh's), meshca.googleapis.com is disabled or was never initialised for the project, or the nodes do not reach it.",
		remedy: "See that the cluster has a workload pool and its node pools GKE_METADATA, that the API is enabled, and " +
			"that egress to it is open.",
		command: checkPool,
		roots:   []catalogue.Code{catalogue.PoolMissing, catalogue.NodePoolNoMetadata, catalogue.ServiceDisabled}},
	{key: "workloadcertificate",
		pattern: like(`failed to (?:generate|warm|create) (?:workload )?certificate.{0,300}(?:googleca|google ?cas|permission_?denied|unauthenticated|unavailable)|(?:googleca|citadelclient).{0,200}failed to (?:create|sign) certificate`), where: (*explainer).ofProxy,
		code: catalogue.ProxyNotReady, detail: "certificate-refused",
		title: "The certificate authority does not sign the proxy's certificate",
		cause: "The proxy's token is not accepted (Workload Identity is off on the cluster or its node pool), the API of the certificate " +
			"authority is disabled, or the nodes do not reach it.",
		remedy:  "See that the cluster has a workload pool and its node pools GKE_METADATA, and that the API of the authority is enabled.",
		command: checkPool, roots: []catalogue.Code{catalogue.PoolMissing, catalogue.NodePoolNoMetadata, catalogue.ServiceDisabled}},
	{key: "readinessprobefailed",
		pattern: like(`readiness probe failed: http probe failed with statuscode: 503|readiness probe failed: get "?http://[0-9.]+:15021/healthz/ready`), where: (*explainer).ofProxy,
		code: catalogue.ProxyNotReady, detail: "no-configuration",
		title: "A proxy gets no configuration",
		cause: "The proxy answers 503 until it has its configuration: it does not reach its control plane, or is refused, or the configuration " +
			"is rejected. For some seconds after the start it is normal.",
		remedy:  "Read the proxy's log: it names the control plane and how the connection failed.",
		command: proxyLogs, roots: []catalogue.Code{catalogue.ControlPlaneState}},
	{key: "tokenexchange", pattern: like(`(?:sts\.googleapis\.com|identitybindingtoken|token exchange|secure ?token).{0,400}(?:invalid_target|audience|error|fail|\b400\b)|failed to (?:fetch|exchange) token.{0,300}(?:sts|federated|audience)`),
		where: (*explainer).ofProxy,
		code:  catalogue.ProxyNotReady, detail: "token-refused",
		title: "The proxy's token is not exchanged",
		cause: "The identity provider that the token names does not exist: the cluster's workload pool or its membership's authority is " +
			"missing or was changed.",
		remedy:  "See that the cluster's workload pool is PROJECT_ID.svc.id.goog, and that the membership has an authority.",
		command: checkPool,
		roots:   []catalogue.Code{catalogue.PoolMissing, catalogue.IdentityMissing}},
	{key: "thetargetserviceindicatedbytheaudience",
		pattern: like(`the target service indicated by the "?audience"? parameters? is invalid.{0,200}`),
		where:   (*explainer).ofProxy,
		code:    catalogue.ProxyNotReady, detail: "token-refused",
		title: "The proxy's token is not exchanged",
		cause: "The identity provider that the token names does not exist: the cluster's workload pool or its membership's authority is " +
			"missing or was changed.",
		remedy:  "See that the cluster's workload pool is PROJECT_ID.svc.id.goog, and that the membership has an authority.",
		command: checkPool,
		roots:   []catalogue.Code{catalogue.PoolMissing, catalogue.IdentityMissing}},
	{key: "initialfetchtimedout",
		pattern: like(`initial fetch timed out for type\.googleapis\.com/envoy\.extensions\.transport_sockets\.tls\.v3\.secret`),
		code:    catalogue.ProxyNotReady, detail: "gateway-secret",
		title:       "A gateway does not get its certificate",
		established: true,
		cause: "The secret that credentialName of the Gateway names does not exist in the gateway's namespace, or the control plane may " +
			"not read it.",
		remedy:  "Create the secret in the namespace of the gateway's pods, with keys tls.crt and tls.key.",
		command: "kubectl get secrets -n {namespace}"},
	{key: "istiod", pattern: like(`istiod(?:-asm)?-[a-z0-9-]+.{0,200}insufficient (?:cpu|memory)|insufficient (?:cpu|memory).{0,200}istiod-asm-[a-z0-9-]+`),
		code: catalogue.ProxyNotReady, detail: "istiod-unscheduled",
		title:       "The in-cluster istiod cannot be scheduled",
		established: true,
		means: "An istiod in the cluster does not run. Namespaces that it injects get no proxies, and its proxies no configuration. A " +
			"managed mesh does not need it.",
		cause:   "No node has room for the in-cluster istiod.",
		remedy:  "Make room on the nodes; or move its namespaces to the managed control plane and remove it.",
		command: "kubectl describe pods -n istio-system -l app=istiod"},
	{key: "envoyproxyisnotready", pattern: like(`envoy proxy is not ready: config (?:not|received).{0,200}`),
		code: catalogue.ProxyNotReady, detail: "no-configuration",
		title: "A proxy gets no configuration",
		cause: "The proxy does not reach its control plane, or the control plane refuses it or its configuration is rejected (\"rejected\" " +
			"is not 0). For some seconds after the start it is normal.",
		remedy: "Read the lines before it in the proxy's log: they name the control plane and how the connection failed. With a managed " +
			"control plane, see that the control plane is ACTIVE.",
		command: proxyLogs,
		roots:   []catalogue.Code{catalogue.ControlPlaneState}},
	{key: "streamaggregatedresourcesgrpcconfigstream",
		pattern: like(`streamaggregatedresources grpc config stream(?: to \S+)? closed: [0-9]+,?[^\n]{0,120}`),
		code:    catalogue.ProxyNotReady, detail: "stream-closed",
		severity:    catalogue.Warning,
		title:       "The stream between a proxy and its control plane was closed",
		established: true,
		means:       "The proxy keeps the configuration that it has, and connects again.",
		cause: "Code 0 or 13 about every half an hour is normal: the control plane closes streams so that load spreads. Code 14 (no " +
			"healthy upstream) or a close every few seconds means that the control plane is not reached; 7 and 16 that it refuses the proxy.",
		remedy:  "Nothing, for the normal ones. Otherwise see that the control plane is ACTIVE, and that the network lets the proxy reach it.",
		command: proxyLogs,
		roots:   []catalogue.Code{catalogue.ControlPlaneState}},
}

var proxyWords = like(`istio-proxy|istio-agent|pilot-agent|stsclient|xdsproxy|istio_meta`)

// ofProxy reports whether the log is that of a proxy, or the text is about a mesh.
func (e *explainer) ofProxy() bool {
	return proxyWords.MatchString(e.Window(e.spot, nearby, e.spot, nearby)) || e.ofMesh()
}

package explain

import (
	"regexp"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

var (
	webhookCall = regexp.MustCompile(`^failed calling webhook(?:[ ,]* "?([a-z0-9.-]*[a-z0-9])"?)?`)
	unknownCall = regexp.MustCompile(`an error on the server \( ?"?unknown"? ?\)(?: has prevented the request from succeeding)?`)
	webhookURL  = regexp.MustCompile(`(?:Post|POST) "?(https?://([^/" ?]+)[^" ]*)`)
	inCluster   = regexp.MustCompile(`^(?:istiod|istio-sidecar-injector|istio-pilot)[a-z0-9-]*\.[a-z0-9-]+\.svc`)
)

// failedWebhook recognises that an injection or validation webhook of the mesh
// could not be called. Others' webhooks are none of ours.
func (e *explainer) failedWebhook() {
	e.Hits("failedcallingwebhook", func(at, end int) bool {
		e.spot = at
		after := e.Window(at, 0, end, 600)
		if i := strings.Index(after[1:], "failed calling webhook"); i > 0 {
			after = after[:i+1]
		}
		m := webhookCall.FindStringSubmatch(after)
		if m == nil || m[1] != "" && !strings.Contains(m[1], "istio.io") && !strings.Contains(m[1], "mesh.cloud.google.com") {
			return true
		}
		url := webhookURL.FindStringSubmatch(after)
		gateway := unknownCall.FindString(after)
		switch {
		case url != nil && inCluster.MatchString(url[2]):
			e.webhookInCluster(m[1], shortURL(after, url[1]), after, at)
		case url == nil && m[1] == "" && !e.mayBeOfMesh():
		default:
			e.webhookManaged(m[0], m[1], gateway, after, at)
		}
		return false
	})
}

// shortURL is a message up to the end of its URL and of the reason behind it.
func shortURL(message, url string) string {
	i := strings.Index(message, url) + len(url)
	return message[:min(len(message), i+120)]
}

// webhookManaged explains a failed call of the managed control plane.
func (e *explainer) webhookManaged(call, webhook, gateway, message string, at int) {
	evidence := call
	if i := strings.Index(message, gateway); gateway != "" && i >= 0 {
		evidence = message[:i+len(gateway)]
	}
	x := e.add(catalogue.LogWebhookFailed, "", evidence, at, gateway != "" || webhook == "")
	if x.Variables == nil {
		return
	}
	x.Roots = []catalogue.Code{catalogue.ServiceDisabled, catalogue.ConnectGatewayDisabled}
	if gateway == "" && webhook != "" {
		x.Cause = "The control plane behind the webhook does not answer, or cannot be reached. What follows in the message says how it failed."
		x.Remedy = "See whether the control plane is healthy and whether the webhook calls the address that its revision expects; then " +
			"restart the workloads."
		x.Roots = []catalogue.Code{catalogue.InjectorURL, catalogue.ControlPlaneState, catalogue.ServiceDisabled}
	}
	x.set("webhook", webhook)
}

// How a call of an istiod in the cluster fails, and why; the first that matches.
var inClusterCauses = []struct{ says, cause, remedy, command string }{
	{`no endpoints available|connection refused|no such host|service "[^"]*" not found|not found`,
		"The Service istiod has no ready endpoint, or is gone: the in-cluster istiod does not run, or was removed while its webhook stayed.",
		"Make the in-cluster istiod run. If the mesh is managed now, remove the leftover webhook and let the namespaces use the managed " +
			"revision.", "kubectl get pods,endpoints -n istio-system"},
	{`x509|certificate`,
		"The webhook's caBundle does not match the certificate of the in-cluster istiod: another installation, or a tool such as Argo CD or " +
			"Helm, wrote it back.",
		"Let istiod write its caBundle again (restart it), and exclude the field from the tool that resets it.",
		"kubectl get mutatingwebhookconfigurations -o yaml"},
	{`deadline exceeded|timed? ?out|timeout|context canceled|i/o`,
		"The API server does not reach the in-cluster istiod. On a private cluster the firewall keeps the control plane of GKE from port " +
			"15017 of the nodes; else istiod has no ready endpoint or a NetworkPolicy closes it.",
		"Open TCP 15017 from the control plane's range (master_ipv4_cidr) to the nodes, and see that istiod has endpoints.",
		"kubectl get pods,endpoints -n istio-system"},
}

// webhookInCluster explains a failed call of an istiod in the cluster. Connect Gateway has no part in that.
func (e *explainer) webhookInCluster(webhook, evidence, message string, at int) {
	x := e.add(catalogue.LogWebhookFailed, "in-cluster", evidence, at, true)
	if x.Variables == nil {
		return
	}
	x.Title = "The webhook of an in-cluster istiod could not be called"
	x.Means = "The Kubernetes API server called an istiod that runs in the cluster, and got no answer. The managed control plane is not the " +
		"one that was called."
	x.Cause = "The in-cluster istiod does not answer; the end of the message says how the call failed."
	x.Remedy = "See whether istiod runs and has endpoints, and whether the API server reaches port 15017 of its pods."
	x.command = "kubectl get pods,endpoints -n istio-system"
	for _, c := range inClusterCauses {
		if regexp.MustCompile(`(?i)` + c.says).MatchString(message) {
			x.Cause, x.Remedy, x.command = c.cause, c.remedy, c.command
			break
		}
	}
	x.Roots, x.FixedBy, x.Runbook, x.Source = nil, "", "", "Google's pages on troubleshooting webhooks and on private clusters; gcpdiag, "+
		"asm/WARN/2024_001"
	x.set("webhook", webhook)
}

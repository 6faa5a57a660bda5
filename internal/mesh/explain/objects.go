package explain

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// isObject reports whether a map is a Kubernetes object of a kind that says something about the mesh.
func isObject(m map[string]any) bool {
	kind := strings.TrimSuffix(stringAt(m, "kind"), "List")
	switch kind {
	case "ControlPlaneRevision", "DataPlaneControl", "Namespace", "ConfigMap", "Pod", "Event", "":
		return kind != "" && (m["metadata"] != nil || m["items"] != nil)
	case "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration":
		return true
	case "Membership":
		return strings.HasPrefix(stringAt(m, "apiVersion"), "hub.gke.io/")
	}
	return strings.Contains(stringAt(m, "apiVersion"), "istio.io/")
}

// object reads a Kubernetes object, or a list of them.
func (e *explainer) object(m map[string]any) {
	if items := listAt(m, "items"); items != nil {
		e.injectors(items)
		kind := strings.TrimSuffix(stringAt(m, "kind"), "List")
		for _, item := range items {
			if one, ok := item.(map[string]any); ok {
				if stringAt(one, "kind") == "" { // inside of a list of its kind
					one["kind"] = kind
				}
				e.object(one)
			}
		}
		return
	}
	name, namespace := stringAt(m, "metadata", "name"), stringAt(m, "metadata", "namespace")
	kind := stringAt(m, "kind")
	e.subject, e.named = strings.Trim(namespace+"/"+name, "/"), map[string]string{"namespace": namespace}
	switch kind {
	case "ControlPlaneRevision":
		e.named["revision"] = name
		e.revision(m)
	case "Membership":
		e.named["membership"] = name
		if stringAt(m, "spec", "identity_provider") == "" && field(m, "spec") != nil {
			e.claim(catalogue.IdentityMissing, "", "Membership "+name+" without spec.identity_provider")
		}
	case "Namespace":
		e.namespace(m)
	case "ConfigMap":
		if name == "asm-options" && cniOff.MatchString(fmt.Sprint(field(m, "data"))) {
			e.claim(catalogue.ManagedCNIOff, "", "ConfigMap asm-options: "+fmt.Sprint(field(m, "data", "ASM_OPTS")))
		}
	case "Pod":
		e.pod(m)
	case "MutatingWebhookConfiguration":
		e.webhook(m)
	case "DataPlaneControl":
		for _, d := range listAt(m, "status", "errorDetails") {
			says := strings.TrimSpace(stringAt(d, "code") + ": " + stringAt(d, "message"))
			e.claim(catalogue.DataPlaneProgress, "", "status.errorDetails: "+says)
		}
	case "Event":
		e.named["namespace"] = stringAt(m, "involvedObject", "namespace")
		e.leaves([]string{stringAt(m, "reason") + " " + stringAt(m, "message")})
	default:
		e.configuration(m)
	}
}

var cniOff = regexp.MustCompile(`(?i)CNI[=:]"?(?:off|false|disabled)`)

const cniLabel = "mesh.cloud.google.com/managed-cni-enabled"

func (e *explainer) revision(m map[string]any) {
	name := stringAt(m, "metadata", "name")
	// A value without quotes is a boolean for YAML.
	if value := field(m, "metadata", "labels", cniLabel); value != nil && fmt.Sprint(value) != "true" {
		e.claim(catalogue.ManagedCNIOff, "", fmt.Sprint("label ", cniLabel, ": ", value))
	}
	conditions := map[string]any{}
	for _, c := range listAt(m, "status", "conditions") {
		conditions[stringAt(c, "type")] = c
	}
	channel, known := mesh.ChannelOf(name)
	if spec, has := field(m, "spec", "channel").(string); known && has && spec != channel {
		e.claim(catalogue.RevisionMismatch, string(catalogue.StopChannel), "revision "+name+" with spec.channel: "+spec)
	}
	stalled, reconciled := conditions[mesh.ConditionStalled], conditions[mesh.ConditionReconciled]
	e.revisionConditions(stringAt(stalled, "status"), stringAt(stalled, "reason"), stringAt(stalled, "message"),
		stringAt(reconciled, "status"), stringAt(reconciled, "reason"), stringAt(reconciled, "message"))
}

// revisionConditions explains the two conditions that decide about a revision. An empty status is one that the text lacks.
func (e *explainer) revisionConditions(stalled, stalledReason, stalledMessage, reconciled, reason, message string) {
	switch {
	case stalled == "True":
		stop := catalogue.ParseStop(stalledReason, stalledMessage)
		x := e.claim(catalogue.RevisionStalled, string(stop.Code), strings.Trim(strings.TrimSpace("Stalled: True "+stalledReason+": "+
			stalledMessage), ": "))
		x.stopped(stop)
		x.Established = x.Established && stop.Established
		for name, value := range stop.Variables {
			x.set(stopVariables[name], value)
		}
	case reconciled == "True" && stalled == "False":
		e.claim(catalogue.NothingWrong, "", "Reconciled: True, Stalled: False")
	case reconciled == "" && stalled == "":
	default:
		says := strings.Trim(fmt.Sprintf("Reconciled: %s %s: %s", reconciled, reason, message), ": ")
		x := e.claim(catalogue.RevisionNotReady, "", says)
		if x.Variables != nil && message != "" {
			x.Means += " It says: " + message
		}
	}
}

// managedInjector reports whether a webhook configuration is that of a managed revision, by its name.
func managedInjector(name string) bool {
	_, known := mesh.ChannelOf(strings.TrimPrefix(name, "istiod-"))
	return strings.HasPrefix(name, "istiod-") && known
}

// inClusterInjector reports whether a webhook configuration is that of an istiod in the cluster, by its name.
func inClusterInjector(name string) bool {
	return strings.HasPrefix(name, "istio-sidecar-injector") && !strings.Contains(name, "managed")
}

// webhook reads the configuration of an injector: that of a managed revision calls a URL, not a service in the cluster.
func (e *explainer) webhook(m map[string]any) {
	name := stringAt(m, "metadata", "name")
	for _, w := range listAt(m, "webhooks") {
		service := stringAt(w, "clientConfig", "service", "name")
		if service != "" && managedInjector(name) {
			e.claim(catalogue.InjectorURL, "", "MutatingWebhookConfiguration "+name+" calls service "+service+" in the cluster")
			return
		}
	}
}

// injectors compares the webhook configurations of a cluster.
func (e *explainer) injectors(items []any) {
	var names []string
	for _, item := range items {
		names = append(names, stringAt(item, "metadata", "name"))
	}
	e.leftover(names)
}

// leftover explains that a cluster has the injectors of two control planes.
func (e *explainer) leftover(configurations []string) {
	managed, inside := slices.IndexFunc(configurations, managedInjector), slices.IndexFunc(configurations, inClusterInjector)
	if managed >= 0 && inside >= 0 {
		x := e.claim(catalogue.InjectorLeftover, "", configurations[inside]+" beside "+configurations[managed])
		if x.Variables != nil {
			x.Means = "The cluster has the webhook of an in-cluster control plane (" + configurations[inside] +
				") beside that of the managed one (" +
				configurations[managed] + "). Which of them injects a pod, the labels of its namespace decide."
			x.command = "kubectl get namespaces -L istio-injection,istio.io/rev"
		}
	}
}

func (e *explainer) namespace(m map[string]any) {
	name := stringAt(m, "metadata", "name")
	e.named["namespace"] = name
	injection, old := field(m, "metadata", "labels", "istio-injection").(string)
	revision, rev := field(m, "metadata", "labels", "istio.io/rev").(string)
	if old && rev {
		e.bothLabels(name, injection, revision)
	}
}

// bothLabels explains a namespace that has both labels of injection.
func (e *explainer) bothLabels(name, injection, revision string) {
	if injection == "enabled" && revision != "" {
		e.claim(catalogue.InjectionUnclear, "", "namespace "+name+" with labels istio-injection="+injection+" and istio.io/rev="+revision)
	}
}

func (e *explainer) pod(m map[string]any) {
	if stringAt(m, "metadata", "labels", "dataplane-upgrade") == "failed" {
		e.claim(catalogue.ProxiesFailed, "", "pod "+e.subject+" with label dataplane-upgrade=failed")
	}
	says := stringAt(m, "status", "reason") + " " + stringAt(m, "status", "message")
	for _, c := range listAt(m, "status", "conditions") {
		if stringAt(c, "status") == "False" {
			says += " " + stringAt(c, "reason") + " " + stringAt(c, "message")
		}
	}
	for _, list := range []string{"containerStatuses", "initContainerStatuses"} {
		for _, c := range listAt(m, "status", list) {
			says += " " + stringAt(c, "state", "waiting", "reason") + " " + stringAt(c, "state", "waiting", "message")
		}
	}
	e.systemPod(stringAt(m, "metadata", "name"), stringAt(m, "status", "phase"), says)
	e.leaves([]string{says})
}

// configuration reads the conditions that the mesh writes on Istio's objects.
func (e *explainer) configuration(m map[string]any) {
	subject := stringAt(m, "kind") + " " + e.subject
	for _, c := range listAt(m, "status", "conditions") {
		if stringAt(c, "status") != "False" {
			continue
		}
		evidence := strings.TrimSpace(subject + ": " + stringAt(c, "type") + "=False " + stringAt(c, "reason") + " " + stringAt(c, "message"))
		switch stringAt(c, "type") {
		case "Accepted":
			e.claim(catalogue.ConfigRejected, "", evidence).adds(stringAt(c, "message"))
		case "ModernizationCompatible":
			e.claim(catalogue.ConfigIncompatible, "", evidence).adds(stringAt(c, "message"))
		}
	}
}

// adds appends what the mesh itself says about the cause.
func (x *Explanation) adds(message string) {
	if message != "" {
		x.Cause += " Here: " + message
	}
}

// isHubMembership reports whether a map is a membership as GKE Hub describes it.
func isHubMembership(m map[string]any) bool {
	return strings.Contains(stringAt(m, "name"), "/memberships/") && field(m, "endpoint", "gkeCluster") != nil
}

func (e *explainer) hubMembership(m map[string]any) {
	name := stringAt(m, "name")
	e.about(name)
	e.named["cluster"] = lastSegment(stringAt(m, "endpoint", "gkeCluster", "resourceLink"))
	if missing, _ := field(m, "endpoint", "gkeCluster", "clusterMissing").(bool); missing {
		e.claim(catalogue.ClusterMissing, "", "endpoint.gkeCluster.clusterMissing: true")
	}
	if issuer := stringAt(m, "authority", "issuer"); issuer == "" {
		e.claim(catalogue.IdentityMissing, "", "membership without authority")
	}
}

func lastSegment(name string) string { return name[strings.LastIndex(name, "/")+1:] }

// isLogEntry reports whether a map is an entry of Cloud Logging.
func isLogEntry(m map[string]any) bool {
	payload := m["jsonPayload"] != nil || m["textPayload"] != nil || m["protoPayload"] != nil
	return payload && (m["resource"] != nil || m["insertId"] != nil || m["logName"] != nil)
}

// resources of other products write entries that read like those about the mesh.
var otherResource = regexp.MustCompile(`^(?:cloud_run|cloud_function|bigquery|gcs_|cloudsql|dataflow|gae_|pubsub|spanner|cloud_build|build|` +
	`cloud_composer|dataproc|redis|aiplatform|api$|http_load_balancer)`)

func (e *explainer) logEntry(m map[string]any, raw string) {
	if otherResource.MatchString(stringAt(m, "resource", "type")) {
		return
	}
	e.named = map[string]string{}
	labels, _ := field(m, "resource", "labels").(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value, _ := labels[key].(string)
		switch key {
		case "project_id":
			e.named["project"] = value
		case "cluster_name":
			e.named["cluster"] = value
		case "location":
			e.named["location"] = value
		case "namespace_name":
			e.named["namespace"] = value
		}
	}
	e.passage(raw)
}

package kube

import (
	"strings"
	"time"
)

// Conditions of a ControlPlaneRevision, in the words of Google's page.
const (
	condReconciled = "Reconciled"
	condFinished   = "ProvisioningFinished"
	condStalled    = "Stalled"
)

// channels are the names that a revision may have, with their channels.
var channels = map[string]string{"asm-managed": "regular", "asm-managed-rapid": "rapid", "asm-managed-stable": "stable"}

// address is where the revision's injector is: Google's form is a Cloud Run
// host name (documented); what is in it is inferred.
func (s Seed) address(revision string) string {
	hash := strings.ReplaceAll(uuid(s.path()+revision), "-", "")[:10]
	return "asm-" + s.Name + "-" + revision + "-" + hash + "-uc.a.run.app"
}

func (s Seed) envConfigMap(revision string) Object {
	return Object{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": Object{"name": "env-" + revision, "namespace": meshNamespace},
		"data":     anyMap("CLOUDRUN_ADDR", s.address(revision), "TAG", Tag, "WEBHOOK_PROXY", "false"),
	}
}

func (s Seed) meshConfigMap(revision string) Object {
	return Object{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": Object{"name": "istio-" + revision, "namespace": meshNamespace},
		"data":     anyMap("mesh", "accessLogFile: /dev/stdout\n"),
	}
}

func (s Seed) revision(revision string) Object {
	return Object{
		"apiVersion": groupMesh + "/v1alpha1", "kind": "ControlPlaneRevision",
		"metadata": Object{
			"name": revision, "namespace": meshNamespace, "generation": 1,
			"labels": anyMap("mesh.cloud.google.com/managed-cni-enabled", "true"),
		},
		"spec": anyMap("type", "managed_service", "channel", channels[revision]),
	}
}

// meshObjects are the objects that the mesh installs of a resource.
func (s Seed) meshObjects(id string) []Object {
	switch id {
	case resRevisions:
		o := s.revision(Revision)
		setConditions(o, readyConditions(), s.Born)
		return []Object{o}
	case resMutating:
		url := expectedInjectURL(s.ProjectID, s.envConfigMap(Revision))
		return []Object{s.injector(Revision, url), s.defaultTag(Revision, url)}
	case resValidating:
		return []Object{s.validator(Revision, expectedValidateURL(s.envConfigMap(Revision)))}
	default:
		return []Object{{
			"apiVersion": groupMesh + "/v1alpha1", "kind": "DataPlaneControl",
			"metadata": Object{"name": Revision, "generation": 1},
			"spec":     Object{"revision": Revision, "proxyVersion": Tag, "proxyTargetBasisPoints": 10000},
			"status": Object{
				"state": "Ready", "observedGeneration": 1,
				"proxyMetrics": Object{"managedProxyCount": 4, "unmanagedProxyCount": 0, "namespacesEnabledCount": 1, "podsEnabledCount": 4},
			},
		}}
	}
}

// expectedInjectURL and expectedValidateURL follow from ConfigMap env-REVISION (from Google's tool).
func expectedInjectURL(project string, env Object) string {
	addr := text(env, "data", "CLOUDRUN_ADDR")
	path := "/inject/ISTIO_META_CLOUDRUN_ADDR/" + addr
	if text(env, "data", "WEBHOOK_PROXY") == "true" {
		return "https://meshconfig.googleapis.com/v1alpha1/projects/" + project + "/webhooks" + path
	}
	return "https://" + addr + path
}

func expectedValidateURL(env Object) string {
	return "https://" + text(env, "data", "CLOUDRUN_ADDR") + "/validate"
}

func injectorName(revision string) string { return "istiod-" + revision }

const validatorName = "istiod-istio-system-mcp"

// injector is the mutating webhook of a managed revision: names, URL and
// labels are from Google's tools, selectors are Istio's.
func (s Seed) injector(revision, url string) Object {
	return Object{
		"apiVersion": groupAdmission + "/v1", "kind": "MutatingWebhookConfiguration",
		"metadata": Object{
			"name": injectorName(revision), "generation": 1,
			"labels": anyMap("app", "sidecar-injector", revLabel, revision, "istio.io/owned-by", "mesh.googleapis.com"),
		},
		"webhooks": []any{
			injectWebhook("rev.namespace.sidecar-injector.istio.io", Object{"url": url},
				[]any{expr(revLabel, "In", revision), expr(injectionLabel, "DoesNotExist")},
				[]any{expr("sidecar.istio.io/inject", "NotIn", "false")}),
			injectWebhook("rev.object.sidecar-injector.istio.io", Object{"url": url},
				[]any{expr(revLabel, "DoesNotExist"), expr(injectionLabel, "DoesNotExist")},
				[]any{expr("sidecar.istio.io/inject", "NotIn", "false"), expr(revLabel, "In", revision)}),
		},
	}
}

// defaultTagName is the injector of the default revision tag, which takes namespaces with istio-injection=enabled.
const defaultTagName = "istio-revision-tag-default"

// defaultTag is the webhook of the default revision tag. That a managed cluster has it beside the revision's own is
// published (lab notes on GSP1242 with proxies 1.20.8-asm.88; a report on TRAFFIC_DIRECTOR of August 2026); its entries are
// those of Istio's template for the tag "default", its URL is inferred.
func (s Seed) defaultTag(revision, url string) Object {
	client := func() Object { return Object{"url": url} }
	proxied := func(more ...any) []any {
		return append([]any{expr("sidecar.istio.io/inject", "NotIn", "false")}, more...)
	}
	return Object{
		"apiVersion": groupAdmission + "/v1", "kind": "MutatingWebhookConfiguration",
		"metadata": Object{
			"name": defaultTagName, "generation": 1,
			"labels": anyMap("app", "sidecar-injector", revLabel, revision, "istio.io/tag", "default", "istio.io/owned-by", "mesh.googleapis.com"),
		},
		"webhooks": []any{
			injectWebhook("rev.namespace.sidecar-injector.istio.io", client(),
				[]any{expr(revLabel, "In", "default"), expr(injectionLabel, "DoesNotExist")}, proxied()),
			injectWebhook("rev.object.sidecar-injector.istio.io", client(),
				[]any{expr(revLabel, "DoesNotExist"), expr(injectionLabel, "DoesNotExist")}, proxied(expr(revLabel, "In", "default"))),
			injectWebhook("namespace.sidecar-injector.istio.io", client(), []any{expr(injectionLabel, "In", "enabled")}, proxied()),
			injectWebhook("object.sidecar-injector.istio.io", client(),
				[]any{expr(injectionLabel, "DoesNotExist"), expr(revLabel, "DoesNotExist")},
				[]any{expr("sidecar.istio.io/inject", "In", "true"), expr(revLabel, "DoesNotExist")}),
		},
	}
}

// InClusterInjector is the webhook of an istiod in the cluster, which is the
// default: it takes namespaces with istio-injection=enabled.
func InClusterInjector() Object {
	client := Object{
		"service":  Object{"name": "istiod", "namespace": meshNamespace, "path": "/inject", "port": 443},
		"caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCmMybHRkV3hoZEdWawotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==",
	}
	return Object{
		"apiVersion": groupAdmission + "/v1", "kind": "MutatingWebhookConfiguration",
		"metadata": Object{
			"name": "istio-sidecar-injector", "generation": 1,
			"labels": anyMap("app", "sidecar-injector", revLabel, "default", "operator.istio.io/component", "Pilot", "release", "istio"),
		},
		"webhooks": []any{
			injectWebhook("namespace.sidecar-injector.istio.io", client,
				[]any{expr(injectionLabel, "In", "enabled")}, []any{expr("sidecar.istio.io/inject", "NotIn", "false")}),
			injectWebhook("object.sidecar-injector.istio.io", copyOf(client),
				[]any{expr(injectionLabel, "DoesNotExist"), expr(revLabel, "DoesNotExist")},
				[]any{expr("sidecar.istio.io/inject", "In", "true"), expr(revLabel, "DoesNotExist")}),
		},
	}
}

func injectWebhook(name string, client Object, namespaces, objects []any) Object {
	return Object{
		"name": name, "clientConfig": client, "admissionReviewVersions": []any{"v1beta1", "v1"},
		"rules": []any{Object{
			"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "operations": []any{"CREATE"}, "resources": []any{"pods"}, "scope": "*",
		}},
		"failurePolicy": "Fail", "sideEffects": "None", "matchPolicy": "Equivalent", "reinvocationPolicy": "Never", "timeoutSeconds": 10,
		"namespaceSelector": Object{"matchExpressions": namespaces}, "objectSelector": Object{"matchExpressions": objects},
	}
}

func expr(key, operator string, values ...string) Object {
	o := Object{"key": key, "operator": operator}
	if len(values) > 0 {
		var list []any
		for _, v := range values {
			list = append(list, v)
		}
		o["values"] = list
	}
	return o
}

func (s Seed) validator(revision, url string) Object {
	return Object{
		"apiVersion": groupAdmission + "/v1", "kind": "ValidatingWebhookConfiguration",
		"metadata": Object{
			"name": validatorName, "generation": 1,
			"labels": anyMap("app", "istiod", revLabel, revision, "istio.io/owned-by", "mesh.googleapis.com"),
		},
		"webhooks": []any{Object{
			"name": "rev.validation.istio.io", "clientConfig": Object{"url": url}, "admissionReviewVersions": []any{"v1beta1", "v1"},
			"rules": []any{Object{
				"apiGroups": []any{"security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"}, "apiVersions": []any{"*"},
				"operations": []any{"CREATE", "UPDATE"}, "resources": []any{"*"}, "scope": "*",
			}},
			"failurePolicy": "Ignore", "sideEffects": "None", "matchPolicy": "Equivalent", "timeoutSeconds": 10,
			"namespaceSelector": Object{}, "objectSelector": Object{"matchExpressions": []any{expr(revLabel, "In", revision)}},
		}},
	}
}

// A condition is one of a status.
type condition struct{ kind, status, reason, message string }

func readyConditions() []condition {
	return []condition{
		{condReconciled, "True", "Provisioned", "The provisioning process has completed successfully"},
		{condFinished, "True", "ProvisioningFinished", "Provisioning has finished"},
		{condStalled, "False", "NotStalled", "Provisioning has not stalled"},
	}
}

// setConditions writes conditions into a status and says whether anything is
// different. The time of one changes with its status (Kubernetes standard).
func setConditions(o Object, want []condition, now time.Time) bool {
	have := map[string]any{}
	for _, c := range items(o, "status", "conditions") {
		have[text(c, "type")] = c
	}
	changed := len(have) != len(want)
	var list []any
	for _, w := range want {
		old := have[w.kind]
		since := stamp(now)
		if old != nil && text(old, "status") == w.status {
			since = text(old, "lastTransitionTime")
		}
		if old == nil || text(old, "status") != w.status || text(old, "reason") != w.reason || text(old, "message") != w.message {
			changed = true
		}
		list = append(list, anyMap("lastTransitionTime", since, "message", w.message, "reason", w.reason, "status", w.status, "type", w.kind))
	}
	child(o, "status")["conditions"] = list
	return changed
}

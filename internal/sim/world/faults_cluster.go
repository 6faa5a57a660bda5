package world

import (
	"strings"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"
)

// clusterFaults change what is inside a cluster, or what the mesh in it depends on: the causes of the thirteen stop
// codes, and of the two problems of proxies.
func clusterFaults() []faultDef {
	return []faultDef{
		worldFault("stop-not-gke", "the membership is not that of a GKE cluster", scopeCluster, removeClusterLink, restoreClusterLink),
		worldFault("stop-name", "there is a ControlPlaneRevision with a name that is not supported", scopeCluster,
			inside(putRevision("asm-custom", istioSystem)), inside(deleteRevision("asm-custom", istioSystem))),
		worldFault("stop-namespace", "there is a ControlPlaneRevision outside of istio-system", scopeCluster,
			inside(putRevision(kube.Revision, "default")), inside(deleteRevision(kube.Revision, "default"))),
		worldFault("stop-channel", "the revision's channel is not that of its name", scopeCluster,
			inside(setSpec("channel", "rapid")), inside(setSpec("channel", "regular"))),
		worldFault("stop-channel-missing", "the revision has no channel", scopeCluster,
			inside(setSpec("channel", "")), inside(setSpec("channel", "regular"))),
		worldFault("stop-type", "the revision has a type that is not supported", scopeCluster,
			inside(setSpec("type", "in_cluster")), inside(setSpec("type", "managed_service"))),
		worldFault("stop-kubernetes-version", "the cluster runs Kubernetes 1.14", scopeCluster,
			setMasterVersion("1.14.10-gke.27"), setMasterVersion(gkeVersion)),
		worldFault("stop-workload-identity", "workload identity is off on the cluster", scopeCluster,
			setPool(func(*Project) string { return "" }), restorePool),
		worldFault("stop-workload-pool", "the cluster has the workload pool of another project", scopeCluster,
			setPool(func(*Project) string { return "some-other-project.svc.id.goog" }), restorePool),
		worldFault("stop-project", "the cluster's own Membership is of another fleet project", scopeCluster,
			setMembershipOwner("some-other-project"), setMembershipOwner("")),
		worldFault("stop-cluster-resources", "an admission webhook that does not answer keeps the mesh from writing its objects", scopeCluster,
			inside(putBlockingWebhook), inside(deleteBlockingWebhook)),
		worldFault("stop-mutating-url", "the injection webhook has the URL of an old control plane", scopeCluster,
			inside(setWebhookURL(mutatingWebhooks, "istiod-asm-managed", true)),
			inside(setWebhookURL(mutatingWebhooks, "istiod-asm-managed", false))),
		worldFault("stop-validating-url", "the validating webhook has the URL of an old control plane", scopeCluster,
			inside(setWebhookURL(validatingWebhooks, "istiod-istio-system-mcp", true)),
			inside(setWebhookURL(validatingWebhooks, "istiod-istio-system-mcp", false))),
		worldFault("wrong-injection", "the namespace shop is injected by istiod.istio-system: istio-injection=enabled was not replaced",
			scopeCluster,
			inside(breakInjection), inside(repairInjection)),
		worldFault("proxies-failed", "a PodDisruptionBudget blocks an upgrade of the proxies", scopeCluster,
			inside(blockProxyUpgrade), inside(unblockProxyUpgrade)),
	}
}

const (
	istioSystem        = "istio-system"
	shopNamespace      = "shop"
	revisions          = "controlplanerevisions.mesh.cloud.google.com"
	mutatingWebhooks   = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
	validatingWebhooks = "validatingwebhookconfigurations.admissionregistration.k8s.io"
	definitions        = "customresourcedefinitions.apiextensions.k8s.io"
	budgets            = "poddisruptionbudgets.policy"
	inClusterWebhook   = "istio-sidecar-injector"
	defaultTagWebhook  = "istio-revision-tag-default"
	blockerWebhook     = "policy-engine"
	oldAddress         = "asm-old-control-plane-uc.a.run.app"
)

// inside is the action that changes what is in the target's cluster.
func inside(do func(*kube.Cluster)) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) { w.inCluster(t, now, do) }
}

// inCluster changes objects in a cluster and runs its controllers.
func (w *World) inCluster(t target, now time.Time, do func(*kube.Cluster)) {
	c := t.cluster()
	if c == nil {
		return
	}
	do(w.Kubernetes(t.project, c, now))
	w.Kubernetes(t.project, c, now)
}

// metadata is the metadata of a new object.
func metadata(name, namespace string) map[string]any {
	m := map[string]any{"name": name}
	if namespace != "" {
		m["namespace"] = namespace
	}
	return m
}

func putRevision(name, namespace string) func(*kube.Cluster) {
	return func(k *kube.Cluster) {
		k.Put(revisions, kube.Object{
			"apiVersion": "mesh.cloud.google.com/v1alpha1", "kind": "ControlPlaneRevision", "metadata": metadata(name, namespace),
			"spec": map[string]any{"type": "managed_service", "channel": "regular"},
		})
	}
}

func deleteRevision(name, namespace string) func(*kube.Cluster) {
	return func(k *kube.Cluster) { k.Delete(revisions, namespace, name) }
}

// setSpec sets a field of the revision, past the schema that would refuse it today; "" deletes it.
func setSpec(field, value string) func(*kube.Cluster) {
	return func(k *kube.Cluster) {
		k.Edit(revisions, istioSystem, kube.Revision, func(o kube.Object) {
			spec := nestedMap(o, "spec")
			delete(spec, field)
			if value != "" {
				spec[field] = value
			}
		})
	}
}

// nestedMap is a map in an object, made if it is not there.
func nestedMap(o map[string]any, path ...string) map[string]any {
	for _, p := range path {
		m, ok := o[p].(map[string]any)
		if !ok {
			m = map[string]any{}
			o[p] = m
		}
		o = m
	}
	return o
}

func setMasterVersion(version string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		if c := t.cluster(); c != nil {
			w.Kubernetes(t.project, c, now) // create it from the state before
			c.CurrentMasterVersion = version
			w.Kubernetes(t.project, c, now)
		}
	}
}

// fleetOf is the fleet and the membership of a cluster.
func (w *World) fleetOf(c *Cluster) (*Project, *Membership) {
	if c == nil || c.Fleet == nil {
		return nil, nil
	}
	fleet := w.linkProject(c.Fleet.Membership)
	_, key, _ := strings.Cut(c.Fleet.Membership, "/locations/")
	if fleet == nil || fleet.Fleet == nil {
		return fleet, nil
	}
	return fleet, fleet.Fleet.Membership("locations/" + key)
}

func setClusterLink(w *World, t target, now time.Time, gke *GkeCluster) {
	c := t.cluster()
	if _, m := w.fleetOf(c); m != nil && m.Endpoint != nil {
		w.Kubernetes(t.project, c, now) // create it from the state before
		ep := *m.Endpoint               // a copy of the old may be on its way to a client
		ep.GkeCluster = gke
		m.Endpoint = &ep
		w.Kubernetes(t.project, c, now)
	}
}

func removeClusterLink(w *World, _ *ActiveFault, t target, now time.Time) {
	setClusterLink(w, t, now, nil)
}

func restoreClusterLink(w *World, _ *ActiveFault, t target, now time.Time) {
	if c := t.cluster(); c != nil {
		setClusterLink(w, t, now, &GkeCluster{ResourceLink: c.link(t.project)})
	}
}

// setMembershipOwner makes the Membership in the cluster name another fleet project; "" restores the right one.
func setMembershipOwner(project string) faultAction {
	return func(w *World, _ *ActiveFault, t target, now time.Time) {
		fleet, m := w.fleetOf(t.cluster())
		if m == nil {
			return
		}
		owner := "//gkehub.googleapis.com/projects/" + fleet.ProjectID + "/" + m.Key()
		if project != "" {
			owner = "//gkehub.googleapis.com/projects/" + project + "/" + m.Key()
		}
		w.inCluster(t, now, func(k *kube.Cluster) {
			k.Edit("memberships.hub.gke.io", "", "membership", func(o kube.Object) { nestedMap(o, "spec", "owner")["id"] = owner })
		})
	}
}

// putBlockingWebhook installs a policy engine whose service is missing: every change of webhooks and definitions needs
// its answer.
func putBlockingWebhook(k *kube.Cluster) {
	k.Put(validatingWebhooks, kube.Object{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": metadata(blockerWebhook, ""),
		"webhooks": []any{map[string]any{
			"name": "validate.policy-engine.example.com",
			"clientConfig": map[string]any{"service": map[string]any{"name": "policy-engine", "namespace": "policy-system", "path": "/validate",
				"port": 443}},
			"rules": []any{map[string]any{
				"apiGroups": []any{"admissionregistration.k8s.io", "apiextensions.k8s.io"}, "apiVersions": []any{"*"},
				"operations": []any{"CREATE", "UPDATE"},
				"resources":  []any{"mutatingwebhookconfigurations", "validatingwebhookconfigurations", "customresourcedefinitions"}, "scope": "*",
			}},
			"failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": []any{"v1"}, "timeoutSeconds": 10,
		}},
	})
}

func deleteBlockingWebhook(k *kube.Cluster) { k.Delete(validatingWebhooks, "", blockerWebhook) }

// setWebhookURL puts an old control plane's address into a webhook's URLs, or the address of env-asm-managed again.
func setWebhookURL(id, name string, wrong bool) func(*kube.Cluster) {
	return func(k *kube.Cluster) {
		env := k.Get("configmaps", istioSystem, "env-"+kube.Revision)
		address, _ := nestedMap(env, "data")["CLOUDRUN_ADDR"].(string)
		from, to := oldAddress, address
		if wrong {
			from, to = address, oldAddress
		}
		k.Edit(id, "", name, func(o kube.Object) {
			hooks, _ := o["webhooks"].([]any)
			for _, h := range hooks {
				if hook, ok := h.(map[string]any); ok {
					client := nestedMap(hook, "clientConfig")
					url, _ := client["url"].(string)
					client["url"] = strings.ReplaceAll(url, from, to)
				}
			}
		})
	}
}

// breakInjection is the problem "pod is injected with istiod.istio-system" of Google's page: an old istiod and its label
// are still there, and the workloads were restarted.
func breakInjection(k *kube.Cluster) {
	k.Delete(mutatingWebhooks, "", defaultTagWebhook)
	k.Put(mutatingWebhooks, kube.InClusterInjector())
	k.Put("services", kube.Object{
		"apiVersion": "v1", "kind": "Service", "metadata": metadata("istiod", istioSystem),
		"spec": map[string]any{"type": "ClusterIP", "clusterIP": "10.96.2.1",
			"ports": []any{map[string]any{"name": "https-webhook", "port": 443, "protocol": "TCP", "targetPort": 15017}}},
	})
	k.Edit("namespaces", "", shopNamespace, func(o kube.Object) {
		l := nestedMap(o, "metadata", "labels")
		delete(l, "istio.io/rev")
		l["istio-injection"] = "enabled"
	})
	restartShop(k)
}

func repairInjection(k *kube.Cluster) { // the mesh installs the default tag again
	k.Delete(mutatingWebhooks, "", inClusterWebhook)
	k.Delete("services", istioSystem, "istiod")
	k.Edit("namespaces", "", shopNamespace, func(o kube.Object) {
		l := nestedMap(o, "metadata", "labels")
		delete(l, "istio-injection")
		l["istio.io/rev"] = kube.Revision
	})
	restartShop(k)
}

// restartShop deletes the demo's pods; their replacements are injected by what is configured now.
func restartShop(k *kube.Cluster) {
	for _, pod := range k.List("pods", shopNamespace) {
		if name, ok := nestedMap(pod, "metadata")["name"].(string); ok {
			k.Delete("pods", shopNamespace, name)
		}
	}
}

// blockProxyUpgrade brings a new version of the proxies, which the budget of one workload blocks there.
func blockProxyUpgrade(k *kube.Cluster) {
	k.Put(budgets, kube.Object{
		"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata("backend", shopNamespace),
		"spec": map[string]any{"minAvailable": 2, "selector": map[string]any{"matchLabels": map[string]any{"app": "backend"}}},
	})
	setTag(k, kube.NextTag)
}

// unblockProxyUpgrade removes the budget and retries the upgrade at once.
func unblockProxyUpgrade(k *kube.Cluster) {
	k.Delete(budgets, shopNamespace, "backend")
	k.RetryUpgrades()
	setTag(k, kube.Tag)
}

func setTag(k *kube.Cluster, tag string) {
	k.Edit("configmaps", istioSystem, "env-"+kube.Revision, func(o kube.Object) { nestedMap(o, "data")["TAG"] = tag })
}

package world

import "github.com/managed-mesh/terraform-provider-asm/internal/sim/kube"

// insideFaults break what is in a cluster beside revisions, injection and proxies.
func insideFaults() []faultDef {
	const noRoom = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found."
	return []faultDef{
		worldFault("managed-cni-off", "the revision's label and asm-options switch the managed CNI off", scopeCluster,
			inside(switchCNIOff), inside(switchCNIOn)),
		worldFault("cni-unschedulable", "the pods of istio-cni-node find no room on the nodes", scopeCluster,
			inside(func(k *kube.Cluster) { k.Unschedule("istio-cni-node", noRoom) }),
			inside(func(k *kube.Cluster) { k.Unschedule("istio-cni-node", "") })),
		worldFault("mdp-unschedulable", "the pod of mdp-controller finds no room on the nodes", scopeCluster,
			inside(func(k *kube.Cluster) { k.Unschedule("mdp-controller", noRoom) }),
			inside(func(k *kube.Cluster) { k.Unschedule("mdp-controller", "") })),
		worldFault("config-rejected", "a VirtualService and an EnvoyFilter are not accepted", scopeCluster,
			inside(putConfig("Accepted")), inside(deleteConfig)),
		worldFault("remote-secrets", "a secret joins another cluster by hand", scopeCluster, inside(putRemoteSecret), inside(deleteRemoteSecret)),
	}
}

const managedCNI = "mesh.cloud.google.com/managed-cni-enabled"

func switchCNIOff(k *kube.Cluster) {
	k.Edit(revisions, istioSystem, kube.Revision, func(o kube.Object) { nestedMap(o, "metadata", "labels")[managedCNI] = "false" })
	k.Put("configmaps", kube.Object{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("asm-options", istioSystem),
		"data": map[string]any{"ASM_OPTS": "CA=PRIVATECA;CNI=off", "multicluster_mode": "connected"},
	})
}

func switchCNIOn(k *kube.Cluster) {
	k.Edit(revisions, istioSystem, kube.Revision, func(o kube.Object) { nestedMap(o, "metadata", "labels")[managedCNI] = "true" })
	k.Delete("configmaps", istioSystem, "asm-options")
}

// putConfig makes objects whose condition is False. Reason and messages are inferred.
func putConfig(condition string) func(*kube.Cluster) {
	return func(k *kube.Cluster) {
		for _, o := range []struct{ kind, plural, version, name, message string }{
			{"VirtualService", "virtualservices", "v1beta1", "cart", "delegate is not supported"},
			{"EnvoyFilter", "envoyfilters", "v1alpha3", "compressor", "extension envoy.filters.http.compressor is not supported"},
		} {
			const group = "networking.istio.io"
			k.Put(definitions, kube.IstioDefinition(group, o.kind, o.plural, o.version))
			object := kube.Object{"apiVersion": group + "/" + o.version, "kind": o.kind, "metadata": metadata(o.name, shopNamespace),
				"spec": map[string]any{}}
			object["status"] = map[string]any{"conditions": []any{map[string]any{
				"type": condition, "status": "False", "reason": "Invalid", "message": o.message, "lastTransitionTime": "2026-11-01T00:00:00Z",
			}}}
			k.Put(o.plural+"."+group, object)
		}
	}
}

func deleteConfig(k *kube.Cluster) {
	k.Delete("virtualservices.networking.istio.io", shopNamespace, "cart")
	k.Delete("envoyfilters.networking.istio.io", shopNamespace, "compressor")
}

func putRemoteSecret(k *kube.Cluster) {
	secret := kube.Object{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata("istio-remote-secret-cluster-2", istioSystem),
		"data": map[string]any{"cluster-2": "c2ltdWxhdGVk"},
	}
	nestedMap(secret, "metadata", "labels")["istio/multiCluster"] = "true"
	k.Put("secrets", secret)
}

func deleteRemoteSecret(k *kube.Cluster) {
	k.Delete("secrets", istioSystem, "istio-remote-secret-cluster-2")
}

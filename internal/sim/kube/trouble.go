package kube

import "strings"

// unschedulable is on a pod that no node takes: the scheduler's message.
const unschedulable = "sim.asm/unschedulable"

// A Trouble is something in the cluster that the mesh reports to the fleet. The zero value is none.
type Trouble struct {
	CNIOff        bool     // a label or an option switches the managed CNI off
	Unschedulable []string // components of the mesh with a pod that finds no node
	Rejected      bool     // an Istio object has condition Accepted False
	Incompatible  bool     // one has condition ModernizationCompatible False
	RemoteSecrets bool     // clusters were joined by secrets
}

// Trouble finds what the mesh reports besides stopped revisions and failed proxies.
func (c *Cluster) Trouble() (t Trouble) {
	if c.rv == firstVersion {
		return t // as it was made
	}
	for _, r := range c.list(resRevisions, "") {
		value, found := labelsOf(r)["mesh.cloud.google.com/managed-cni-enabled"]
		t.CNIOff = t.CNIOff || found && value != "true"
	}
	options := text(c.get(resConfigMaps, meshNamespace, "asm-options"), "data", "ASM_OPTS")
	t.CNIOff = t.CNIOff || strings.Contains(";"+options, ";CNI=") && !strings.Contains(";"+options+";", ";CNI=on;")
	for _, pod := range c.list(resPods, "kube-system") {
		if text(pod, "metadata", "annotations", unschedulable) != "" {
			t.Unschedulable = append(t.Unschedulable, text(pod, "metadata", "labels", "app")+text(pod, "metadata", "labels", "k8s-app"))
		}
	}
	for _, r := range c.resources() {
		if !strings.HasSuffix(r.group, ".istio.io") {
			continue
		}
		for _, o := range c.list(r.id(), "") {
			t.Rejected = t.Rejected || conditionStatus(o, "Accepted") == "False"
			t.Incompatible = t.Incompatible || conditionStatus(o, "ModernizationCompatible") == "False"
		}
	}
	for _, s := range c.list(resSecrets, meshNamespace) {
		t.RemoteSecrets = t.RemoteSecrets || labelsOf(s)["istio/multiCluster"] == "true"
	}
	return t
}

// Unschedule lets the pods of a component in kube-system find no node, for the scheduler's reason, or find one again.
func (c *Cluster) Unschedule(component, message string) {
	for _, pod := range c.list(resPods, "kube-system") {
		l := labelsOf(pod)
		if l["app"] != component && l["k8s-app"] != component {
			continue
		}
		c.Edit(resPods, "kube-system", name(pod), func(o Object) {
			if message == "" {
				delete(child(o, "metadata", "annotations"), unschedulable)
				return
			}
			child(o, "metadata", "annotations")[unschedulable] = message
			scheduled := podCondition("PodScheduled", "False", c.now)
			scheduled["reason"], scheduled["message"] = "Unschedulable", message
			o["status"] = Object{"phase": "Pending", "qosClass": "Burstable", "conditions": []any{scheduled}}
			delete(child(o, "spec"), "nodeName")
		})
	}
}

// IstioDefinition is the CustomResourceDefinition of one of Istio's kinds.
func IstioDefinition(group, kind, plural, version string) Object {
	return definition(group, kind, plural, "Namespaced", nil, true, openSchema(), nil, version)
}

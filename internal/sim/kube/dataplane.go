package kube

import (
	"encoding/json"
	"time"
)

// evictAgain is how long the data plane controller waits before it tries to
// evict a pod again that a budget held (from its source: 30 s to an hour).
const evictAgain = 30 * time.Second

const upgradeFailure = "DataPlaneUpgradeFailure"

const failedAt = "sim.asm/upgrade-failed" // when it was last tried

// runDataPlane is Google's mdp-controller: it brings managed proxies to the revision's version by evicting their pods,
// and marks those that it cannot move.
func (c *Cluster) runDataPlane() {
	env := c.get(resConfigMaps, meshNamespace, "env-"+Revision)
	if env == nil || !c.env.Reachable || c.resource(resDataPlane) == nil ||
		conditionStatus(c.get(resRevisions, meshNamespace, Revision), condReconciled) != "True" {
		return
	}
	var managed, unmanaged, failed, moving int
	for _, pod := range c.list(resPods, "") {
		have, byMesh := proxyTag(pod)
		if have == "" {
			continue
		}
		by := controllerOf(pod)
		if !byMesh || by == nil || text(by, "kind") != "ReplicaSet" || !c.upgrades(pod) {
			unmanaged++
			continue
		}
		managed++
		if have == c.tagOf(text(pod, "metadata", "annotations", revLabel)) {
			continue
		}
		if !ready(pod) {
			moving++
			continue
		}
		if c.move(pod) {
			moving++
		} else {
			failed++
		}
	}
	c.reportDataPlane(text(env, "data", "TAG"), managed, unmanaged, failed, moving)
}

// move evicts a pod; when that is refused it is marked, and tried again later.
func (c *Cluster) move(pod Object) bool {
	if labelsOf(pod)[upgradeLabel] == "failed" {
		at := parseStamp(text(pod, "metadata", "annotations", failedAt)).Add(evictAgain)
		if c.now.Before(at) {
			c.wake(at)
			return false
		}
	}
	refused := c.evictable(pod)
	if refused == nil {
		c.remove(resPods, namespace(pod), name(pod))
		c.runBudgets()
		return true
	}
	child(pod, "metadata", "labels")[upgradeLabel] = "failed"
	child(pod, "metadata", "annotations")[failedAt] = stamp(c.now)
	c.put(resPods, pod)
	c.event("Warning", upgradeFailure, "EvictionError: "+refused.ErrStatus.Message, "mdp-controller", pod)
	c.wake(parseStamp(stamp(c.now)).Add(evictAgain))
	return false
}

// upgrades says whether the managed data plane is on for a pod: the annotation of the pod, else of its namespace, else
// of the revision; on by default. What is no JSON counts as not given.
func (c *Cluster) upgrades(pod Object) bool {
	for _, o := range []Object{pod, c.get(resNamespaces, "", namespace(pod)), c.get(resRevisions, meshNamespace, Revision)} {
		var v struct {
			Managed string `json:"managed"`
		}
		raw := text(o, "metadata", "annotations", "mesh.cloud.google.com/proxy")
		if raw == "" || json.Unmarshal([]byte(raw), &v) != nil || v.Managed == "" {
			continue
		}
		return v.Managed == "true"
	}
	return true
}

func (c *Cluster) reportDataPlane(tag string, managed, unmanaged, failed, moving int) {
	o := c.get(resDataPlane, "", Revision)
	if o == nil {
		o = Object{"apiVersion": groupMesh + "/v1alpha1", "kind": "DataPlaneControl", "metadata": Object{"name": Revision, "generation": 1}}
		c.create(resDataPlane, o)
	}
	before := copyOf(o)
	spec := child(o, "spec")
	spec["revision"], spec["proxyVersion"], spec["proxyTargetBasisPoints"] = Revision, tag, 10000
	if !equal(before["spec"], o["spec"]) {
		bumpGeneration(o)
	}
	st := child(o, "status")
	delete(st, "errorDetails")
	switch {
	case failed > 0:
		st["state"] = "Error"
		// The spelling is Google's.
		st["errorDetails"] = Object{"code": 2, "message": "One or more PodDistruptionBudgets are preventing upgrade."}
	case moving > 0:
		st["state"] = "Reconciling"
	default:
		st["state"] = "Ready"
	}
	st["observedGeneration"] = numberOr(1, o, "metadata", "generation")
	enabled := 0
	for _, ns := range c.list(resNamespaces, "") {
		if l := labelsOf(ns); l[revLabel] == Revision || l[injectionLabel] == "enabled" {
			enabled++
		}
	}
	st["proxyMetrics"] = Object{
		"managedProxyCount":      managed,
		"unmanagedProxyCount":    unmanaged,
		"namespacesEnabledCount": enabled,
		"podsEnabledCount":       managed,
	}
	if !equal(before, o) {
		c.put(resDataPlane, o)
	}
}

// RetryUpgrades forgets which pods could not be moved, so that they are tried again at once.
func (c *Cluster) RetryUpgrades() {
	for _, pod := range c.list(resPods, "") {
		if labelsOf(pod)[upgradeLabel] == "failed" {
			delete(child(pod, "metadata", "labels"), upgradeLabel)
			delete(child(pod, "metadata", "annotations"), failedAt)
			c.put(resPods, pod)
		}
	}
}

// summarize stores what the cluster reports to the fleet.
func (c *Cluster) summarize() {
	c.failed, c.stopReason, c.stopMessage, c.troubleSince = 0, "", "", time.Time{}
	trouble := func(stamp string) {
		if t := parseStamp(stamp); c.troubleSince.IsZero() || t.Before(c.troubleSince) {
			c.troubleSince = t
		}
	}
	for _, pod := range c.list(resPods, "") {
		if labelsOf(pod)[upgradeLabel] == "failed" {
			c.failed++
		}
	}
	if c.failed > 0 {
		for _, e := range c.list(resEvents, "") {
			if text(e, "reason") == upgradeFailure && c.get(resPods, namespace(e), text(e, "involvedObject", "name")) != nil {
				trouble(text(e, "firstTimestamp"))
			}
		}
	}
	for _, r := range c.list(resRevisions, "") {
		for _, cond := range items(r, "status", "conditions") {
			if text(cond, "type") == condStalled && text(cond, "status") == "True" && c.stopReason == "" {
				c.stopReason, c.stopMessage = text(cond, "reason"), text(cond, "message")
				trouble(text(cond, "lastTransitionTime"))
			}
		}
	}
}

// FailedProxies counts the pods that the data plane could not upgrade.
func (c *Cluster) FailedProxies() int { return c.failed }

// Stopped is what stops the control plane, by the Stalled condition of its revision; empty when nothing does.
func (c *Cluster) Stopped() (reason, message string) { return c.stopReason, c.stopMessage }

// TroubleSince is when the mesh first had what Stopped or FailedProxies report.
func (c *Cluster) TroubleSince() time.Time { return c.troubleSince }

package kube

import (
	"fmt"
	"slices"
	"time"
)

// maxRounds bounds how often controllers follow each other's writes within
// one request: two that disagree go on with the next one.
const maxRounds = 12

// Settle lets the controllers do what is due. When nothing was written since they last ran, nothing around the cluster
// is different and no time has come, it does nothing.
func (c *Cluster) Settle(env Env, now time.Time) {
	c.now = now
	if c.ran && env == c.env && c.settled == c.rv && (c.due.IsZero() || now.Before(c.due)) {
		return
	}
	changed, due := env != c.env || !c.ran, c.due
	c.env = env
	if !c.ran && c.rv == firstVersion && c.seed.steady(env) {
		c.ran, c.settled = true, c.rv
		return
	}
	c.ran = true
	everything := changed || !due.IsZero() && !now.Before(due)
	if everything {
		c.due = time.Time{} // every controller that still waits sets it again
	}
	for range maxRounds {
		wrote := c.dirty
		c.dirty = nil
		c.run(func(ids ...string) bool {
			return everything || slices.ContainsFunc(ids, func(id string) bool { return wrote[id] })
		})
		everything = false
		if c.dirty == nil {
			break
		}
	}
	if c.dirty == nil {
		c.settled = c.rv
	}
}

// run lets each controller run that has something to do with what was written.
func (c *Cluster) run(about func(ids ...string) bool) {
	if about(resNamespaces, resAccounts) {
		c.runNamespaces()
	}
	if about(namespaceGone, resCRDs) {
		c.emptyNamespaces()
	}
	if about(resDeployments, resReplicaSets, resStateful, resDaemonSets, resJobs, resPods) {
		c.collectGarbage()
	}
	if about(resRevisions, resConfigMaps, resMutating, resValidating, resServices, resMembership, resCRDs, namespaceGone) {
		c.runMesh()
	}
	if about(resDeployments, resReplicaSets, resStateful, resDaemonSets, resJobs, resPods, resBudgets) {
		c.runWorkloads()
	}
	if about(resPods, resConfigMaps, resRevisions, resBudgets, resDataPlane, resNamespaces) {
		c.runDataPlane()
	}
	if about(resPods, resRevisions) {
		c.summarize()
	}
}

// steady says that there is nothing for the controllers to do in a cluster
// that was not changed: its seed is already as they would leave it.
func (s Seed) steady(env Env) bool {
	return env.GKE && env.Pool != "" && env.Pool == env.ExpectedPool && env.FleetProject == s.Fleet && !tooOld(env.Version) &&
		env.Managed == s.Mesh && !env.Removed
}

// runNamespaces gives each namespace its service account and root certificate.
func (c *Cluster) runNamespaces() {
	for _, ns := range c.list(resNamespaces, "") {
		if c.get(resAccounts, name(ns), "default") == nil {
			c.create(resAccounts, serviceAccount(name(ns), "default"))
		}
		if c.get(resConfigMaps, name(ns), "kube-root-ca.crt") == nil {
			c.create(resConfigMaps, rootCA(name(ns)))
		}
	}
}

// emptyNamespaces deletes what is in namespaces that are gone.
func (c *Cluster) emptyNamespaces() {
	there := map[string]bool{}
	for _, ns := range c.list(resNamespaces, "") {
		there[name(ns)] = true
	}
	for _, r := range c.resources() {
		if !r.namespaced {
			continue
		}
		for _, o := range c.list(r.id(), "") {
			if !there[namespace(o)] {
				c.remove(r.id(), namespace(o), name(o))
			}
		}
	}
}

// collectGarbage deletes what belongs to an owner that is gone.
func (c *Cluster) collectGarbage() {
	alive := map[string]bool{}
	owners := []string{resDeployments, resReplicaSets, resStateful, resDaemonSets, resJobs}
	for _, id := range owners {
		for _, o := range c.list(id, "") {
			alive[uid(o)] = true
		}
	}
	for _, id := range []string{resReplicaSets, resPods} {
		for _, o := range c.list(id, "") {
			by := controllerOf(o)
			if by == nil || alive[text(by, "uid")] {
				continue
			}
			switch text(by, "kind") {
			case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job":
				delete(alive, uid(o))
				c.remove(id, namespace(o), name(o))
			}
		}
	}
}

// event records that something happened to an object; the same thing again only counts.
func (c *Cluster) event(kind, reason, message, component string, o Object) {
	ns := namespace(o)
	if ns == "" {
		ns = "default"
	}
	n := name(o) + "." + suffix(uid(o)+reason+message, 16)
	if old := c.get(resEvents, ns, n); old != nil {
		if c.now.Sub(parseStamp(text(old, "lastTimestamp"))) < time.Minute {
			return // controllers back off
		}
		old["count"] = numberOr(1, old, "count") + 1
		old["lastTimestamp"] = stamp(c.now)
		c.put(resEvents, old)
		return
	}
	c.create(resEvents, Object{
		"apiVersion": "v1", "kind": "Event", "metadata": Object{"name": n, "namespace": ns},
		"involvedObject": anyMap("apiVersion", text(o, "apiVersion"), "kind", text(o, "kind"), "name", name(o), "namespace", namespace(o),
			"uid", uid(o), "resourceVersion", text(o, "metadata", "resourceVersion")),
		"type": kind, "reason": reason, "message": message, "count": 1, "firstTimestamp": stamp(c.now), "lastTimestamp": stamp(c.now),
		"eventTime": nil, "source": anyMap("component", component), "reportingComponent": component, "reportingInstance": "",
	})
}

// Edit changes an object and lets the controllers see it; false if it is not
// there. It is how faults work, and passes over what the API would check.
func (c *Cluster) Edit(id, namespace, name string, change func(Object)) bool {
	o := c.get(id, namespace, name)
	if o == nil {
		return false
	}
	before := copyOf(o)
	change(o)
	if !equal(before["spec"], o["spec"]) {
		bumpGeneration(o)
	}
	c.put(id, o)
	return true
}

// Put creates or replaces an object the same way.
func (c *Cluster) Put(id string, o Object) {
	if old := c.get(id, namespace(o), name(o)); old != nil {
		child(o, "metadata")["uid"] = uid(old)
		c.put(id, o)
		return
	}
	c.create(id, o)
}

// Get returns an object, or nil. It, List and Delete are for faults and for the fleet, which looks into the cluster.
func (c *Cluster) Get(id, namespace, name string) Object { return c.get(id, namespace, name) }

// List lists a resource in a namespace, or in all.
func (c *Cluster) List(id, namespace string) []Object { return c.list(id, namespace) }

// Delete deletes an object, if it is there.
func (c *Cluster) Delete(id, namespace, name string) { c.remove(id, namespace, name) }

func bumpGeneration(o Object) {
	child(o, "metadata")["generation"] = numberOr(0, o, "metadata", "generation") + 1
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

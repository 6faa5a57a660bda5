package kube

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
)

// podStart is how long a new pod takes to get ready, in simulated time.
const podStart = 300 * time.Millisecond

// maxPods bounds the pods of one workload: more than a cluster of three nodes would run.
const maxPods = 100

// createAgain is how long a controller waits after a pod was refused.
const createAgain = 5 * time.Second

// createdPrecisely keeps the time of a pod's creation with its fractions, which creationTimestamp does not have.
const createdPrecisely = "sim.asm/created"

func (c *Cluster) workshop() workshop { return workshop{seed: c.seed, now: c.now} }

// tagOf is the version of the proxies of a managed revision.
func (c *Cluster) tagOf(revision string) string {
	if env := c.get(resConfigMaps, meshNamespace, "env-"+revision); env != nil && text(env, "data", "TAG") != "" {
		return text(env, "data", "TAG")
	}
	return Tag
}

// runWorkloads does what kube-controller-manager and the kubelets do.
func (c *Cluster) runWorkloads() {
	c.startPods()
	for _, d := range c.list(resDeployments, "") {
		c.runDeployment(d)
	}
	for _, rs := range c.list(resReplicaSets, "") {
		c.runReplicaSet(rs)
	}
	for _, sts := range c.list(resStateful, "") {
		c.runStatefulSet(sts)
	}
	for _, ds := range c.list(resDaemonSets, "") {
		c.runDaemonSet(ds)
	}
	for _, job := range c.list(resJobs, "") {
		c.runJob(job)
	}
	c.runBudgets()
}

// startPods lets pods run whose time has come.
func (c *Cluster) startPods() {
	for _, pod := range c.list(resPods, "") {
		if text(pod, "status", "phase") != "Pending" || text(pod, "metadata", "annotations", unschedulable) != "" {
			continue
		}
		at := parseStamp(text(pod, "metadata", "annotations", createdPrecisely))
		if at.IsZero() {
			at = parseStamp(text(pod, "metadata", "creationTimestamp"))
		}
		if at = at.Add(podStart); c.now.Before(at) {
			c.wake(at)
			continue
		}
		delete(child(pod, "metadata", "annotations"), createdPrecisely)
		markReady(pod, c.now)
		if o := controllerOf(pod); o != nil && text(o, "kind") == "Job" && !keptByProxy(pod) {
			child(pod, "status")["phase"] = "Succeeded"
		}
		c.put(resPods, pod)
	}
}

// keptByProxy says that a pod does not end by itself: a proxy that is an ordinary container goes on when the job's own
// is done (a known trouble of Jobs in a mesh).
func keptByProxy(pod Object) bool {
	return slices.ContainsFunc(items(pod, "spec", "containers"), func(c any) bool { return text(c, "name") == "istio-proxy" })
}

// onDelete says that a workload's pods are replaced only when somebody deletes them.
func onDelete(o Object) bool { return text(o, "spec", "updateStrategy", "type") == "OnDelete" }

// wake asks for another run at a time.
func (c *Cluster) wake(at time.Time) {
	if c.due.IsZero() || at.Before(c.due) {
		c.due = at
	}
}

func (c *Cluster) owned(id string, by Object) []Object {
	var out []Object
	for _, o := range c.list(id, namespace(by)) {
		if controlledBy(o, by) {
			out = append(out, o)
		}
	}
	return out
}

func countReady(pods []Object) int {
	n := 0
	for _, p := range pods {
		if ready(p) {
			n++
		}
	}
	return n
}

// runDeployment keeps one ReplicaSet of the present template at full size, and empties the others when its pods are
// ready. A paused one gets no new ReplicaSet.
func (c *Cluster) runDeployment(d Object) {
	want := min(numberOr(1, d, "spec", "replicas"), maxPods)
	fresh := c.workshop().replicaSet(d, want)
	total, updated, readyCount := 0, 0, 0
	var others []Object
	var current Object
	for _, rs := range c.owned(resReplicaSets, d) {
		if name(rs) == name(fresh) {
			current = rs
		} else {
			others = append(others, rs)
		}
	}
	if current == nil && dig(d, "spec", "paused") == true {
		c.runPaused(d, others, want)
		return
	}
	if current == nil {
		revision := len(others) + 1
		if len(others) > 0 {
			child(d, "metadata", "annotations")["deployment.kubernetes.io/revision"] = strconv.Itoa(revision)
			c.put(resDeployments, d)
			child(fresh, "metadata", "annotations")["deployment.kubernetes.io/revision"] = strconv.Itoa(revision)
		}
		c.create(resReplicaSets, fresh)
		current = fresh
	} else if numberOr(0, current, "spec", "replicas") != want {
		child(current, "spec")["replicas"] = want
		c.put(resReplicaSets, current)
	}
	c.runReplicaSet(current)
	pods := c.owned(resPods, current)
	total, updated, readyCount = len(pods), len(pods), countReady(pods)
	done := readyCount >= want
	for _, rs := range others {
		if done && numberOr(0, rs, "spec", "replicas") != 0 {
			child(rs, "spec")["replicas"] = 0
			c.put(resReplicaSets, rs)
			c.runReplicaSet(rs)
		}
		old := c.owned(resPods, rs)
		total, readyCount = total+len(old), readyCount+countReady(old)
	}
	if setDeploymentStatus(d, total, updated, readyCount, want, c.now) {
		c.put(resDeployments, d)
	}
}

// runPaused lets a Deployment whose template is newer than its pods stand.
func (c *Cluster) runPaused(d Object, sets []Object, want int) {
	total, readyCount := 0, 0
	for _, rs := range sets {
		pods := c.owned(resPods, rs)
		total, readyCount = total+len(pods), readyCount+countReady(pods)
	}
	if setDeploymentStatus(d, total, 0, readyCount, want, c.now) {
		c.put(resDeployments, d)
	}
}

// runReplicaSet keeps as many pods as are wanted.
func (c *Cluster) runReplicaSet(rs Object) {
	want := min(numberOr(1, rs, "spec", "replicas"), maxPods)
	pods := c.owned(resPods, rs)
	for len(pods) < want {
		c.serial++
		pod := c.workshop().pod(rs, "ReplicaSet", name(rs)+"-"+suffix(fmt.Sprint(c.seed.path(), c.serial), 5))
		if err := c.admitPod(pod); err != nil {
			c.event("Warning", "FailedCreate", "Error creating: "+err.Error(), "replicaset-controller", rs)
			c.wake(c.now.Add(createAgain))
			break
		}
		pods = append(pods, pod)
	}
	for len(pods) > want {
		c.remove(resPods, namespace(rs), name(pods[len(pods)-1]))
		pods = pods[:len(pods)-1]
	}
	if setReplicaSetStatus(rs, len(pods), countReady(pods)) {
		c.put(resReplicaSets, rs)
	}
}

// revised separates the pods of the present template from the others.
func revised(pods []Object, hash string) (fresh, old []Object) {
	for _, p := range pods {
		if h := labelsOf(p)["controller-revision-hash"]; h == hash || h == "" {
			fresh = append(fresh, p)
		} else {
			old = append(old, p)
		}
	}
	return fresh, old
}

// runStatefulSet replaces one pod at a time, the last one first.
func (c *Cluster) runStatefulSet(sts Object) {
	want := min(numberOr(1, sts, "spec", "replicas"), maxPods)
	hash := templateHash(dig(sts, "spec", "template"))
	_, old := revised(c.owned(resPods, sts), hash)
	pods := c.owned(resPods, sts)
	if len(old) > 0 && countReady(pods) == len(pods) && !onDelete(sts) {
		c.remove(resPods, namespace(sts), name(old[len(old)-1]))
		pods = c.owned(resPods, sts)
	}
	for i := range want {
		n := name(sts) + "-" + strconv.Itoa(i)
		if !slices.ContainsFunc(pods, func(p Object) bool { return name(p) == n }) {
			c.ownPod(sts, "StatefulSet", n, hash)
		}
	}
	pods = c.owned(resPods, sts)
	fresh, _ := revised(pods, hash)
	if setStatefulSetStatus(sts, len(pods), len(fresh), countReady(pods), name(sts)+"-"+hash) {
		c.put(resStateful, sts)
	}
}

// runDaemonSet replaces one pod at a time.
func (c *Cluster) runDaemonSet(ds Object) {
	hash := templateHash(dig(ds, "spec", "template"))
	pods := c.owned(resPods, ds)
	_, old := revised(pods, hash)
	if len(old) > 0 && countReady(pods) == len(pods) && !onDelete(ds) {
		c.remove(resPods, namespace(ds), name(old[0]))
		pods = c.owned(resPods, ds)
	}
	for i := range nodes {
		node := c.seed.node(i)
		if !slices.ContainsFunc(pods, func(p Object) bool { return text(p, "spec", "nodeName") == node }) && len(pods) < nodes {
			c.serial++
			c.ownPod(ds, "DaemonSet", name(ds)+"-"+suffix(fmt.Sprint(c.seed.path(), c.serial), 5), hash, node)
		}
	}
	pods = c.owned(resPods, ds)
	fresh, _ := revised(pods, hash)
	if setDaemonSetStatus(ds, len(fresh), countReady(pods)) {
		c.put(resDaemonSets, ds)
	}
}

// ownPod creates a pod of a StatefulSet or DaemonSet.
func (c *Cluster) ownPod(by Object, kind, podName, hash string, node ...string) {
	w := c.workshop()
	pod := w.pod(by, kind, podName)
	child(pod, "metadata", "labels")["controller-revision-hash"] = hash
	for _, n := range node {
		child(pod, "spec")["nodeName"] = n
	}
	if err := c.admitPod(pod); err != nil {
		c.event("Warning", "FailedCreate", "Error creating: "+err.Error(), strings.ToLower(kind)+"-controller", by)
		c.wake(c.now.Add(createAgain))
	}
}

// runJob runs one pod to its end.
func (c *Cluster) runJob(job Object) {
	pods := c.owned(resPods, job)
	if len(pods) == 0 && dig(job, "status", "completionTime") == nil {
		c.serial++
		w := c.workshop()
		pod := w.pod(job, "Job", name(job)+"-"+suffix(fmt.Sprint(c.seed.path(), c.serial), 5))
		child(pod, "metadata", "labels")["job-name"] = name(job)
		if c.admitPod(pod) == nil {
			child(job, "status")["active"], child(job, "status")["startTime"] = 1, stamp(c.now)
			c.put(resJobs, job)
		}
		return
	}
	if len(pods) > 0 && text(pods[0], "status", "phase") == "Succeeded" && dig(job, "status", "completionTime") == nil {
		st := child(job, "status")
		delete(st, "active")
		st["succeeded"], st["completionTime"] = 1, stamp(c.now)
		st["conditions"] = []any{anyMap("type", "Complete", "status", "True", "lastTransitionTime", stamp(c.now), "lastProbeTime", stamp(c.now))}
		c.put(resJobs, job)
	}
}

// create stores a new object with what every new object has.
func (c *Cluster) create(id string, o Object) {
	m := child(o, "metadata")
	c.serial++
	m["uid"] = uuid(fmt.Sprint(c.seed.path(), " ", id, namespace(o), name(o), c.serial))
	if m["creationTimestamp"] == nil {
		m["creationTimestamp"] = stamp(c.now)
	}
	c.put(id, o)
}

// admitPod lets the injectors have a new pod, and stores it.
func (c *Cluster) admitPod(pod Object) *status {
	if s := c.mutatePod(pod); s != nil {
		return s
	}
	child(pod, "metadata", "annotations")[createdPrecisely] = c.now.UTC().Format(time.RFC3339Nano)
	c.create(resPods, pod)
	c.wake(c.now.Add(podStart))
	return nil
}

var errWebhook = errors.New(`an error on the server ("unknown") has prevented the request from succeeding`)

// mutatePod asks the injection webhooks that select a pod. A managed one does
// not answer when its control plane cannot reach the cluster.
func (c *Cluster) mutatePod(pod Object) *status {
	ns := c.get(resNamespaces, "", namespace(pod))
	if dig(pod, "spec", "hostNetwork") == true || namespace(pod) == "kube-system" {
		return nil // the injector leaves these alone
	}
	for _, config := range c.list(resMutating, "") {
		for _, hook := range items(config, "webhooks") {
			if !hooksPods(hook) || !selectedBy(hook, "namespaceSelector", ns) || !selectedBy(hook, "objectSelector", pod) {
				continue
			}
			if tag, _ := proxyTag(pod); tag != "" {
				continue // injected already
			}
			kind, revision := managedProxy, labelsOf(config)[revLabel]
			if dig(hook, "clientConfig", "service") != nil {
				kind = inClusterProxy
			} else if !c.env.Injecting {
				if text(hook, "failurePolicy") == "Ignore" {
					continue
				}
				return apierrors.NewInternalError(fmt.Errorf("failed calling webhook %q: failed to call webhook: %w", text(hook, "name"), errWebhook))
			}
			c.workshop().inject(pod, kind, revision, c.tagOf(revision))
		}
	}
	return nil
}

// selectedBy evaluates a selector of a webhook, whose default is to select everything.
func selectedBy(hook any, selector string, o Object) bool {
	s := dig(hook, selector)
	return s == nil || compileSelector(s).Matches(labels.Set(labelsOf(o)))
}

// hooksPods says whether a webhook is called when a pod is created.
func hooksPods(hook any) bool {
	return slices.ContainsFunc(items(hook, "rules"), func(r any) bool {
		return slices.ContainsFunc(items(r, "resources"), func(v any) bool { return v == "pods" || v == "*" || v == "*/*" })
	})
}

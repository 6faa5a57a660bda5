package health

import (
	"fmt"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// MisinjectedOwner is an owner of pods that do not have the proxy of the managed control plane, though it is meant to
// inject them.
type MisinjectedOwner struct {
	Owner    mesh.Owner
	Pods     []string // names, sorted
	Stale    Stale    // StalePlane or StaleNone, the graver of its pods'
	Revision string   // the managed revision that is meant
	Managed  bool     // StalePlane: what injected them is managed, too, of another revision
	By       []string // StalePlane: what injected them, each once
}

// Misinjected gathers by owner the pods whose proxy is not that of the managed control plane that is meant, sorted. In a
// namespace that is injected as it should be, that is what would inject the pod now; elsewhere it is what the namespace
// is judged to be meant for. Versions are not compared: the data plane upgrades proxies by itself.
func Misinjected(pods []mesh.ProxyPod, namespaces []NamespaceInjection, configurations []mesh.WebhookConfiguration,
	managedRevisions []string) []MisinjectedOwner {
	named := map[string]NamespaceInjection{}
	for _, n := range namespaces {
		named[n.Namespace.Name] = n
	}
	byOwner := map[mesh.Owner]*MisinjectedOwner{}
	for _, p := range pods {
		n, known := named[p.Namespace]
		if !known || p.Finished || p.HostNetwork || p.OptedOut {
			continue
		}
		stale, revision := n.misinjected(p, configurations, managedRevisions)
		if stale == "" {
			continue
		}
		o, found := byOwner[p.Owner]
		if !found {
			o = &MisinjectedOwner{Owner: p.Owner, Stale: stale, Revision: revision, Managed: true}
			byOwner[p.Owner] = o
		}
		o.Pods = append(o.Pods, p.Name)
		if stale == StalePlane {
			o.Stale = stale
			o.Managed = o.Managed && slices.Contains(managedRevisions, p.Revision)
			if by := injectorOf(p); !slices.Contains(o.By, by) {
				o.By = append(o.By, by)
			}
		}
	}
	owners := []MisinjectedOwner{}
	for _, o := range byOwner {
		slices.Sort(o.Pods)
		slices.Sort(o.By)
		owners = append(owners, *o)
	}
	slices.SortFunc(owners, func(a, b MisinjectedOwner) int { return a.Owner.Compare(b.Owner) })
	return owners
}

// misinjected returns why a pod of the namespace does not have the proxy that is meant, and the revision that is.
func (n NamespaceInjection) misinjected(pod mesh.ProxyPod, configurations []mesh.WebhookConfiguration, managedRevisions []string) (Stale,
	string) {
	if by, managed := WouldInject(configurations, n.Namespace, pod); managed {
		switch {
		case !pod.Proxied():
			return StaleNone, by.Revision
		case otherPlane(pod, by.Revision):
			return StalePlane, by.Revision
		}
		return "", ""
	}
	switch {
	case n.Managed || n.Meant == "" || pod.Labels[mesh.LabelInject] == "false":
		return "", "" // the pod's own labels refuse it, or nothing is known to be meant
	case !pod.Proxied():
		return StaleNone, n.Meant
	case pod.Revision != "" && !slices.Contains(managedRevisions, pod.Revision), pod.Revision == "" && otherPlane(pod, n.Meant):
		return StalePlane, n.Meant
	}
	return "", ""
}

// otherPlane reports whether a pod's proxy is known to be of another control plane or revision than this one.
func otherPlane(pod mesh.ProxyPod, revision string) bool {
	if pod.Revision != "" {
		return revision != "" && pod.Revision != revision
	}
	return pod.Discovery != "" && mesh.IsInCluster(pod.Discovery)
}

// injectorOf is what injected a pod, in words.
func injectorOf(p mesh.ProxyPod) string {
	what := "a control plane that the pod does not name"
	if p.Revision != "" {
		what = "revision " + p.Revision
	}
	if p.Discovery == "" {
		return what
	}
	host, _, _ := strings.Cut(p.Discovery, ":")
	host = strings.TrimSuffix(strings.TrimSuffix(host, ".cluster.local"), ".svc")
	if p.Revision == "" {
		return host
	}
	return fmt.Sprintf("%s (%s)", host, what)
}

// LeftAlone says why a restart that was not asked for more leaves an owner's pods to a person, or "".
func LeftAlone(owner mesh.Owner) string {
	switch owner.Kind {
	case "Deployment", "DaemonSet":
		return ""
	case "StatefulSet":
		return "StatefulSets are restarted only when asked for"
	case "Job", "CronJob":
		return "a Job ends by itself; its next run gets the new proxy"
	case "Pod":
		return "no controller would bring the pod back; delete and create it by hand"
	}
	return "a " + owner.Kind + " has no roll-out that could be started; delete its pods one by one"
}

// judge reports the pods of an owner, with what injected them. Another control plane is unhealthy, as Google's
// page has it; no proxy, or that of another managed revision, is degraded.
func (o MisinjectedOwner) judge(j *judge) {
	j.subject = "namespaces/" + o.Owner.Namespace + "/" + o.Owner.Kind + "/" + o.Owner.Name
	code, verdict := catalogue.PodsBare, mesh.Degraded
	text := fmt.Sprintf("%s: %d pod(s) have no proxy, and revision %s is meant to inject them", o.Owner, len(o.Pods), o.Revision)
	if o.Stale == StalePlane {
		code = catalogue.PodsElsewhere
		text = fmt.Sprintf("%s: %d pod(s) are injected by %s, not by revision %s, which is meant", o.Owner, len(o.Pods),
			strings.Join(o.By, " and "), o.Revision)
		if !o.Managed {
			verdict = mesh.Unhealthy
		}
	}
	left := LeftAlone(o.Owner)
	if left != "" {
		text += "; left to a person: " + left
	}
	f := j.add(code, verdict, text)
	f.Detail = o.Owner.Kind
	f.Remediation = remedyOf(o.Owner)
}

func remedyOf(owner mesh.Owner) string {
	switch owner.Kind {
	case "Deployment", "DaemonSet", "StatefulSet":
		return fmt.Sprintf("kubectl rollout restart %s %s -n %s", strings.ToLower(owner.Kind), owner.Name, owner.Namespace)
	case "Job", "CronJob":
		return "Wait for the Job to end, or delete it and create it again."
	case "Pod":
		return "Delete the pod and create it again: no controller would bring it back."
	}
	return "Delete the pods of the " + owner.Kind + " one by one; its controller creates them again."
}

// JudgePods gives the verdict over the pods of a cluster.
func JudgePods(owners []MisinjectedOwner) Health {
	j := judge{subject: "pods"}
	for _, o := range owners {
		o.judge(&j)
	}
	return j.health()
}

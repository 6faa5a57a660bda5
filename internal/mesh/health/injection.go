package health

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Namespace is a namespace's marks.
type Namespace struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
}

// Injector is one webhook that would change a pod.
type Injector struct {
	Configuration string
	Webhook       string
	Plane         mesh.Plane
	Revision      string
	Tag           string
	Calls         string // its URL, or NAME.NAMESPACE of its service
	Conditional   bool   // whether it would is unknown: it has match conditions
}

// String names the injector and what it calls.
func (i Injector) String() string { return i.Configuration + " (" + i.Calls + ")" }

// Injectors are the webhooks that would inject a pod with these labels in a namespace, in the order in which the API
// server calls them: by name of the configuration, then as listed in it. Entries of one configuration that overlap
// count once: they call the same control plane.
func Injectors(configurations []mesh.WebhookConfiguration, namespace Namespace, podLabels map[string]string) []Injector {
	sorted := slices.Clone(configurations)
	slices.SortFunc(sorted, func(a, b mesh.WebhookConfiguration) int { return strings.Compare(a.Name, b.Name) })
	var found []Injector
	for _, c := range sorted {
		if !c.Injects() {
			continue
		}
		for _, w := range c.Webhooks {
			if !w.OnPods || !w.Namespace.Selects(namespace.Labels) || !w.Object.Selects(podLabels) {
				continue
			}
			found = append(found, Injector{c.Name, w.Name, w.Plane(c), c.Revision(), c.Tag(), w.Calls(), w.Conditional})
			break
		}
	}
	return found
}

// NamespaceInjection is the answer to "what would inject a pod of this namespace, and is that the managed plane?".
type NamespaceInjection struct {
	Namespace Namespace
	Injectors []Injector
	Wanted    bool // the labels ask for injection
	Managed   bool // exactly one webhook injects, and it is the managed plane's
	// Meant is the managed revision that is meant to inject the namespace's pods; "" where none is, or where that is unknown.
	Meant string
	// Asks is what the namespace's label should ask for: mesh.DefaultRevision for istio-injection=enabled, or Meant. It is
	// "" where Meant is.
	Asks string
	Health
}

// JudgeNamespace judges the injection of a namespace's pods that carry no marks of their own. managedRevisions are the
// names of the ControlPlaneRevisions in the cluster; without one, an in-cluster control plane is how it is meant.
func JudgeNamespace(configurations []mesh.WebhookConfiguration, namespace Namespace, managedRevisions []string) NamespaceInjection {
	n := NamespaceInjection{Namespace: namespace, Injectors: Injectors(configurations, namespace, nil)}
	injection, revision := namespace.Labels[mesh.LabelInjection], namespace.Labels[mesh.LabelRevision]
	n.Wanted = revision != "" || injection == "enabled"
	_, n.Managed = ManagedInjector(configurations, namespace)
	j := judge{subject: "namespaces/" + namespace.Name}
	labels := namespace.labelsInWords()
	chosen := namespace.inClusterChoice(configurations, n.Injectors, managedRevisions)
	n.Meant = n.meant(chosen, managedRevisions)
	n.Asks = n.asks(configurations)

	var inCluster, conditional []Injector
	for _, i := range n.Injectors {
		if i.Conditional {
			conditional = append(conditional, i)
		}
		if i.Plane == mesh.PlaneInCluster {
			inCluster = append(inCluster, i)
		}
	}
	switch {
	case len(conditional) > 0:
		j.add(catalogue.InjectionUnclear, mesh.Unknown, fmt.Sprintf("namespace %s: what injects its pods cannot be told, because %s has match "+
			"conditions", namespace.Name, conditional[0]))
	case chosen && len(inCluster) > 0 && len(managedRevisions) > 0:
		j.add(catalogue.InjectionChosen, mesh.Healthy, fmt.Sprintf("namespace %s (%s) is injected by %s: its label names this revision of an "+
			"in-cluster control plane, as during a canary migration, so that is how it is meant", namespace.Name, labels, inCluster[0]))
	case len(inCluster) > 0 && len(managedRevisions) > 0:
		j.wrongInjection(namespace, inCluster[0], n.Meant, labels)
	case len(n.Injectors) > 1:
		j.add(catalogue.InjectionUnclear, mesh.Degraded,
			fmt.Sprintf("namespace %s (%s): %d webhooks would inject its pods: %s", namespace.Name, labels, len(n.Injectors),
				joinInjectors(n.Injectors)))
	case n.Wanted && len(n.Injectors) == 0:
		f := j.add(catalogue.InjectionNone, mesh.Degraded,
			fmt.Sprintf("namespace %s (%s) asks for injection, but no webhook selects its pods", namespace.Name, labels))
		f.Detail = labels // the label decides whether a missing revision or webhook explains it
		if n.Asks != "" {
			f.Remediation = n.relabel()
		}
	}
	if injection != "" && revision != "" && len(managedRevisions) > 0 && !chosen {
		f := j.add(catalogue.InjectionUnclear, mesh.Degraded, fmt.Sprintf("namespace %s carries both labels, %s; what they do together is "+
			"not defined", namespace.Name, labels))
		f.Remediation = n.relabel()
	}
	n.Health = j.health()
	return n
}

// inClusterChoice reports whether the namespace names a revision or a tag of an in-cluster control plane, which a person
// or a tool has decided. istio-injection=enabled is no such decision: it is what Google's page says to replace.
func (n Namespace) inClusterChoice(configurations []mesh.WebhookConfiguration, injectors []Injector, managedRevisions []string) bool {
	revision := n.Labels[mesh.LabelRevision]
	if revision == "" || slices.Contains(managedRevisions, revision) ||
		slices.ContainsFunc(injectors, func(i Injector) bool { return i.Plane == mesh.PlaneManaged }) {
		return false
	}
	if n.Labels[mesh.LabelInjection] != "enabled" && len(injectors) > 0 && injectors[0].Plane == mesh.PlaneInCluster {
		return true
	}
	return slices.ContainsFunc(configurations, func(c mesh.WebhookConfiguration) bool {
		return c.Injects() && c.Plane() == mesh.PlaneInCluster && (c.Revision() == revision || c.Tag() == revision)
	})
}

// meant is the managed revision that is meant to inject the namespace's pods: the one that does, the one that its label
// names, or else the first of the cluster's, where injection is asked for or happens and no other plane was chosen.
func (n NamespaceInjection) meant(chosen bool, managedRevisions []string) string {
	label := n.Namespace.Labels[mesh.LabelRevision]
	switch {
	case n.Managed:
		return n.Injectors[0].Revision
	case chosen || len(managedRevisions) == 0 || !n.Wanted && len(n.Injectors) == 0:
		return ""
	case slices.Contains(managedRevisions, label):
		return label
	}
	for _, i := range n.Injectors {
		if i.Plane == mesh.PlaneManaged && i.Revision != "" {
			return i.Revision
		}
	}
	return managedRevisions[0]
}

// asks is the label that makes what is meant inject the namespace's pods. Both labels are right where a managed webhook
// serves them, so the one that is there stays.
func (n NamespaceInjection) asks(configurations []mesh.WebhookConfiguration) string {
	if n.Meant == "" || n.Namespace.Labels[mesh.LabelInjection] != "enabled" {
		return n.Meant
	}
	if by, served := DefaultInjector(configurations, n.Namespace); served && (by.Revision == n.Meant || by.Revision == "") {
		return mesh.DefaultRevision
	}
	return n.Meant
}

// DefaultInjector is the managed webhook that injects a namespace whose only injection label is istio-injection=enabled:
// one alone, and without conditions that cannot be judged. Managed clusters have one for the default revision tag.
func DefaultInjector(configurations []mesh.WebhookConfiguration, namespace Namespace) (Injector, bool) {
	labels := maps.Clone(namespace.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	delete(labels, mesh.LabelRevision)
	labels[mesh.LabelInjection] = "enabled"
	return ManagedInjector(configurations, Namespace{Name: namespace.Name, Labels: labels})
}

// ManagedInjector is the managed webhook that injects a namespace's pods that carry no marks of their own: one alone, and
// without conditions that cannot be judged.
func ManagedInjector(configurations []mesh.WebhookConfiguration, namespace Namespace) (Injector, bool) {
	found := Injectors(configurations, namespace, nil)
	if len(found) != 1 || found[0].Plane != mesh.PlaneManaged || found[0].Conditional {
		return Injector{}, false
	}
	return found[0], true
}

// relabel is the command that leaves the namespace the one label that it should have, and what follows.
func (n NamespaceInjection) relabel() string {
	change := "istio-injection- istio.io/rev=" + n.Asks
	switch n.Asks {
	case "":
		return catalogue.Describe(catalogue.InjectionUnclear).Remedy
	case mesh.DefaultRevision:
		change = "istio.io/rev- istio-injection=enabled"
	}
	return fmt.Sprintf("kubectl label namespace %s %s --overwrite, then restart its workloads.", n.Namespace.Name, change)
}

// wrongInjection is "Pod injected with istiod.istio-system".
func (j *judge) wrongInjection(namespace Namespace, by Injector, revision, labels string) {
	why, meant := labels, "the cluster has ControlPlaneRevision "+revision+", and no label names a revision of another control plane"
	switch {
	case namespace.Labels[mesh.LabelInjection] == "enabled" && namespace.Labels[mesh.LabelRevision] != "":
		why += ": istio-injection wins over istio.io/rev"
	case namespace.Labels[mesh.LabelInjection] == "enabled":
		why += ": the label was not replaced by istio.io/rev=" + revision
	}
	if namespace.Labels[mesh.LabelRevision] == revision {
		meant = "its label istio.io/rev names the managed revision " + revision
	}
	f := j.add(catalogue.InjectionWrong, mesh.Unhealthy,
		fmt.Sprintf("namespace %s (%s) is injected by %s, not by the managed control plane, which is meant: %s", namespace.Name, why, by, meant))
	f.Remediation = fmt.Sprintf("kubectl label namespace %s istio-injection- istio.io/rev=%s --overwrite, then restart its workloads.",
		namespace.Name, revision)
}

func (n Namespace) labelsInWords() string {
	var parts []string
	for _, key := range []string{mesh.LabelInjection, mesh.LabelRevision} {
		if value, found := n.Labels[key]; found {
			parts = append(parts, key+"="+value)
		}
	}
	if len(parts) == 0 {
		return "no injection label"
	}
	return strings.Join(parts, " and ")
}

func joinInjectors(injectors []Injector) string {
	var names []string
	for _, i := range injectors {
		names = append(names, i.String())
	}
	return strings.Join(names, ", ")
}

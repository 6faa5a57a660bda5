package guard

import (
	"strings"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// The annotation by which the managed data plane is switched off, and its group of objects.
const (
	proxyAnnotation = "mesh.cloud.google.com/proxy"
	meshGroup       = "mesh.cloud.google.com"
)

// object judges what a step does to one Kubernetes object, whoever describes it. before and after are the object as
// Kubernetes writes it; a null one does not exist. A plan does not say in which cluster it is.
func (j *judge) object(before, after value, s step) {
	v := before
	if s == creates {
		v = after
	}
	if v.isUnknown() {
		return // what is new, and not known yet, takes nothing
	}
	group, _, grouped := strings.Cut(v.get("apiVersion").text(), "/")
	if !grouped {
		group = ""
	}
	switch kind := v.get("kind").text(); {
	case group == "" && kind == "Namespace":
		j.namespace(before, after, s)
	case group == meshGroup && kind == "ControlPlaneRevision":
		j.revision(before, after, s)
	case group == "admissionregistration.k8s.io" && kind == "MutatingWebhookConfiguration":
		j.injector(before, after, s)
	case group == "apiextensions.k8s.io" && kind == "CustomResourceDefinition" && s == deletes:
		j.definition(before.at("metadata", "name"))
	}
}

const keepLabel = "Keep the label istio.io/rev (or istio-injection) that the namespace has, or move the namespace to another revision " +
	"that " +
	"exists in the cluster; asm_namespace_injection owns just these labels."

func (j *judge) namespace(before, after value, s step) {
	v := before
	if s == creates {
		v = after
	}
	name := v.at("metadata", "name")
	if s == deletes {
		if name.text() == mesh.SystemNamespace {
			j.add(effect{
				need: need{revision, "", ""}, act: takes, code: catalogue.RevisionMissing, subject: mesh.SystemNamespace,
				reason:  "It deletes the namespace istio-system, and with it the ControlPlaneRevisions and the mesh's configuration.",
				instead: "Keep istio-system, or forget it: removed { lifecycle { destroy = false } }.",
			})
		}
		return // a namespace of an application takes its own pods along, not the mesh
	}
	if s == creates && before.raw == nil {
		return
	}
	labels := after.at("metadata", "labels")
	was := before.at("metadata", "labels")
	j.labels(was.labels(), labels.labels(), unknownLabel(labels), name, was.sensitive() || labels.sensitive())
	notes := after.at("metadata", "annotations")
	j.proxyNote(before.at("metadata", "annotations").labels(), notes.labels(), notes.get(proxyAnnotation).isUnknown(), name)
}

// unknownLabel reports whether the labels of injection are known only after apply. Others may be: a map is known key by
// key.
func unknownLabel(labels value) bool {
	return labels.get(mesh.LabelRevision).isUnknown() || labels.get(mesh.LabelInjection).isUnknown()
}

// injected is the revision or the older label by which a namespace asks for injection, or "". istio-injection goes
// before istio.io/rev: the webhooks of revisions leave out namespaces that have it.
func injected(labels map[string]string) string {
	switch labels[mesh.LabelInjection] {
	case "enabled":
		return mesh.LabelInjection + "=enabled"
	case "disabled":
		return ""
	}
	if rev := labels[mesh.LabelRevision]; rev != "" {
		return mesh.LabelRevision + "=" + rev
	}
	return ""
}

// labels judges the injection labels of a namespace.
func (j *judge) labels(before, after map[string]string, unknown bool, name value, secret bool) {
	was, now := injected(before), injected(after)
	shownWas, shownNow := was, now
	if secret {
		shownWas, shownNow = hidden, hidden
	}
	e := effect{
		need: need{injection, "", name.text()}, code: catalogue.InjectionLabel, subject: name.showOr("a namespace"), instead: keepLabel,
	}
	switch {
	case was == "" && now != "":
		e.act = gives
	case was == "" || was == now && !unknown:
		return
	case unknown:
		e.act, e.reason = unclear, "The labels of the namespace "+e.subject+" are known only after apply; it has "+shownWas+"."
	case now == "":
		e.act, e.reason = takes, "It takes "+shownWas+" from the namespace "+e.subject+"."
		if after[mesh.LabelInjection] == "disabled" {
			e.reason = "It replaces " + shownWas + " on the namespace " + e.subject + " by istio-injection=disabled."
		}
	default:
		e.act, e.reason = unclear, "It changes the namespace "+e.subject+" from "+shownWas+" to "+shownNow+": that injects only where such a "+
			"revision "+
			"exists in the "+
			"cluster, which the plan does not say."
	}
	j.add(e)
}

// proxyNote judges the annotation of the managed data plane.
func (j *judge) proxyNote(before, after map[string]string, unknown bool, name value) {
	off := func(notes map[string]string) bool {
		return strings.Contains(strings.ReplaceAll(notes[proxyAnnotation], " ", ""), `"managed":"false"`) ||
			strings.Contains(strings.ReplaceAll(notes[proxyAnnotation], " ", ""), `"managed":false`)
	}
	e := effect{
		need: need{dataPlane, "", name.text()}, code: catalogue.ProxyUnmanaged, subject: name.showOr("a namespace"),
		instead: "Keep the annotation " + proxyAnnotation + " as it is, or manage it with asm_managed_data_plane.",
	}
	switch was, now := before[proxyAnnotation], after[proxyAnnotation]; {
	case was == now && !unknown, off(before):
		return
	case unknown && was != "":
		e.act, e.reason = unclear, "The annotations of "+e.subject+" are known only after apply."
	case off(after):
		e.act, e.reason = takes, "It switches the managed data plane off for "+e.subject+"."
	case was != "" && now == "":
		e.act, e.reason = unclear, "It takes the annotation "+proxyAnnotation+" from "+e.subject+": whether its data plane stays managed "+
			"depends on the "+
			"revision and the fleet."
	default:
		return
	}
	j.add(e)
}

// revision judges a ControlPlaneRevision.
func (j *judge) revision(before, after value, s step) {
	v := before
	if s == creates {
		v = after
	}
	name := v.at("metadata", "name")
	e := effect{need: need{revision, "", name.text()}, subject: name.showOr("a ControlPlaneRevision")}
	switch s {
	case creates:
		e.act, e.code = gives, catalogue.RevisionMissing
	case deletes:
		e.act, e.code, e.reason = takes, catalogue.RevisionMissing, "It deletes the ControlPlaneRevision "+e.subject+"."
		e.instead = "Keep the ControlPlaneRevision while a namespace uses it. " + forget
	default:
		spec := after.get("spec")
		e.code = catalogue.RevisionMismatch
		e.instead = "Give the revision the channel of its name (asm-managed: regular, asm-managed-rapid: rapid, asm-managed-stable: stable) " +
			"and the " +
			"type managed_service; for another channel, add the other revision and move the namespaces."
		switch {
		case !fits(name.text(), before.get("spec")):
			return // nothing to lose
		case spec.get("channel").isUnknown() || spec.get("type").isUnknown() || spec.isUnknown():
			e.act, e.reason = unclear, "The spec of the ControlPlaneRevision "+e.subject+" is known only after apply."
		case !fits(name.text(), spec):
			e.act, e.reason = takes, "It gives the ControlPlaneRevision "+e.subject+" the channel "+spec.get("channel").showOr("(none)")+" and "+
				"the type "+
				spec.get("type").showOr("(none)")+", which do not belong to its name."
		default:
			return
		}
	}
	j.add(e)
}

// fits reports whether a revision's spec is one that Google's controller accepts under its name.
func fits(name string, spec value) bool {
	channel, known := mesh.ChannelOf(name)
	return known && spec.get("channel").text() == channel && spec.get("type").text() == mesh.RevisionType
}

// injector judges a webhook configuration that injects proxies of the managed control plane.
func (j *judge) injector(before, after value, s step) {
	was, now := planeOf(before), planeOf(after)
	v := before
	if s == creates {
		v = after
	}
	name := v.at("metadata", "name")
	e := effect{need: need{webhook, "", name.text()}, code: catalogue.InjectorMissing, subject: name.showOr("a webhook")}
	e.instead = "Leave the injection webhooks to Google: forget this one with removed { lifecycle { destroy = false } }."
	switch {
	case s == creates && now == mesh.PlaneManaged:
		e.act = gives
	case s == creates || was != mesh.PlaneManaged:
		return
	case s == deletes:
		e.act, e.reason = takes, "It deletes the webhook "+e.subject+", which injects the proxies of the managed control plane."
	case after.get("webhooks").anyUnknown() && now != mesh.PlaneManaged:
		e.act, e.reason = unclear, "What the webhook "+e.subject+" calls is known only after apply."
	case now == mesh.PlaneManaged:
		return
	default:
		e.act, e.code = takes, catalogue.InjectorURL
		e.reason = "It changes what the webhook " + e.subject + " calls, away from the managed control plane."
	}
	j.add(e)
}

// planeOf is whose control plane a mutating webhook configuration injects for, or "" where it injects nothing.
func planeOf(config value) mesh.Plane {
	plane := mesh.Plane("")
	for _, w := range config.get("webhooks").items() {
		url, service := w.at("clientConfig", "url").text(), w.at("clientConfig", "service", "name").text()
		injects := strings.HasSuffix(w.get("name").text(), "sidecar-injector.istio.io") || strings.Contains(url, "/inject") ||
			strings.HasSuffix(url, ":inject")
		switch host := strings.TrimPrefix(url, "https://"); {
		case !injects:
		case service != "":
			if plane == "" {
				plane = mesh.PlaneInCluster
			}
		case strings.HasPrefix(host, "meshconfig."), strings.Contains(url, "/ISTIO_META_CLOUDRUN_ADDR/"), strings.Contains(url, ".run.app"):
			return mesh.PlaneManaged
		default:
			if rev := config.at("metadata", "labels").labels()[mesh.LabelRevision]; managedRevision(rev) {
				return mesh.PlaneManaged
			}
		}
	}
	return plane
}

func managedRevision(name string) bool {
	_, known := mesh.ChannelOf(name)
	return known
}

// definition judges the deletion of a custom resource definition.
func (j *judge) definition(name value) {
	full := name.text()
	if !strings.HasSuffix(full, "."+meshGroup) && !strings.HasSuffix(full, ".istio.io") {
		return
	}
	e := effect{
		need: need{definitions, "", full}, act: takes, code: DefinitionsGone, subject: name.show(),
		reason:  "It deletes the definition " + name.show() + ", and every object of it.",
		instead: "Keep the definitions of the mesh; Google's controller and the proxies' configuration are objects of them. " + forget,
	}
	if full == "controlplanerevisions."+meshGroup {
		e.code = catalogue.RevisionMissing
	}
	j.add(e)
}

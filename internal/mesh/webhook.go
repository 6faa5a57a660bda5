package mesh

import (
	"regexp"
	"slices"
	"strings"
)

// The labels and annotations by which injection is asked for and recognised.
const (
	LabelInjection = "istio-injection"         // on a namespace: enabled, disabled
	LabelRevision  = "istio.io/rev"            // on a namespace, a pod or a webhook
	LabelInject    = "sidecar.istio.io/inject" // on a pod: true, false
	LabelTag       = "istio.io/tag"            // on a webhook: the revision tag it is for
	labelOwner     = "istio.io/owned-by"
	managedOwner   = "mesh.googleapis.com"
)

// DefaultRevision is the revision tag that istio-injection=enabled stands for. On managed clusters its webhook,
// istio-revision-tag-default, calls the managed control plane. Google's tutorials label namespaces so: for the control plane
// implementation TRAFFIC_DIRECTOR it is the only way, for ISTIOD the recommended one beside istio.io/rev
// (https://cloud.google.com/service-mesh/docs/deploy-bookinfo, "Enabling sidecar auto-injection").
const DefaultRevision = "default"

// WebhookConfiguration is a mutating or validating webhook configuration, as far as injection needs it.
type WebhookConfiguration struct {
	Name     string
	Labels   map[string]string
	Webhooks []Webhook
}

// Webhook is one entry of a configuration. Either URL or Service is set.
type Webhook struct {
	Name      string
	URL       string
	Service   *InClusterService
	OnPods    bool // its rules cover the creation of pods
	Fails     bool // failurePolicy Fail, the default: pods are refused while it cannot be called
	Namespace Selector
	Object    Selector
	// Conditional is true with matchConditions, CEL that only the API server
	// evaluates; what such an entry does to a pod is unknown.
	Conditional bool
}

// Plane is the control plane that a webhook calls.
type Plane string

// The planes.
const (
	PlaneManaged   Plane = "managed"
	PlaneInCluster Plane = "in-cluster"
	PlaneUnknown   Plane = "unknown"
)

// Injects reports whether c belongs to a mesh at all, rather than to another program that changes pods. Istio's
// injectors carry app=sidecar-injector or istio.io/rev; older and hand-made ones are known by what they call.
func (c WebhookConfiguration) Injects() bool {
	if c.Labels["app"] == "sidecar-injector" || c.Labels[LabelRevision] != "" || c.Labels[LabelTag] != "" {
		return true
	}
	for _, w := range c.Webhooks {
		if w.Service != nil && w.Service.istiod() || strings.Contains(w.URL, "/inject") {
			return true
		}
	}
	return false
}

// Plane is whose control plane the configuration calls.
func (c WebhookConfiguration) Plane() Plane {
	plane := Plane("")
	for _, w := range c.Webhooks {
		p := w.Plane(c)
		if plane != "" && p != plane {
			return PlaneUnknown
		}
		plane = p
	}
	if plane == "" {
		return PlaneUnknown
	}
	return plane
}

// Revision is the revision that the configuration injects, or "".
func (c WebhookConfiguration) Revision() string { return c.Labels[LabelRevision] }

// Tag is the revision tag that the configuration stands for, or "". The tag
// "default" makes istio-injection=enabled legitimate.
func (c WebhookConfiguration) Tag() string {
	if tag := c.Labels[LabelTag]; tag != "" {
		return tag
	}
	tag, _ := strings.CutPrefix(c.Name, "istio-revision-tag-")
	if tag == c.Name {
		return ""
	}
	return tag
}

// Owned reports whether Google maintains the object itself; one without the
// label was installed by asmcli, and its URL is not corrected.
func (c WebhookConfiguration) Owned() bool { return c.Labels[labelOwner] == managedOwner }

// Plane is the control plane that the webhook calls, judged by its URL, its service and its configuration.
func (w Webhook) Plane(c WebhookConfiguration) Plane {
	switch {
	case w.Service != nil:
		return PlaneInCluster // a managed control plane runs outside the cluster
	case managedURL.MatchString(w.URL):
		return PlaneManaged
	case w.URL != "" && (isManagedRevision(c.Revision()) || c.Owned()):
		return PlaneManaged
	}
	return PlaneUnknown
}

// Calls is what the webhook calls, for people.
func (w Webhook) Calls() string {
	if w.Service != nil {
		return w.Service.String()
	}
	return w.URL
}

// managedURL is the shape of the URLs by which the managed control plane injects
// and validates (facts of Google's controller; Environment says which exactly).
var managedURL = regexp.MustCompile(`^https://(meshconfig\.[a-z.]+/v[0-9a-z]+/projects/[^/]+/webhooks/|[^/]+/inject/ISTIO_META_CLOUDRUN_ADDR/|[^/]+\.run\.app(:443)?/(inject|validate))`)

func isManagedRevision(name string) bool {
	_, known := ChannelOf(name)
	return known
}

// InClusterService is the Kubernetes service that a webhook calls.
type InClusterService struct{ Namespace, Name, Path string }

// String is the service's name as Google's page writes it: istiod.istio-system.
func (s InClusterService) String() string { return s.Name + "." + s.Namespace }

func (s InClusterService) istiod() bool {
	return s.Name == "istiod" || strings.HasPrefix(s.Name, "istiod-")
}

// Calls are what the configuration's entries call, each once, in their order.
func (c WebhookConfiguration) Calls() []string {
	var calls []string
	for _, w := range c.Webhooks {
		if what := w.Calls(); what != "" && !slices.Contains(calls, what) {
			calls = append(calls, what)
		}
	}
	return calls
}

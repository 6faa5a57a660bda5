package mesh

import (
	"cmp"
	"strings"
	"time"
)

// The marks of the managed data plane (source of Google's controller).
const (
	LabelUpgrade     = "dataplane-upgrade"           // on a pod whose proxy could not be upgraded
	UpgradeFailed    = "failed"                      // its value
	AnnotationProxy  = "mesh.cloud.google.com/proxy" // on a namespace, revision or pod: {"managed":"true"}
	AnnotationStatus = "sidecar.istio.io/status"     // on an injected pod; it names the revision
	ProxyContainer   = "istio-proxy"
)

// Owner is what a person restarts to renew a pod: the Deployment rather than its
// ReplicaSet. A naked pod is its own owner.
type Owner struct{ Kind, Namespace, Name string }

// String reads "Deployment shop/cart".
func (o Owner) String() string { return o.Kind + " " + o.Namespace + "/" + o.Name }

// Compare orders owners by namespace, kind and name.
func (o Owner) Compare(other Owner) int {
	return cmp.Or(cmp.Compare(o.Namespace, other.Namespace), cmp.Compare(o.Kind, other.Kind), cmp.Compare(o.Name, other.Name))
}

// ProxyPod is a pod with a proxy.
type ProxyPod struct {
	Namespace, Name string
	Labels          map[string]string
	Controller      string // kind of the controller that owns it; "" is a naked pod
	Owner           Owner
	HostNetwork     bool
	Revision        string    // as the injector noted it; "" where it did not
	Image           string    // of istio-proxy; "" without one, or where only the metadata was read
	Injected        bool      // the injector noted in its metadata that it gave it a proxy
	Discovery       string    // address of the control plane that its proxy asks; "" where it does not say, or only the metadata was read
	Failed          bool      // marked dataplane-upgrade=failed
	Finished        bool      // succeeded or failed: it needs no proxy any more
	OptedOut        bool      // annotated sidecar.istio.io/inject=false, which the injector heeds like the label
	Restarted       time.Time // when its owner was restarted by a person, as kubectl notes it; zero where it was not
}

// Proxied reports whether the pod has a proxy.
func (p ProxyPod) Proxied() bool { return p.Image != "" || p.Injected }

// IsInCluster reports whether an address is that of a Kubernetes service, as istiod.istio-system.svc:15012.
func IsInCluster(address string) bool {
	host, _, _ := strings.Cut(address, ":")
	return strings.HasSuffix(host, ".svc") || strings.Contains(host, ".svc.")
}

// Budget is a PodDisruptionBudget with its status.
type Budget struct {
	Namespace, Name string
	Selector        Selector
	None            bool // no selector at all, which selects nothing
	Allowed         int32
}

// Covers reports whether b selects a pod.
func (b Budget) Covers(namespace string, labels map[string]string) bool {
	return !b.None && b.Namespace == namespace && b.Selector.Selects(labels)
}

package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// injectedLabel is on every pod that Istio's injector gave a proxy.
const injectedLabel = "security.istio.io/tlsMode=istio"

const failedLabel = mesh.LabelUpgrade + "=" + mesh.UpgradeFailed

// Proxies are the proxies of a cluster that need attention.
type Proxies struct {
	health.ProxyState
	Environments []mesh.Environment
	health.Health
}

// Proxies reads the pods whose proxy could not be upgraded, and what blocks each; with all also every other pod with a
// proxy, to find those of another version than their revision's, which takes a request for each 500 pods.
func (c *Cluster) Proxies(ctx context.Context, all bool) (Proxies, error) {
	s, err := c.read(ctx, all, proxyParts...)
	if err != nil {
		return Proxies{}, err
	}
	return s.ProxyHealth(), nil
}

// proxyParts are what proxies are judged by.
var proxyParts = []part{partPods, partEnvironments, partControls}

// ProxyHealth judges the proxies that were read.
func (s *State) ProxyHealth() Proxies {
	p := s.judgeProxies()
	p.Health = health.MergeHealth(append(s.unreadHealth(proxyParts...), p.Health)...)
	return p
}

func (s *State) judgeProxies() Proxies {
	p := Proxies{Environments: s.Environments, ProxyState: health.ProxyState{
		Failed:   health.GroupFailed(s.Pods, s.Budgets, s.Environments),
		Outdated: health.Outdated(s.Pods, s.Environments),
		Controls: s.Controls,
	}}
	for i, o := range p.Failed {
		for _, pod := range o.Pods {
			p.Failed[i].Said = cmp.Or(p.Failed[i].Said, s.Evictions[o.Owner.Namespace+"/"+pod])
		}
	}
	p.Health = p.Judge()
	return p
}

// evictionFailures are what the managed data plane noted when it could not upgrade a pod, by NAMESPACE/NAME (events with
// reason DataPlaneUpgradeFailure; source of Google's controller). It costs a request, and is evidence only: without it the
// cause is not known.
func (c *Cluster) evictionFailures(ctx context.Context) map[string]string {
	raw, err := listAll[corev1.Event](ctx, c, request{
		doing: "list the data plane's events", resource: events, query: url.Values{"fieldSelector": {"reason=DataPlaneUpgradeFailure"}},
	}, "")
	if err != nil {
		return nil
	}
	said := map[string]string{}
	for _, e := range raw {
		said[e.InvolvedObject.Namespace+"/"+e.InvolvedObject.Name] = e.Message
	}
	return said
}

// listProxies reads pods with a proxy, and the budgets where a pod is marked as failed.
func (c *Cluster) listProxies(ctx context.Context, all bool) ([]mesh.ProxyPod, []mesh.Budget, error) {
	selector, doing := failedLabel, "list the pods whose proxy could not be upgraded"
	if all {
		selector, doing = injectedLabel, "list the pods with a proxy"
	}
	raw, err := listAll[corev1.Pod](ctx, c, request{doing: doing, resource: pods}, selector)
	if err != nil {
		return nil, nil, err
	}
	if all {
		// A pod that lost the injector's label is still marked as failed.
		failed, err := listAll[corev1.Pod](ctx, c, request{doing: doing, resource: pods}, failedLabel+",!security.istio.io/tlsMode")
		if err != nil {
			return nil, nil, err
		}
		raw = append(raw, failed...)
	}
	var found []mesh.ProxyPod
	anyFailed := false
	for i := range raw {
		pod := readProxy(&raw[i])
		found = append(found, pod)
		anyFailed = anyFailed || pod.Failed
	}
	slices.SortFunc(found, func(a, b mesh.ProxyPod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	if !anyFailed {
		return found, nil, nil
	}
	limits, err := c.listBudgets(ctx, "")
	return found, limits, err
}

func readProxy(p *corev1.Pod) mesh.ProxyPod {
	pod := readMarks(p.ObjectMeta)
	pod.HostNetwork = p.Spec.HostNetwork
	pod.Injected = false // the container decides
	pod.Finished = pod.Finished || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
	// A native sidecar is an init container: look in both lists.
	for _, c := range append(slices.Clone(p.Spec.InitContainers), p.Spec.Containers...) {
		if c.Name == mesh.ProxyContainer {
			pod.Image, pod.Discovery = c.Image, discoveryOf(c)
		}
	}
	return pod
}

// injectedRevision is the revision that injected a pod, as the injector notes it in an annotation.
func injectedRevision(p metav1.ObjectMeta) string {
	var status struct {
		Revision string `json:"revision"`
	}
	if json.Unmarshal([]byte(p.Annotations[mesh.AnnotationStatus]), &status) == nil && status.Revision != "" {
		return status.Revision
	}
	if revision := p.Annotations[mesh.LabelRevision]; revision != "" {
		return revision
	}
	return p.Labels[mesh.LabelRevision]
}

// ownerOf is the kind of a pod's controller and what a person restarts. A Deployment is known by its ReplicaSet's name,
// which ends in the hash that the pod carries as a label; that saves reading the ReplicaSets.
func ownerOf(pod metav1.ObjectMeta) (controller string, owner mesh.Owner) {
	ref := metav1.GetControllerOfNoCopy(&pod)
	if ref == nil {
		return "", mesh.Owner{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
	}
	owner = mesh.Owner{Kind: ref.Kind, Namespace: pod.Namespace, Name: ref.Name}
	if hash := pod.Labels["pod-template-hash"]; ref.Kind == "ReplicaSet" && hash != "" {
		if name, found := strings.CutSuffix(ref.Name, "-"+hash); found {
			owner.Kind, owner.Name = "Deployment", name
		}
	}
	return ref.Kind, owner
}

func (c *Cluster) listBudgets(ctx context.Context, namespace string) ([]mesh.Budget, error) {
	raw, err := listAll[policyv1.PodDisruptionBudget](ctx, c,
		request{doing: "list the PodDisruptionBudgets", resource: budgets, namespace: namespace}, "")
	if err != nil {
		return nil, err
	}
	var all []mesh.Budget
	for _, r := range raw {
		all = append(all, mesh.Budget{
			Namespace: r.Namespace, Name: r.Name, Allowed: r.Status.DisruptionsAllowed,
			Selector: readSelector(r.Spec.Selector), None: r.Spec.Selector == nil,
		})
	}
	return all, nil
}

type dataPlaneControl struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Revision string `json:"revision"`
		Version  string `json:"proxyVersion"`
		Target   int64  `json:"proxyTargetBasisPoints"`
	} `json:"spec"`
	Status struct {
		State   string `json:"state"`
		Details struct {
			Code    json.RawMessage `json:"code"` // a number, or its name
			Message string          `json:"message"`
		} `json:"errorDetails"`
		Metrics struct {
			Managed   int64 `json:"managedProxyCount"`
			Unmanaged int64 `json:"unmanagedProxyCount"`
		} `json:"proxyMetrics"`
	} `json:"status"`
}

// controlErrors are the codes of the data plane controller's errors (its source).
var controlErrors = map[string]string{"1": "InvalidRevision", "2": "TooManyEvictions"}

// listControls reads the progress of upgrades. Where the cluster does not know the
// kind, the managed data plane was never on.
func (c *Cluster) listControls(ctx context.Context) ([]health.DataPlaneControl, error) {
	raw, err := listAll[dataPlaneControl](ctx, c, request{doing: "list the DataPlaneControls", resource: dataPlaneControls}, "")
	if apierr.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []health.DataPlaneControl
	for _, r := range raw {
		code := strings.Trim(string(r.Status.Details.Code), `"`)
		if _, err := strconv.Atoi(code); err == nil && controlErrors[code] != "" {
			code = controlErrors[code]
		}
		all = append(all, health.DataPlaneControl{
			Name: r.Metadata.Name, Revision: r.Spec.Revision, Version: r.Spec.Version, TargetBasisPoints: r.Spec.Target,
			State: r.Status.State, ErrorCode: code, ErrorMessage: r.Status.Details.Message,
			Managed: r.Status.Metrics.Managed, Unmanaged: r.Status.Metrics.Unmanaged,
		})
	}
	slices.SortFunc(all, func(a, b health.DataPlaneControl) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

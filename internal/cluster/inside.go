package cluster

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// istioKind is a kind of Istio's objects, with the versions that clusters serve it in, the likeliest first.
type istioKind struct {
	kind, group, plural string
	versions            []string
}

// istioKinds are the kinds whose objects carry conditions of a control plane: those that Google's page on modernization
// checks (docs/migrate/eligibility).
var istioKinds = []istioKind{
	{"AuthorizationPolicy", "security.istio.io", "authorizationpolicies", []string{"v1beta1", "v1"}},
	{"DestinationRule", "networking.istio.io", "destinationrules", []string{"v1beta1", "v1"}},
	{"EnvoyFilter", "networking.istio.io", "envoyfilters", []string{"v1alpha3"}},
	{"Gateway", "networking.istio.io", "gateways", []string{"v1beta1", "v1"}},
	{"PeerAuthentication", "security.istio.io", "peerauthentications", []string{"v1beta1", "v1"}},
	{"ProxyConfig", "networking.istio.io", "proxyconfigs", []string{"v1beta1"}},
	{"RequestAuthentication", "security.istio.io", "requestauthentications", []string{"v1beta1", "v1"}},
	{"ServiceEntry", "networking.istio.io", "serviceentries", []string{"v1beta1", "v1"}},
	{"Sidecar", "networking.istio.io", "sidecars", []string{"v1beta1", "v1"}},
	{"Telemetry", "telemetry.istio.io", "telemetries", []string{"v1alpha1", "v1"}},
	{"VirtualService", "networking.istio.io", "virtualservices", []string{"v1beta1", "v1"}},
	{"WasmPlugin", "extensions.istio.io", "wasmplugins", []string{"v1alpha1"}},
	{"WorkloadEntry", "networking.istio.io", "workloadentries", []string{"v1beta1", "v1"}},
	{"WorkloadGroup", "networking.istio.io", "workloadgroups", []string{"v1beta1", "v1"}},
}

// maxConfigPages bounds what is read of one kind: 500 objects each.
const maxConfigPages = 20

// configObject is what is read of an Istio object.
type configObject struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   struct {
		Conditions []struct {
			Type    string `json:"type"`
			Status  string `json:"status"`
			Reason  string `json:"reason"`
			Message string `json:"message"`
		} `json:"conditions"`
	} `json:"status"`
}

// ConfigProblems reads the Istio objects of the cluster, and returns those whose conditions Accepted or
// ModernizationCompatible are False, sorted. It costs a request for each of the fourteen kinds and 500 objects. partial says
// which kinds have more objects than were read.
func (c *Cluster) ConfigProblems(ctx context.Context) (problems []mesh.ConfigProblem, partial string, err error) {
	var mu sync.Mutex
	var cut []string
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	for _, k := range istioKinds {
		group.Go(func() error {
			found, more, err := c.problemsOf(ctx, k)
			mu.Lock()
			defer mu.Unlock()
			problems = append(problems, found...)
			if more {
				cut = append(cut, k.plural)
			}
			return err
		})
	}
	err = group.Wait()
	slices.SortFunc(problems, func(a, b mesh.ConfigProblem) int {
		return strings.Compare(a.Condition+a.String(), b.Condition+b.String())
	})
	if len(cut) > 0 {
		slices.Sort(cut)
		partial = "; not all " + strings.Join(cut, ", ") + " were read"
	}
	return problems, partial, err
}

func (c *Cluster) problemsOf(ctx context.Context, k istioKind) (problems []mesh.ConfigProblem, more bool, err error) {
	for _, version := range k.versions {
		var objects []configObject
		objects, more, err = listPages[configObject](ctx, c, request{
			doing: "list the " + k.plural, resource: schema.GroupVersionResource{Group: k.group, Version: version, Resource: k.plural},
		}, "", maxConfigPages)
		if apierr.NotFound(err) {
			err = nil // the cluster does not serve this version
			continue
		}
		for _, o := range objects {
			for _, condition := range o.Status.Conditions {
				wanted := condition.Type == mesh.ConditionAccepted || condition.Type == mesh.ConditionCompatible
				if wanted && condition.Status == "False" {
					problems = append(problems, mesh.ConfigProblem{Kind: k.kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name,
						Condition: condition.Type, Reason: condition.Reason, Message: condition.Message})
				}
			}
		}
		return problems, more, err
	}
	return nil, false, err
}

// Unschedulable reads the pods of the mesh's own components that find no node. It costs one request.
func (c *Cluster) Unschedulable(ctx context.Context) ([]mesh.UnschedulablePod, error) {
	raw, err := listAll[corev1.Pod](ctx, c, request{
		doing: "list the pending pods in kube-system", resource: pods, namespace: "kube-system",
		query: url.Values{"fieldSelector": {"status.phase=Pending"}},
	}, "")
	if err != nil {
		return nil, err
	}
	var found []mesh.UnschedulablePod
	for _, p := range raw {
		_, owner := ownerOf(p.ObjectMeta)
		if owner.Name != mesh.ComponentDataPlane && owner.Name != mesh.ComponentCNI {
			continue
		}
		for _, condition := range p.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse &&
				condition.Reason == corev1.PodReasonUnschedulable {
				found = append(found, mesh.UnschedulablePod{Component: owner.Name, Name: p.Name, Message: condition.Message})
			}
		}
	}
	slices.SortFunc(found, func(a, b mesh.UnschedulablePod) int { return strings.Compare(a.Name, b.Name) })
	return found, nil
}

// RemoteSecrets reads the names of the secrets in istio-system by which other clusters were joined by hand, sorted, and
// nothing else of them. It costs one request.
func (c *Cluster) RemoteSecrets(ctx context.Context) ([]string, error) {
	raw, err := listAll[metav1.PartialObjectMetadata](ctx, c, request{
		doing: "list the names of the remote secrets", resource: secrets, namespace: mesh.SystemNamespace, accept: metadataOnly,
	}, "istio/multiCluster=true")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range raw {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names, nil
}

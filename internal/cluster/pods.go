package cluster

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// judgedPods selects the pods that may need a proxy: Istio injects none into the namespaces of Kubernetes itself, and
// one that ended needs none any more.
const judgedPods = "status.phase!=Succeeded,status.phase!=Failed," +
	"metadata.namespace!=kube-system,metadata.namespace!=kube-public,metadata.namespace!=kube-node-lease"

// looksAtOnce bounds the pods of a cluster that are read whole at the same time, and fewLooks how many of a namespace
// are read one by one rather than by its pages.
const (
	looksAtOnce = 8
	fewLooks    = 20
)

// listPodMetadata reads the marks of all pods that may need a proxy, without their specs: a tenth of their size.
func (c *Cluster) listPodMetadata(ctx context.Context) ([]mesh.ProxyPod, error) {
	raw, err := listAll[metav1.PartialObjectMetadata](ctx, c, request{
		doing: "list the pods", resource: pods, accept: metadataOnly, query: url.Values{"fieldSelector": {judgedPods}},
	}, "")
	if err != nil {
		return nil, err
	}
	var found []mesh.ProxyPod
	for i := range raw {
		found = append(found, readMarks(raw[i].ObjectMeta))
	}
	return found, nil
}

// completePods reads of the pods that the metadata shows to be wrong what it does not show: those that are marked as not
// upgraded with the budgets that hold them, and of the others one for each owner.
func (c *Cluster) completePods(ctx context.Context, s *State) {
	if s.lacks(partMarks) {
		return
	}
	fail := func(err error) {
		if err != nil && !s.lacks(partMarks) {
			s.Unread[string(partMarks)] = err
		}
	}
	if slices.ContainsFunc(s.Marks, func(p mesh.ProxyPod) bool { return p.Failed }) {
		var err error
		s.Pods, s.Budgets, err = c.listProxies(ctx, false)
		fail(err)
		unexplained := func(o health.FailedOwner) bool { return o.Block == health.BlockUnknown }
		if slices.ContainsFunc(health.GroupFailed(s.Pods, s.Budgets, nil), unexplained) {
			s.Evictions = c.evictionFailures(ctx)
		}
	}
	if !s.lacks(partMutating) && !s.lacks(partNamespaces) {
		fail(c.lookAt(ctx, s, s.misinjected()))
	}
}

// lookAt completes the pods of owners from their specs. The pods of an owner are of one template, so one of them is
// enough. In a namespace with many such owners, its pages take fewer requests.
func (c *Cluster) lookAt(ctx context.Context, s *State, owners []health.MisinjectedOwner) error {
	many := map[string]int{}
	for _, o := range owners {
		many[o.Owner.Namespace]++
	}
	var mu sync.Mutex
	seen := map[mesh.Owner]mesh.ProxyPod{}
	note := func(found []mesh.ProxyPod) {
		mu.Lock()
		defer mu.Unlock()
		for _, p := range found {
			seen[p.Owner] = p
		}
	}
	var group errgroup.Group
	group.SetLimit(looksAtOnce)
	look := func(namespace, fields string) {
		group.Go(func() error {
			found, err := c.podsWhere(ctx, namespace, fields)
			note(found)
			return err
		})
	}
	for _, o := range owners {
		if many[o.Owner.Namespace] <= fewLooks {
			look(o.Owner.Namespace, "metadata.name="+o.Pods[0])
		}
	}
	for namespace, n := range many {
		if n > fewLooks {
			look(namespace, judgedPods)
		}
	}
	err := group.Wait()
	for i, p := range s.Marks {
		whole, found := seen[p.Owner]
		if !found {
			continue
		}
		s.Marks[i].HostNetwork = whole.HostNetwork
		if whole.Revision == p.Revision && whole.Proxied() && p.Proxied() { // pods of one owner may be from before and after
			s.Marks[i].Discovery = whole.Discovery
		}
	}
	return err
}

// podsWhere lists pods of a namespace by fields.
func (c *Cluster) podsWhere(ctx context.Context, namespace, fields string) ([]mesh.ProxyPod, error) {
	raw, err := listAll[corev1.Pod](ctx, c, request{
		doing: "list the pods", resource: pods, namespace: namespace, query: url.Values{"fieldSelector": {fields}},
	}, "")
	if apierr.NotFound(err) {
		return nil, nil // the namespace went away meanwhile
	}
	var found []mesh.ProxyPod
	for i := range raw {
		found = append(found, readProxy(&raw[i]))
	}
	return found, err
}

// misinjected are the owners whose pods do not have the proxy that is meant, as far as the pods were read.
func (s *State) misinjected() []health.MisinjectedOwner {
	return health.Misinjected(s.Marks, s.judgeInjection().Namespaces, s.Mutating, s.ManagedRevisions())
}

// PodHealth judges what injected the pods that were read.
func (s *State) PodHealth() health.Health {
	parts := s.unreadHealth(partMarks)
	if s.judgesPods() {
		parts = append(parts, health.JudgePods(s.misinjected()))
	}
	return health.MergeHealth(parts...)
}

func (s *State) judgesPods() bool {
	return !s.lacks(partMarks) && !s.lacks(partMutating) && !s.lacks(partNamespaces)
}

// readMarks is what a pod's metadata says.
func readMarks(p metav1.ObjectMeta) mesh.ProxyPod {
	pod := mesh.ProxyPod{
		Namespace: p.Namespace, Name: p.Name, Labels: p.Labels,
		Failed:   p.Labels[mesh.LabelUpgrade] == mesh.UpgradeFailed,
		Finished: p.DeletionTimestamp != nil,
		Injected: p.Annotations[mesh.AnnotationStatus] != "" || p.Labels["security.istio.io/tlsMode"] == "istio",
		OptedOut: p.Annotations[mesh.LabelInject] == "false",
	}
	pod.Revision = injectedRevision(p)
	pod.Restarted, _ = time.Parse(time.RFC3339, p.Annotations[restartedAt]) // zero where it was not
	pod.Controller, pod.Owner = ownerOf(p)
	return pod
}

// discoveryOf is the address of the control plane that a proxy asks: its mesh configuration has it, or else its
// certificate authority is the same istiod. A managed proxy names Cloud Run, so that its authority says nothing.
func discoveryOf(proxy corev1.Container) string {
	env := map[string]string{}
	for _, e := range proxy.Env {
		env[e.Name] = e.Value
	}
	var config struct {
		DiscoveryAddress string `json:"discoveryAddress"`
	}
	if json.Unmarshal([]byte(env["PROXY_CONFIG"]), &config) == nil && config.DiscoveryAddress != "" {
		return config.DiscoveryAddress
	}
	if env["ISTIO_META_CLOUDRUN_ADDR"] != "" {
		return ""
	}
	return env["CA_ADDR"]
}

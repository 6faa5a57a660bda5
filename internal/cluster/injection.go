package cluster

import (
	"context"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// Injection is what injects which pods of a cluster.
type Injection struct {
	Webhooks   health.Webhooks
	Namespaces []health.NamespaceInjection
	health.Health
}

// Injection reads the webhooks, the revisions' environments and the namespaces
// of the cluster, and judges what would inject a pod of each.
func (c *Cluster) Injection(ctx context.Context) (Injection, error) {
	s, err := c.read(ctx, false, injectionParts...)
	if err != nil {
		return Injection{}, err
	}
	return s.InjectionHealth(), nil
}

// injectionParts are what injection is judged by.
var injectionParts = []part{partRevisions, partMutating, partValidating, partEnvironments, partNamespaces}

// InjectionHealth judges the injection that was read. What could not be read
// makes it unknown; the rest is judged all the same.
func (s *State) InjectionHealth() Injection {
	i := s.judgeInjection()
	parts := s.unreadHealth(injectionParts...)
	if !s.lacks(partMutating) {
		parts = append(parts, i.Health)
	}
	i.Health = health.MergeHealth(parts...)
	return i
}

func (s *State) judgeInjection() Injection {
	managed := s.ManagedRevisions()
	i := Injection{Webhooks: health.Webhooks{Mutating: s.Mutating, Validating: s.Validating, Environments: s.Environments, Revisions: managed}}
	if s.lacks(partMutating) {
		return i // without the webhooks nothing can be said of any namespace
	}
	parts := []health.Health{i.Webhooks.Judge()}
	for _, n := range s.Namespaces {
		judged := health.JudgeNamespace(s.Mutating, n, managed)
		i.Namespaces = append(i.Namespaces, judged)
		parts = append(parts, judged.Health)
	}
	i.Health = health.MergeHealth(parts...)
	return i
}

// listEnvironments reads the ConfigMaps env-REVISION, and asm-options. They have no label of their own, so all of
// istio-system are listed; a namespace that is missing has none.
func (c *Cluster) listEnvironments(ctx context.Context) (all []mesh.Environment, options map[string]string, err error) {
	raw, err := listAll[corev1.ConfigMap](ctx, c,
		request{doing: "list the ConfigMaps in istio-system", resource: configMaps, namespace: mesh.SystemNamespace}, "")
	if err != nil {
		return nil, nil, err
	}
	for _, r := range raw {
		switch {
		case r.Name == mesh.OptionsConfigMap:
			options = r.Data
		case strings.HasPrefix(r.Name, mesh.EnvironmentPrefix):
			all = append(all, mesh.NewEnvironment(r.Name, r.Data))
		}
	}
	slices.SortFunc(all, func(a, b mesh.Environment) int { return strings.Compare(a.Revision, b.Revision) })
	return all, options, nil
}

// listNamespaces reads the namespaces' marks, and nothing else of them. One that is being deleted is left out: no pod
// can be made in it, and one that never ends would be reported for ever.
func (c *Cluster) listNamespaces(ctx context.Context) ([]health.Namespace, error) {
	raw, err := listAll[metav1.PartialObjectMetadata](ctx, c,
		request{doing: "list the namespaces", resource: namespaces, accept: metadataOnly}, "")
	if err != nil {
		return nil, err
	}
	var all []health.Namespace
	for _, r := range raw {
		if r.DeletionTimestamp != nil {
			continue
		}
		all = append(all, health.Namespace{Name: r.Name, Labels: r.Labels, Annotations: r.Annotations})
	}
	slices.SortFunc(all, func(a, b health.Namespace) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Injectors reads the mutating webhook configurations. It costs one request.
func (c *Cluster) Injectors(ctx context.Context) ([]mesh.WebhookConfiguration, error) {
	return c.listWebhooks(ctx, mutatingWebhooks, "list the mutating webhooks")
}

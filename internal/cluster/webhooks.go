package cluster

import (
	"context"
	"slices"
	"strings"

	admission "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// configuration is a mutating or validating webhook configuration; what is read of both is alike.
type configuration struct {
	Metadata metav1.ObjectMeta           `json:"metadata"`
	Webhooks []admission.MutatingWebhook `json:"webhooks"`
}

// listWebhooks reads all configurations: leftovers of an in-cluster control plane need not carry the labels of a mesh.
func (c *Cluster) listWebhooks(ctx context.Context, resource schema.GroupVersionResource, doing string) ([]mesh.WebhookConfiguration,
	error) {
	raw, err := listAll[configuration](ctx, c, request{doing: doing, resource: resource}, "")
	if err != nil {
		return nil, err
	}
	var all []mesh.WebhookConfiguration
	for _, r := range raw {
		read := mesh.WebhookConfiguration{Name: r.Metadata.Name, Labels: r.Metadata.Labels}
		for _, w := range r.Webhooks {
			read.Webhooks = append(read.Webhooks, readWebhook(w))
		}
		all = append(all, read)
	}
	slices.SortFunc(all, func(a, b mesh.WebhookConfiguration) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func readWebhook(w admission.MutatingWebhook) mesh.Webhook {
	read := mesh.Webhook{
		Name:        w.Name,
		OnPods:      slices.ContainsFunc(w.Rules, coversPods),
		Fails:       w.FailurePolicy == nil || *w.FailurePolicy == admission.Fail,
		Namespace:   readSelector(w.NamespaceSelector),
		Object:      readSelector(w.ObjectSelector),
		Conditional: len(w.MatchConditions) > 0,
	}
	if w.ClientConfig.URL != nil {
		read.URL = *w.ClientConfig.URL
	}
	if s := w.ClientConfig.Service; s != nil {
		read.Service = &mesh.InClusterService{Namespace: s.Namespace, Name: s.Name}
		if s.Path != nil {
			read.Service.Path = *s.Path
		}
	}
	return read
}

// coversPods reports whether a rule calls the webhook when a pod is created.
func coversPods(r admission.RuleWithOperations) bool {
	operation := slices.Contains(r.Operations, admission.Create) || slices.Contains(r.Operations, admission.OperationAll)
	group := slices.Contains(r.APIGroups, "") || slices.Contains(r.APIGroups, "*")
	version := slices.Contains(r.APIVersions, "v1") || slices.Contains(r.APIVersions, "*")
	resource := slices.Contains(r.Resources, "pods") || slices.Contains(r.Resources, "*") || slices.Contains(r.Resources, "*/*")
	scope := r.Scope == nil || *r.Scope != admission.ClusterScope
	return operation && group && version && resource && scope
}

func readSelector(s *metav1.LabelSelector) mesh.Selector {
	if s == nil {
		return mesh.Selector{}
	}
	read := mesh.Selector{Labels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		read.Expressions = append(read.Expressions, mesh.Expression{Key: e.Key, Operator: string(e.Operator), Values: e.Values})
	}
	return read
}

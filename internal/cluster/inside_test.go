package cluster_test

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

var insideTests = []test{
	{"Istio objects that are not accepted, over several pages", testConfigProblems},
	{"secrets that join other clusters", testRemoteSecrets},
}

// A cluster serves some of Istio's kinds, in some versions. Objects of more than a page are read, and those alone reported
// whose condition is False.
func testConfigProblems(t *testing.T, on target) {
	client := dynamic.NewForConfigOrDie(on.Config())
	definitions := client.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	open := map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	_, err := definitions.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "virtualservices.networking.istio.io"},
		"spec": map[string]any{
			"group": "networking.istio.io", "scope": "Namespaced",
			"names": map[string]any{"kind": "VirtualService", "listKind": "VirtualServiceList", "plural": "virtualservices", "singular": "virtualservice"},
			"versions": []any{map[string]any{"name": "v1", "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": open}}},
		},
	}}, metav1.CreateOptions{})
	mayExist(t, err)
	objects := client.Resource(schema.GroupVersionResource{Group: "networking.istio.io", Version: "v1", Resource: "virtualservices"})
	namespace := createNamespace(t, kubernetes.NewForConfigOrDie(on.Config()), nil)
	eventually(t, "the kind VirtualService to be served", func() error {
		_, err := objects.Namespace(namespace).List(t.Context(), metav1.ListOptions{})
		return err
	})
	const many = 510
	for i := range many {
		_, err := objects.Namespace(namespace).Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": map[string]any{"name": fmt.Sprintf("v%03d", i)},
		}}, metav1.CreateOptions{})
		must(t, err)
	}
	for name, status := range map[string]string{"v001": "True", "v002": "Unknown", fmt.Sprintf("v%03d", many-1): "False"} {
		o, err := objects.Namespace(namespace).Get(t.Context(), name, metav1.GetOptions{})
		must(t, err)
		o.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Accepted", "status": status, "reason": "Invalid",
			"message": "no such gateway"}}}
		_, err = objects.Namespace(namespace).UpdateStatus(t.Context(), o, metav1.UpdateOptions{})
		must(t, err)
	}
	c, _ := reach(t, on)
	got, partial, err := c.ConfigProblems(t.Context())
	must(t, err)
	want := []mesh.ConfigProblem{{Kind: "VirtualService", Namespace: namespace, Name: "v509", Condition: "Accepted", Reason: "Invalid",
		Message: "no such gateway"}}
	if !slices.Equal(got, want) || partial != "" {
		t.Errorf("found %+v, %q", got, partial)
	}
}

func testRemoteSecrets(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	_, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: mesh.SystemNamespace}},
		metav1.CreateOptions{})
	mayExist(t, err)
	secrets := kube.CoreV1().Secrets(mesh.SystemNamespace)
	for name, labels := range map[string]map[string]string{"istio-remote-secret-b": {"istio/multiCluster": "true"}, "other": nil} {
		_, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, metav1.CreateOptions{})
		mayExist(t, err)
	}
	c, _ := reach(t, on)
	got, err := c.RemoteSecrets(t.Context())
	if err != nil || !slices.Equal(got, []string{"istio-remote-secret-b"}) {
		t.Errorf("%v, %v", got, err)
	}
}

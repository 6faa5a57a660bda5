package kubetest_test

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

func revisions(version string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "mesh.cloud.google.com", Version: version, Resource: "controlplanerevisions"}
}

func revision(channel string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "mesh.cloud.google.com/v1beta1",
		"kind":       "ControlPlaneRevision",
		"metadata":   map[string]any{"name": "asm-managed"},
		"spec":       map[string]any{"type": "managed_service", "channel": channel},
		"status":     conditions("True"),
	}}
}

func conditions(reconciled string) map[string]any {
	return map[string]any{"conditions": []any{map[string]any{
		"type": "Reconciled", "status": reconciled, "reason": "Provisioned",
		"message":            "The provisioning process has completed successfully",
		"lastTransitionTime": "2026-01-02T03:04:05Z",
	}}}
}

func TestControlPlaneRevision(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	client := dynamicClient(t, server.Config())
	beta := client.Resource(revisions("v1beta1")).Namespace(namespace)

	if _, err := beta.Create(t.Context(), revision("weekly"), metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("with a channel that does not exist the error is %v, want that it is invalid", err)
	}
	made, err := beta.Create(t.Context(), revision("regular"), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := made.Object["status"]; there {
		t.Error("the status of a new revision was taken from its creator")
	}
	made.Object["status"] = conditions("True")
	if made, err = beta.UpdateStatus(t.Context(), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	made.Object["status"] = conditions("False")
	if _, err := beta.Update(t.Context(), made, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"v1alpha1", "v1beta1"} {
		got, err := client.Resource(revisions(version)).Namespace(namespace).Get(t.Context(), "asm-managed", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		list, _, err := unstructured.NestedSlice(got.Object, "status", "conditions")
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: the conditions are %v (%v)", version, list, err)
		}
		if condition := list[0].(map[string]any); condition["status"] != "True" || condition["reason"] != "Provisioned" {
			t.Errorf("%s: the condition is %v, want the one that was written to the status", version, condition)
		}
	}
}

func TestOtherCustomResources(t *testing.T) {
	server := kubetest.Start(t)
	client := dynamicClient(t, server.Config())
	for resource, object := range map[schema.GroupVersionResource]map[string]any{
		{Group: "mesh.cloud.google.com", Version: "v1alpha1", Resource: "dataplanecontrols"}: {
			"apiVersion": "mesh.cloud.google.com/v1alpha1", "kind": "DataPlaneControl",
			"metadata": map[string]any{"name": "asm-managed"},
			"spec":     map[string]any{"revision": "asm-managed", "proxyVersion": "1.21.5-asm.1", "proxyTargetBasisPoints": int64(10000)},
		},
		{Group: "hub.gke.io", Version: "v1", Resource: "memberships"}: {
			"apiVersion": "hub.gke.io/v1", "kind": "Membership",
			"metadata": map[string]any{"name": "membership"},
			"spec":     map[string]any{"identity_provider": "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"},
		},
	} {
		made, err := client.Resource(resource).Create(t.Context(), &unstructured.Unstructured{Object: object}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range object["spec"].(map[string]any) {
			if got, _, _ := unstructured.NestedFieldNoCopy(made.Object, "spec", field); got != want {
				t.Errorf("%s: %s is %v, want %v", resource.Resource, field, got, want)
			}
		}
		if err := client.Resource(resource).Delete(t.Context(), made.GetName(), metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	}
	other := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "hub.gke.io/v1", "kind": "Membership", "metadata": map[string]any{"name": "second"},
	}}
	memberships := schema.GroupVersionResource{Group: "hub.gke.io", Version: "v1", Resource: "memberships"}
	if _, err := client.Resource(memberships).Create(t.Context(), other, metav1.CreateOptions{}); !apierrors.IsInvalid(err) {
		t.Errorf("a second membership gets %v, want that it is invalid", err)
	}
}

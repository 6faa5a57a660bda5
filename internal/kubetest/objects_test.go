package kubetest_test

import (
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

func TestSelectorsAndPages(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	pods := clientset(t, server.Config()).CoreV1().Pods(namespace)
	for i := range 5 {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("pod-%d", i)}, Spec: template().Spec}
		if i < 2 {
			pod.Labels = map[string]string{"dataplane-upgrade": "failed"}
		}
		if _, err := pods.Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	failed := give[*corev1.PodList](t)(pods.List(t.Context(), metav1.ListOptions{LabelSelector: "dataplane-upgrade=failed"}))
	if len(failed.Items) != 2 {
		t.Errorf("%d pods are marked as failed, want 2", len(failed.Items))
	}
	var sizes []int
	options := metav1.ListOptions{Limit: 2}
	for {
		page := give[*corev1.PodList](t)(pods.List(t.Context(), options))
		sizes = append(sizes, len(page.Items))
		if options.Continue = page.Continue; options.Continue == "" {
			break
		}
	}
	if fmt.Sprint(sizes) != "[2 2 1]" {
		t.Errorf("the pages hold %v pods, want 2, 2 and 1", sizes)
	}
}

func TestNamespaceLabels(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	namespaces := clientset(t, server.Config()).CoreV1().Namespaces()
	patch := []byte(`{"metadata":{"labels":{"istio.io/rev":"asm-managed-` + namespace + `"}}}`)
	if _, err := namespaces.Patch(t.Context(), namespace, types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	list := give[*corev1.NamespaceList](t)(namespaces.List(t.Context(),
		metav1.ListOptions{LabelSelector: "istio.io/rev=asm-managed-" + namespace}))
	if len(list.Items) != 1 || list.Items[0].Name != namespace {
		t.Errorf("by its label, %v are found, want %s", list.Items, namespace)
	}
}

func TestNamespaceIsReallyDeleted(t *testing.T) {
	server := kubetest.Start(t)
	t.Parallel() // it takes seconds, which are a constant of the controller
	namespace := server.Namespace(t)
	client := clientset(t, server.Config())
	if err := workloads["Deployment"].make(t, client, namespace); err != nil {
		t.Fatal(err)
	}
	if err := client.CoreV1().Namespaces().Delete(t.Context(), namespace, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the deletion", func() error {
		_, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it is still there"), err)
	})
}

package kubetest_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// A list that started before the storage was compacted cannot be continued, and one that starts afterwards can.
func TestCompact(t *testing.T) {
	s := kubetest.Start(t)
	client, ns := clientset(t, s.Config()).CoreV1(), s.Namespace(t)
	for i := range 3 {
		_, err := client.ConfigMaps(ns).
			Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("c-", i)}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
	page := func(token string) (*corev1.ConfigMapList, error) {
		return client.ConfigMaps(ns).List(t.Context(), metav1.ListOptions{Limit: 1, Continue: token})
	}
	first := give[*corev1.ConfigMapList](t)(page(""))
	second := give[*corev1.ConfigMapList](t)(page(first.Continue))
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := page(second.Continue); !apierrors.IsResourceExpired(err) {
		t.Errorf("continued after the compaction: %v", err)
	}
	fresh := give[*corev1.ConfigMapList](t)(page(""))
	give[*corev1.ConfigMapList](t)(page(fresh.Continue))
}

package cluster_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
)

var pagingTests = []test{
	{"a list of many pages", testPages},
	{"a continue token that is too old, once", testExpiredOnce},
	{"continue tokens that are always too old", testExpiredAlways},
}

// smallPages makes the target answer lists of ConfigMaps in pages of two; before each later page something is done.
func smallPages(before func(page int)) func(w http.ResponseWriter, r *http.Request) bool {
	page := 0
	return func(_ http.ResponseWriter, r *http.Request) bool {
		query := r.URL.Query()
		if !strings.HasSuffix(r.URL.Path, "/configmaps") {
			return false
		}
		if query.Get("continue") != "" {
			page++
			before(page)
		}
		query.Set("limit", "2")
		r.URL.RawQuery = query.Encode()
		return false
	}
}

// environments makes some of them, and returns how many there are with the one that is arranged.
func environments(t *testing.T, on target) int {
	t.Helper()
	kube := kubernetes.NewForConfigOrDie(on.Config())
	const more = 5
	for i := range more {
		name := fmt.Sprintf("env-more-%d", i)
		_, err := kube.CoreV1().
			ConfigMaps("istio-system").
			Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		must(t, err)
		t.Cleanup(func() {
			if err := kube.CoreV1().ConfigMaps("istio-system").Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	return more + 1
}

func testPages(t *testing.T, on target) {
	want := environments(t, on)
	c, s := reachThrough(t, on, cluster.Config{}, smallPages(func(int) {}))
	p, err := c.Proxies(t.Context(), false)
	must(t, err)
	if len(p.Environments) != want || s.count("/configmaps") != 4 { // with kube-root-ca.crt
		t.Errorf("%d environments in %d pages", len(p.Environments), s.count("/configmaps"))
	}
}

func testExpiredOnce(t *testing.T, on target) {
	want := environments(t, on)
	c, s := reachThrough(t, on, cluster.Config{}, smallPages(func(page int) {
		if page == 2 {
			if err := on.Compact(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}))
	p, err := c.Proxies(t.Context(), false)
	must(t, err)
	if len(p.Environments) != want || s.count("/configmaps") != 3+4 {
		t.Errorf("%d environments in %d pages: %s", len(p.Environments), s.count("/configmaps"), p.Summary)
	}
}

func testExpiredAlways(t *testing.T, on target) {
	environments(t, on)
	c, s := reachThrough(t, on, cluster.Config{}, smallPages(func(int) {
		if err := on.Compact(t.Context()); err != nil {
			t.Error(err)
		}
	}))
	p, err := c.Proxies(t.Context(), false)
	must(t, err)
	if s.count("/configmaps") != 4 || !strings.Contains(p.Summary, "410") || len(p.Environments) != 0 {
		t.Errorf("%d requests, %s, %+v", s.count("/configmaps"), p.Summary, p.Environments)
	}
}

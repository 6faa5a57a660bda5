package kubetest_test

import (
	"path/filepath"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

func TestServerTellsItsVersion(t *testing.T) {
	server := kubetest.Start(t)
	version, err := clientset(t, server.Config()).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	// A server that was built without a version has "v0.0.0-master+$Format:%H$".
	if version.Major != "1" || version.Minor < "30" || version.GitVersion[:4] != "v1."+version.Minor[:1] {
		t.Errorf("the server says that it is %s (major %q, minor %q)", version.GitVersion, version.Major, version.Minor)
	}
}

func TestKubeconfig(t *testing.T) {
	server := kubetest.Start(t)
	path := filepath.Join(t.TempDir(), "config")
	if err := server.Kubeconfig(path); err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientset(t, config).CoreV1().Nodes().Get(t.Context(), kubetest.Node, metav1.GetOptions{}); err != nil {
		t.Errorf("with the kubeconfig of the admin: %v", err)
	}

	if err := server.KubeconfigOf(path, "nobody@example.test"); err != nil {
		t.Fatal(err)
	}
	if config, err = clientcmd.BuildConfigFromFlags("", path); err != nil {
		t.Fatal(err)
	}
	_, err = clientset(t, config).CoreV1().Nodes().Get(t.Context(), kubetest.Node, metav1.GetOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("with the kubeconfig of a user without a role the error is %v, want that it is forbidden", err)
	}
}

func TestStartSharesOneServer(t *testing.T) {
	if first, second := kubetest.Start(t), kubetest.Start(t); first != second {
		t.Error("two calls of Start gave two control planes")
	}
}

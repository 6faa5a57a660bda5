package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeAssets makes a folder of servers that do nothing, and sets KUBEBUILDER_ASSETS to it.
func fakeAssets(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv(assetsVariable, dir)
	return dir
}

func TestEnsureLinksTheInstalledControlPlane(t *testing.T) {
	dir := fakeAssets(t, "kube-apiserver", "kube-controller-manager", "etcd")
	b, out := newBuilder(t)
	tool := smallTool(t, b.root, helloSource)
	tool.Name, tool.Asset = "etcd", true
	for range 2 {
		if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 0 {
			t.Fatalf("%d tools built, error %v", built, err)
		}
	}
	if target, err := os.Readlink(b.Bin("etcd")); err != nil || target != filepath.Join(dir, "etcd") {
		t.Errorf(".tools/bin/etcd leads to %q (%v), want the one in KUBEBUILDER_ASSETS", target, err)
	}
	if want := "etcd: using the one in KUBEBUILDER_ASSETS.\n"; out.String() != want {
		t.Errorf("the user read %q, want %q once", out, want)
	}

	// The folder of the links themselves is no set to link to.
	t.Setenv(assetsVariable, filepath.Dir(b.Bin("etcd")))
	if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 1 {
		t.Fatalf("with .tools/bin as KUBEBUILDER_ASSETS: %d tools built, error %v", built, err)
	}
	// What was a link is a file again when the variable is gone.
	if info, err := os.Lstat(b.Bin("etcd")); err != nil || !info.Mode().IsRegular() {
		t.Errorf(".tools/bin/etcd is still a link (%v)", err)
	}
}

func TestEnsureBuildsWhenTheInstalledControlPlaneIsNotWhole(t *testing.T) {
	fakeAssets(t, "kube-apiserver", "etcd") // what envtest's own archives hold
	b, out := newBuilder(t)
	tool := smallTool(t, b.root, helloSource)
	tool.Name, tool.Asset = "etcd", true
	if built, err := b.Ensure(t.Context(), []Tool{tool}); err != nil || built != 1 {
		t.Fatalf("%d tools built, error %v", built, err)
	}
	if want := "etcd: KUBEBUILDER_ASSETS is not used, it lacks kube-controller-manager."; !strings.Contains(out.String(), want) {
		t.Errorf("the user read:\n%s\nwant %q in it", out, want)
	}
}

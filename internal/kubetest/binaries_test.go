package kubetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func install(t *testing.T, folder string, names ...string) string {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestBinaries(t *testing.T) {
	checkout := t.TempDir()
	below := filepath.Join(checkout, "internal", "cluster")
	assets := t.TempDir()
	find := func(want string) {
		t.Helper()
		if got, err := binaries(below); err != nil || got != want {
			t.Errorf("binaries are found in %q (%v), want %q", got, err, want)
		}
	}
	refuse := func(reasons ...string) {
		t.Helper()
		got, err := binaries(below)
		if err == nil {
			t.Fatalf("binaries are found in %q, where there are none", got)
		}
		for _, reason := range append(reasons, "run make tools") {
			if !strings.Contains(err.Error(), reason) {
				t.Errorf("the error does not say %q: %v", reason, err)
			}
		}
	}
	t.Setenv(assetsVariable, "")
	refuse("there is no .tools/bin")

	t.Setenv(assetsVariable, assets)
	install(t, assets, etcdBinary, apiServerBinary)
	refuse(assets + " lacks kube-controller-manager")

	built := install(t, filepath.Join(checkout, ".tools", "bin"), apiServerBinary)
	refuse(assets+" lacks kube-controller-manager", built+" lacks etcd, kube-controller-manager")

	// What is installed lacks one, so nothing of it is used.
	install(t, built, etcdBinary, controllersBinary)
	find(built)
	install(t, assets, controllersBinary)
	find(assets)
	t.Setenv(assetsVariable, "")
	find(built)
}

func TestEmailOf(t *testing.T) {
	for token, want := range map[string]string{
		"sim-token.a@example.test":                "a@example.test",
		"sim-token.A@Example.test":                "a@example.test",
		"sim-token.a@example.test~b@example.test": "a@example.test",
		"sim-token.":                         "",
		"sim-token.system:masters":           "",
		"a@example.test":                     "",
		"":                                   "",
		"ya29.sim-token.a@example.test":      "",
		Token("x@p.iam.gserviceaccount.com"): "x@p.iam.gserviceaccount.com",
		"sim-token.service-1@gcp-sa.example.test~": "service-1@gcp-sa.example.test",
	} {
		if got, ok := emailOf(token); got != want || ok != (want != "") {
			t.Errorf("emailOf(%q) = %q, %v; want %q", token, got, ok, want)
		}
	}
}

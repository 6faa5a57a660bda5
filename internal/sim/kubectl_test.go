package sim_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// A kubectl is an unmodified kubectl with the environment of the env file.
type kubectl struct {
	t    *testing.T
	path string
	env  []string
}

func newKubectl(t *testing.T, s *sim.Server) kubectl {
	t.Helper()
	path, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not installed")
	}
	return kubectl{t: t, path: path, env: append(append(os.Environ(), s.Env()...), "HOME="+t.TempDir())}
}

// run wants success and gives standard output; input may be "".
func (k kubectl) run(input string, args ...string) string {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, k.path, args...)
	cmd.Env = k.env
	cmd.Stdin = strings.NewReader(input)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		k.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// has wants texts in the output.
func (k kubectl) has(out string, texts ...string) {
	k.t.Helper()
	for _, s := range texts {
		if !strings.Contains(out, s) {
			k.t.Errorf("%q is not in\n%s", s, out)
		}
	}
}

// TestKubectl runs the commands of Google's page, and those that people use with them, with an unmodified kubectl.
func TestKubectl(t *testing.T) {
	c := start(t, sim.Options{Clusters: 2})
	k := newKubectl(t, c.s)

	k.has(k.run("", "get", "mutatingwebhookconfiguration"), "NAME", "WEBHOOKS", "AGE", "istiod-asm-managed")
	k.has(k.run("", "get", "mutatingwebhookconfiguration", "istiod-asm-managed", "-o", "yaml"), "url: https://asm-cluster-1-asm-managed-")
	k.has(k.run("", "describe", "controlplanerevision", "asm-managed", "-n", "istio-system"),
		"Name:         asm-managed", "The provisioning process has completed successfully", "ProvisioningFinished", "NotStalled", "Events:")
	k.has(k.run("", "get", "cpr", "-A"), "RECONCILED", "STALLED", "True", "False")
	k.has(k.run("", "api-resources"), "controlplanerevisions", "cpr", "pods", "dataplanecontrols")
	request := `{"kind":"TokenRequest","apiVersion":"authentication.k8s.io/v1","spec":{"audiences":["istio-ca"], "expirationSeconds":2592000}}`
	k.has(k.run(request, "create", "--raw", "/api/v1/namespaces/default/serviceaccounts/default/token", "-f", "-"), `"token":"ey`,
		`"istio-ca"`)

	if out := k.run("", "get", "pods", "--all-namespaces", "-l", "dataplane-upgrade=failed"); strings.Contains(out, "backend") {
		t.Errorf("failed before the fault: %s", out)
	}
	c.sim("PUT", "faults/proxies-failed", "").ok()
	k.has(k.run("", "get", "pods", "--all-namespaces", "-l", "dataplane-upgrade=failed"), "NAMESPACE", "shop", "backend-")
	k.has(k.run("", "get", "events", "-n", "shop"), "DataPlaneUpgradeFailure", "EvictionError")
	k.has(k.run("", "describe", "poddisruptionbudget", "backend", "-n", "shop"), "backend")
	k.has(k.run("", "rollout", "restart", "deployment", "backend", "-n", "shop"), "restarted")
	k.has(k.run("", "rollout", "status", "deployment", "backend", "-n", "shop", "--timeout=30s"), "successfully rolled out")
	if out := k.run("", "get", "pods", "--all-namespaces", "-l", "dataplane-upgrade=failed"); strings.Contains(out, "backend") {
		t.Errorf("failed after the restart: %s", out)
	}

	k.run("", "label", "namespace", "shop", "istio.io/rev-", "istio-injection=enabled", "--overwrite")
	k.has(k.run("", "get", "namespace", "shop", "--show-labels"), "istio-injection=enabled")
	manifest := filepath.Join(t.TempDir(), "cm.yaml")
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine, namespace: default}\ndata: {a: b}\n"
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.has(k.run("", "apply", "-f", manifest, "--validate=false"), "created")
	k.has(k.run("", "apply", "-f", manifest, "--validate=false"), "unchanged")
	k.has(k.run("", "apply", "--server-side", "--force-conflicts", "-f", manifest, "--validate=false"), "serverside-applied")
	k.run("", "wait", "--for=condition=Reconciled", "controlplanerevision/asm-managed", "-n", "istio-system", "--timeout=20s")
	k.has(k.run("", "delete", "configmap", "mine", "-n", "default"), "deleted")

	gateway := "--context=connectgateway_" + p1 + "_us-central1_cluster-2"
	k.has(k.run("", gateway, "get", "namespaces"), "shop", "Active")
	k.has(k.run("", gateway, "version"), "Server Version: v1.33.5-gke")
}

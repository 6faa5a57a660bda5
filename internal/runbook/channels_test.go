package runbook_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

const revisionsPath = "/apis/mesh.cloud.google.com/v1beta1/namespaces/istio-system/controlplanerevisions"

// twoChannels is a world with the rapid channel's revision beside the regular one's.
func twoChannels(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, sim.Options{})
	w.kubectl(http.MethodPost, revisionsPath, `{
		"apiVersion": "mesh.cloud.google.com/v1beta1", "kind": "ControlPlaneRevision",
		"metadata": {"name": "asm-managed-rapid", "namespace": "istio-system"},
		"spec": {"type": "managed_service", "channel": "rapid"}}`)
	w.Advance(time.Hour)
	if found := alarms(w.diagnose(w.engine(runs(t)))); len(found) > 0 {
		t.Fatalf("a second channel alone is %q", found)
	}
	return w
}

func (w *world) kubectl(method, path, body string) {
	w.t.Helper()
	w.CallAs(simtest.Owner, "kubectl", method, simtest.InCluster+path, body)
}

// A namespace of the rapid channel that an in-cluster control plane took gets its own revision back, not the first one.
func TestInjectionIsCorrectedOnItsOwnChannel(t *testing.T) {
	w := twoChannels(t)
	w.Suffer("wrong-injection")
	w.kubectl(http.MethodPatch, "/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio.io/rev":"asm-managed-rapid"}}}`)
	w.Advance(time.Minute)
	w.Forget()
	m := w.remedy(fleet.RemediateOptions{Approvals: yes})
	if code := m.ExitCode(diagnosis.FailDegraded); code != 0 {
		t.Errorf("exit code %d\n%s", code, tale(m))
	}
	labels := w.Read(simtest.InCluster + "/api/v1/namespaces/shop")["metadata"].(map[string]any)["labels"].(map[string]any)
	if labels["istio.io/rev"] != "asm-managed-rapid" || labels["istio-injection"] != nil {
		t.Errorf("labels are %v", labels)
	}
}

// Without a revision's name the managed data plane is turned on for each that the cluster has.
func TestDataPlaneOfEveryRevision(t *testing.T) {
	w := twoChannels(t)
	e := w.engine(runs(t))
	w.Forget()
	r := run(t, e, plan(t, e, job(t, "enable-managed-data-plane")), yes)
	if r.Outcome != journal.Succeeded {
		t.Error(told(r))
	}
	for _, name := range []string{"asm-managed", "asm-managed-rapid"} {
		if !slices.ContainsFunc(w.acts(), func(act string) bool { return strings.Contains(act, "/controlplanerevisions/"+name+" ") }) {
			t.Errorf("%s is not among %q", name, w.acts())
		}
	}
}

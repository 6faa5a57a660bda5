package diagnosis_test

import (
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// Whoever follows Google's tutorial has a namespace with istio-injection=enabled and nothing else. That is healthy, before
// and after its pods are created anew.
func TestAsTheTutorialLeavesIt(t *testing.T) {
	for _, implementation := range []string{"TRAFFIC_DIRECTOR", "ISTIOD"} {
		w := newWorld(t, sim.Options{Implementation: implementation, DefaultInjection: true})
		w.Advance(time.Hour)
		healthy := func(when string) {
			r := w.diagnose(diagnosis.Options{})
			for _, f := range r.Findings {
				if implementation != "ISTIOD" || f.Code != "istiod-implementation-deprecated" {
					t.Errorf("%s, %s: %s: %s", implementation, when, f.Code, f.Message)
				}
			}
			if r.Verdict != mesh.Healthy && implementation != "ISTIOD" {
				t.Errorf("%s, %s: %s", implementation, when, r.Summary)
			}
		}
		healthy("at first")
		w.kube("PATCH", "apis/apps/v1/namespaces/shop/deployments/frontend",
			`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-11-29T00:00:00Z"}}}}}`)
		w.Advance(time.Hour)
		healthy("after a restart")
	}
}

// The same label without the webhook of the default tag leaves pods without a proxy.
func TestTheTutorialsLabelIsNotServed(t *testing.T) {
	w := newWorld(t, sim.Options{DefaultInjection: true})
	w.kube("PATCH", "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-revision-tag-default", `{"webhooks": []}`)
	w.Advance(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if got := rootNames(r); len(got) != 1 || got[0] != "no-injection:istio-injection=enabled of membership" || r.Verdict == mesh.Healthy {
		t.Errorf("%v: %s", got, r.Summary)
	}
}

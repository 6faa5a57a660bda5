package diagnosis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
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

// A report says per membership whether it is ready for modernization, or what keeps it.
func TestReadyForModernization(t *testing.T) {
	w := newWorld(t, sim.Options{Implementation: "ISTIOD"})
	w.Advance(time.Hour)
	stands := func() (fact, message string) {
		r := w.diagnose(diagnosis.Options{})
		for _, s := range r.Subjects {
			if s.Type == diagnosis.TypeMembership {
				fact = s.Facts[diagnosis.FactModernization]
			}
		}
		for _, f := range r.Findings {
			if f.Code == catalogue.ImplementationLegacy {
				message = f.Message
			}
		}
		return fact, message
	}
	if fact, message := stands(); fact != "ready for modernization" || !strings.HasSuffix(message, "support ends on 2028-03-01; "+fact) {
		t.Errorf("%q, %q", fact, message)
	}
	w.Fault("managed-cni-off")
	w.Fault("remote-secrets")
	w.Advance(time.Hour)
	if fact, message := stands(); fact != "kept from modernization by LEGACY_MC_SECRETS, MANAGED_CNI_NOT_ENABLED" ||
		!strings.HasSuffix(message, fact) {
		t.Errorf("%q, %q", fact, message)
	}
}

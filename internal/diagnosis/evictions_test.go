package diagnosis_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// A budget that is gone again left pods behind whose proxy could not be upgraded: the data plane's event says why.
func TestWhyAProxyWasNotUpgraded(t *testing.T) {
	w := newWorld(t, one)
	w.Suffer("proxies-failed")
	w.Forget()
	w.diagnose(diagnosis.Options{})
	if n := w.Count("/api/v1/events"); n != 0 {
		t.Errorf("%d reads of events although the budget is there", n)
	}
	w.kube("PATCH", "apis/policy/v1/namespaces/shop/poddisruptionbudgets/backend", `{"spec":{"minAvailable":0}}`)
	r := w.diagnose(diagnosis.Options{})
	for _, f := range r.Findings {
		if f.Code == catalogue.ProxiesFailed && strings.Contains(f.Message, "the data plane noted: EvictionError: Cannot evict pod") {
			return
		}
	}
	t.Error(told(r))
}

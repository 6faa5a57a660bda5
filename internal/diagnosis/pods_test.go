package diagnosis_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// clusterPath is the one cluster of a world, for plain requests.
const clusterPath = "/_cluster/" + fleetProject + "/us-central1/cluster-1"

// Whoever corrects the labels and stops there leaves pods with the proxy that they were created with.
func TestPodsThatWereNotRestartedAreARootCause(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Suffer("wrong-injection")
	if r := w.diagnose(diagnosis.Options{}); !slices.Equal(consequences(r)["pods-injected-elsewhere:Deployment of membership"],
		[]string{"wrong-injection of membership"}) {
		t.Errorf("while the label is wrong, the pods are no consequence of it: %s", told(r))
	}
	w.Call("PATCH", clusterPath+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-managed"}}}`)
	w.Advance(10 * time.Minute)
	w.Forget()
	r := w.diagnose(diagnosis.Options{})
	if got := rootNames(r); r.Verdict != mesh.Unhealthy || !slices.Equal(got, []string{"pods-injected-elsewhere:Deployment of membership"}) {
		t.Fatalf("the label is right, and the pods are not: %s", told(r))
	}
	for _, f := range alarms(r) {
		if !strings.Contains(f.Message, "istiod.istio-system (revision default)") || catalogue.RunbookOf(f.Finding) != "restart-proxies" {
			t.Errorf("%s; corrected by %q", f.Message, catalogue.RunbookOf(f.Finding))
		}
	}
	if whole := w.Count("/pods?"); whole > 4 { // of each of the two Deployments one pod, beside the metadata of all
		t.Errorf("%d reads of pods", whole)
	}
}

// A namespace that names a revision of an in-cluster control plane is information, and nothing is left to correct.
func TestACanaryMigrationIsLeftAlone(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Suffer("wrong-injection")
	w.Call("PATCH", clusterPath+"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-sidecar-injector",
		`{"metadata":{"labels":{"istio.io/rev":"asm-1-20"}},"webhooks":[{"name":"rev.namespace.sidecar-injector.istio.io",`+
			`"clientConfig":{"service":{"name":"istiod-asm-1-20","namespace":"istio-system","path":"/inject"}},"sideEffects":"None",`+
			`"admissionReviewVersions":["v1"],"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}],`+
			`"namespaceSelector":{"matchLabels":{"istio.io/rev":"asm-1-20"}}}]}`)
	w.Call("PATCH", clusterPath+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio-injection":null,"istio.io/rev":"asm-1-20"}}}`)
	w.Advance(10 * time.Minute)
	r := w.diagnose(diagnosis.Options{})
	chosen := slices.ContainsFunc(r.Findings, func(f diagnosis.Finding) bool { return f.Code == catalogue.InjectionChosen })
	if r.Verdict != mesh.Healthy || !chosen || len(alarms(r)) > 0 {
		t.Errorf("an in-cluster revision that was chosen: %s", told(r))
	}
}

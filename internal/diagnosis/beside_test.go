package diagnosis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
)

// besides are troubles that no named fault of the simulator makes, and that nothing else brings about: whatever else is
// broken, each is a root of its own.
var besides = []struct {
	name  string
	roots []string
	do    func(w *world)
}{
	{"the label names no revision", []string{"no-injection:istio.io/rev=asm-canary of membership"}, func(w *world) {
		w.kube("POST", "api/v1/namespaces", `{"apiVersion": "v1", "kind": "Namespace",
			"metadata": {"name": "canary", "labels": {"istio.io/rev": "asm-canary"}}}`)
	}},
	{"the label has no webhook", []string{"no-injection:istio-injection=enabled of membership"}, func(w *world) {
		w.kube("POST", "api/v1/namespaces", `{"apiVersion": "v1", "kind": "Namespace",
			"metadata": {"name": "older", "labels": {"istio-injection": "enabled"}}}`)
		w.kube("PATCH", "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istio-revision-tag-default", `{"webhooks": []}`)
	}},
	{"a second revision is wrong", []string{"revision-mismatch:channel-does-not-match-name of membership"}, func(w *world) {
		w.kube("POST", "apis/mesh.cloud.google.com/v1beta1/namespaces/istio-system/controlplanerevisions", `{
			"apiVersion": "mesh.cloud.google.com/v1beta1", "kind": "ControlPlaneRevision",
			"metadata": {"name": "asm-managed-rapid", "namespace": "istio-system"},
			"spec": {"type": "managed_service", "channel": "regular"}}`)
	}},
}

// noInside are faults that leave nothing of the inside of a cluster to be seen.
var noInside = []string{"cluster-deleted", "project-deleted"}

// TestAnyTroubleBesideAnyOtherKeepsItsRoot does each fault beside each trouble that it cannot have brought about.
func TestAnyTroubleBesideAnyOtherKeepsItsRoot(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred worlds")
	}
	for _, beside := range besides {
		for i := -1; i < len(worldFaults); i++ {
			name, roots := "alone", []string{}
			if i >= 0 {
				name, roots = worldFaults[i].name, left(i, i)
			}
			if slices.Contains(noInside, name) || beside.name == "the label has no webhook" && name == "wrong-injection" { // its webhook
				continue
			}
			t.Run(beside.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, one)
				w.Advance(time.Hour)
				beside.do(w)
				if i >= 0 {
					w.Suffer(name)
				} else {
					w.Advance(time.Hour)
				}
				r := w.diagnose(diagnosis.Options{})
				got := rootNames(r)
				for _, want := range slices.Concat(roots, beside.roots) {
					if !slices.Contains(got, want) {
						t.Errorf("root causes are %q, without %q\n%s", got, want, told(r))
					}
				}
			})
		}
	}
}

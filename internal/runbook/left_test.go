package runbook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/journal"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

// What a restart leaves to a person is named in the plan, in the result, which is no success, and in the diagnosis.
func TestWhatARestartLeavesToAPerson(t *testing.T) {
	for name, harm := range map[string]func(*world){
		"correct-injection": func(*world) {},
		"restore-connect-gateway": func(w *world) { // the label is right, the pods are old
			w.CallAs(simtest.Owner, "kubectl", http.MethodPatch, simtest.InCluster+"/api/v1/namespaces/shop",
				`{"metadata":{"labels":{"istio.io/rev":"asm-managed","istio-injection":null}}}`)
			w.Fault("connectgateway-disabled")
			w.Advance(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := suffer(t, "wrong-injection")
			for path, object := range map[string]string{
				"/apis/apps/v1/namespaces/shop/statefulsets": `{"apiVersion": "apps/v1", "kind": "StatefulSet",
					"metadata": {"name": "db", "namespace": "shop"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "db"}},
					"template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "db", "image": "db"}]}}}}`,
				"/api/v1/namespaces/shop/pods": `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "naked", "namespace": "shop"},
					"spec": {"containers": [{"name": "naked", "image": "naked"}]}}`,
			} {
				w.CallAs(simtest.Owner, "kubectl", http.MethodPost, simtest.InCluster+path, object)
			}
			w.Advance(time.Minute)
			harm(w)
			e := w.engine(runs(t))
			named := func(text string) bool {
				return strings.Contains(text, "StatefulSet shop/db") && strings.Contains(text, "Pod shop/naked")
			}
			p := plan(t, e, job(t, name))
			for _, s := range p.Steps {
				if s.Kind == "rolling_restart" && !named(s.Text) && !strings.Contains(s.Text, "not readable yet") {
					t.Errorf("the plan says %q", s.Text)
				}
			}
			r := run(t, e, p, yes)
			if r.Outcome != journal.Failed || !named(r.Error) {
				t.Error(told(r))
			}
			for _, s := range r.Steps {
				if s.Step == "restart" && !named(s.Text) {
					t.Errorf("the result says %q", s.Text)
				}
			}
			var found []string
			for _, f := range w.diagnose(e).Findings {
				found = append(found, f.Message)
			}
			if !named(strings.Join(found, "\n")) {
				t.Errorf("the diagnosis says %q", found)
			}
		})
	}
}

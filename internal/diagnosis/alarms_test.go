package diagnosis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// quiet wants a report without an alarm.
func quiet(t *testing.T, r *diagnosis.Report) {
	t.Helper()
	if r.Verdict != mesh.Healthy || len(alarms(r)) > 0 || r.ExitCode(diagnosis.FailDegraded) != diagnosis.ExitClean {
		t.Errorf("exit %d, %s", r.ExitCode(diagnosis.FailDegraded), told(r))
	}
	for _, s := range r.Subjects {
		for _, c := range s.Checks {
			if c.Status != diagnosis.Met {
				t.Errorf("%s of %s is %s", c.Kind, s.Name, c.Status)
			}
		}
	}
}

func TestAHealthyFleetRaisesNoAlarm(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 3, Clusters: 20})
	w.Advance(time.Hour)
	w.Forget()
	r := w.diagnose(diagnosis.Options{})
	quiet(t, r)
	types := map[string]int{}
	for _, s := range r.Subjects {
		types[s.Type]++
	}
	if types[diagnosis.TypeFleet] != 1 || types[diagnosis.TypeProject] != 3 || types[diagnosis.TypeMembership] != 20 {
		t.Errorf("it looked at %v", types)
	}
	for part, want := range map[string]int{
		"features/servicemesh": 1, "locations/-/memberships": 1, "locations/-/clusters": 3, ":getIamPolicy": 3, "services:batchGet": 3,
		"/gkeMemberships/": 7 * 20, "GET cloudresourcemanager.googleapis.com/v3/projects/mesh-sim-": 1,
	} {
		if got := w.Count(part); got != want {
			t.Errorf("%d requests for %s, want %d", got, part, want)
		}
	}
	if got := w.Count("entries:list"); got > 0 { // nothing is wrong that a log could explain
		t.Errorf("%d searches of logs", got)
	}
	if all, known := w.Count(" "), 1+1+3+3+3+7*20+1; all != known {
		t.Errorf("%d requests, %d of them known: %v", all, known, w.Lines())
	}
}

// A mesh that is not used is not broken, whatever a mesh would lack, and not healthy either.
func TestAMeshThatIsNotUsedIsAbsentAndNoMore(t *testing.T) {
	absent := func(r *diagnosis.Report) {
		t.Helper()
		if got := rootNames(r); !slices.Equal(got, []string{"mesh-absent of fleet"}) || r.Verdict != mesh.Unknown {
			t.Errorf("root causes are %q\n%s", got, told(r))
		}
	}
	for name, change := range map[string]func(doc map[string]any){
		"the feature is off": func(doc map[string]any) {
			delete(project(doc, fleetProject)["fleet"].(map[string]any), "features")
		},
		"management was never asked for": func(doc map[string]any) { delete(meshFeature(doc), "membershipSpecs") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sim.Options{Projects: 2, Clusters: 3})
			w.Edit(change)
			// Nothing of what only the mesh needs is missed.
			w.Fault("binding-revoked")
			w.Fault("mesh-api-disabled")
			w.Fault("workload-pool-missing")
			w.Advance(time.Hour)
			w.Forget()
			absent(w.diagnose(diagnosis.Options{}))
			// What a mesh leaves in its project is looked for once, and in no other project.
			if n := w.Count(":getIamPolicy") + w.Count("batchGet") + w.Count("entries:list"); n > 3 {
				t.Errorf("%d requests about prerequisites of nothing", n)
			}
		})
	}
	t.Run("the project has no fleet", func(t *testing.T) {
		w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
		w.Forget()
		absent(w.diagnose(diagnosis.Options{FleetProjects: []string{"mesh-sim-2"}}))
		if n := w.Count(" "); n != 7 {
			t.Errorf("%d requests: %v", n, w.Lines())
		}
	})
}

func TestAnInClusterMeshBesideTheManagedOneRaisesNoAlarm(t *testing.T) {
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.kube("POST", "apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", `{
		"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
		"metadata": {"name": "istio-sidecar-injector", "labels": {"app": "sidecar-injector", "istio.io/rev": "default"}},
		"webhooks": [{
			"name": "rev.namespace.sidecar-injector.istio.io", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
			"clientConfig": {"service": {"name": "istiod", "namespace": "istio-system", "path": "/inject", "port": 443}},
			"namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}},
			"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]
		}]}`)
	r := w.diagnose(diagnosis.Options{})
	quiet(t, r)
	if len(r.Findings) != 1 || r.Findings[0].Code != catalogue.InjectorLeftover {
		t.Errorf("it is worth a remark, and no more: %s", told(r))
	}
}

// kube changes the first cluster through its API server.
func (w *world) kube(method, path, body string) {
	w.t.Helper()
	w.Call(method, "/_cluster/"+fleetProject+"/us-central1/cluster-1/"+path, body)
}

package diagnosis_test

import (
	"slices"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// rootsOf are the root causes that each fault of the simulator's world is, in the
// words of the catalogue. Faults of single requests are in other tests.
var rootsOf = map[string][]string{
	"binding-revoked":           {"service-agent-binding-missing"},
	"binding-conditional":       {"service-agent-binding-conditional"},
	"binding-deleted-agent":     {"service-agent-deleted"},
	"connectgateway-disabled":   {"api-disabled:connectgateway.googleapis.com"},
	"mesh-api-disabled":         {"api-disabled:mesh.googleapis.com"},
	"workload-pool-missing":     {"workload-pool-missing"},
	"workload-pool-wrong":       {"workload-pool-wrong"},
	"node-pool-metadata":        {"node-pool-without-gke-metadata"},
	"identity-provider-missing": {"membership-identity-missing"},
	"management-manual":         {"spec-differs-from-state:MANAGEMENT_MANUAL"},
	"feature-disabled":          {"mesh-feature-disabled"},
	"cluster-deleted":           {"cluster-missing"},
	"agent-missing":             {"service-agent-binding-missing"},
	"stop-name":                 {"revision-mismatch:unsupported-revision-name"},
	"stop-not-gke":              {"revision-stalled:not-a-gke-cluster"},
	"stop-namespace":            {"revision-mismatch:unsupported-revision-namespace"},
	"stop-channel":              {"revision-mismatch:channel-does-not-match-name"},
	"stop-channel-missing":      {"revision-mismatch:channel-missing"},
	"stop-type":                 {"revision-mismatch:unsupported-revision-type"},
	"stop-kubernetes-version":   {"revision-stalled:unsupported-kubernetes-version"},
	"stop-workload-identity":    {"workload-pool-missing"},
	"stop-workload-pool":        {"workload-pool-wrong"},
	"stop-project":              {"revision-stalled:project-is-not-the-fleets"},
	"stop-cluster-resources":    {"revision-stalled:cluster-resources-not-updated"},
	"stop-mutating-url":         {"injector-url"},
	"stop-validating-url":       {"injector-url"},
	"project-deleted":           {"project-deleted"},
	"new-enum":                  {"mesh-condition:MESH_IS_ASLEEP", "unlisted-value"},
	"wrong-injection":           {"wrong-injection"},
	"proxies-failed":            {"proxies-not-upgraded"},
}

func TestHealthyWorldsRaiseNoAlarm(t *testing.T) {
	w := newWorld(t, sim.Options{Projects: 2, Clusters: 4})
	w.pass(time.Hour)
	r := w.diagnose(diagnosis.Options{})
	if got := causes(r); len(got) > 0 || r.Verdict != mesh.Healthy || r.ExitCode(diagnosis.FailDegraded) != 0 {
		t.Errorf("exit %d, %s", r.ExitCode(diagnosis.FailDegraded), told(r))
	}
}

func TestEveryFaultIsItsOwnRootCause(t *testing.T) {
	for fault, want := range rootsOf {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sim.Options{Projects: 2, Clusters: 2})
			w.pass(time.Hour)
			w.fault(fault)
			w.pass(time.Hour)
			r := w.diagnose(diagnosis.Options{})
			if got := causes(r); !slices.Equal(got, want) {
				t.Errorf("root causes are %v, want %v\n%s", got, want, told(r))
			}
			w.unfault(fault)
			w.pass(2 * time.Hour)
			if r := w.diagnose(diagnosis.Options{}); len(causes(r)) > 0 {
				t.Errorf("after the fix: %s", told(r))
			}
		})
	}
}

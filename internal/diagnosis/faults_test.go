package diagnosis_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/diagnosis"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// worldFaults are the faults of the simulator's world, in the order in which two of
// them are done: what is made anew or goes away altogether comes last.
var worldFaults = []struct {
	name  string
	roots []string // CODE[:DETAIL] of TYPE OF SUBJECT
}{
	{"proxies-failed", []string{"proxies-not-upgraded of membership"}},
	{"wrong-injection", []string{"wrong-injection of membership"}},
	{"managed-cni-off", []string{"managed-cni-off of membership"}},
	{"cni-unschedulable", []string{"mesh-component-unschedulable:istio-cni-node of membership"}},
	{"mdp-unschedulable", []string{"mesh-component-unschedulable:mdp-controller of membership"}},
	{"config-rejected", []string{"istio-config-rejected of membership"}},
	{"remote-secrets", []string{"remote-secrets-by-hand of membership"}},
	{"stop-cluster-resources", []string{"revision-stalled:cluster-resources-not-updated of membership"}},
	{"stop-project", []string{"revision-stalled:project-is-not-the-fleets of membership"}},
	{"stop-kubernetes-version", []string{"revision-stalled:unsupported-kubernetes-version of membership"}},
	{"stop-not-gke", []string{"revision-stalled:not-a-gke-cluster of membership"}},
	{"stop-type", []string{"revision-mismatch:unsupported-revision-type of membership"}},
	{"stop-channel", []string{"revision-mismatch:channel-does-not-match-name of membership"}},
	{"stop-channel-missing", []string{"revision-mismatch:channel-missing of membership"}},
	{"stop-name", []string{"revision-mismatch:unsupported-revision-name of membership"}},
	{"stop-namespace", []string{"revision-mismatch:unsupported-revision-namespace of membership"}},
	{"stop-mutating-url", []string{"injector-url of membership"}},
	{"stop-validating-url", []string{"injector-url of membership"}},
	{"workload-pool-wrong", []string{"workload-pool-wrong of membership"}},
	{"stop-workload-pool", []string{"workload-pool-wrong of membership"}},
	{"workload-pool-missing", []string{"workload-pool-missing of membership"}},
	{"stop-workload-identity", []string{"workload-pool-missing of membership"}},
	{"node-pool-metadata", []string{"node-pool-without-gke-metadata of membership"}},
	{"identity-provider-missing", []string{"membership-identity-missing of membership"}},
	{"binding-conditional", []string{"service-agent-binding-conditional of project"}},
	{"binding-deleted-agent", []string{"service-agent-deleted of project"}},
	{"binding-revoked", []string{"service-agent-binding-missing of project"}},
	{"hub-agent-revoked", nil}, // the fleet's own project needs no grant
	{"agent-missing", []string{"service-agent-binding-missing of project"}},
	{"mesh-api-disabled", []string{"api-disabled:mesh.googleapis.com of project"}},
	{"connectgateway-disabled", []string{"api-disabled:connectgateway.googleapis.com of project"}},
	{"new-enum", []string{"mesh-condition:MESH_IS_ASLEEP of membership", "unlisted-value of membership"}},
	{"management-manual", []string{"spec-differs-from-state:MANAGEMENT_MANUAL of membership"}},
	{"cluster-busy", nil}, // an operation of GKE is no trouble of the mesh
	{"everything-broken", []string{
		"api-disabled:connectgateway.googleapis.com of project", "api-disabled:mesh.googleapis.com of project",
		"node-pool-without-gke-metadata of membership", "service-agent-binding-missing of project", "workload-pool-missing of membership",
	}},
	{"feature-disabled", []string{"mesh-feature-disabled of fleet"}},
	{"cluster-deleted", []string{"cluster-missing of membership"}},
	{"project-deleted", []string{"project-deleted of fleet"}},
}

// requestFaults change how requests are answered and leave the world as it is; other tests have them.
var requestFaults = []string{
	"rate-limit", "unavailable", "forbidden", "conflict", "conflict-empty-body", "cut", "malformed", "slow", "failing-operations",
	"stuck-operations", "slow-propagation", "concurrent-write", "activation-conflict", "policy-version-strict", "empty-log-pages",
	"no-audit", "quota",
}

// TestEveryFaultOfTheSimulatorIsInATable fails for a fault that the simulator learnt and nobody looked at here.
func TestEveryFaultOfTheSimulatorIsInATable(t *testing.T) {
	known := slices.Clone(requestFaults)
	for _, f := range worldFaults {
		known = append(known, f.name)
	}
	var all []string
	for _, f := range sim.Faults() {
		all = append(all, f.Name)
	}
	slices.Sort(known)
	slices.Sort(all)
	if !slices.Equal(known, all) {
		t.Errorf("the tables have\n%v\nthe simulator has\n%v", known, all)
	}
}

// two has a cluster in a project that is not the fleet's.
var two = sim.Options{Projects: 2, Clusters: 2}

// one is the world in which faults are done: all of them hit the same project, fleet and cluster.
var one = sim.Options{Projects: 1, Clusters: 1}

// suffer does faults to a world, one after the other, and lets the mesh notice.
func suffer(t *testing.T, faults ...string) (*world, *diagnosis.Report) {
	t.Helper()
	w := newWorld(t, one)
	w.Advance(time.Hour)
	w.Suffer(faults...)
	return w, w.diagnose(diagnosis.Options{})
}

// heal undoes faults, the latest first, and wants a clean report.
func (w *world) heal(faults ...string) {
	w.t.Helper()
	for _, f := range slices.Backward(faults) {
		w.ClearFault(f)
	}
	w.Advance(2 * time.Hour)
	if r := w.diagnose(diagnosis.Options{}); r.Verdict != mesh.Healthy || len(alarms(r)) > 0 {
		w.t.Errorf("after the fix: %s", told(r))
	}
}

// alarms are the findings of a report that are not for information only.
func alarms(r *diagnosis.Report) (all []diagnosis.Finding) {
	for _, f := range r.Findings {
		if f.Severity != catalogue.Info {
			all = append(all, f)
		}
	}
	return all
}

// place is a finding and the type of what it is about.
func place(r *diagnosis.Report, f diagnosis.Finding) string {
	for _, s := range r.Subjects {
		if s.Name == f.About {
			return name(f) + " of " + s.Type
		}
	}
	return name(f) + " of nothing"
}

// symptom is what a finding is known by from world to world: of a state, only
// whose it is, for two faults make one state of both.
func symptom(r *diagnosis.Report, f diagnosis.Finding) string {
	switch f.Code {
	case catalogue.ControlPlaneState, catalogue.DataPlaneState:
		if f.Detail != mesh.StateNeedsAttention {
			f.Detail = ""
		}
	}
	return place(r, f)
}

func rootNames(r *diagnosis.Report) []string {
	names := []string{}
	for _, f := range alarms(r) {
		if f.Root() {
			names = append(names, place(r, f))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// consequences are a report's symptoms with the root causes that each names.
func consequences(r *diagnosis.Report) map[string][]string {
	roots := map[string]string{}
	for _, f := range r.Findings {
		if f.Root() {
			roots[f.Fingerprint] = place(r, f)
		}
	}
	all := map[string][]string{}
	for _, f := range alarms(r) {
		if f.Root() {
			continue
		}
		s := symptom(r, f)
		for _, print := range f.BlockedBy {
			if root := roots[print]; !slices.Contains(all[s], root) {
				all[s] = append(all[s], root)
			}
		}
		slices.Sort(all[s])
	}
	return all
}

func TestEveryFaultIsItsOwnRootCause(t *testing.T) {
	for _, f := range worldFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w, r := suffer(t, f.name)
			if got := rootNames(r); !slices.Equal(got, append([]string{}, f.roots...)) {
				t.Errorf("root causes are %q, want %q\n%s", got, f.roots, told(r))
			}
			w.heal(f.name)
		})
	}
}

// Where one fault takes away what another shows in, its root cause cannot be seen.
// Each is a reason of the world, not of the diagnosis.
var hidden = []struct {
	by    []string // any of these faults
	roots []string // hides these root causes of another; none: all
	shows string   // this is seen in their place
	why   string
}{
	{by: []string{"project-deleted"}, why: "nothing in a deleted project answers"},
	{
		by: []string{"cluster-deleted"}, roots: []string{
			"workload-pool-missing", "workload-pool-wrong", "node-pool-without-gke-metadata", "revision-mismatch", "revision-stalled",
			"injector-url",
			"wrong-injection", "proxies-not-upgraded", "managed-cni-off", "mesh-component-unschedulable", "istio-config-rejected",
			"remote-secrets-by-hand",
		},
		why: "it was in the cluster or of it",
	},
	{
		by:    []string{"binding-deleted-agent", "binding-revoked", "agent-missing", "everything-broken"},
		roots: []string{"service-agent-binding-conditional"},
		why:   "the later policy has no conditional grant any more",
	},
	{by: []string{"binding-revoked", "agent-missing", "everything-broken"}, roots: []string{"service-agent-deleted"},
		why: "the later policy does not name the deleted agent any more"},
	{by: []string{"workload-pool-missing", "stop-workload-identity", "everything-broken"}, roots: []string{"workload-pool-wrong"},
		why: "a cluster has one workload pool, and the later change wins"},
	{by: []string{"stop-channel-missing"}, roots: []string{"revision-mismatch:channel-does-not-match-name"},
		why: "a revision has one channel, and the later change wins"},
	// A stop that no field shows is known by the revision's message alone, which tells the first in Google's order.
	{
		by: []string{
			"stop-project", "stop-kubernetes-version", "stop-not-gke", "stop-type", "stop-channel", "stop-channel-missing",
			"workload-pool-wrong", "stop-workload-pool", "workload-pool-missing", "stop-workload-identity",
		},
		roots: []string{"revision-stalled:cluster-resources-not-updated"}, why: "a stop that Google tests for earlier takes its place in the " +
			"message",
	},
	{
		by: []string{
			"stop-kubernetes-version", "stop-not-gke", "stop-type", "stop-channel", "stop-channel-missing",
			"workload-pool-wrong", "stop-workload-pool", "workload-pool-missing", "stop-workload-identity",
		},
		roots: []string{"revision-stalled:project-is-not-the-fleets"}, why: "likewise",
	},
	{
		by:    []string{"stop-not-gke", "stop-type", "stop-channel", "stop-channel-missing"},
		roots: []string{"revision-stalled:unsupported-kubernetes-version"}, why: "likewise",
	},
	{by: []string{"wrong-injection"}, roots: []string{"proxies-not-upgraded"}, why: "the pods were restarted, and are the in-cluster " +
		"plane's, which nobody upgrades"},
	{
		by: []string{"stop-not-gke"},
		roots: []string{"workload-pool-missing", "workload-pool-wrong", "node-pool-without-gke-metadata", "cluster-missing", "mesh-condition",
			"unlisted-value"},
		why: "the membership does not name the cluster: what is wrong with that is not its trouble, and the simulator's faults of memberships " +
			"do not find it",
	},
	{by: []string{"connectgateway-disabled", "everything-broken"}, roots: []string{"revision-stalled:not-a-gke-cluster"},
		why: "a cluster that is not of GKE is reached through Connect Gateway alone"},
	{by: []string{"cluster-deleted"}, roots: []string{"revision-stalled:not-a-gke-cluster"}, shows: "cannot-read of membership",
		why: "that a cluster outside of Google Cloud is gone, no API tells"},
	{by: []string{"identity-provider-missing"}, roots: []string{"revision-stalled:not-a-gke-cluster"}, shows: "cannot-read of membership",
		why: "the simulator finds the cluster of a membership that names none by its issuer"},
	{by: []string{"feature-disabled"}, roots: []string{"mesh-condition", "unlisted-value", "spec-differs-from-state"},
		why: "with the feature, its specs and states are gone"},
	{by: []string{"feature-disabled", "new-enum"}, roots: []string{"istio-config-rejected", "remote-secrets-by-hand"},
		why: "they are looked for where the fleet reports a condition, which is not reported then"},
	{by: []string{"feature-disabled"}, roots: []string{"cluster-missing"}, why: "where nothing shows that the mesh was meant, nobody misses " +
		"a cluster for it"},
	{by: []string{"cluster-deleted"}, roots: []string{"mesh-feature-disabled"}, shows: "mesh-absent of fleet",
		why: "the only cluster that showed that the mesh was meant " +
			"is gone"},
}

// seen are the root causes that two faults leave to be seen.
func seen(a, b int) []string {
	roots := append(left(a, b), left(b, a)...)
	slices.Sort(roots)
	return slices.Compact(roots)
}

// left are the root causes of a fault that another does not hide.
func left(of, beside int) []string {
	roots := []string{}
	for _, root := range worldFaults[of].roots {
		hide := false
		for _, h := range hidden {
			if slices.Contains(h.by, worldFaults[beside].name) &&
				(h.roots == nil || slices.ContainsFunc(h.roots, func(r string) bool { return strings.HasPrefix(root, r) })) {
				hide = true
				if h.shows != "" {
					roots = append(roots, h.shows)
				}
			}
		}
		if !hide {
			roots = append(roots, root)
		}
	}
	return roots
}

// either are consequences that a second fault may explain as well as the first,
// though it does not bring them about alone.
var either = map[string][]string{
	"log-webhook-failed of membership": {"injector-url of membership"}, // a webhook that calls a control plane that is gone
}

func TestEveryPairOfFaultsIsItsTwoRootCauses(t *testing.T) {
	if testing.Short() {
		t.Skip("some five hundred worlds")
	}
	// What each fault brings about alone is what it may bring about beside another.
	var mu sync.Mutex
	alone := make([]map[string][]string, len(worldFaults))
	right, total := 0, 0
	t.Run("alone", func(t *testing.T) {
		for i, f := range worldFaults {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				_, r := suffer(t, f.name)
				mu.Lock()
				defer mu.Unlock()
				alone[i] = consequences(r)
			})
		}
	})
	t.Run("pairs", func(t *testing.T) {
		for a := range worldFaults {
			for b := a + 1; b < len(worldFaults); b++ {
				total++
				t.Run(worldFaults[a].name+"+"+worldFaults[b].name, func(t *testing.T) {
					t.Parallel()
					w, r := suffer(t, worldFaults[a].name, worldFaults[b].name)
					want := seen(a, b)
					if got := rootNames(r); !slices.Equal(got, want) {
						t.Errorf("root causes are %q, want %q\n%s", got, want, told(r))
					}
					if wrong := misattributed(r, want, alone[a], alone[b]); wrong != "" {
						t.Errorf("%s\n%s", wrong, told(r))
					}
					w.heal(worldFaults[a].name, worldFaults[b].name)
					if !t.Failed() {
						mu.Lock()
						defer mu.Unlock()
						right++
					}
				})
			}
		}
	})
	t.Logf("pairs: %d of %d", right, total)
}

// misattributed says which consequence names other roots than those whose faults
// bring it about alone, of the roots that can be seen.
func misattributed(r *diagnosis.Report, visible []string, alone ...map[string][]string) string {
	got := consequences(r)
	for _, s := range slices.Sorted(maps.Keys(got)) {
		want := []string{}
		for _, of := range alone {
			for _, root := range of[s] {
				if slices.Contains(visible, root) && !slices.Contains(want, root) {
					want = append(want, root)
				}
			}
		}
		slices.Sort(want)
		told := slices.DeleteFunc(slices.Clone(got[s]),
			func(root string) bool { return !slices.Contains(want, root) && slices.Contains(either[s], root) })
		if !slices.Equal(told, want) {
			return fmt.Sprintf("%s is blocked by %s, want %s", s, strings.Join(got[s], " and "), strings.Join(want, " and "))
		}
	}
	return ""
}

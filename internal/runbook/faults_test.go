package runbook_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/engine"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/fleet"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

type worldFault struct {
	name string
	// person is what is left when remediate is done with a fault that no API
	// corrects: the root causes that it leaves to a person.
	person []string
}

// worldFaults are the faults of the simulator's world. What is made anew or goes away altogether comes last.
var worldFaults = []worldFault{
	{name: "proxies-failed"},
	{name: "wrong-injection"},
	{name: "stop-cluster-resources", person: []string{"revision-stalled:cluster-resources-not-updated"}},
	{name: "stop-project", person: []string{"revision-stalled:project-is-not-the-fleets"}},
	{name: "stop-kubernetes-version", person: []string{"revision-stalled:unsupported-kubernetes-version"}},
	{name: "stop-not-gke", person: []string{"revision-stalled:not-a-gke-cluster"}},
	{name: "stop-type"},
	{name: "stop-channel"},
	{name: "stop-channel-missing"},
	{name: "stop-name"},
	{name: "stop-namespace"},
	{name: "stop-mutating-url"},
	{name: "stop-validating-url"},
	{name: "workload-pool-wrong"},
	{name: "stop-workload-pool"},
	{name: "workload-pool-missing"},
	{name: "stop-workload-identity"},
	{name: "node-pool-metadata"},
	{name: "identity-provider-missing"},
	{name: "binding-conditional"},
	{name: "binding-deleted-agent"},
	{name: "binding-revoked"},
	{name: "hub-agent-revoked"},
	{name: "agent-missing"},
	{name: "mesh-api-disabled"},
	{name: "connectgateway-disabled"},
	{name: "new-enum", person: []string{"mesh-condition:MESH_IS_ASLEEP", "unlisted-value"}},
	{name: "management-manual"},
	{name: "cluster-busy"},
	{name: "everything-broken"},
	{name: "feature-disabled"},
	{name: "cluster-deleted", person: []string{"cluster-missing"}},
	{name: "project-deleted", person: []string{"project-deleted"}},
}

// insideFaults are left to a person; they are not paired with the others.
var insideFaults = []worldFault{
	{name: "managed-cni-off", person: []string{"managed-cni-off"}},
	{name: "cni-unschedulable", person: []string{"mesh-component-unschedulable:istio-cni-node"}},
	{name: "mdp-unschedulable", person: []string{"mesh-component-unschedulable:mdp-controller"}},
	{name: "config-rejected", person: []string{"istio-config-rejected"}},
	{name: "remote-secrets", person: []string{"remote-secrets-by-hand"}},
}

// suffer does faults to a world, and lets the mesh notice each.
func suffer(t *testing.T, faults ...string) *world {
	t.Helper()
	w := newWorld(t, sim.Options{})
	w.Advance(time.Hour)
	w.Suffer(faults...)
	w.Forget()
	return w
}

func (w *world) remediate(e *engine.Engine) *runbook.Remediation {
	w.t.Helper()
	m, err := fleet.Remediate(w.t.Context(), e, fleet.RemediateOptions{Diagnosis: w.options(), Library: builtIn(w.t), Approvals: yes})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func tale(m *runbook.Remediation) string {
	var b strings.Builder
	b.WriteString("before: " + strings.Join(alarms(m.Before), ", ") + "\n")
	for _, r := range m.Rounds {
		for _, remedy := range r.Remedies {
			b.WriteString("remedy: " + remedy.Runbook + " for " + strings.Join(remedy.Findings, ", ") + "\n")
		}
		if r.Report != nil {
			for _, one := range r.Report.Results {
				b.WriteString(told(&one))
			}
		}
	}
	if m.After != nil {
		b.WriteString("after: " + strings.Join(alarms(m.After), ", ") + "\n")
	}
	return b.String()
}

// needless are writes that nobody needed: those that were refused, but for a grant
// to an agent that is not there, which no read can tell.
func needless(acts []string) []string {
	var all []string
	agent := slices.ContainsFunc(acts, func(a string) bool { return strings.Contains(a, ":generateServiceIdentity") })
	for _, a := range acts {
		refused := !strings.HasSuffix(a, " 200") && !strings.HasSuffix(a, " 201")
		if refused && (!agent || !strings.HasSuffix(a, ":setIamPolicy 400")) {
			all = append(all, a)
		}
	}
	return all
}

func TestRemediateEveryFault(t *testing.T) {
	for _, f := range slices.Concat(worldFaults, insideFaults) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			w := suffer(t, f.name)
			e := w.engine(runs(t))
			m := w.remediate(e)
			did := w.writes()
			t.Logf("writes:\n  %s", strings.Join(did, "\n  "))
			left := []string{}
			for _, a := range alarms(w.diagnose(e)) {
				if root, is := strings.CutSuffix(a, " (root)"); is {
					left = append(left, root)
				}
			}
			if want := append([]string{}, f.person...); !slices.Equal(left, want) {
				t.Errorf("left are %q, want %q\n%s", left, want, tale(m))
			}
			if more := needless(did); len(more) > 0 {
				t.Errorf("nobody needed %q", more)
			}
			for _, round := range m.Rounds[:min(1, len(m.Rounds))] {
				for _, remedy := range round.Remedies {
					for _, finding := range remedy.Findings {
						if !slices.Contains(alarms(m.Before), finding+" (root)") {
							t.Errorf("%s was picked for %s, which is no root cause of %q", remedy.Runbook, finding, alarms(m.Before))
						}
					}
				}
			}
			if f.person == nil && w.diagnose(e).Verdict != mesh.Healthy {
				t.Errorf("the verdict is %s\n%s", w.diagnose(e).Verdict, tale(m))
			}
			w.Forget()
			again := w.remediate(e)
			if more := w.writes(); len(more) > 0 {
				t.Errorf("run again it wrote %q\n%s", more, tale(again))
			}
		})
	}
}

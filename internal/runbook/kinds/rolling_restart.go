package kinds

import (
	"context"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/runbook/lang"
)

var rollingRestart = ensure{
	Def: Def{
		Kind: lang.Kind{
			Name: "rolling_restart", Risk: lang.MediumRisk,
			Doc: "Restarts workloads as `kubectl rollout restart` does, one after the other, each when the one before is available again: a pod " +
				"gets its proxy only when it is created. A resumed run restarts nothing twice. Pods without a controller, Jobs and, by default, " +
				"StatefulSets are left to a person. A restart cannot be undone.",
			Args: placed(
				optional("namespaces", cty.Set(cty.String), cty.NilVal,
					"Namespaces whose workloads are restarted; Default: all where the managed control plane injects. An empty set means none.",
					each(cluster.CheckNamespace)),
				optional("revision", cty.String, cty.NilVal, "Only pods that this revision would inject.", argRevision.Check),
				optional(
					"scope",
					cty.String,
					cty.StringVal(string(prereq.RestartNeeded)),
					"`needed`: workloads whose pods lack the proxy that they would get, have one of another control plane or version, or are marked as "+
						"not upgraded. `all`: every workload with a proxy that was not restarted since the step began to.",
					oneOf(string(prereq.RestartNeeded), string(prereq.RestartAll)),
				),
				optional("stateful_sets", cty.Bool, cty.False, "Also restart StatefulSets, member by member. It needs `patch statefulsets.apps`.",
					nil),
				optional("ignore_budgets", cty.Bool, cty.False,
					"Restart also where a PodDisruptionBudget leaves no room. Kubernetes holds evictions to budgets, not roll-outs.", nil),
			),
			Permissions: []string{
				"gkehub.gateway.get", "gkehub.gateway.patch", "list pods", "list namespaces", "list " +
					"mutatingwebhookconfigurations.admissionregistration.k8s.io",
				"get deployments.apps", "patch deployments.apps", "get daemonsets.apps", "patch daemonsets.apps", "list poddisruptionbudgets.policy",
			},
			Result: cty.Object(map[string]cty.Type{"restarted": cty.List(cty.String)}),
		},
		KnownAfterChanges: true,
		UsualDuration:     5 * time.Minute,
		PermissionScope:   insideCluster,
		Prerequisite:      newRestart,
		ResultValue: func(s prereq.State) cty.Value {
			return cty.ObjectVal(map[string]cty.Value{"restarted": listOf(s.(restartState).restarted)})
		},
	},
}

func listOf(names []string) cty.Value {
	if len(names) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	values := make([]cty.Value, len(names))
	for i, name := range names {
		values[i] = cty.StringVal(name)
	}
	return cty.ListVal(values)
}

// restart is a rolling restart that also reports what it restarted, whichever executor of the run did it.
type restart struct {
	*prereq.RollingRestart
}

var _ prereq.Prerequisite = (*restart)(nil)

type restartState struct {
	prereq.RestartState
	restarted []string // owners that this run restarted, when nothing is left to be
}

func newRestart(env *Runtime, a Args) (prereq.Prerequisite, error) {
	target, err := a.Target()
	return &restart{
		RollingRestart: &prereq.RollingRestart{
			Clusters: env.Clusters, Target: target, Namespaces: a.Texts("namespaces"), Revision: a.Text("revision"),
			Scope: prereq.RestartScope(a.Text("scope")), StatefulSets: a.Bool("stateful_sets"), IgnoreBudgets: a.Bool("ignore_budgets"),
		},
	}, err
}

// Check implements prereq.Prerequisite.
func (r *restart) Check(ctx context.Context, fresh bool) (prereq.State, error) {
	s, err := r.Read(ctx, fresh)
	state := restartState{RestartState: s}
	if err != nil || !s.Met() || len(r.Announced) == 0 {
		return state, err
	}
	opened, err := r.Clusters.Open(ctx, r.Target)
	if err != nil {
		return state, err
	}
	all, err := opened.Renewals(ctx, cluster.RenewalQuery{Namespaces: r.Namespaces, Revision: r.Revision, All: true},
		cluster.Restart{IgnoreBudgets: true})
	if err != nil {
		return state, err
	}
	for _, w := range all {
		if slices.ContainsFunc(r.Announced, func(t time.Time) bool { return w.Restarted.Equal(t.Truncate(time.Second)) }) {
			state.restarted = append(state.restarted, w.Owner.String())
		}
	}
	return state, nil
}

// Enforce implements prereq.Prerequisite.
func (r *restart) Enforce(ctx context.Context, state prereq.State) (prereq.Change, error) {
	return r.RollingRestart.Enforce(ctx, state.(restartState).RestartState)
}

package cluster_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

var restartTests = []test{
	{"each owner is restarted once, by its kind", testRestartKinds},
	{"budgets are honoured", testRestartBudgets},
	{"what a restart would not move is left alone", testRestartBlocked},
	{"a resumed run restarts nothing twice", testRestartResumed},
}

// outcomes are those of a run, in order.
func outcomes(results []cluster.RestartResult) string {
	var all []string
	for _, r := range results {
		all = append(all, string(r.Outcome))
	}
	return strings.Join(all, " ")
}

// uids are those of a workload's pods.
func (w *workloads) uids(name string) map[types.UID]bool {
	all := map[types.UID]bool{}
	for _, p := range w.pods(name) {
		all[p.UID] = true
	}
	return all
}

func testRestartKinds(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.deployment("cart", oldTag, 2)
	w.statefulSet("db", 2, appsv1.RollingUpdateStatefulSetStrategyType)
	w.daemonSet("agent", appsv1.RollingUpdateDaemonSetStrategyType)
	w.run("cart", 2)
	w.run("db", 2)
	w.run("agent", 0)
	before := map[string]map[types.UID]bool{"cart": w.uids("cart"), "db": w.uids("db"), "agent": w.uids("agent")}
	renewed := func(name string) bool {
		now := w.uids(name)
		for uid := range now {
			if before[name][uid] {
				return false
			}
		}
		return len(now) == len(before[name])
	}
	cart, db, agent := w.owner("Deployment", "cart"), w.owner("StatefulSet", "db"), w.owner("DaemonSet", "agent")
	c, log := reach(t, on)
	results, err := c.RestartOwners(t.Context(),
		[]mesh.Owner{cart, db, agent, cart, db, agent, w.owner("Job", "x"), w.owner("Pod", "x"), w.owner("Deployment", "gone")},
		cluster.Restart{})
	must(t, err)
	if got := outcomes(results); got != "restarted skipped restarted skipped skipped skipped" {
		t.Errorf("%s: %+v", got, results)
	}
	if log.count("patch") != 2 || log.count("patch apps/v1, Resource=statefulsets") != 0 {
		t.Errorf("asked %v", log.asked)
	}
	if !renewed("cart") || !renewed("agent") || renewed("db") {
		t.Errorf("renewed: Deployment %t, DaemonSet %t, StatefulSet %t", renewed("cart"), renewed("agent"), renewed("db"))
	}
	results, err = c.RestartOwners(t.Context(), []mesh.Owner{db}, cluster.Restart{StatefulSets: true})
	must(t, err)
	if got := outcomes(results); got != "restarted" || log.count("patch") != 3 || !renewed("db") {
		t.Errorf("%s: %+v, renewed %t, asked %v", got, results, renewed("db"), log.asked)
	}
}

// takesDown makes a roll-out take a pod down before it brings another up.
func takesDown(s *appsv1.DeploymentSpec) {
	none, one := intstr.FromInt32(0), intstr.FromInt32(1)
	s.Strategy = appsv1.DeploymentStrategy{
		Type:          appsv1.RollingUpdateDeploymentStrategyType,
		RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &none, MaxUnavailable: &one},
	}
}

func testRestartBudgets(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.budget("tight", 2)
	w.budget("roomy", 1)
	for _, name := range []string{"tight", "roomy"} {
		w.deployment(name, oldTag, 2, takesDown)
		w.run(name, 2)
	}
	w.allows("tight", 0)
	w.allows("roomy", 1)
	tight, roomy := w.owner("Deployment", "tight"), w.owner("Deployment", "roomy")
	c, log := reach(t, on)
	results, err := c.RestartOwners(t.Context(), []mesh.Owner{tight, roomy}, cluster.Restart{})
	must(t, err)
	if got := outcomes(results); got != "blocked restarted" || !strings.Contains(results[0].Why, w.ns+"/tight allows 0") {
		t.Errorf("%s: %+v", got, results)
	}
	if log.count("patch") != 1 || log.count("list policy/v1, Resource=poddisruptionbudgets "+w.ns) == 0 {
		t.Errorf("asked %v", log.asked)
	}
	results, err = c.RestartOwners(t.Context(), []mesh.Owner{tight}, cluster.Restart{IgnoreBudgets: true})
	must(t, err)
	if got := outcomes(results); got != "restarted" || log.count("patch") != 2 {
		t.Errorf("%s: %+v", got, results)
	}
}

func testRestartBlocked(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.deployment("paused", oldTag, 1)
	w.statefulSet("db", 1, appsv1.OnDeleteStatefulSetStrategyType)
	w.daemonSet("agent", appsv1.OnDeleteDaemonSetStrategyType)
	for _, name := range []string{"paused", "db", "agent"} {
		w.run(name, 0)
	}
	_, err := w.kube.AppsV1().
		Deployments(w.ns).
		Patch(t.Context(), "paused", types.MergePatchType, []byte(`{"spec":{"paused":true}}`), metav1.PatchOptions{})
	must(t, err)
	owners := []mesh.Owner{w.owner("Deployment", "paused"), w.owner("StatefulSet", "db"), w.owner("DaemonSet", "agent")}
	c, log := reach(t, on)
	results, err := c.RestartOwners(t.Context(), owners, cluster.Restart{StatefulSets: true, IgnoreBudgets: true})
	must(t, err)
	if got := outcomes(results); got != "blocked blocked blocked" || log.count("patch") != 0 {
		t.Fatalf("%s: %+v, asked %v", got, results, log.asked)
	}
	for i, says := range []string{"paused", "OnDelete", "OnDelete"} {
		if !strings.Contains(results[i].Why, says) {
			t.Errorf("%s: %s", results[i].Owner, results[i].Why)
		}
	}
	// That is so: a restart of these by hand moves no pod.
	before := []map[types.UID]bool{w.uids("paused"), w.uids("db"), w.uids("agent")}
	touch := []byte(`{"spec":{"template":{"metadata":{"annotations":{"touched":"1"}}}}}`)
	d, err := w.kube.AppsV1().Deployments(w.ns).Patch(t.Context(), "paused", types.MergePatchType, touch, metav1.PatchOptions{})
	must(t, err)
	s, err := w.kube.AppsV1().StatefulSets(w.ns).Patch(t.Context(), "db", types.MergePatchType, touch, metav1.PatchOptions{})
	must(t, err)
	a, err := w.kube.AppsV1().DaemonSets(w.ns).Patch(t.Context(), "agent", types.MergePatchType, touch, metav1.PatchOptions{})
	must(t, err)
	eventually(t, "the controllers to see it", func() error {
		seenD, err := w.kube.AppsV1().Deployments(w.ns).Get(t.Context(), "paused", metav1.GetOptions{})
		must(t, err)
		seenS, err := w.kube.AppsV1().StatefulSets(w.ns).Get(t.Context(), "db", metav1.GetOptions{})
		must(t, err)
		seenA, err := w.kube.AppsV1().DaemonSets(w.ns).Get(t.Context(), "agent", metav1.GetOptions{})
		must(t, err)
		if seenD.Status.ObservedGeneration < d.Generation || seenS.Status.ObservedGeneration < s.Generation ||
			seenA.Status.ObservedGeneration < a.Generation {
			return errNotYet
		}
		return nil
	})
	for i, name := range []string{"paused", "db", "agent"} {
		for uid := range w.uids(name) {
			if !before[i][uid] {
				t.Errorf("%s has a new pod", name)
			}
		}
	}
}

func testRestartResumed(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.deployment("cart", oldTag, 2)
	w.run("cart", 2)
	owner, since := []mesh.Owner{w.owner("Deployment", "cart")}, time.Now()
	before := w.uids("cart")

	ctx, stop := context.WithCancel(t.Context())
	l := &log{}
	c := reachWith(t, on, cluster.Config{Log: func(ctx context.Context, message string, fields map[string]any) {
		l.add(ctx, message, fields)
		if fields["verb"] == "patch" {
			stop() // the run ends as soon as the restart is asked for
		}
	}})
	if _, err := c.RestartOwners(ctx, owner, cluster.Restart{Since: since}); !errors.Is(err, context.Canceled) || l.count("patch") != 1 {
		t.Fatalf("%v after %v", err, l.asked)
	}
	for range 2 {
		results, err := c.RestartOwners(t.Context(), owner, cluster.Restart{Since: since})
		must(t, err)
		if got := outcomes(results); got != "restarted" || l.count("patch") != 1 {
			t.Errorf("%s: %+v, asked %v", got, results, l.asked)
		}
		for uid := range w.uids("cart") {
			if before[uid] {
				t.Error("an old pod is still there")
			}
		}
	}
	results, err := c.RestartOwners(t.Context(), owner, cluster.Restart{Since: since.Add(2 * time.Second)})
	must(t, err)
	if got := outcomes(results); got != "restarted" || l.count("patch") != 2 {
		t.Errorf("a later run: %s: %+v, asked %v", got, results, l.asked)
	}
}

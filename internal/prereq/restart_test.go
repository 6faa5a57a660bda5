package prereq_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/prereq"
	"github.com/managed-mesh/terraform-provider-asm/internal/simtest"
)

func (w *world) restart(scope prereq.RestartScope) *prereq.RollingRestart {
	return &prereq.RollingRestart{Clusters: w.clusters, Target: place, Scope: scope, Announced: []time.Time{w.Clock.Now()}}
}

func (w *world) toRestart(p *prereq.RollingRestart) (owners []string, state prereq.RestartState) {
	w.t.Helper()
	state = w.check(p).(prereq.RestartState)
	for _, o := range state.Owners() {
		owners = append(owners, o.String())
	}
	return owners, state
}

// patched are the workloads that were patched since the last call; any other write is an error.
func (w *world) patched() []string {
	w.t.Helper()
	var names []string
	for _, line := range w.wrote() {
		_, rest, found := strings.Cut(line, "/namespaces/")
		path, body, _ := strings.Cut(rest, " ")
		if !strings.HasPrefix(line, "PATCH ") || !found ||
			!strings.Contains(body, `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"`) {
			w.t.Errorf("wrote %s", line)
		}
		names = append(names, path)
	}
	return names
}

const deploymentsPath = simtest.InCluster + "/apis/apps/v1/namespaces/"

func (w *world) workload(kind, namespace, name string) {
	w.t.Helper()
	w.Call("POST", deploymentsPath+namespace+"/"+strings.ToLower(kind)+"s",
		`{"apiVersion":"apps/v1","kind":"`+kind+`","metadata":{"name":"`+name+`"},"spec":{"replicas":1,"serviceName":"`+name+
			`","selector":{"matchLabels":{"app":"`+name+`"}},"template":{"metadata":{"labels":{"app":"`+name+
			`"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}`)
}

func TestRestartOfWhatNeedsIt(t *testing.T) {
	w := newWorld(t, two)
	if owners, _ := w.toRestart(w.restart(prereq.RestartNeeded)); len(owners) > 0 {
		t.Errorf("in a healthy mesh %v are to be restarted", owners)
	}
	w.Fault("wrong-injection")
	w.Advance(time.Minute)
	if owners, _ := w.toRestart(w.restart(prereq.RestartNeeded)); len(owners) > 0 {
		t.Errorf("while the labels are wrong a restart brings the wrong proxy again: %v", owners)
	}
	w.apply(&prereq.NamespaceInjection{Clusters: w.clusters, Target: place, Namespace: "shop", Revision: "asm-managed"})
	p := w.restart(prereq.RestartNeeded)
	both := []string{"Deployment shop/backend", "Deployment shop/frontend"}
	owners, s := w.toRestart(p)
	if !slices.Equal(owners, both) || s.Renewals[0].Stale != health.StalePlane || len(s.Renewals[0].Pods) != 2 || len(s.Findings()) != 2 {
		t.Fatalf("to be restarted: %v, %+v", owners, s)
	}
	before, after := s.Gap()
	if !cmp.Equal(before, map[string]any{both[0]: "", both[1]: ""}) ||
		!cmp.Equal(after, map[string]any{both[0]: "restart", both[1]: "restart"}) {
		t.Errorf("the gap is %v, %v", before, after)
	}
	w.wrote()
	change := w.apply(p)
	if got := w.patched(); !slices.Equal(got, []string{"shop/deployments/backend", "shop/deployments/frontend"}) {
		t.Errorf("patched %v", got)
	}
	if !cmp.Equal(change.Before, before) || !cmp.Equal(change.After, after) {
		t.Errorf("the change is %+v", change)
	}
	var kept *prereq.KeptError
	if err := p.Undo(t.Context(), readBack(t, change)); !errors.As(err, &kept) || p.WhyIrreversible() == "" || len(w.wrote()) > 0 {
		t.Errorf("undoing a restart: %v", err)
	}
	if err := p.Undo(t.Context(), prereq.Change{}); err != nil {
		t.Errorf("undoing what did not happen: %v", err)
	}
	// That the pods have the right proxy now is why nothing is left, whoever did it.
	if owners, _ := w.toRestart(w.restart(prereq.RestartNeeded)); len(owners) > 0 {
		t.Errorf("after the restart: %v", owners)
	}
}

// A run that is resumed has the announcements of the run, and restarts nothing twice.
func TestRestartOfAllCountsFromItsAnnouncement(t *testing.T) {
	w := newWorld(t, two)
	first := w.restart(prereq.RestartAll)
	w.Advance(time.Second)
	if owners, _ := w.toRestart(first); len(owners) != 2 {
		t.Fatalf("to be restarted: %v", owners)
	}
	// It is interrupted after the first.
	owners := []mesh.Owner{{Kind: "Deployment", Namespace: "shop", Name: "backend"}}
	opened, err := w.clusters.Open(t.Context(), place)
	w.must(err)
	_, err = opened.RestartOwners(t.Context(), owners, cluster.Restart{Since: first.Announced[0]})
	w.must(err)
	w.wrote()
	change := w.apply(&prereq.RollingRestart{Clusters: w.clusters, Target: place, Scope: prereq.RestartAll, Announced: first.Announced})
	if got := w.patched(); !slices.Equal(got, []string{"shop/deployments/frontend"}) || len(change.After) != 1 {
		t.Errorf("patched %v, changed %v", got, change.After)
	}
	w.Advance(time.Minute)
	later := w.restart(prereq.RestartAll)
	s := w.check(later)
	before, _ := s.Gap()
	want := "running since " + first.Announced[0].UTC().Format(time.RFC3339)
	if before["Deployment shop/backend"] != want || before["Deployment shop/frontend"] != want {
		t.Errorf("a later run finds %v", before)
	}
	if planned, _ := w.toRestart(&prereq.RollingRestart{Clusters: w.clusters, Target: place, Scope: prereq.RestartAll}); len(planned) != 2 {
		t.Errorf("without an announcement: %v", planned)
	}
}

// A restart since the announcement whose pods are stale even so did not help, and does not count.
func TestARestartThatDidNotHelpIsMadeAgain(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("wrong-injection")
	w.Advance(time.Minute)
	p := w.restart(prereq.RestartNeeded)
	opened, err := w.clusters.Open(t.Context(), place)
	w.must(err)
	backend := mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "backend"}
	_, err = opened.RestartOwners(t.Context(), []mesh.Owner{backend}, cluster.Restart{Since: p.Announced[0].Add(time.Second)})
	w.must(err)
	w.apply(&prereq.NamespaceInjection{Clusters: w.clusters, Target: place, Namespace: "shop", Revision: "asm-managed"})
	w.wrote()
	change := w.apply(p)
	if got := w.patched(); !slices.Equal(got, []string{"shop/deployments/backend", "shop/deployments/frontend"}) || len(change.After) != 2 {
		t.Errorf("patched %v, changed %v", got, change.After)
	}
}

// What stays undone is named with its reason, and the rest is done.
func TestRestartThatIsBlocked(t *testing.T) {
	w := newWorld(t, two)
	w.Call("PATCH", deploymentsPath+"shop/deployments/backend", `{"spec":{"strategy":{"rollingUpdate":{"maxSurge":0,"maxUnavailable":1}}}}`)
	w.Advance(time.Minute)
	w.Fault("proxies-failed")
	w.Advance(time.Hour)
	p := w.restart(prereq.RestartNeeded)
	p.Namespaces = []string{"shop"}
	owners, s := w.toRestart(p)
	backend := mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "backend"}
	if !slices.Equal(owners, []string{backend.String()}) || !strings.Contains(s.Blocked()[backend], "PodDisruptionBudget shop/backend "+
		"allows 0") || !strings.Contains(s.Findings()[0].Message, "PodDisruptionBudget") {
		t.Fatalf("to be restarted: %v, %+v", owners, s)
	}
	w.wrote()
	change, err := p.Enforce(t.Context(), s)
	var failed *prereq.RestartError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "1 of 1 workloads were not restarted: Deployment shop/backend is blocked: "+
		"PodDisruptionBudget shop/backend") || !change.Empty() || len(w.wrote()) > 0 {
		t.Errorf("%v, changed %v", err, change)
	}
	if what, _ := apierr.Describe(err); !strings.Contains(what, "Deployment shop/backend is blocked") || apierr.Retryable(err) ||
		apierr.Ambiguous(err) {
		t.Errorf("in words: %s", what)
	}
	p.IgnoreBudgets = true
	if _, s = w.toRestart(p); len(s.Blocked()) > 0 {
		t.Errorf("though budgets are ignored: %v", s.Blocked())
	}
	w.apply(p)
	if got := w.patched(); !slices.Equal(got, []string{"shop/deployments/backend"}) {
		t.Errorf("patched %v", got)
	}
	w.Advance(30 * time.Minute)
	if verdict, alarms, all := w.diagnose(); verdict != mesh.Healthy || len(alarms) > 0 {
		t.Errorf("after the restart: %s\n%s", verdict, all)
	}
}

// A failure of the roll-out is told with the workload, and that it was begun is kept.
func TestRestartThatIsInterrupted(t *testing.T) {
	w := newWorld(t, two)
	p := w.restart(prereq.RestartAll)
	s := w.check(p)
	w.wrote()
	ctx, cancel := context.WithCancel(t.Context())
	p.Clusters = prereq.NewClusters(w.client, cluster.Config{Log: func(_ context.Context, _ string, fields map[string]any) {
		if fields["verb"] == "patch" {
			cancel()
		}
	}})
	change, err := p.Enforce(ctx, s)
	if !errors.Is(err, context.Canceled) || len(change.After) != 1 || len(w.patched()) != 1 || !apierr.Ambiguous(err) ||
		apierr.Retryable(err) {
		t.Errorf("%v, changed %v", err, change.After)
	}
}

func TestRestartLeavesAlone(t *testing.T) {
	w := newWorld(t, two)
	// Workloads from before the namespace was labelled have no proxy.
	w.Call("POST", simtest.InCluster+"/api/v1/namespaces", `{"metadata":{"name":"bare"}}`)
	w.workload("Deployment", "bare", "web")
	w.workload("StatefulSet", "bare", "db")
	w.Call("POST", simtest.InCluster+"/api/v1/namespaces/bare/pods",
		`{"metadata":{"name":"naked","labels":{"app":"n"}},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	w.Call("POST", simtest.InCluster+"/api/v1/namespaces/bare/pods",
		`{"metadata":{"name":"out","annotations":{"sidecar.istio.io/inject":"false"}},"spec":{"containers":[{"name":"c","image":"i"}]}}`)
	w.Advance(time.Minute)
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/bare", `{"metadata":{"labels":{"istio.io/rev":"asm-managed"}}}`)
	p := w.restart(prereq.RestartNeeded)
	owners, s := w.toRestart(p)
	left := s.Left()
	if !slices.Equal(owners, []string{"Deployment bare/web"}) || s.Renewals[0].Stale != health.StaleNone || len(left) != 2 ||
		!strings.Contains(left[mesh.Owner{Kind: "StatefulSet", Namespace: "bare", Name: "db"}], "only when asked for") ||
		!strings.Contains(left[mesh.Owner{Kind: "Pod", Namespace: "bare", Name: "naked"}], "no controller") {
		t.Fatalf("to be restarted: %v, left %v, %+v", owners, left, s)
	}
	for name, bound := range map[string]func(*prereq.RollingRestart){
		"of other namespaces":    func(p *prereq.RollingRestart) { p.Namespaces = []string{"shop"} },
		"of another revision":    func(p *prereq.RollingRestart) { p.Revision = "asm-managed-rapid" },
		"of no namespace at all": func(p *prereq.RollingRestart) { p.Namespaces = []string{} },
	} {
		other := w.restart(prereq.RestartNeeded)
		bound(other)
		if owners, s := w.toRestart(other); len(owners) > 0 || len(s.Renewals) > 0 {
			t.Errorf("%s: %v", name, owners)
		}
	}
	unknown := w.restart(prereq.RestartNeeded)
	unknown.Namespaces = []string{"no-such"}
	if _, err := unknown.Read(t.Context(), true); !apierr.NotFound(err) || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("a namespace that is not there: %v", err)
	}
	p.StatefulSets = true
	if owners, _ := w.toRestart(p); !slices.Equal(owners, []string{"Deployment bare/web", "StatefulSet bare/db"}) {
		t.Errorf("with StatefulSets: %v", owners)
	}
	w.wrote()
	w.apply(p)
	if got := w.patched(); !slices.Equal(got, []string{"bare/deployments/web", "bare/statefulsets/db"}) {
		t.Errorf("patched %v", got)
	}
}

// Where nothing would inject the pods any more, a restart would remove their proxies.
func TestRestartDoesNotTakeProxiesAway(t *testing.T) {
	w := newWorld(t, two)
	w.Fault("proxies-failed")
	w.Advance(time.Hour)
	w.Call("PATCH", simtest.InCluster+"/api/v1/namespaces/shop", `{"metadata":{"labels":{"istio.io/rev":null}}}`)
	owners, s := w.toRestart(w.restart(prereq.RestartAll))
	backend := mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "backend"}
	if len(owners) > 0 || !strings.Contains(s.Left()[backend], "would remove their proxies") {
		t.Errorf("to be restarted: %v, left %v", owners, s.Left())
	}
}

package cluster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

var proxyTests = []test{
	{"failed proxies, by owner", testFailedProxies},
	{"failed proxies are gone after the restart", testFailedRestarted},
	{"proxies of another version", testOutdated},
	{"how far the data plane is", testControls},
}

// proxies reads the cluster's proxies, and leaves those of other namespaces out.
func (w *workloads) proxies(c *cluster.Cluster, all bool) cluster.Proxies {
	w.t.Helper()
	p, err := c.Proxies(w.t.Context(), all)
	must(w.t, err)
	p.Failed = slices.DeleteFunc(p.Failed, func(o health.FailedOwner) bool { return o.Owner.Namespace != w.ns })
	p.Outdated = slices.DeleteFunc(p.Outdated, func(p mesh.ProxyPod) bool { return p.Namespace != w.ns })
	return p
}

func testFailedProxies(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.budget("cart", 2)
	w.deployment("cart", oldTag, 2)
	w.deployment("free", oldTag, 1)
	w.statefulSet("db", 2, appsv1.RollingUpdateStatefulSetStrategyType)
	w.daemonSet("agent", appsv1.RollingUpdateDaemonSetStrategyType)
	w.job("import")
	w.pod("shell")
	for name, pods := range map[string]int{"cart": 2, "free": 1, "db": 2, "agent": 0, "import": 1, "shell": 1} {
		w.run(name, pods)
		w.fail(name)
	}
	w.allows("cart", 0)
	c, log := reach(t, on)
	p := w.proxies(c, false)
	type group struct {
		owner  mesh.Owner
		pods   int
		block  health.Block
		budget string
	}
	want := []group{
		{w.owner("DaemonSet", "agent"), len(w.pods("agent")), health.BlockNotReplicaSet, ""},
		{w.owner("Deployment", "cart"), 2, health.BlockBudget, w.ns + "/cart"},
		{w.owner("Deployment", "free"), 1, health.BlockUnknown, ""},
		{w.owner("Job", "import"), 1, health.BlockJob, ""},
		{w.owner("Pod", "shell"), 1, health.BlockNakedPod, ""},
		{w.owner("StatefulSet", "db"), 2, health.BlockNotReplicaSet, ""},
	}
	var got []group
	for _, f := range p.Failed {
		got = append(got, group{f.Owner, len(f.Pods), f.Block, f.Budget})
		if f.Wanted != wantedTag || !slices.Equal(f.Tags, []string{oldTag}) {
			t.Errorf("%s runs %v and wants %q", f.Owner, f.Tags, f.Wanted)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if p.Verdict != mesh.Degraded || !slices.Contains(codes(p.Health), catalogue.ProxiesFailed) {
		t.Errorf("%s", p.Summary)
	}
	if log.count("list") != 4 { // pods, environments, controls, and budgets because there are failed pods
		t.Errorf("asked %v", log.asked)
	}
}

func testFailedRestarted(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.budget("cart", 2)
	w.deployment("cart", oldTag, 2)
	w.run("cart", 2)
	w.fail("cart")
	c, _ := reach(t, on)
	if before := w.proxies(c, false); len(before.Failed) != 1 || before.Failed[0].Block != health.BlockBudget {
		t.Fatalf("failed are %+v", before.Failed)
	}
	// Its roll-out surges, so that the budget does not mind.
	results, err := c.RestartOwners(t.Context(), []mesh.Owner{w.owner("Deployment", "cart")}, cluster.Restart{})
	must(t, err)
	if got := outcomes(results); got != "restarted" {
		t.Errorf("%s: %+v", got, results)
	}
	if after := w.proxies(c, false); len(after.Failed) != 0 {
		t.Errorf("after the restart: %+v", after.Failed)
	}
	d, err := w.kube.AppsV1().Deployments(w.ns).Get(t.Context(), "cart", metav1.GetOptions{})
	must(t, err)
	if d.Spec.Template.Annotations["theirs"] != "1" || len(d.Spec.Template.Annotations) != 3 {
		t.Errorf("annotations %v", d.Spec.Template.Annotations)
	}
}

func testOutdated(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.deployment("old", oldTag, 2)
	w.deployment("new", wantedTag, 1)
	w.deployment("slim", wantedTag+"-distroless", 1)
	for _, name := range []string{"old", "new", "slim"} {
		w.run(name, 1)
	}
	c, _ := reach(t, on)
	p := w.proxies(c, true)
	if len(p.Outdated) != 2 || !strings.HasPrefix(p.Outdated[0].Name, "old-") || len(p.Failed) != 0 ||
		!slices.Contains(codes(p.Health), catalogue.ProxiesOutdated) {
		t.Errorf("%s: %+v", p.Summary, p.Outdated)
	}
	if p := w.proxies(c, false); len(p.Outdated) != 0 {
		t.Errorf("without being asked: %+v", p.Outdated)
	}
}

func testControls(t *testing.T, on target) {
	controls := dynamic.NewForConfigOrDie(on.Config()).
		Resource(schema.GroupVersionResource{Group: "mesh.cloud.google.com", Version: "v1alpha1", Resource: "dataplanecontrols"})
	object, err := controls.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "mesh.cloud.google.com/v1alpha1", "kind": "DataPlaneControl", "metadata": map[string]any{"name": "asm-managed"},
		"spec": map[string]any{"revision": "asm-managed", "proxyVersion": wantedTag, "proxyTargetBasisPoints": int64(10000)},
	}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		if err := controls.Delete(context.Background(), "asm-managed", metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	c, _ := reach(t, on)
	for _, state := range []struct {
		status  map[string]any
		verdict mesh.Verdict
		says    string
	}{
		{nil, mesh.Unknown, "does not tell its state"},
		{
			map[string]any{"state": "Ready", "proxyMetrics": map[string]any{"managedProxyCount": int64(4), "unmanagedProxyCount": int64(1)}},
			mesh.Healthy, "",
		},
		{map[string]any{"state": "Reconciling"}, mesh.Provisioning, "being upgraded to " + wantedTag},
		{
			map[string]any{"state": "Error", "errorDetails": map[string]any{"code": int64(2), "message": "budgets are preventing upgrade"}},
			mesh.Degraded, "TooManyEvictions budgets are preventing upgrade",
		},
	} {
		if state.status != nil {
			object.Object["status"] = state.status
			object, err = controls.UpdateStatus(t.Context(), object, metav1.UpdateOptions{})
			must(t, err)
		}
		p, err := c.Proxies(t.Context(), false)
		must(t, err)
		if len(p.Controls) != 1 || p.Controls[0].Version != wantedTag || p.Controls[0].TargetBasisPoints != 10000 {
			t.Fatalf("%v: %+v", state.status, p.Controls)
		}
		found := slices.ContainsFunc(p.Findings, func(f catalogue.Finding) bool {
			return f.Code == catalogue.DataPlaneProgress && state.says != "" && strings.Contains(f.Message, state.says)
		})
		if found != (state.says != "") {
			t.Errorf("%v: %s: %+v", state.status, p.Summary, p.Findings)
		}
		if p.Controls[0].State == "Ready" && (p.Controls[0].Managed != 4 || p.Controls[0].Unmanaged != 1) {
			t.Errorf("metrics are %+v", p.Controls[0])
		}
	}
}

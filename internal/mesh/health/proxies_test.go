package health_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

func TestImageTag(t *testing.T) {
	for image, want := range map[string]string{
		"gcr.io/gke-release/asm/proxyv2:1.20.8-asm.7-distroless": "1.20.8-asm.7-distroless",
		"localhost:5000/asm/proxyv2":                             "",
		"localhost:5000/asm/proxyv2:1.20":                        "1.20",
		"gcr.io/asm/proxyv2:1.20@sha256:abc":                     "1.20",
		"gcr.io/asm/proxyv2@sha256:abc":                          "",
		"":                                                       "",
	} {
		if got := health.ImageTag(image); got != want {
			t.Errorf("%q has tag %q, want %q", image, got, want)
		}
	}
}

func failed(name, controller string, owner mesh.Owner, labels map[string]string) mesh.ProxyPod {
	return mesh.ProxyPod{
		Namespace: owner.Namespace, Name: name, Labels: labels, Controller: controller, Owner: owner,
		Revision: "asm-managed", Image: "gcr.io/asm/proxyv2:1.19.0-asm.1", Failed: true,
	}
}

func TestGroupFailed(t *testing.T) {
	cart := mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "cart"}
	db := mesh.Owner{Kind: "StatefulSet", Namespace: "shop", Name: "db"}
	naked := mesh.Owner{Kind: "Pod", Namespace: "shop", Name: "debug"}
	job := mesh.Owner{Kind: "Job", Namespace: "shop", Name: "report"}
	app := map[string]string{"app": "cart"}
	gone := failed("cart-0", "ReplicaSet", cart, app)
	gone.Finished = true
	fine := failed("cart-9", "ReplicaSet", cart, app)
	fine.Failed = false
	pods := []mesh.ProxyPod{
		failed("cart-2", "ReplicaSet", cart, app), failed("cart-1", "ReplicaSet", cart, app), gone, fine,
		failed("db-0", "StatefulSet", db, nil), failed("debug", "", naked, nil), failed("report-x", "Job", job, nil),
	}
	budgets := []mesh.Budget{
		{Namespace: "other", Name: "all", Allowed: 0},
		{Namespace: "shop", Name: "roomy", Allowed: 1},
		{Namespace: "shop", Name: "selects-nothing", None: true},
		{Namespace: "shop", Name: "cart", Selector: mesh.Selector{Labels: app}},
	}
	got := health.GroupFailed(pods, budgets, []mesh.Environment{environment})
	tags, wanted := []string{"1.19.0-asm.1"}, "1.20.8-asm.7"
	want := []health.FailedOwner{
		{Owner: cart, Pods: []string{"cart-1", "cart-2"}, Block: health.BlockBudget, Budget: "shop/cart", Tags: tags, Wanted: wanted},
		{Owner: job, Pods: []string{"report-x"}, Block: health.BlockJob, Tags: tags, Wanted: wanted},
		{Owner: naked, Pods: []string{"debug"}, Block: health.BlockNakedPod, Tags: tags, Wanted: wanted},
		{Owner: db, Pods: []string{"db-0"}, Block: health.BlockNotReplicaSet, Tags: tags, Wanted: wanted},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups differ (-want +got):\n%s", diff)
	}
	for i, restartable := range []bool{true, false, false, true} {
		if got[i].Restartable() != restartable || got[i].Why() == "" {
			t.Errorf("%s: restartable %t, %q", got[i].Owner, got[i].Restartable(), got[i].Why())
		}
	}
	health := health.ProxyState{Failed: got}.Judge()
	if health.Verdict != mesh.Degraded || len(health.Findings) != 4 || !strings.Contains(health.Summary, "PodDisruptionBudget shop/cart") {
		t.Errorf("health %+v", health)
	}
}

func TestOutdated(t *testing.T) {
	owner := mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "cart"}
	old := failed("old", "ReplicaSet", owner, nil)
	distroless, foreign, bare := old, old, old
	distroless.Image = "gcr.io/asm/proxyv2:1.20.8-asm.7-distroless"
	foreign.Revision = "default"
	bare.Image = "gcr.io/asm/proxyv2@sha256:abc"
	internal := old // of a naming scheme of its own: whether it is older is not known
	internal.Image = "gcr.io/asm/proxyv2:csm_istio_proxy_20250611.00_p0"
	got := health.Outdated([]mesh.ProxyPod{old, distroless, foreign, bare, internal}, []mesh.Environment{environment})
	if len(got) != 1 || got[0].Name != "old" {
		t.Errorf("outdated are %+v", got)
	}
}

func TestProxyStateJudgesTheController(t *testing.T) {
	for state, want := range map[string]mesh.Verdict{"Ready": mesh.Healthy, "Reconciling": mesh.Provisioning, "Error": mesh.Degraded,
		"": mesh.Unknown, "Dancing": mesh.Unknown} {
		s := health.ProxyState{Controls: []health.DataPlaneControl{{Name: "c", Revision: "asm-managed", State: state}}}
		if got := s.Judge().Verdict; got != want {
			t.Errorf("state %q is %s, want %s", state, got, want)
		}
	}
}

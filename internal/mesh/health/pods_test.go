package health_test

import (
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

// canaryInjector is that of an in-cluster control plane with a revision, as during a canary migration.
func canaryInjector(revision string) mesh.WebhookConfiguration {
	c := managedInjector(revision, "")
	c.Name = "istio-sidecar-injector-" + revision
	delete(c.Labels, "istio.io/owned-by")
	for i := range c.Webhooks {
		c.Webhooks[i].Service = &mesh.InClusterService{Namespace: "istio-system", Name: "istiod-" + revision, Path: "/inject"}
	}
	return c
}

func TestPodsAreJudgedByWhatInjectedThem(t *testing.T) {
	google, rapid := managedInjector("asm-managed", environment.InjectURL()), managedInjector("asm-managed-rapid", environment.InjectURL())
	webhooks := []mesh.WebhookConfiguration{google, rapid, inClusterInjector(), canaryInjector("asm-1-20")}
	managed := []string{"asm-managed", "asm-managed-rapid"}
	good := mesh.ProxyPod{
		Namespace: "shop", Name: "cart-1", Controller: "ReplicaSet", Owner: mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "cart"},
		Revision: "asm-managed", Injected: true,
	}
	right := map[string]string{"istio.io/rev": "asm-managed"}
	for name, c := range map[string]struct {
		labels map[string]string
		change func(*mesh.ProxyPod)
		want   mesh.Verdict
		code   catalogue.Code // "": none
		says   []string
	}{
		"as it should be": {right, func(*mesh.ProxyPod) {}, mesh.Healthy, "", nil},
		"labels right, injected by istiod": {right, func(p *mesh.ProxyPod) {
			p.Revision, p.Discovery = "default", "istiod.istio-system.svc:15012"
		}, mesh.Unhealthy, catalogue.PodsElsewhere, []string{"Deployment shop/cart", "istiod.istio-system (revision default)", "asm-managed"}},
		"an istiod that notes no revision": {right, func(p *mesh.ProxyPod) {
			p.Revision, p.Discovery = "", "istiod.istio-system.svc:15012"
		}, mesh.Unhealthy, catalogue.PodsElsewhere, []string{"istiod.istio-system"}},
		"another managed revision": {right, func(p *mesh.ProxyPod) { p.Revision = "asm-managed-rapid" }, mesh.Degraded, catalogue.PodsElsewhere,
			[]string{"revision asm-managed-rapid"}},
		"not at all":            {right, func(p *mesh.ProxyPod) { p.Revision, p.Injected = "", false }, mesh.Degraded, catalogue.PodsBare, nil},
		"on the host's network": {right, func(p *mesh.ProxyPod) { p.Revision, p.Injected, p.HostNetwork = "", false, true }, mesh.Healthy, "", nil},
		"as it asks":            {right, func(p *mesh.ProxyPod) { p.Revision, p.Injected, p.OptedOut = "", false, true }, mesh.Healthy, "", nil},
		"as its label asks": {right, func(p *mesh.ProxyPod) {
			p.Revision, p.Injected, p.Labels = "", false, map[string]string{"sidecar.istio.io/inject": "false"}
		}, mesh.Healthy, "", nil},
		"it ended": {right, func(p *mesh.ProxyPod) { p.Revision, p.Finished = "default", true }, mesh.Healthy, "", nil},
		"its own label names the managed revision": {nil, func(p *mesh.ProxyPod) {
			p.Revision, p.Labels = "default", map[string]string{"istio.io/rev": "asm-managed"}
		}, mesh.Unhealthy, catalogue.PodsElsewhere, nil},
		"nothing is asked for": {nil, func(p *mesh.ProxyPod) { p.Revision, p.Injected = "", false }, mesh.Healthy, "", nil},
		"the namespace is injected wrongly": {map[string]string{"istio-injection": "enabled"}, func(p *mesh.ProxyPod) { p.Revision = "default" },
			mesh.Unhealthy, catalogue.PodsElsewhere, nil},
		"from before the namespace was injected wrongly": {map[string]string{"istio-injection": "enabled"}, func(*mesh.ProxyPod) {},
			mesh.Healthy, "", nil},
		"the namespace names no revision there is": {map[string]string{"istio.io/rev": "asm-manged"},
			func(p *mesh.ProxyPod) { p.Revision, p.Injected = "", false }, mesh.Degraded, catalogue.PodsBare, nil},
		"an in-cluster revision was chosen": {map[string]string{"istio.io/rev": "asm-1-20"}, func(p *mesh.ProxyPod) { p.Revision = "asm-1-20" },
			mesh.Healthy, "", nil},
		"a StatefulSet": {right, func(p *mesh.ProxyPod) {
			p.Revision, p.Owner.Kind = "default", "StatefulSet"
		}, mesh.Unhealthy, catalogue.PodsElsewhere, []string{"left to a person", "only when asked for"}},
		"a naked pod": {right, func(p *mesh.ProxyPod) {
			p.Revision, p.Owner = "default", mesh.Owner{Kind: "Pod", Namespace: "shop", Name: "cart-1"}
		}, mesh.Unhealthy, catalogue.PodsElsewhere, []string{"left to a person", "delete and create it"}},
	} {
		t.Run(name, func(t *testing.T) {
			pod := good
			c.change(&pod)
			namespace := health.JudgeNamespace(webhooks, health.Namespace{Name: "shop", Labels: c.labels}, managed)
			h := health.JudgePods(health.Misinjected([]mesh.ProxyPod{pod}, []health.NamespaceInjection{namespace}, webhooks, managed))
			if h.Verdict != c.want || (len(h.Findings) > 0) != (c.code != "") {
				t.Fatalf("got %s %+v", h.Verdict, h.Findings)
			}
			if c.code == "" {
				return
			}
			f := h.Findings[0]
			if f.Code != c.code || f.Detail != pod.Owner.Kind || f.Subject != "namespaces/shop/"+pod.Owner.Kind+"/"+pod.Owner.Name {
				t.Errorf("got %+v", f)
			}
			wantRunbook := "restart-proxies"
			if pod.Owner.Kind != "Deployment" {
				wantRunbook = ""
			}
			if got := catalogue.RunbookOf(f); got != wantRunbook {
				t.Errorf("corrected by %q, want %q", got, wantRunbook)
			}
			for _, text := range c.says {
				if !strings.Contains(f.Message, text) {
					t.Errorf("%q does not say %q", f.Message, text)
				}
			}
		})
	}
}

// A namespace that names a revision of an in-cluster control plane was decided about: it is information, whatever else
// is in the cluster.
func TestAnInClusterRevisionIsADecision(t *testing.T) {
	tagged := canaryInjector("asm-1-20")
	tagged.Name, tagged.Labels["istio.io/tag"] = "istio-revision-tag-prod", "prod"
	for i := range tagged.Webhooks {
		tagged.Webhooks[i].Namespace.Expressions[0] = exp("istio.io/rev", "In", "prod")
	}
	webhooks := []mesh.WebhookConfiguration{
		managedInjector("asm-managed", environment.InjectURL()), inClusterInjector(), canaryInjector("asm-1-20"), tagged,
	}
	for name, labels := range map[string]map[string]string{
		"a revision":                        {"istio.io/rev": "asm-1-20"},
		"a tag":                             {"istio.io/rev": "prod"},
		"a revision beside istio-injection": {"istio.io/rev": "asm-1-20", "istio-injection": "enabled"},
	} {
		t.Run(name, func(t *testing.T) {
			n := health.JudgeNamespace(webhooks, health.Namespace{Name: "shop", Labels: labels}, []string{"asm-managed"})
			if n.Verdict != mesh.Healthy || n.Meant != "" || len(n.Findings) != 1 || n.Findings[0].Code != catalogue.InjectionChosen ||
				n.Findings[0].Severity != catalogue.Info || catalogue.RunbookOf(n.Findings[0]) != "" {
				t.Errorf("got %s, meant %q, %+v", n.Verdict, n.Meant, n.Findings)
			}
		})
	}
	wrong := health.JudgeNamespace(webhooks, health.Namespace{Name: "shop", Labels: map[string]string{"istio-injection": "enabled"}},
		[]string{"asm-managed"})
	if wrong.Verdict != mesh.Unhealthy || wrong.Meant != "asm-managed" ||
		!strings.Contains(wrong.Summary, "has ControlPlaneRevision asm-managed") {
		t.Errorf("istio-injection=enabled: %s, meant %q", wrong.Summary, wrong.Meant)
	}
}

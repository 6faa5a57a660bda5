package health_test

import (
	"strings"
	"testing"
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

func TestRenewals(t *testing.T) {
	injector := mesh.WebhookConfiguration{
		Name: "istiod-asm-managed", Labels: map[string]string{"app": "sidecar-injector", "istio.io/rev": "asm-managed"},
		Webhooks: []mesh.Webhook{{
			Name: "rev.namespace", URL: "https://a.run.app/inject/ISTIO_META_CLOUDRUN_ADDR/a.run.app", OnPods: true,
			Namespace: mesh.Selector{Labels: map[string]string{"istio.io/rev": "asm-managed"}},
			Object:    mesh.Selector{Expressions: []mesh.Expression{{Key: "sidecar.istio.io/inject", Operator: "NotIn", Values: []string{"false"}}}},
		}},
	}
	leftover := mesh.WebhookConfiguration{
		Name: "istio-sidecar-injector", Labels: map[string]string{"app": "sidecar-injector"},
		Webhooks: []mesh.Webhook{{
			Name: "namespace", Service: &mesh.InClusterService{Namespace: "istio-system", Name: "istiod"}, OnPods: true,
			Namespace: mesh.Selector{Labels: map[string]string{"istio-injection": "enabled"}},
		}},
	}
	namespaces := []health.Namespace{
		{Name: "shop", Labels: map[string]string{"istio.io/rev": "asm-managed"}},
		{Name: "both", Labels: map[string]string{"istio.io/rev": "asm-managed", "istio-injection": "enabled"}},
		{Name: "plain"},
	}
	noon := time.Date(2026, 1, 2, 12, 0, 0, 500, time.UTC)
	healthy := mesh.ProxyPod{
		Namespace: "shop", Name: "cart-1", Controller: "ReplicaSet", Owner: mesh.Owner{Kind: "Deployment", Namespace: "shop", Name: "cart"},
		Revision: "asm-managed", Image: "gcr.io/asm/proxyv2:1.2.3", Restarted: noon,
	}
	for name, test := range map[string]struct {
		change func(p *mesh.ProxyPod)
		all    bool
		since  time.Time
		want   health.Stale // "": none
		code   catalogue.Code
		lost   bool
	}{
		"as it should be":           {change: func(*mesh.ProxyPod) {}},
		"another build of the same": {change: func(p *mesh.ProxyPod) { p.Image += "-distroless" }},
		"another version": {change: func(p *mesh.ProxyPod) { p.Image = "gcr.io/asm/proxyv2:1.2.2" }, want: health.StaleVersion,
			code: catalogue.ProxiesOutdated},
		"another plane": {change: func(p *mesh.ProxyPod) { p.Revision = "default" }, want: health.StalePlane,
			code: catalogue.PodsElsewhere},
		"no proxy": {change: func(p *mesh.ProxyPod) { p.Image, p.Revision = "", "" }, want: health.StaleNone,
			code: catalogue.PodsBare},
		"no proxy, on the host": {change: func(p *mesh.ProxyPod) { p.Image, p.HostNetwork = "", true }},
		"no proxy, as it asks":  {change: func(p *mesh.ProxyPod) { p.Image, p.OptedOut = "", true }},
		"no proxy, as its label asks": {change: func(p *mesh.ProxyPod) {
			p.Image, p.Labels = "", map[string]string{"sidecar.istio.io/inject": "false"}
		}},
		"not upgraded": {change: func(p *mesh.ProxyPod) { p.Failed = true }, want: health.StaleFailed,
			code: catalogue.ProxiesFailed},
		"finished":              {change: func(p *mesh.ProxyPod) { p.Failed, p.Finished = true, true }},
		"of a Job":              {change: func(p *mesh.ProxyPod) { p.Revision, p.Controller = "default", "Job" }},
		"where nothing injects": {change: func(p *mesh.ProxyPod) { p.Revision, p.Namespace = "default", "plain" }},
		"where two inject":      {change: func(p *mesh.ProxyPod) { p.Revision, p.Namespace = "default", "both" }},
		"not upgraded, and lost": {change: func(p *mesh.ProxyPod) { p.Failed, p.Namespace = true, "plain" }, want: health.StaleFailed,
			code: catalogue.ProxiesFailed, lost: true},
		"of a namespace not known": {change: func(p *mesh.ProxyPod) { p.Failed, p.Namespace = true, "none" }},
		"all, restarted since":     {change: func(*mesh.ProxyPod) {}, all: true, since: noon.Add(400 * time.Nanosecond)},
		"all, restarted before": {change: func(*mesh.ProxyPod) {}, all: true, since: noon.Add(time.Second), want: health.StaleAsked,
			code: catalogue.ProxiesOutdated},
		"all, never restarted": {change: func(p *mesh.ProxyPod) { p.Restarted = time.Time{} }, all: true, since: noon,
			want: health.StaleAsked, code: catalogue.ProxiesOutdated},
		"all, without a time": {change: func(*mesh.ProxyPod) {}, all: true, want: health.StaleAsked, code: catalogue.ProxiesOutdated},
	} {
		pod := healthy
		test.change(&pod)
		got := health.Renewals([]mesh.ProxyPod{pod}, namespaces, []mesh.WebhookConfiguration{injector, leftover},
			[]mesh.Environment{{Revision: "asm-managed", Tag: "1.2.3"}}, "", test.all, test.since)
		switch {
		case test.want == "" && len(got) > 0:
			t.Errorf("%s: %+v", name, got)
		case test.want != "" && (len(got) != 1 || got[0].Stale != test.want || got[0].Lost != test.lost ||
			got[0].Finding("c").Code != test.code || !strings.Contains(got[0].Why, "1 pod(s)")):
			t.Errorf("%s: %+v", name, got)
		}
	}
	// The gravest reason of an owner's pods is told, and every pod that has one.
	failed, old := healthy, healthy
	failed.Name, failed.Failed = "cart-2", true
	old.Name, old.Revision = "cart-3", "default"
	got := health.Renewals([]mesh.ProxyPod{old, healthy, failed}, namespaces, []mesh.WebhookConfiguration{injector}, nil, "asm-managed",
		false, noon)
	if len(got) != 1 || got[0].Stale != health.StaleFailed || strings.Join(got[0].Pods, " ") != "cart-2 cart-3" {
		t.Errorf("%+v", got)
	}
	if got := health.Renewals([]mesh.ProxyPod{failed}, namespaces, []mesh.WebhookConfiguration{injector}, nil, "asm-managed-rapid", false,
		noon); len(got) > 0 {
		t.Errorf("of another revision: %+v", got)
	}
}

func TestReadyRevision(t *testing.T) {
	for want, details := range map[string][]mesh.Detail{
		"asm-managed": {{Code: "REVISION_READY", Text: "Ready: asm-managed"}},
		"": {{Code: "REVISION_PROVISIONING", Text: "Provisioning: asm-managed"},
			{Code: "REVISION_READY", Text: "Ready: two, or three"}},
	} {
		if got := catalogue.ReadyRevision(mesh.Component{Details: details}); got != want {
			t.Errorf("%v: %q", details, got)
		}
	}
}

func TestRegion(t *testing.T) {
	for location, want := range map[string]string{"us-central1": "us-central1", "us-central1-a": "us-central1", "global": "global", "": ""} {
		if got := mesh.Region(location); got != want {
			t.Errorf("%q is of region %q", location, got)
		}
	}
}

package health_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/meshtest"
)

func exp(key, operator string, values ...string) mesh.Expression {
	return mesh.Expression{Key: key, Operator: operator, Values: values}
}

const managedAddress = "asm-managed-abc-uc.a.run.app"

var environment = mesh.NewEnvironment("env-asm-managed", map[string]string{"CLOUDRUN_ADDR": managedAddress, "TAG": "1.20.8-asm.7"})

// managedInjector is Google's webhook configuration, as facts 10.1 has it.
func managedInjector(revision, url string) mesh.WebhookConfiguration {
	notFalse := exp("sidecar.istio.io/inject", "NotIn", "false")
	return mesh.WebhookConfiguration{
		Name:   "istiod-" + revision,
		Labels: map[string]string{"app": "sidecar-injector", "istio.io/rev": revision, "istio.io/owned-by": "mesh.googleapis.com"},
		Webhooks: []mesh.Webhook{
			{
				Name: "rev.namespace.sidecar-injector.istio.io", URL: url, OnPods: true, Fails: true,
				Namespace: mesh.Selector{Expressions: []mesh.Expression{exp("istio.io/rev", "In", revision), exp("istio-injection", "DoesNotExist")}},
				Object:    mesh.Selector{Expressions: []mesh.Expression{notFalse}},
			},
			{
				Name: "rev.object.sidecar-injector.istio.io", URL: url, OnPods: true, Fails: true,
				Namespace: mesh.Selector{Expressions: []mesh.Expression{exp("istio.io/rev", "DoesNotExist"), exp("istio-injection", "DoesNotExist")}},
				Object:    mesh.Selector{Expressions: []mesh.Expression{notFalse, exp("istio.io/rev", "In", revision)}},
			},
		},
	}
}

// inClusterInjector is that of an in-cluster default istiod (facts 10.2).
func inClusterInjector() mesh.WebhookConfiguration {
	return mesh.WebhookConfiguration{
		Name:   "istio-sidecar-injector",
		Labels: map[string]string{"app": "sidecar-injector", "istio.io/rev": "default"},
		Webhooks: []mesh.Webhook{{
			Name: "namespace.sidecar-injector.istio.io", OnPods: true,
			Service:   &mesh.InClusterService{Namespace: "istio-system", Name: "istiod", Path: "/inject"},
			Namespace: mesh.Selector{Expressions: []mesh.Expression{exp("istio-injection", "In", "enabled")}},
			Object:    mesh.Selector{Expressions: []mesh.Expression{exp("sidecar.istio.io/inject", "NotIn", "false")}},
		}},
	}
}

// defaultTag makes istio-injection=enabled mean the managed plane.
func defaultTag() mesh.WebhookConfiguration {
	c := inClusterInjector()
	c.Name = "istio-revision-tag-default"
	c.Labels = map[string]string{"app": "sidecar-injector", "istio.io/rev": "asm-managed", "istio.io/tag": "default"}
	c.Webhooks[0].Service, c.Webhooks[0].URL = nil, environment.InjectURL()
	return c
}

// oldInjector has the only entry of Istio 1.9 and earlier.
func oldInjector() mesh.WebhookConfiguration {
	return mesh.WebhookConfiguration{Name: "istio-sidecar-injector", Webhooks: []mesh.Webhook{{
		Name: "sidecar-injector.istio.io", OnPods: true, Service: &mesh.InClusterService{Namespace: "istio-system", Name: "istiod"},
		Namespace: mesh.Selector{Labels: map[string]string{"istio-injection": "enabled"}},
	}}}
}

func TestJudgeNamespace(t *testing.T) {
	google := managedInjector("asm-managed", environment.InjectURL())
	deactivated := inClusterInjector()
	deactivated.Webhooks[0].Namespace.Labels = map[string]string{"istio.io/deactivated": "never-match"}
	conditional := managedInjector("asm-managed", environment.InjectURL())
	conditional.Webhooks[0].Conditional = true
	stranger := mesh.WebhookConfiguration{Name: "pod-policy",
		Webhooks: []mesh.Webhook{{Name: "policy", OnPods: true, Service: &mesh.InClusterService{Name: "policy", Namespace: "policy"}}}}
	type webhooks = []mesh.WebhookConfiguration

	for name, c := range map[string]struct {
		webhooks  webhooks
		labels    map[string]string
		revisions []string
		want      mesh.Verdict
		code      catalogue.Code // "" is no finding
		managed   bool
		says      string
	}{
		"the revision label": {webhooks{google}, map[string]string{"istio.io/rev": "asm-managed"},
			[]string{"asm-managed"}, mesh.Healthy, "", true, ""},
		"beside somebody else's webhook": {webhooks{google, stranger}, map[string]string{"istio.io/rev": "asm-managed"},
			[]string{"asm-managed"}, mesh.Healthy, "", true, ""},
		"no label": {webhooks{google, inClusterInjector()}, nil, []string{"asm-managed"}, mesh.Healthy, "",
			false, ""},
		"injection is off": {webhooks{google, inClusterInjector()}, map[string]string{"istio-injection": "disabled"},
			[]string{"asm-managed"}, mesh.Healthy, "", false, ""},
		"Google's page: the label was not replaced": {webhooks{google, inClusterInjector()}, map[string]string{"istio-injection": "enabled"},
			[]string{"asm-managed"}, mesh.Unhealthy, catalogue.InjectionWrong, false, "istiod.istio-system"},
		"Google's page, with an old injector": {webhooks{google, oldInjector()}, map[string]string{"istio-injection": "enabled"},
			[]string{"asm-managed"}, mesh.Unhealthy, catalogue.InjectionWrong, false, "was not replaced"},
		"both labels: istio-injection wins": {webhooks{google, inClusterInjector()},
			map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed"}, []string{"asm-managed"}, mesh.Unhealthy,
			catalogue.InjectionWrong, false, "istio-injection wins"},
		"both labels, managed through the tag": {webhooks{google, defaultTag()},
			map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed"}, []string{"asm-managed"}, mesh.Degraded,
			catalogue.InjectionUnclear, true, "both labels"},
		"a default tag makes it legitimate": {webhooks{google, defaultTag()}, map[string]string{"istio-injection": "enabled"},
			[]string{"asm-managed"}, mesh.Healthy, "", true, ""},
		"a default tag and a leftover": {webhooks{google, defaultTag(), inClusterInjector()},
			map[string]string{"istio-injection": "enabled"}, []string{"asm-managed"}, mesh.Unhealthy, catalogue.InjectionWrong, false,
			"istio-sidecar-injector"},
		"in-cluster only is how it is meant": {webhooks{inClusterInjector()}, map[string]string{"istio-injection": "enabled"}, nil,
			mesh.Healthy, "", false, ""},
		"asked for, and nobody there": {webhooks{google}, map[string]string{"istio-injection": "enabled"},
			[]string{"asm-managed"}, mesh.Degraded, catalogue.InjectionNone, false, "no webhook selects"},
		"a revision that does not exist": {webhooks{google}, map[string]string{"istio.io/rev": "asm-managed-rapid"},
			[]string{"asm-managed"}, mesh.Degraded, catalogue.InjectionNone, false, "asm-managed-rapid"},
		"a deactivated injector": {webhooks{google, deactivated}, map[string]string{"istio-injection": "enabled"},
			[]string{"asm-managed"}, mesh.Degraded, catalogue.InjectionNone, false, ""},
		"two managed webhooks": {webhooks{google, {Name: "copy", Labels: google.Labels, Webhooks: google.Webhooks}},
			map[string]string{"istio.io/rev": "asm-managed"}, []string{"asm-managed"}, mesh.Degraded, catalogue.InjectionUnclear, false,
			"2 webhooks"},
		"match conditions cannot be judged": {webhooks{conditional}, map[string]string{"istio.io/rev": "asm-managed"},
			[]string{"asm-managed"}, mesh.Unknown, catalogue.InjectionUnclear, false, "match conditions"},
		"an injector that does not look at pods": {webhooks{{Name: "x", Labels: google.Labels,
			Webhooks: []mesh.Webhook{{Name: "cm", URL: environment.InjectURL()}}}}, map[string]string{"istio.io/rev": "asm-managed"},
			[]string{"asm-managed"}, mesh.Degraded, catalogue.InjectionNone, false, ""},
		"the remedy names the revision that's meant": {webhooks{google, inClusterInjector()},
			map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed-rapid"}, []string{"asm-managed", "asm-managed-rapid"},
			mesh.Unhealthy, catalogue.InjectionWrong, false, "asm-managed-rapid"},
	} {
		t.Run(name, func(t *testing.T) {
			n := health.JudgeNamespace(c.webhooks, health.Namespace{Name: "shop", Labels: c.labels}, c.revisions)
			if n.Verdict != c.want || n.Managed != c.managed || !strings.Contains(n.Summary, c.says) {
				t.Errorf("got %s, managed %t: %q", n.Verdict, n.Managed, n.Summary)
			}
			found := c.code == ""
			for _, f := range n.Findings {
				found = found || f.Code == c.code
				if f.Code == catalogue.InjectionWrong &&
					(f.FixedBy != "asm_namespace_injection" || !strings.Contains(f.Remediation, "istio-injection-")) {
					t.Errorf("finding %+v", f)
				}
			}
			if !found || c.code == "" && len(n.Findings) > 0 {
				t.Errorf("findings %+v, want %q", n.Findings, c.code)
			}
		})
	}
}

func TestTheRemedyNamesTheRevisionThatIsMeant(t *testing.T) {
	n := health.JudgeNamespace([]mesh.WebhookConfiguration{inClusterInjector()},
		health.Namespace{Name: "shop", Labels: map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed-rapid"}},
		[]string{"asm-managed", "asm-managed-rapid"})
	if !strings.Contains(n.Findings[0].Remediation+n.Findings[1].Remediation, "istio.io/rev=asm-managed-rapid") {
		t.Errorf("findings %+v", n.Findings)
	}
}

func TestInjectorsOfAPodWithItsOwnLabels(t *testing.T) {
	configurations := []mesh.WebhookConfiguration{inClusterInjector(), managedInjector("asm-managed", environment.InjectURL())}
	plain := health.Namespace{Name: "plain"}
	if got := health.Injectors(configurations, plain,
		map[string]string{"istio.io/rev": "asm-managed"}); len(got) != 1 || got[0].Plane != mesh.PlaneManaged ||
		got[0].Revision != "asm-managed" {
		t.Errorf("a pod that asks for the revision: %+v", got)
	}
	shop := health.Namespace{Name: "shop", Labels: map[string]string{"istio.io/rev": "asm-managed"}}
	if got := health.Injectors(configurations, shop, map[string]string{"sidecar.istio.io/inject": "false"}); len(got) != 0 {
		t.Errorf("a pod that refuses: %+v", got)
	}
}

func TestSelector(t *testing.T) {
	for name, c := range map[string]struct {
		s      mesh.Selector
		labels map[string]string
		want   bool
	}{
		"empty":               {mesh.Selector{}, nil, true},
		"label":               {mesh.Selector{Labels: map[string]string{"a": "1"}}, map[string]string{"a": "1", "b": "2"}, true},
		"other value":         {mesh.Selector{Labels: map[string]string{"a": "1"}}, map[string]string{"a": "2"}, false},
		"empty value is one":  {mesh.Selector{Labels: map[string]string{"a": ""}}, nil, false},
		"In":                  {mesh.Selector{Expressions: []mesh.Expression{exp("a", "In", "1", "2")}}, map[string]string{"a": "2"}, true},
		"In, absent":          {mesh.Selector{Expressions: []mesh.Expression{exp("a", "In", "")}}, nil, false},
		"NotIn, absent":       {mesh.Selector{Expressions: []mesh.Expression{exp("a", "NotIn", "1")}}, nil, true},
		"NotIn":               {mesh.Selector{Expressions: []mesh.Expression{exp("a", "NotIn", "1")}}, map[string]string{"a": "1"}, false},
		"Exists":              {mesh.Selector{Expressions: []mesh.Expression{exp("a", "Exists")}}, map[string]string{"a": ""}, true},
		"DoesNotExist":        {mesh.Selector{Expressions: []mesh.Expression{exp("a", "DoesNotExist")}}, map[string]string{"a": ""}, false},
		"an unknown operator": {mesh.Selector{Expressions: []mesh.Expression{exp("a", "Like", "1")}}, map[string]string{"a": "1"}, false},
		"all must be met": {mesh.Selector{Labels: map[string]string{"a": "1"}, Expressions: []mesh.Expression{exp("b", "Exists")}},
			map[string]string{"a": "1"}, false},
	} {
		if got := c.s.Selects(c.labels); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestWebhooksJudge(t *testing.T) {
	good := managedInjector("asm-managed", environment.InjectURL())
	validating := func(url string) mesh.WebhookConfiguration {
		return mesh.WebhookConfiguration{Name: health.ValidatingName, Webhooks: []mesh.Webhook{{Name: "v", URL: url}}}
	}
	judge := func(change func(*health.Webhooks)) health.Health {
		w := health.Webhooks{
			Mutating: []mesh.WebhookConfiguration{good}, Validating: []mesh.WebhookConfiguration{validating(environment.ValidateURL())},
			Environments: []mesh.Environment{environment}, Revisions: []string{"asm-managed"},
		}
		change(&w)
		return w.Judge()
	}
	for name, c := range map[string]struct {
		change func(*health.Webhooks)
		want   mesh.Verdict
		code   catalogue.Code
		says   string
	}{
		"as it should be": {func(*health.Webhooks) {}, mesh.Healthy, "", ""},
		"another address": {func(w *health.Webhooks) {
			w.Mutating = []mesh.WebhookConfiguration{managedInjector("asm-managed", meshtest.OldURL)}
		}, mesh.Degraded, catalogue.InjectorURL, environment.InjectURL()},
		"another address to validate": {func(w *health.Webhooks) {
			w.Validating = []mesh.WebhookConfiguration{validating("https://old.run.app/validate")}
		}, mesh.Degraded, catalogue.InjectorURL, "https://old.run.app/validate"},
		"no webhook for the revision": {func(w *health.Webhooks) { w.Mutating = nil }, mesh.Degraded, catalogue.InjectorMissing, "asm-managed"},
		"a tag is no webhook of the revision": {func(w *health.Webhooks) {
			w.Mutating = []mesh.WebhookConfiguration{defaultTag()}
		}, mesh.Degraded, catalogue.InjectorMissing, ""},
		"a leftover": {func(w *health.Webhooks) { w.Mutating = append(w.Mutating, inClusterInjector()) }, mesh.Healthy,
			catalogue.InjectorLeftover, ""},
		"no environment, nothing to compare": {func(w *health.Webhooks) {
			w.Environments, w.Mutating = nil, []mesh.WebhookConfiguration{managedInjector("asm-managed", meshtest.OldURL)}
		}, mesh.Healthy, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := judge(c.change)
			if h.Verdict != c.want || !strings.Contains(h.Summary, c.says) || (len(h.Findings) > 0) != (c.code != "") ||
				c.code != "" && h.Findings[0].Code != c.code {
				t.Errorf("got %s %q %+v", h.Verdict, h.Summary, h.Findings)
			}
		})
	}
}

func TestEnvironmentURLs(t *testing.T) {
	proxied := mesh.NewEnvironment("env-asm-managed", map[string]string{"CLOUDRUN_ADDR": managedAddress + ":443", "WEBHOOK_PROXY": "true"})
	actual := "https://meshconfig.googleapis.com/v1alpha1/projects/p-mesh-1/webhooks/inject/ISTIO_META_CLOUDRUN_ADDR/" + managedAddress
	if !mesh.SameURL(proxied.InjectURL(), actual) {
		t.Errorf("%s is not taken for %s", actual, proxied.InjectURL())
	}
	if mesh.SameURL(environment.InjectURL(), actual) {
		t.Error("a proxied URL is taken for a direct one")
	}
	if got := mesh.NewEnvironment("env-x", nil); got.InjectURL() != "" || got.ValidateURL() != "" {
		t.Errorf("an empty environment expects %q and %q", got.InjectURL(), got.ValidateURL())
	}
	c := managedInjector("asm-managed", actual)
	if c.Plane() != mesh.PlaneManaged {
		t.Errorf("a proxied injector is %s", c.Plane())
	}
}

// What a namespace's label should be depends on the webhooks: both labels are right where a managed webhook serves them.
func TestWhichLabelANamespaceShouldHave(t *testing.T) {
	managed, tag, inCluster := managedInjector("asm-managed", environment.InjectURL()), managedDefaultTag(), inClusterInjector()
	for name, c := range map[string]struct {
		webhooks []mesh.WebhookConfiguration
		labels   map[string]string
		codes    []catalogue.Code
		asks     string
	}{
		"as the tutorial has it":  {[]mesh.WebhookConfiguration{managed, tag}, map[string]string{"istio-injection": "enabled"}, nil, "default"},
		"as the revision has it":  {[]mesh.WebhookConfiguration{managed, tag}, map[string]string{"istio.io/rev": "asm-managed"}, nil, "asm-managed"},
		"no webhook of the tag":   {[]mesh.WebhookConfiguration{managed}, map[string]string{"istio-injection": "enabled"}, []catalogue.Code{catalogue.InjectionNone}, "asm-managed"},
		"both labels":             {[]mesh.WebhookConfiguration{managed, tag}, map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed"}, []catalogue.Code{catalogue.InjectionUnclear}, "default"},
		"both, and no tag":        {[]mesh.WebhookConfiguration{managed}, map[string]string{"istio-injection": "enabled", "istio.io/rev": "asm-managed"}, []catalogue.Code{catalogue.InjectionNone, catalogue.InjectionUnclear}, "asm-managed"},
		"istiod takes the label":  {[]mesh.WebhookConfiguration{managed, inCluster}, map[string]string{"istio-injection": "enabled"}, []catalogue.Code{catalogue.InjectionWrong}, "asm-managed"},
		"istiod takes it as well": {[]mesh.WebhookConfiguration{managed, tag, inCluster}, map[string]string{"istio-injection": "enabled"}, []catalogue.Code{catalogue.InjectionWrong}, "asm-managed"},
		"a revision that is gone": {[]mesh.WebhookConfiguration{managed, tag}, map[string]string{"istio.io/rev": "asm-gone"}, []catalogue.Code{catalogue.InjectionNone}, "asm-managed"},
	} {
		n := health.JudgeNamespace(c.webhooks, health.Namespace{Name: "shop", Labels: c.labels}, []string{"asm-managed"})
		var codes []catalogue.Code
		for _, f := range n.Findings {
			codes = append(codes, f.Code)
		}
		slices.Sort(codes)
		if n.Asks != c.asks || !slices.Equal(codes, c.codes) {
			t.Errorf("%s: asks for %q, findings %v", name, n.Asks, codes)
		}
		for _, f := range n.Findings {
			change := "istio-injection- istio.io/rev=" + c.asks
			if c.asks == mesh.DefaultRevision {
				change = "istio.io/rev- istio-injection=enabled"
			}
			if !strings.Contains(f.Remediation, change) {
				t.Errorf("%s: %s", name, f.Remediation)
			}
		}
	}
}

// managedDefaultTag is the default tag's webhook as a managed cluster has it.
func managedDefaultTag() mesh.WebhookConfiguration {
	c := defaultTag()
	for i := range c.Webhooks {
		c.Webhooks[i].Service, c.Webhooks[i].URL = nil, environment.InjectURL()
	}
	return c
}

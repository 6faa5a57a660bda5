package cluster_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

var injectionTests = []test{
	{"what injects a namespace", testNamespaces},
	{"the default revision tag", testDefaultTag},
	{"an in-cluster leftover, and its correction", testLeftover},
	{"a webhook that calls another address", testOtherAddress},
	{"marks of other writers survive", testMarksSurvive},
	{"a namespace that is missing, or cannot be", testNoNamespace},
	{"a namespace that is being deleted", testGoingNamespace},
}

// injection reads the cluster's injection, and what it says of one namespace.
func injection(t *testing.T, c *cluster.Cluster, namespace string) (cluster.Injection, health.NamespaceInjection) {
	t.Helper()
	i, err := c.Injection(t.Context())
	must(t, err)
	for _, n := range i.Namespaces {
		if n.Namespace.Name == namespace {
			return i, n
		}
	}
	t.Fatalf("namespace %s is not in %+v", namespace, i.Namespaces)
	return i, health.NamespaceInjection{}
}

func testNamespaces(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	c, _ := reach(t, on)
	for name, ns := range map[string]struct {
		labels          map[string]string
		verdict         mesh.Verdict
		managed, wanted bool
		codes           []catalogue.Code
	}{
		"managed":  {map[string]string{mesh.LabelRevision: "asm-managed"}, mesh.Healthy, true, true, nil},
		"no label": {nil, mesh.Healthy, false, false, nil},
		"both labels": {
			map[string]string{mesh.LabelRevision: "asm-managed", mesh.LabelInjection: "enabled"}, mesh.Degraded, false, true,
			[]catalogue.Code{catalogue.InjectionNone, catalogue.InjectionUnclear},
		},
		"no such plane": {
			map[string]string{mesh.LabelRevision: "asm-managed-rapid"}, mesh.Degraded, false, true,
			[]catalogue.Code{catalogue.InjectionNone},
		},
		"the other label": {
			map[string]string{mesh.LabelInjection: "enabled"}, mesh.Degraded, false, true, []catalogue.Code{catalogue.InjectionNone},
		},
		"switched off": {map[string]string{mesh.LabelInjection: "disabled"}, mesh.Healthy, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, n := injection(t, c, createNamespace(t, kube, ns.labels))
			got := codes(n.Health)
			slices.Sort(got)
			if n.Verdict != ns.verdict || n.Managed != ns.managed || n.Wanted != ns.wanted || !slices.Equal(got, ns.codes) {
				t.Errorf("%s: managed %t, wanted %t, %+v", n.Summary, n.Managed, n.Wanted, n.Findings)
			}
		})
	}
}

// The tag "default" on the managed revision makes istio-injection=enabled a way of asking for the managed plane.
func testDefaultTag(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	createWebhook(t, kube, "istio-revision-tag-default", map[string]string{mesh.LabelRevision: "asm-managed", mesh.LabelTag: "default"},
		calls(injectURL), metav1.LabelSelectorRequirement{Key: mesh.LabelInjection, Operator: "In", Values: []string{"enabled"}})
	c, _ := reach(t, on)
	i, n := injection(t, c, createNamespace(t, kube, map[string]string{mesh.LabelInjection: "enabled"}))
	if n.Verdict != mesh.Healthy || !n.Managed || len(n.Injectors) != 1 || n.Injectors[0].Tag != "default" || i.Verdict != mesh.Healthy ||
		len(i.Findings) != 0 {
		t.Errorf("%s; %s: %+v", n.Summary, i.Summary, i.Findings)
	}
}

func testLeftover(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	createWebhook(
		t,
		kube,
		"istio-sidecar-injector",
		map[string]string{mesh.LabelRevision: "default"},
		admission.WebhookClientConfig{Service: &admission.ServiceReference{Namespace: "istio-system", Name: "istiod"}},
		metav1.LabelSelectorRequirement{Key: mesh.LabelInjection, Operator: "In", Values: []string{"enabled"}},
	)
	ns := createNamespace(t, kube, map[string]string{mesh.LabelInjection: "enabled", "theirs": "1"})
	c, log := reach(t, on)
	i, n := injection(t, c, ns)
	if n.Verdict != mesh.Unhealthy || n.Managed || !strings.Contains(n.Summary, "istiod.istio-system") ||
		!slices.Equal(codes(n.Health), []catalogue.Code{catalogue.InjectionWrong}) {
		t.Errorf("before: %+v", n)
	}
	if !slices.Contains(codes(i.Health), catalogue.InjectorLeftover) {
		t.Errorf("the leftover is not told: %+v", i.Findings)
	}
	revision := "asm-managed"
	after, err := c.MarkNamespace(t.Context(), ns, map[string]*string{mesh.LabelRevision: &revision, mesh.LabelInjection: nil}, nil)
	must(t, err)
	if _, still := after.Labels[mesh.LabelInjection]; still || after.Labels["theirs"] != "1" {
		t.Errorf("labels %v", after.Labels)
	}
	if _, n := injection(t, c, ns); n.Verdict != mesh.Healthy || !n.Managed {
		t.Errorf("after: %+v", n)
	}
	if log.count("patch") != 1 || log.count("get") != 0 {
		t.Errorf("asked %v", log.asked)
	}
}

func testOtherAddress(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	const old = "https://asm-old-uc.a.run.app/inject/ISTIO_META_CLOUDRUN_ADDR/asm-old-uc.a.run.app"
	call := func(ctx context.Context, url string) error {
		patch, _ := json.Marshal([]any{map[string]string{"op": "replace", "path": "/webhooks/0/clientConfig/url", "value": url}})
		_, err := kube.AdmissionregistrationV1().
			MutatingWebhookConfigurations().
			Patch(ctx, "istiod-asm-managed", types.JSONPatchType, patch, metav1.PatchOptions{})
		return err
	}
	must(t, call(t.Context(), old))
	t.Cleanup(func() {
		if err := call(context.Background(), injectURL); err != nil {
			t.Error(err)
		}
	})
	ns := createNamespace(t, kube, map[string]string{mesh.LabelRevision: "asm-managed"})
	c, _ := reach(t, on)
	i, n := injection(t, c, ns)
	if i.Verdict != mesh.Degraded || !slices.Equal(codes(i.Health), []catalogue.Code{catalogue.InjectorURL}) ||
		!strings.Contains(i.Findings[0].Message, old) ||
		!strings.Contains(i.Findings[0].Message, injectURL) {
		t.Errorf("%s: %+v", i.Summary, i.Findings)
	}
	if !n.Managed {
		t.Errorf("it is the managed plane all the same: %+v", n)
	}
}

// Somebody else marks the namespace after it was read and before it is marked.
func testMarksSurvive(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	ns := createNamespace(t, kube, map[string]string{"first": "1"})
	c, _ := reach(t, on)
	_, err := c.Namespace(t.Context(), ns)
	must(t, err)
	_, err = kube.CoreV1().Namespaces().Patch(t.Context(), ns, types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"first":"2","theirs":"1","istio.io/rev":"theirs"},"annotations":{"their/note":"x"}}}`),
		metav1.PatchOptions{FieldManager: "somebody-else"})
	must(t, err)
	revision, managed := "asm-managed", `{"managed":"true"}`
	after, err := c.MarkNamespace(t.Context(), ns, map[string]*string{mesh.LabelRevision: &revision},
		map[string]*string{mesh.AnnotationProxy: &managed})
	must(t, err)
	if after.Labels["first"] != "2" || after.Labels["theirs"] != "1" || after.Labels[mesh.LabelRevision] != revision ||
		after.Annotations["their/note"] != "x" ||
		after.Annotations[mesh.AnnotationProxy] != managed {
		t.Errorf("labels %v, annotations %v", after.Labels, after.Annotations)
	}
	object, err := kube.CoreV1().Namespaces().Get(t.Context(), ns, metav1.GetOptions{})
	must(t, err)
	owned := map[string]string{}
	for _, entry := range object.ManagedFields {
		if entry.FieldsV1 != nil {
			owned[entry.Manager] += string(entry.Operation) + entry.FieldsV1.GetRawString()
		}
	}
	ours, theirs := owned[cluster.FieldManager], owned["somebody-else"]
	if ours != `Update{"f:metadata":{"f:annotations":{".":{},"f:mesh.cloud.google.com/proxy":{}},"f:labels":{"f:istio.io/rev":{}}}}` &&
		ours != `Update{"f:metadata":{"f:annotations":{"f:mesh.cloud.google.com/proxy":{}},"f:labels":{"f:istio.io/rev":{}}}}` {
		t.Errorf("ours are %s", ours)
	}
	for _, field := range []string{`"f:first":{}`, `"f:theirs":{}`, `"f:their/note":{}`} {
		if !strings.Contains(theirs, field) {
			t.Errorf("%s is not theirs any more: %s", field, theirs)
		}
	}
	if strings.Contains(theirs, `"f:istio.io/rev"`) {
		t.Errorf("the revision is still theirs: %s", theirs)
	}
}

func testNoNamespace(t *testing.T, on target) {
	c, log := reach(t, on)
	revision := "asm-managed"
	_, err := c.Namespace(t.Context(), "gone")
	_, err2 := c.MarkNamespace(t.Context(), "gone", map[string]*string{mesh.LabelRevision: &revision}, nil)
	for _, err := range []error{err, err2} {
		if !apierr.NotFound(err) || !strings.Contains(err.Error(), `namespaces "gone" not found`) {
			t.Errorf("a missing namespace: %v", err)
		}
	}
	made := log.count("")
	for _, name := range []string{"", "Shop", "shop/../x", "a_b", strings.Repeat("a", 64)} {
		if _, err := c.Namespace(t.Context(), name); err == nil || !strings.Contains(err.Error(), "cannot be a namespace") {
			t.Errorf("%q: %v", name, err)
		}
	}
	if log.count("") != made {
		t.Errorf("asked for a namespace that cannot be: %v", log.asked)
	}
}

// A finalizer that nobody takes away keeps the namespace where deletions are waited for.
func testGoingNamespace(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	ns, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "going-", Finalizers: []string{"example.test/hold"}, Labels: map[string]string{mesh.LabelRevision: "asm-gone"},
	}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		_, err := kube.CoreV1().
			Namespaces().
			Patch(context.Background(), ns.Name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	c, _ := reach(t, on)
	if _, before := injection(t, c, ns.Name); before.Verdict != mesh.Degraded {
		t.Errorf("before: %s", before.Summary)
	}
	must(t, kube.CoreV1().Namespaces().Delete(t.Context(), ns.Name, metav1.DeleteOptions{}))
	i, err := c.Injection(t.Context())
	must(t, err)
	if strings.Contains(i.Summary, ns.Name) {
		t.Errorf("after: %s", i.Summary)
	}
}

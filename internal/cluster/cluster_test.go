package cluster_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"golang.org/x/oauth2"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// target is a cluster to hold the product to: the real API server, or another
// that claims to answer alike.
type target interface {
	Config() *rest.Config
	Kubeconfig(path string) error
}

// targets are those that every test of the list runs on.
func targets(t *testing.T) map[string]target {
	return map[string]target{"kube-apiserver": kubetest.Start(t)}
}

func TestOnClusters(t *testing.T) {
	for name, on := range targets(t) {
		t.Run(name, func(t *testing.T) {
			arrange(t, on)
			for _, c := range []struct {
				name string
				test func(t *testing.T, on target)
			}{
				{"a healthy cluster takes seven requests", testHealthy},
				{"a stalled revision", testStalled},
				{"wrong injection, and its correction", testWrongInjection},
				{"failed proxies, and their restart", testFailedProxies},
			} {
				t.Run(c.name, func(t *testing.T) { c.test(t, on) })
			}
		})
	}
}

const runAddress = "asm-managed-abc-uc.a.run.app"

// arrange installs what Google installs for revision asm-managed.
func arrange(t *testing.T, on target) {
	t.Helper()
	kube := kubernetes.NewForConfigOrDie(on.Config())
	ctx := t.Context()
	_, err := kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: mesh.SystemNamespace}}, metav1.CreateOptions{})
	must(t, err)
	_, err = kube.CoreV1().ConfigMaps(mesh.SystemNamespace).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "env-asm-managed"}, Data: map[string]string{"CLOUDRUN_ADDR": runAddress, "TAG": "1.20.8-asm.7"},
	}, metav1.CreateOptions{})
	must(t, err)
	url := "https://" + runAddress + "/inject/ISTIO_META_CLOUDRUN_ADDR/" + runAddress
	createWebhook(t, kube, "istiod-asm-managed", "asm-managed", admission.WebhookClientConfig{URL: &url},
		metav1.LabelSelectorRequirement{Key: mesh.LabelRevision, Operator: "In", Values: []string{"asm-managed"}},
		metav1.LabelSelectorRequirement{Key: mesh.LabelInjection, Operator: "DoesNotExist"})
	setConditions(t, on, "True", "False", "NotStalled", "Provisioning has not stalled")
}

func createWebhook(t *testing.T, kube kubernetes.Interface, name, revision string, calls admission.WebhookClientConfig, namespace ...metav1.LabelSelectorRequirement) {
	t.Helper()
	none, ignore := admission.SideEffectClassNone, admission.Ignore
	_, err := kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Create(t.Context(), &admission.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "sidecar-injector", mesh.LabelRevision: revision}},
		Webhooks: []admission.MutatingWebhook{{
			Name: "rev.namespace.sidecar-injector.istio.io", ClientConfig: calls, SideEffects: &none, FailurePolicy: &ignore, // nobody is there to call
			AdmissionReviewVersions: []string{"v1"}, NamespaceSelector: &metav1.LabelSelector{MatchExpressions: namespace},
			Rules: []admission.RuleWithOperations{{Operations: []admission.OperationType{"CREATE"}, Rule: admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		_ = kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Delete(context.Background(), name, metav1.DeleteOptions{})
	})
}

func setConditions(t *testing.T, on target, reconciled, stalled, reason, message string) {
	t.Helper()
	revisions := dynamic.NewForConfigOrDie(on.Config()).Resource(schema.GroupVersionResource{Group: "mesh.cloud.google.com", Version: "v1alpha1", Resource: "controlplanerevisions"}).Namespace(mesh.SystemNamespace)
	object, err := revisions.Get(t.Context(), "asm-managed", metav1.GetOptions{})
	if err != nil {
		object, err = revisions.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "mesh.cloud.google.com/v1alpha1", "kind": "ControlPlaneRevision", "metadata": map[string]any{"name": "asm-managed"},
			"spec": map[string]any{"type": "managed_service", "channel": "regular"},
		}}, metav1.CreateOptions{})
		must(t, err)
	}
	now := time.Now().UTC().Format(time.RFC3339)
	object.Object["status"] = map[string]any{"conditions": []any{
		map[string]any{"type": "Reconciled", "status": reconciled, "lastTransitionTime": now},
		map[string]any{"type": "ProvisioningFinished", "status": "True", "lastTransitionTime": now},
		map[string]any{"type": "Stalled", "status": stalled, "reason": reason, "message": message, "lastTransitionTime": now},
	}}
	_, err = revisions.UpdateStatus(t.Context(), object, metav1.UpdateOptions{})
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reach opens the target, and counts what is asked of it.
func reach(t *testing.T, on target) (*cluster.Cluster, *atomic.Int32) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.Kubeconfig(path))
	var count atomic.Int32
	a := access(t, cluster.Config{Log: func(context.Context, string, map[string]any) { count.Add(1) }})
	c, err := a.Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}})
	must(t, err)
	return c, &count
}

func testHealthy(t *testing.T, on target) {
	c, requests := reach(t, on)
	s, err := c.Read(t.Context())
	must(t, err)
	if h := s.Health(); h.Verdict != mesh.Healthy || len(s.Unread) > 0 || len(s.Revisions) != 1 || len(s.Namespaces) < 4 || len(s.Environments) != 1 {
		t.Errorf("%s, unread %v, state %+v", h.Summary, s.Unread, s)
	}
	if got := requests.Load(); got != 7 {
		t.Errorf("%d requests, want 7", got)
	}
}

func testStalled(t *testing.T, on target) {
	setConditions(t, on, "False", "True", "PreconditionFailed", "Unsupported workload  pool: p.hub.id.goog")
	defer setConditions(t, on, "True", "False", "NotStalled", "Provisioning has not stalled")
	c, requests := reach(t, on)
	r, err := c.Revisions(t.Context())
	must(t, err)
	if r.Verdict != mesh.Unhealthy || len(r.All) != 1 || requests.Load() != 1 {
		t.Fatalf("%+v after %d requests", r, requests.Load())
	}
	if stop := r.All[0].Stop(); stop == nil || stop.Code != mesh.StopWorkloadPool || stop.Variables["POOL"] != "p.hub.id.goog" {
		t.Errorf("stop %+v", stop)
	}
}

func testWrongInjection(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	createWebhook(t, kube, "istio-sidecar-injector", "default", admission.WebhookClientConfig{Service: &admission.ServiceReference{Namespace: "istio-system", Name: "istiod"}},
		metav1.LabelSelectorRequirement{Key: mesh.LabelInjection, Operator: "In", Values: []string{"enabled"}})
	ns, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "wrong-", Labels: map[string]string{mesh.LabelInjection: "enabled", "theirs": "1"}}}, metav1.CreateOptions{})
	must(t, err)
	c, _ := reach(t, on)
	judged := func() mesh.NamespaceInjection {
		i, err := c.Injection(t.Context())
		must(t, err)
		for _, n := range i.Namespaces {
			if n.Namespace.Name == ns.Name {
				return n
			}
		}
		t.Fatalf("namespace %s is not in %+v", ns.Name, i.Namespaces)
		return mesh.NamespaceInjection{}
	}
	if n := judged(); n.Verdict != mesh.Unhealthy || n.Managed || !strings.Contains(n.Summary, "istiod.istio-system") {
		t.Errorf("before: %+v", n)
	}
	revision := "asm-managed"
	after, err := c.MarkNamespace(t.Context(), ns.Name, map[string]*string{mesh.LabelRevision: &revision, mesh.LabelInjection: nil}, nil)
	must(t, err)
	if _, still := after.Labels[mesh.LabelInjection]; still || after.Labels["theirs"] != "1" {
		t.Errorf("labels %v", after.Labels)
	}
	if n := judged(); n.Verdict != mesh.Healthy || !n.Managed {
		t.Errorf("after: %+v", n)
	}
}

func testFailedProxies(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	made, err := kube.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}, metav1.CreateOptions{})
	must(t, err)
	ns, app, two := made.Name, map[string]string{"app": "cart"}, int32(2)
	_, err = kube.PolicyV1().PodDisruptionBudgets(ns).Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "cart"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: &intstr.IntOrString{IntVal: 2}, Selector: &metav1.LabelSelector{MatchLabels: app}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = kube.AppsV1().Deployments(ns).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "cart"},
		Spec: appsv1.DeploymentSpec{Replicas: &two, Selector: &metav1.LabelSelector{MatchLabels: app}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: app, Annotations: map[string]string{mesh.AnnotationStatus: `{"revision":"asm-managed"}`, "theirs": "1"}},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "cart", Image: "example.test/cart:1"}, {Name: mesh.ProxyContainer, Image: "gcr.io/asm/proxyv2:1.19.0-asm.1"}}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	running := func() []corev1.Pod {
		list, err := kube.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=cart"})
		must(t, err)
		return list.Items
	}
	for deadline := time.Now().Add(30 * time.Second); len(running()) < 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the Deployment makes no pods")
		}
	}
	for _, pod := range running() {
		_, err := kube.CoreV1().Pods(ns).Patch(t.Context(), pod.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"dataplane-upgrade":"failed"}}}`), metav1.PatchOptions{})
		must(t, err)
	}
	c, _ := reach(t, on)
	before, err := c.Proxies(t.Context(), false)
	must(t, err)
	owner := mesh.Owner{Kind: "Deployment", Namespace: ns, Name: "cart"}
	if len(before.Failed) != 1 || before.Failed[0].Owner != owner || len(before.Failed[0].Pods) != 2 || before.Failed[0].Block != mesh.BlockBudget || before.Failed[0].Wanted != "1.20.8-asm.7" {
		t.Fatalf("failed are %+v", before.Failed)
	}
	results, err := c.RestartOwners(t.Context(), []mesh.Owner{owner, owner, {Kind: "Job", Namespace: ns, Name: "x"}, {Kind: "StatefulSet", Namespace: ns, Name: "x"}, {Kind: "Deployment", Namespace: ns, Name: "gone"}}, cluster.Restart{})
	must(t, err)
	var outcomes []cluster.Outcome
	for _, r := range results {
		outcomes = append(outcomes, r.Outcome)
	}
	if got, _ := json.Marshal(outcomes); string(got) != `["restarted","skipped","skipped","skipped"]` {
		t.Errorf("outcomes %s: %+v", got, results)
	}
	after, err := c.Proxies(t.Context(), false)
	must(t, err)
	if len(after.Failed) != 0 {
		t.Errorf("after the restart: %+v", after.Failed)
	}
	d, err := kube.AppsV1().Deployments(ns).Get(t.Context(), "cart", metav1.GetOptions{})
	must(t, err)
	if d.Spec.Template.Annotations["theirs"] != "1" {
		t.Errorf("annotations %v", d.Spec.Template.Annotations)
	}
}

// RBAC and the gateway are those of the real server, seen by somebody who may
// do nothing.
func TestRBACNamesTheMissingRule(t *testing.T) {
	server := kubetest.Start(t)
	gateway, err := server.Gateway(membershipName)
	must(t, err)
	front := httptest.NewServer(gateway)
	t.Cleanup(front.Close)
	a := access(t, cluster.Config{GatewayEndpoint: front.URL, Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: kubetest.Token("nobody@example.com")})})
	_, err = open(t, a, membershipName, "").Revisions(t.Context())
	if !cluster.Forbidden(err) || !strings.Contains(err.Error(), `{apiGroups: ["mesh.cloud.google.com"], resources: ["controlplanerevisions"], verbs: ["list"]}`) {
		t.Errorf("got %v", err)
	}
	_, err = open(t, a, "projects/100000000001/locations/global/memberships/other", "").Revisions(t.Context())
	if cluster.NotFound(err) || err == nil || !strings.Contains(err.Error(), "memberships list") {
		t.Errorf("an unknown membership: %v", err)
	}
}

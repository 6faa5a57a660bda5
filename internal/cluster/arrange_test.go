package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	admission "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

// What Google installs for revision asm-managed, as the tests arrange it.
const (
	runAddress = "asm-managed-abc-uc.a.run.app"
	injectURL  = "https://" + runAddress + "/inject/ISTIO_META_CLOUDRUN_ADDR/" + runAddress
	wantedTag  = "1.20.8-asm.7"
)

// managedSelector is how the managed injector selects namespaces.
var managedSelector = []metav1.LabelSelectorRequirement{
	{Key: mesh.LabelRevision, Operator: "In", Values: []string{"asm-managed"}},
	{Key: mesh.LabelInjection, Operator: "DoesNotExist"},
}

// arrange installs what Google installs. It runs once more with -count=2, when
// the namespace and its environment are still there.
func arrange(t *testing.T, on target) {
	t.Helper()
	kube := kubernetes.NewForConfigOrDie(on.Config())
	_, err := kube.CoreV1().
		Namespaces().
		Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: mesh.SystemNamespace}}, metav1.CreateOptions{})
	mayExist(t, err)
	_, err = kube.CoreV1().ConfigMaps(mesh.SystemNamespace).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "env-asm-managed"}, Data: map[string]string{"CLOUDRUN_ADDR": runAddress, "TAG": wantedTag},
	}, metav1.CreateOptions{})
	mayExist(t, err)
	createWebhook(t, kube, "istiod-asm-managed", map[string]string{mesh.LabelRevision: "asm-managed"}, calls(injectURL), managedSelector...)
	eventually(t, "the kind ControlPlaneRevision to be served", func() error {
		_, err := revisions(on, mesh.SystemNamespace).List(t.Context(), metav1.ListOptions{})
		return err
	})
	putRevision(t, on, mesh.SystemNamespace, "asm-managed", "regular", healthyConditions()...)
}

func calls(url string) admission.WebhookClientConfig {
	return admission.WebhookClientConfig{URL: &url}
}

// createWebhook makes an injector for the time of the test.
func createWebhook(t *testing.T, kube kubernetes.Interface, name string, labels map[string]string, calls admission.WebhookClientConfig,
	namespace ...metav1.LabelSelectorRequirement) {
	t.Helper()
	none, ignore := admission.SideEffectClassNone, admission.Ignore
	labels["app"] = "sidecar-injector"
	configurations := kube.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := configurations.Create(t.Context(), &admission.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Webhooks: []admission.MutatingWebhook{
			{
				Name:                    "rev.namespace.sidecar-injector.istio.io",
				ClientConfig:            calls,
				SideEffects:             &none,
				FailurePolicy:           &ignore, // nobody is there to call
				AdmissionReviewVersions: []string{"v1"},
				NamespaceSelector:       &metav1.LabelSelector{MatchExpressions: namespace},
				Rules: []admission.RuleWithOperations{
					{Operations: []admission.OperationType{"CREATE"},
						Rule: admission.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}},
				},
			},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		if err := configurations.Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

// createNamespace makes a namespace for the time of the test.
func createNamespace(t *testing.T, kube kubernetes.Interface, labels map[string]string) string {
	t.Helper()
	ns, err := kube.CoreV1().
		Namespaces().
		Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		if err := kube.CoreV1().Namespaces().Delete(context.Background(), ns.Name, metav1.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return ns.Name
}

// log remembers which requests were made.
type log struct {
	mu    sync.Mutex
	asked []string // "patch apps/v1, Resource=deployments shop/cart"
	said  string   // all that was logged
}

func (l *log) add(_ context.Context, message string, fields map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said += message + fmt.Sprintln(fields)
	l.asked = append(l.asked, fmt.Sprintf("%s %s %s/%s", fields["verb"], fields["resource"], fields["namespace"], fields["name"]))
}

// count is how many requests began with a verb.
func (l *log) count(verb string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.asked {
		if strings.HasPrefix(line, verb) {
			n++
		}
	}
	return n
}

// brief is a clock on which every wait is a short one.
var brief = &wait.Shifted{Longest: 20 * time.Millisecond}

// reach opens the target as a caller who may do everything.
func reach(t *testing.T, on target) (*cluster.Cluster, *log) {
	t.Helper()
	l := &log{}
	return reachWith(t, on, cluster.Config{Log: l.add}), l
}

func reachWith(t *testing.T, on target, config cluster.Config) *cluster.Cluster {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.Kubeconfig(path))
	if config.Clock == nil {
		config.Clock = brief
	}
	c, err := access(t, config).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}})
	must(t, err)
	return c
}

// reachThrough opens the target behind a server that hands every request on,
// unless meddle answers it. meddle may change the request.
func reachThrough(t *testing.T, on target, config cluster.Config,
	meddle func(w http.ResponseWriter, r *http.Request) (answered bool)) (*cluster.Cluster, *server) {
	t.Helper()
	behind := on.Config()
	to, _, err := rest.DefaultServerUrlFor(behind)
	must(t, err)
	transport, err := rest.TransportFor(behind)
	must(t, err)
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host}) },
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !meddle(w, r) {
			proxy.ServeHTTP(w, r)
		}
	})
	if config.Clock == nil {
		config.Clock = brief
	}
	c, err := access(t, config).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Content: kubeconfigFor(s.URL)}})
	must(t, err)
	return c, s
}

func kubeconfigFor(url string) []byte {
	return fmt.Appendf(
		nil,
		`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"c","cluster":{"server":%q}}],`+
			`"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"users":[{"name":"u","user":{}}]}`,
		url,
	)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mayExist(t *testing.T, err error) {
	t.Helper()
	if !apierrors.IsAlreadyExists(err) {
		must(t, err)
	}
}

var errNotYet = errors.New("not yet")

// eventually waits for what controllers do a moment later.
func eventually(t *testing.T, what string, ready func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		err := ready()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

package cluster_test

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
)

var writeTests = []test{
	{"a field of a revision's spec is set alone", testRevisionSpec},
	{"a revision is deleted and created again", testRevisionImage},
	{"URLs of webhooks are set alone", testWebhookURLs},
	{"what the caller may do is asked of the cluster", testCan},
	{"pods that need another proxy are found by owner", testRenewals},
}

func testRevisionSpec(t *testing.T, on target) {
	c, log := reach(t, on)
	rapid, regular := "rapid", "regular"
	r, err := c.SetRevisionSpec(t.Context(), "asm-managed", "channel", &rapid)
	must(t, err)
	if r.Channel != "rapid" || r.Type != mesh.RevisionType || log.count("patch") != 1 {
		t.Errorf("%+v, asked %v", r, log.asked)
	}
	if r, err = c.SetRevisionSpec(t.Context(), "asm-managed", "channel", nil); err != nil || r.Channel != "" || r.Type != mesh.RevisionType {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err = c.SetRevisionSpec(t.Context(), "asm-managed", "channel", &regular); err != nil {
		t.Error(err)
	}
	if _, err := c.SetRevisionSpec(t.Context(), "none", "channel", &regular); !apierr.NotFound(err) {
		t.Errorf("a revision that is not there: %v", err)
	}
	wrong := "in_cluster"
	if _, err := c.SetRevisionSpec(t.Context(), "asm-managed", "type", &wrong); !apierr.Invalid(err) || apierr.Retryable(err) ||
		apierr.Ambiguous(err) {
		t.Errorf("a type that the schema refuses: %v", err)
	}
}

func testRevisionImage(t *testing.T, on target) {
	putRevision(t, on, "default", "asm-mine", "stable", healthyConditions()...)
	objects := revisions(on, "default")
	_, err := objects.Patch(t.Context(), "asm-mine", types.MergePatchType,
		[]byte(`{"metadata":{"labels":{"a":"b"},"annotations":{"c":"d"}}}`), metav1.PatchOptions{})
	must(t, err)
	c, log := reach(t, on)
	image, err := c.RevisionImage(t.Context(), "default", "asm-mine")
	must(t, err)
	metadata := image.Object["metadata"].(map[string]any)
	if len(image.Object) != 4 || len(metadata) != 4 || metadata["labels"].(map[string]any)["a"] != "b" || image.Revision.Channel != "stable" {
		t.Errorf("the image is %v", image.Object)
	}
	// It is another object by now.
	_, err = objects.Patch(t.Context(), "asm-mine", types.MergePatchType, []byte(`{"metadata":{"labels":{"a":"c"}}}`), metav1.PatchOptions{})
	must(t, err)
	if err := c.DeleteRevision(t.Context(), image); !apierr.Conflict(err) || !apierr.Retryable(err) || apierr.Ambiguous(err) {
		t.Errorf("deleted what has changed since: %v", err)
	}
	image, err = c.RevisionImage(t.Context(), "default", "asm-mine")
	must(t, err)
	must(t, c.DeleteRevision(t.Context(), image))
	if _, err := c.RevisionImage(t.Context(), "default", "asm-mine"); !apierr.NotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
	if err := c.DeleteRevision(t.Context(), image); !apierr.NotFound(err) {
		t.Errorf("deleted twice: %v", err)
	}
	raw, err := json.Marshal(image.Object)
	must(t, err)
	var kept map[string]any
	must(t, json.Unmarshal(raw, &kept))
	must(t, c.CreateRevision(t.Context(), kept))
	if err := c.CreateRevision(t.Context(), kept); !apierr.Conflict(err) {
		t.Errorf("created twice: %v", err)
	}
	again, err := c.RevisionImage(t.Context(), "default", "asm-mine")
	must(t, err)
	now, err := json.Marshal(again.Object)
	must(t, err)
	if string(now) != string(raw) || log.count("create") != 2 || log.count("delete") != 3 {
		t.Errorf("it was %s and is %s; asked %v", raw, now, log.asked)
	}
	if err := c.CreateRevision(t.Context(), map[string]any{"apiVersion": "v1", "kind": "Secret"}); err == nil || log.count("create") != 2 {
		t.Errorf("something else was created: %v", err)
	}
}

func testWebhookURLs(t *testing.T, on target) {
	kube := kubernetes.NewForConfigOrDie(on.Config())
	const old, wanted, name = "https://old.example.com/inject", "https://new.example.com/inject", "test-injector"
	entry := "rev.namespace.sidecar-injector.istio.io"
	createWebhook(t, kube, name, map[string]string{"x": "y"}, calls(old),
		metav1.LabelSelectorRequirement{Key: "no-such-label", Operator: "In", Values: []string{"none"}})
	c, log := reach(t, on)
	set := func(c *cluster.Cluster, from, to string) ([]string, error) {
		return c.SetWebhookURLs(t.Context(), health.MutatingKind, name,
			map[string]cluster.URLChange{entry: {From: from, To: to}, "another.example.com": {From: from, To: to}})
	}
	if changed, err := set(c, "https://theirs.example.com/inject", wanted); err != nil || len(changed) > 0 || log.count("patch") != 0 {
		t.Errorf("changed %v that calls another URL: %v", changed, err)
	}
	before, err := kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	if changed, err := set(c, old, wanted); err != nil || !slices.Equal(changed, []string{entry}) || log.count("patch") != 1 {
		t.Errorf("changed %v, %v", changed, err)
	}
	after, err := kube.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	if url := *after.Webhooks[0].ClientConfig.URL; url != wanted {
		t.Errorf("it calls %s", url)
	}
	after.Webhooks[0].ClientConfig = before.Webhooks[0].ClientConfig
	if a, b := asJSON(t, before.Webhooks), asJSON(t, after.Webhooks); a != b || after.Labels["x"] != "y" {
		t.Errorf("more was changed:\n%s\n%s", a, b)
	}
	// Somebody writes between the read and the write.
	raced, s := reachThrough(t, on, cluster.Config{}, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			_, err := kube.AdmissionregistrationV1().
				MutatingWebhookConfigurations().
				Patch(context.WithoutCancel(r.Context()), name, types.MergePatchType,
					[]byte(`{"metadata":{"labels":{"theirs":"1"}}}`), metav1.PatchOptions{})
			if err != nil {
				t.Error(err)
			}
		}
		return false
	})
	if changed, err := set(raced, wanted, old); !apierr.Conflict(err) || !apierr.Retryable(err) || len(changed) > 0 {
		t.Errorf("changed %v, %v, asked %v", changed, err, s.requests())
	}
	if _, err := c.SetWebhookURLs(t.Context(), health.ValidatingKind, "no-such", nil); !apierr.NotFound(err) {
		t.Errorf("a configuration that is not there: %v", err)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	must(t, err)
	return string(raw)
}

func testCan(t *testing.T, on target) {
	c, log := reach(t, on)
	path := filepath.Join(t.TempDir(), "config")
	must(t, on.KubeconfigOf(path, "nobody@example.com"))
	stranger, err := access(t, cluster.Config{Clock: brief}).Open(cluster.Target{Kubeconfig: &cluster.Kubeconfig{Path: path}})
	must(t, err)
	for _, ask := range [][4]string{
		{"patch", "", "namespaces", ""}, {"list", "", "pods", ""}, {"patch", "apps", "deployments", "default"},
		{"delete", "mesh.cloud.google.com", "controlplanerevisions", mesh.SystemNamespace},
	} {
		if may, err := c.Can(t.Context(), ask[0], ask[1], ask[2], ask[3]); err != nil || !may {
			t.Errorf("the owner may not %v: %v", ask, err)
		}
		if may, err := stranger.Can(t.Context(), ask[0], ask[1], ask[2], ask[3]); err != nil || may {
			t.Errorf("nobody may %v: %v", ask, err)
		}
	}
	if log.count("create authorization.k8s.io/v1") != 4 || len(log.asked) != 4 {
		t.Errorf("asked %v", log.asked)
	}
}

func testRenewals(t *testing.T, on target) {
	w := newWorkloads(t, on)
	w.deployment("old", oldTag, 2, takesDown)
	w.deployment("new", wantedTag, 1)
	w.statefulSet("db", 1, "RollingUpdate")
	for name, replicas := range map[string]int{"old": 2, "new": 1, "db": 1} {
		w.run(name, replicas)
	}
	w.budget("old", 2)
	w.allows("old", 0)
	c, log := reach(t, on)
	ask := cluster.RenewalQuery{Namespaces: []string{w.ns}}
	// Nothing injects the namespace, so nothing would come of a restart.
	if got, err := c.Renewals(t.Context(), ask, cluster.Restart{}); err != nil || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if n := len(log.asked); n != 4 {
		t.Errorf("%d requests: %v", n, log.asked)
	}
	_, err := w.kube.CoreV1().
		Namespaces().
		Patch(t.Context(), w.ns, types.MergePatchType, []byte(`{"metadata":{"labels":{"istio.io/rev":"asm-managed"}}}`), metav1.PatchOptions{})
	must(t, err)
	names := func(got []cluster.Renewal) string {
		var all []string
		for _, r := range got {
			state := string(r.Stale)
			if r.Never != "" {
				state += " never"
			}
			if r.Blocked != "" {
				state += " blocked"
			}
			all = append(all, r.Owner.Kind+" "+r.Owner.Name+": "+state)
		}
		return strings.Join(all, ", ")
	}
	for want, how := range map[string]struct {
		cluster.RenewalQuery
		cluster.Restart
	}{
		"Deployment old: version blocked, StatefulSet db: version never": {ask, cluster.Restart{}},
		"Deployment old: version, StatefulSet db: version":               {ask, cluster.Restart{StatefulSets: true, IgnoreBudgets: true}},
		"Deployment new: asked, Deployment old: version, StatefulSet db: version": {
			cluster.RenewalQuery{Namespaces: ask.Namespaces, All: true, Since: time.Now()},
			cluster.Restart{StatefulSets: true, IgnoreBudgets: true}},
	} {
		got, err := c.Renewals(t.Context(), how.RenewalQuery, how.Restart)
		if err != nil || names(got) != want {
			t.Errorf("%s, %v; want %s", names(got), err, want)
		}
	}
	// Of the whole cluster it is the same.
	all, err := c.Renewals(t.Context(), cluster.RenewalQuery{}, cluster.Restart{})
	must(t, err)
	all = slices.DeleteFunc(all, func(r cluster.Renewal) bool { return r.Owner.Namespace != w.ns })
	if got := names(all); got != "Deployment old: version blocked, StatefulSet db: version never" {
		t.Errorf("of the cluster: %s", got)
	}
}

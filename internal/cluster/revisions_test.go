package cluster_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/managed-mesh/terraform-provider-asm/internal/cluster"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	"github.com/managed-mesh/terraform-provider-asm/internal/wait"
)

var revisionTests = []test{
	{"the thirteen stop messages", testStopMessages},
	{"several revisions", testSeveralRevisions},
	{"revisions of a wrong name, channel and namespace", testWrongRevisions},
	{"conditions that are missing", testMissingConditions},
	{"the older version of the API", testOlderVersion},
}

const revisionsCRD = "controlplanerevisions.mesh.cloud.google.com"

var crds = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

func revisions(on target, namespace string) dynamic.ResourceInterface {
	return dynamic.NewForConfigOrDie(on.Config()).
		Resource(schema.GroupVersionResource{Group: "mesh.cloud.google.com", Version: "v1alpha1", Resource: "controlplanerevisions"}).
		Namespace(namespace)
}

// condition is one of a revision's, with the present time.
func condition(kind, status, reason, message string) any {
	c := map[string]any{"type": kind, "status": status, "lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}
	if reason != "" {
		c["reason"], c["message"] = reason, message
	}
	return c
}

func healthyConditions() []any {
	return []any{
		condition("Reconciled", "True", "", ""), condition("ProvisioningFinished", "True", "", ""),
		condition("Stalled", "False", "NotStalled", "Provisioning has not stalled"),
	}
}

// putRevision makes a revision as it should be, but for the channel and the
// conditions that are given, and replaces those of one that is there.
func putRevision(t *testing.T, on target, namespace, name, channel string, conditions ...any) {
	t.Helper()
	client := revisions(on, namespace)
	object, err := client.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "mesh.cloud.google.com/v1alpha1", "kind": "ControlPlaneRevision", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"type": "managed_service", "channel": channel},
	}}, metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		object, err = client.Get(t.Context(), name, metav1.GetOptions{})
	case err == nil:
		t.Cleanup(func() {
			err := client.Delete(context.Background(), name, metav1.DeleteOptions{})
			if err != nil && !apierrors.IsNotFound(err) {
				t.Error(err)
			}
		})
	}
	must(t, err)
	object.Object["status"] = map[string]any{"conditions": conditions}
	_, err = client.UpdateStatus(t.Context(), object, metav1.UpdateOptions{})
	must(t, err)
}

// setConditions gives the cluster's revision other conditions for the time of the test.
func setConditions(t *testing.T, on target, conditions ...any) {
	t.Helper()
	object, err := revisions(on, mesh.SystemNamespace).Get(t.Context(), "asm-managed", metav1.GetOptions{})
	must(t, err)
	before := object.Object["status"]
	set := func(ctx context.Context, status any) error {
		object, err := revisions(on, mesh.SystemNamespace).Get(ctx, "asm-managed", metav1.GetOptions{})
		if err != nil {
			return err
		}
		object.Object["status"] = status
		_, err = revisions(on, mesh.SystemNamespace).UpdateStatus(ctx, object, metav1.UpdateOptions{})
		return err
	}
	must(t, set(t.Context(), map[string]any{"conditions": conditions}))
	t.Cleanup(func() {
		if err := set(context.Background(), before); err != nil {
			t.Error(err)
		}
	})
}

// The messages are those of the table on Google's page; their blanks and ends are bent as in logs and web pages.
func testStopMessages(t *testing.T, on target) {
	const (
		precondition = "PreconditionFailed"
		provisioning = "ProvisioningFailed"
		oldURL       = "https://old.a.run.app/inject/ISTIO_META_CLOUDRUN_ADDR/old.a.run.app"
	)
	c, _ := reach(t, on)
	for _, stop := range []struct {
		code      catalogue.StopCode
		reason    string
		message   string
		variables map[string]string
	}{
		{
			catalogue.StopNotGKE, precondition, "Only GKE memberships are  supported but gke-1 is not a GKE cluster .",
			map[string]string{"CLUSTER_NAME": "gke-1"},
		},
		{catalogue.StopName, precondition, "Unsupported ControlPlaneRevision name:asm-mine\n", map[string]string{"NAME": "asm-mine"}},
		{
			catalogue.StopNamespace, precondition, " Unsupported ControlPlaneRevision  namespace : default",
			map[string]string{"NAMESPACE": "default"},
		},
		{
			catalogue.StopChannel, precondition, "Unsupported channel rapid for ControlPlaneRevision with nameasm-managed.Expected regular",
			map[string]string{"CHANNEL": "rapid", "NAME": "asm-managed", "OTHER_CHANNEL": "regular"},
		},
		{catalogue.StopChannelMissing, precondition, "Channel must not be\tomitted or blank ", nil},
		{catalogue.StopType, precondition, "Unsupported control plane revision type:  in_cluster", map[string]string{"TYPE": "in_cluster"}},
		{
			catalogue.StopKubernetesVersion, precondition, "Unsupported Kubernetes  version:v1.14.10-gke.36",
			map[string]string{"VERSION": "v1.14.10-gke.36"},
		},
		{catalogue.StopWorkloadIdentity, precondition, "Workload identity is  not enabled\r\n", nil},
		{catalogue.StopWorkloadPool, precondition, "Unsupported workload  pool: p.hub.id.goog", map[string]string{"POOL": "p.hub.id.goog"}},
		{catalogue.StopProject, precondition, "集群项目和  environ 项目不匹配", nil},
		{catalogue.StopClusterUpdate, provisioning, "An error occurred  updating cluster resources", nil},
		{
			catalogue.StopMutatingURL, provisioning,
			`MutatingWebhookConfiguration  "istiod-asm-managed"contains a webhook with URL of ` + oldURL + `  but expected ` + injectURL,
			map[string]string{"NAME": "istiod-asm-managed", "EXISTING_URL": oldURL, "EXPECTED_URL": injectURL},
		},
		{
			catalogue.StopValidatingURL, provisioning,
			"ValidatingWebhookConfiguration istiod-istio-system-mcp contains a webhook with URL of  https://old/validate but expected " +
				"https://new/validate ",
			map[string]string{"NAME": "istiod-istio-system-mcp", "EXISTING_URL": "https://old/validate", "EXPECTED_URL": "https://new/validate"},
		},
	} {
		t.Run(string(stop.code), func(t *testing.T) {
			setConditions(
				t,
				on,
				condition("Reconciled", "False", stop.reason, stop.message),
				condition("ProvisioningFinished", "True", "", ""),
				condition("Stalled", "True", stop.reason, stop.message),
			)
			r, err := c.Revisions(t.Context())
			must(t, err)
			if r.Verdict != mesh.Unhealthy || len(r.All) != 1 || !slices.Equal(codes(r.Health), []catalogue.Code{catalogue.RevisionStalled}) {
				t.Fatalf("%s: %+v", r.Summary, r.Findings)
			}
			got := catalogue.StopOf(r.All[0])
			if got == nil || got.Code != stop.code || got.Reason != stop.reason || !maps.Equal(got.Variables, stop.variables) ||
				got.Message != stop.message {
				t.Errorf("%+v", got)
			}
			if !strings.Contains(r.Findings[0].Message, strings.TrimSpace(stop.message)) || r.Findings[0].Remediation == "" {
				t.Errorf("%+v", r.Findings[0])
			}
		})
	}
}

// codes are the codes of a verdict's findings.
func codes(h health.Health) (found []catalogue.Code) {
	for _, f := range h.Findings {
		found = append(found, f.Code)
	}
	return found
}

func testSeveralRevisions(t *testing.T, on target) {
	putRevision(t, on, mesh.SystemNamespace, "asm-managed-rapid", "rapid", healthyConditions()...)
	c, log := reach(t, on)
	r, err := c.Revisions(t.Context())
	must(t, err)
	if r.Verdict != mesh.Healthy || len(r.All) != 2 || r.All[0].Name != "asm-managed" || r.All[1].Channel != "rapid" ||
		!slices.Equal(codes(r.Health), []catalogue.Code{catalogue.RevisionsSeveral}) {
		t.Errorf("%s: %+v", r.Summary, r)
	}
	if log.count("") != 1 {
		t.Errorf("asked %v", log.asked)
	}
}

func testWrongRevisions(t *testing.T, on target) {
	for _, wrong := range []struct{ namespace, name, channel, says string }{
		{mesh.SystemNamespace, "asm-managed-rapid", "regular", "has channel regular; its name requires rapid"},
		{mesh.SystemNamespace, "asm-mine", "regular", "has a name that managed mesh does not accept"},
		{"default", "asm-managed", "regular", "is in namespace default; it must be in istio-system"},
	} {
		t.Run(wrong.name+" in "+wrong.namespace, func(t *testing.T) {
			putRevision(t, on, wrong.namespace, wrong.name, wrong.channel, healthyConditions()...)
			c, _ := reach(t, on)
			r, err := c.Revisions(t.Context())
			must(t, err)
			if r.Verdict != mesh.Unhealthy || len(r.All) != 2 {
				t.Fatalf("%s: %+v", r.Summary, r)
			}
			if !slices.ContainsFunc(r.Findings, func(f catalogue.Finding) bool {
				return f.Code == catalogue.RevisionMismatch && strings.Contains(f.Message, wrong.says)
			}) {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}

func testMissingConditions(t *testing.T, on target) {
	later := &wait.Shifted{Longest: brief.Longest} // what has not happened by then is late
	must(t, later.Advance(time.Hour))
	for name, c := range map[string]struct {
		conditions []any
		config     cluster.Config
		want       mesh.Verdict
	}{
		"none, at first":    {nil, cluster.Config{}, mesh.Provisioning},
		"none, for an hour": {nil, cluster.Config{Clock: later}, mesh.Unknown},
		"Stalled alone":     {[]any{condition("Stalled", "False", "", "")}, cluster.Config{}, mesh.Unknown},
		"Reconciled alone":  {[]any{condition("Reconciled", "True", "", "")}, cluster.Config{}, mesh.Unknown},
		"a status that nobody documents": {
			[]any{condition("Reconciled", "Unknown", "", ""), condition("Stalled", "False", "", "")}, cluster.Config{}, mesh.Unknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			setConditions(t, on, c.conditions...)
			r, err := reachWith(t, on, c.config).Revisions(t.Context())
			must(t, err)
			if r.Verdict != c.want || !slices.Equal(codes(r.Health), []catalogue.Code{catalogue.RevisionNotReady}) {
				t.Errorf("%s: %+v", r.Summary, r.Findings)
			}
		})
	}
}

// The fixture's definition serves both versions; here it serves the older alone.
func testOlderVersion(t *testing.T, on target) {
	definitions := dynamic.NewForConfigOrDie(on.Config()).Resource(crds)
	serve := func(ctx context.Context, newer bool) error {
		patch := fmt.Appendf(
			nil,
			`[{"op":"test","path":"/spec/versions/1/name","value":"v1beta1"},{"op":"replace","path":"/spec/versions/1/served","value":%t}]`,
			newer,
		)
		_, err := definitions.Patch(ctx, revisionsCRD, types.JSONPatchType, patch, metav1.PatchOptions{})
		return err
	}
	served := func(want bool) error {
		newer := schema.GroupVersionResource{Group: "mesh.cloud.google.com", Version: "v1beta1", Resource: "controlplanerevisions"}
		_, err := dynamic.NewForConfigOrDie(on.Config()).Resource(newer).List(t.Context(), metav1.ListOptions{})
		if (err == nil) != want {
			return fmt.Errorf("%w: %w", errNotYet, err)
		}
		// The API server's list of groups follows a moment later, the one without aggregation last.
		list := discovery.NewDiscoveryClientForConfigOrDie(on.Config())
		list.UseLegacyDiscovery = true
		groups, err := list.ServerGroups()
		if err != nil {
			return err
		}
		listed := slices.ContainsFunc(groups.Groups, func(g metav1.APIGroup) bool {
			return slices.ContainsFunc(g.Versions, func(v metav1.GroupVersionForDiscovery) bool {
				return v.GroupVersion == newer.GroupVersion().String()
			})
		})
		if listed != want {
			return errNotYet
		}
		return nil
	}
	t.Cleanup(func() { // also where the test ends early: others share the cluster
		if err := serve(context.WithoutCancel(t.Context()), true); err != nil {
			t.Error(err)
		}
	})
	must(t, serve(t.Context(), false))
	eventually(t, "v1beta1 to be gone", func() error { return served(false) })
	c, log := reach(t, on)
	r, err := c.Revisions(t.Context())
	must(t, err)
	if !r.Installed || r.Verdict != mesh.Healthy || len(r.All) != 1 || log.count("list") != 2 {
		t.Errorf("%s after %v", r.Summary, log.asked)
	}
	must(t, serve(t.Context(), true))
	eventually(t, "v1beta1 to be back", func() error { return served(true) })
	c, log = reach(t, on)
	r, err = c.Revisions(t.Context())
	must(t, err)
	if !r.Installed || r.Verdict != mesh.Healthy || log.count("list") != 1 {
		t.Errorf("%s after %v", r.Summary, log.asked)
	}
}

// testNoKinds takes the mesh's kinds away, as in a cluster in which it was never
// installed, and brings them back for a test that follows.
func testNoKinds(t *testing.T, on target) {
	definitions := dynamic.NewForConfigOrDie(on.Config()).Resource(crds)
	for _, name := range []string{revisionsCRD, "dataplanecontrols.mesh.cloud.google.com"} {
		object, err := definitions.Get(t.Context(), name, metav1.GetOptions{})
		must(t, err)
		must(t, definitions.Delete(t.Context(), name, metav1.DeleteOptions{}))
		eventually(t, name+" to be gone", func() error {
			if _, err := definitions.Get(t.Context(), name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%w: %w", errNotYet, err)
			}
			return nil
		})
		t.Cleanup(func() {
			object.Object["metadata"] = map[string]any{"name": name}
			if _, err := definitions.Create(context.Background(), object, metav1.CreateOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "the kinds to be served no more", func() error {
		if _, err := revisions(on, "").List(t.Context(), metav1.ListOptions{}); !apierrors.IsNotFound(err) {
			return fmt.Errorf("%w: %w", errNotYet, err)
		}
		return nil
	})
	c, _ := reach(t, on)
	s, err := c.Read(t.Context())
	must(t, err)
	r := s.RevisionHealth()
	if s.Installed || r.Verdict != mesh.Unhealthy || !slices.Equal(codes(r.Health), []catalogue.Code{catalogue.RevisionMissing}) ||
		!strings.Contains(r.Summary, "never installed") {
		t.Errorf("%s: %+v", r.Summary, r)
	}
	if len(s.Unread) != 0 || len(s.Controls) != 0 {
		t.Errorf("unread %v, controls %v", s.Unread, s.Controls)
	}
}

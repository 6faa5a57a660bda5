package sim_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim"
)

// inside is the path of a cluster on the plain door.
const (
	inside      = "/_cluster/" + p1 + "/us-central1/cluster-1"
	gatewayHost = "us-central1-connectgateway.googleapis.com"
	gatewayPath = "/v1/projects/" + n1 + "/locations/us-central1/gkeMemberships/cluster-1"
	cprs        = "/apis/mesh.cloud.google.com/v1beta1/controlplanerevisions"
	failedPods  = "/api/v1/pods?labelSelector=dataplane-upgrade%3Dfailed"

	mergePatch     = "application/merge-patch+json"
	strategicPatch = "application/strategic-merge-patch+json"
)

// kube calls a cluster's own API.
func (c *client) kube(method, path, body string) answer {
	c.t.Helper()
	return c.do(method, c.s.URL()+inside+path, body)
}

// status checks a Kubernetes Status.
func (a answer) status403(text string) {
	a.t.Helper()
	if a.status != 403 || a.str("kind") != "Status" || a.str("reason") != "Forbidden" || a.str("message") != text {
		a.t.Errorf("%s: got %d %s, want %q", a.what, a.status, a.raw, text)
	}
}

// clusterFaultShows says of each fault inside of clusters whether it shows.
func clusterFaultShows() map[string]func(*client) bool {
	stalled := func(text string) func(*client) bool {
		return func(c *client) bool {
			raw := string(c.kube("GET", cprs, "").ok().raw)
			return strings.Contains(raw, `"message":"`+text) && strings.Contains(raw, `"reason":"P`) &&
				strings.Contains(raw, `"status":"True","type":"Stalled"`)
		}
	}
	reads := func(path string, texts ...string) func(*client) bool {
		return func(c *client) bool {
			a := c.kube("GET", path, "")
			return a.status == 200 && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(string(a.raw), text) })
		}
	}
	return map[string]func(*client) bool{
		"managed-cni-off":         reads(cprs, `"mesh.cloud.google.com/managed-cni-enabled":"false"`),
		"cni-unschedulable":       reads("/api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Distio-cni-node", `"reason":"Unschedulable"`),
		"mdp-unschedulable":       reads("/api/v1/namespaces/kube-system/pods?labelSelector=app%3Dmdp-controller", `"reason":"Unschedulable"`),
		"config-rejected":         reads("/apis/networking.istio.io/v1beta1/virtualservices", `"type":"Accepted"`, `"status":"False"`),
		"remote-secrets":          reads("/api/v1/namespaces/istio-system/secrets", `"istio/multiCluster":"true"`),
		"stop-not-gke":            stalled("Only GKE memberships are supported but cluster-1 is not a GKE cluster."),
		"stop-name":               stalled("Unsupported ControlPlaneRevision name: asm-custom"),
		"stop-namespace":          stalled("Unsupported ControlPlaneRevision namespace: default"),
		"stop-channel":            stalled("Unsupported channel rapid for ControlPlaneRevision with name asm-managed. Expected regular"),
		"stop-channel-missing":    stalled("Channel must not be omitted or blank"),
		"stop-type":               stalled("Unsupported control plane revision type: in_cluster"),
		"stop-kubernetes-version": stalled("Unsupported Kubernetes version: 1.14.10-gke.27"),
		"stop-workload-identity":  stalled("Workload identity is not enabled"),
		"stop-workload-pool":      stalled("Unsupported workload pool: some-other-project.svc.id.goog"),
		"stop-project":            stalled("Cluster project and environ project do not match"),
		"stop-cluster-resources":  stalled("An error occurred updating cluster resources"),
		"stop-mutating-url": stalled(`MutatingWebhookConfiguration \"istiod-asm-managed\" contains a webhook ` +
			`with URL of https://asm-old-control-plane-uc.a.run.app/inject/`),
		"stop-validating-url": stalled("ValidatingWebhookConfiguration istiod-istio-system-mcp contains a webhook with URL of " +
			"https://asm-old-control-plane-uc.a.run.app/validate but expected https://asm-cluster-1-"),
		"wrong-injection": func(c *client) bool {
			return strings.Contains(string(c.kube("GET", "/api/v1/namespaces/shop/pods", "").ok().raw), "istiod.istio-system.svc:15012")
		},
		"proxies-failed": func(c *client) bool { return len(c.kube("GET", failedPods, "").ok().at("items").([]any)) == 2 },
	}
}

// TestStopReachesTheFleet checks that a stop code shows in the fleet's view, and for how long.
func TestStopReachesTheFleet(t *testing.T) {
	c := start(t, sim.Options{})
	c.sim("PUT", "faults/stop-channel?cluster=cluster-1", "").ok()
	c.meshOf("cluster-1").is("FAILED_PRECONDITION", "servicemesh", "controlPlaneManagement", "state").
		is("Unsupported channel rapid for ControlPlaneRevision with name asm-managed. Expected regular", "servicemesh",
			"controlPlaneManagement", "details", 0, "details")
	c.with("Content-Type", mergePatch).kube("PATCH",
		"/apis/mesh.cloud.google.com/v1alpha1/namespaces/istio-system/controlplanerevisions/asm-managed", `{"spec":{"channel":"regular"}}`).ok()
	c.meshOf("cluster-1").is("ACTIVE", "servicemesh", "controlPlaneManagement", "state")
}

func TestProxiesFailedAndRestarted(t *testing.T) {
	c := start(t, sim.Options{})
	c.sim("PUT", "faults/proxies-failed", "").ok()
	c.meshOf("cluster-1").is("NEEDS_ATTENTION", "servicemesh", "dataPlaneManagement", "state").
		is("UPGRADE_FAILURES", "servicemesh", "dataPlaneManagement", "details", 0, "code")
	c.with("Content-Type", strategicPatch).kube("PATCH", "/apis/apps/v1/namespaces/shop/deployments/backend",
		`{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-01T00:00:00Z"}}}}}`).ok()
	c.advance(time.Second)
	if a := c.kube("GET", failedPods, "").ok(); len(a.at("items").([]any)) != 0 {
		t.Errorf("still there: %s", a.raw)
	}
	c.meshOf("cluster-1").is("ACTIVE", "servicemesh", "dataPlaneManagement", "state")
}

// TestInjectionFailsWithoutGateway is the last section of Google's page: without the
// Connect Gateway API no pod can be created where the managed webhook selects.
func TestInjectionFailsWithoutGateway(t *testing.T) {
	c := start(t, sim.Options{})
	pod := `{"metadata":{"name":"x"},"spec":{"containers":[{"name":"x","image":"x"}]}}`
	c.sim("PUT", "faults/connectgateway-disabled", "").ok()
	a := c.kube("POST", "/api/v1/namespaces/shop/pods", pod)
	want := `Internal error occurred: failed calling webhook "rev.namespace.sidecar-injector.istio.io": ` +
		`failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding`
	if a.status != 500 || a.str("message") != want {
		t.Errorf("got %d %s", a.status, a.raw)
	}
	c.kube("POST", "/api/v1/namespaces/default/pods", pod) // nothing selects there
	c.sim("DELETE", "faults/connectgateway-disabled", "").ok()
	a = c.kube("POST", "/api/v1/namespaces/shop/pods", pod)
	if a.status != 201 || !strings.Contains(string(a.raw), "ISTIO_META_CLOUDRUN_ADDR") {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

func TestConnectGateway(t *testing.T) {
	c := start(t, sim.Options{Projects: 2, Clusters: 2})
	c.api("GET", gatewayHost, gatewayPath+"/version", "").ok().is("v1.33.5-gke.1080000", "gitVersion")
	c.api("GET", gatewayHost, strings.Replace(gatewayPath, n1, p1, 1)+"/api/v1/namespaces/shop", "").ok().is("asm-managed", "metadata",
		"labels", "istio.io/rev")
	c.api("GET", "connectgateway.googleapis.com", gatewayPath+"/version", "").refused(400, "INVALID_ARGUMENT",
		"Request contains an invalid argument.")
	c.api("GET", "europe-west1-connectgateway.googleapis.com", gatewayPath+"/version", "").refused(400, "INVALID_ARGUMENT")
	c.api("GET", gatewayHost, strings.Replace(gatewayPath, "cluster-1", "cluster-9", 1)+"/version", "").refused(404, "NOT_FOUND",
		"memberships/cluster-9")
	c.as("").api("GET", gatewayHost, gatewayPath+"/version", "").refused(401, "UNAUTHENTICATED")
	c.as("stranger@example.com").api("GET", gatewayHost, gatewayPath+"/version", "").refused(403, "PERMISSION_DENIED", "gkehub.gateway.get")
	c.as("viewer@example.com").api("GET", gatewayHost, gatewayPath+"/version", "").refused(403, "PERMISSION_DENIED",
		"Permission 'gkehub.gateway.get' denied")

	c.grant(p1, "roles/gkehub.gatewayReader", "user:reader@example.com")
	reader := c.as("reader@example.com")
	reader.api("GET", gatewayHost, gatewayPath+"/api/v1/pods", "").ok()
	reader.api("POST", gatewayHost, gatewayPath+"/api/v1/namespaces", `{"metadata":{"name":"x"}}`).refused(403, "PERMISSION_DENIED",
		"gkehub.gateway.post")

	a := c.api("GET", gatewayHost, strings.Replace(gatewayPath, "gkeMemberships", "memberships", 1)+":generateCredentials", "").ok()
	a.is("https://"+gatewayHost+gatewayPath, "endpoint")
	config, err := base64.StdEncoding.DecodeString(a.str("kubeconfig"))
	if err != nil || !strings.Contains(string(config), "gke-gcloud-auth-plugin") ||
		!strings.Contains(string(config), "connectgateway_mesh-sim-1_us-central1_cluster-1") {
		t.Errorf("kubeconfig is %s, %v", config, err)
	}

	c.sim("PUT", "faults/connectgateway-disabled?project="+p1, "").ok()
	c.api("GET", gatewayHost, gatewayPath+"/version", "").refused(403, "PERMISSION_DENIED", "SERVICE_DISABLED",
		"Connect Gateway API has not been used in project "+n1+" before or it is disabled.")
	c.kube("GET", "/version", "").ok() // by its own endpoint
	c.sim("DELETE", "faults/connectgateway-disabled", "").ok()

	c.sim("PUT", "faults/cluster-deleted?cluster=cluster-1", "").ok()
	c.api("GET", gatewayHost, gatewayPath+"/version", "").refused(503, "UNAVAILABLE")
}

func TestWhoMayDoWhatInACluster(t *testing.T) {
	c := start(t, sim.Options{})
	if a := c.as("").kube("GET", "/api/v1/pods", ""); a.status != 401 || a.str("reason") != "Unauthorized" {
		t.Errorf("without a token: %d %s", a.status, a.raw)
	}
	c.as("stranger@example.com").kube("GET", "/api/v1/namespaces/default/pods", "").
		status403(`pods is forbidden: User "stranger@example.com" cannot list resource "pods" in API group "" in the namespace "default"`)
	c.as("stranger@example.com").kube("GET", "/apis/apps/v1/deployments", "").
		status403(`deployments.apps is forbidden: User "stranger@example.com" cannot list ` +
			`resource "deployments" in API group "apps" at the cluster scope`)
	c.grant(p1, "roles/container.viewer", "user:looker@example.com")
	looker := c.as("looker@example.com")
	looker.kube("GET", "/api/v1/pods", "").ok()
	looker.kube("GET", "/api/v1/secrets",
		"").status403(`secrets is forbidden: User "looker@example.com" cannot list resource "secrets" in API group "" at the cluster scope`)
	looker.kube("DELETE", "/api/v1/namespaces/shop", "").
		status403(`namespaces "shop" is forbidden: User "looker@example.com" cannot delete ` +
			`resource "namespaces" in API group "" at the cluster scope`)
	for verb, want := range map[string]bool{"list": true, "delete": false} {
		a := looker.kube("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
			`{"spec":{"resourceAttributes":{"verb":"`+verb+`","resource":"pods"}}}`)
		if a.status != 201 || a.at("status", "allowed") != want {
			t.Errorf("%s: %d %s", verb, a.status, a.raw)
		}
	}
	c.kube("GET", "/apis/nowhere/v1/things", "").want404(t)
	if a := c.do("GET", c.s.URL()+"/_cluster/"+p1+"/us-central1/cluster-9/version", ""); a.status != 404 {
		t.Errorf("an unknown cluster answered %d", a.status)
	}
}

func (a answer) want404(t *testing.T) {
	t.Helper()
	if a.status != 404 || string(a.raw) != "404 page not found\n" {
		t.Errorf("%s: %d %s", a.what, a.status, a.raw)
	}
}

// TestClusterInTheWorldDocument checks that what is in clusters goes through
// GET and PUT of the world, and that a mistake in it is refused.
func TestClusterInTheWorldDocument(t *testing.T) {
	c := start(t, sim.Options{Clusters: 2})
	c.sim("PUT", "faults/proxies-failed", "").ok()
	c.sim("PUT", "faults/wrong-injection?cluster=cluster-2", "").ok()
	c.with("Content-Type", mergePatch).kube("PATCH", "/api/v1/namespaces/default", `{"metadata":{"labels":{"mine":"1"}}}`).ok()
	if a := c.kube("DELETE", "/api/v1/namespaces/shop/services/frontend", ""); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	paths := []string{"/api/v1/pods", "/api/v1/namespaces", "/api/v1/events", "/api/v1/services", "/apis/apps/v1/deployments", cprs}
	read := func() (out []any) {
		for _, p := range paths {
			out = append(out, c.kube("GET", p, "").ok().body)
		}
		return append(out, c.meshOf("cluster-1").body)
	}
	c.advance(time.Second) // pods get ready
	before := read()
	world := c.sim("GET", "world", "").ok()
	c.sim("PUT", "world", string(world.raw)).ok()
	if diff := cmp.Diff(world.body, c.sim("GET", "world", "").ok().body); diff != "" {
		t.Errorf("the world changed: %s", diff)
	}
	if diff := cmp.Diff(before, read()); diff != "" {
		t.Errorf("the cluster changed: %s", diff)
	}
	for from, to := range map[string]string{
		`"kind":"PodDisruptionBudget"`: `"kind":"Mistake"`,
		`"kubernetes":{`:               `"kubernetes":{"colour":"red",`,
	} {
		if a := c.sim("PUT", "world", strings.Replace(string(world.raw), from, to, 1)); a.status != 400 {
			t.Errorf("a world with a mistake in a cluster answered %d", a.status)
		}
	}
}

// TestWatchEndsWithItsClient checks a stream, and that it ends.
func TestWatchEndsWithItsClient(t *testing.T) {
	c := start(t, sim.Options{})
	rv := c.kube("GET", "/api/v1/namespaces", "").ok().str("metadata", "resourceVersion")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.s.URL()+inside+"/api/v1/namespaces?watch=1&resourceVersion="+rv, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sim-token.admin@example.com")
	res, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	c.kube("POST", "/api/v1/namespaces", `{"metadata":{"name":"fresh"}}`)
	line, err := bufio.NewReader(res.Body).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var event struct {
		Type   string         `json:"type"`
		Object map[string]any `json:"object"`
	}
	if err := json.Unmarshal(line, &event); err != nil || event.Type != "ADDED" || !strings.Contains(string(line), `"name":"fresh"`) {
		t.Errorf("the event is %s, %v", line, err)
	}
}

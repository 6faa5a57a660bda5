package guard_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/managed-mesh/terraform-provider-asm/internal/guard"
)

func manifests(t *testing.T, text string) *guard.Manifests {
	t.Helper()
	if text == "" {
		return nil
	}
	m, err := guard.ReadManifestStream(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const (
	configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\n"
	onProject = "{kind: Project, external: projects/p-one}"
	meshAgent = "serviceAccount:service-100000000001@gcp-sa-servicemesh.iam.gserviceaccount.com"
)

func iamPolicy(members string) string {
	return "apiVersion: iam.cnrm.cloud.google.com/v1beta1\nkind: IAMPolicy\nmetadata: {name: p, namespace: c}\nspec:\n  resourceRef: " +
		"" + onProject +
		"\n  bindings:\n  - {role: roles/anthosservicemesh.serviceAgent, members: [" + members + "]}\n"
}

func iamMemberObject(notes string) string {
	return "apiVersion: iam.cnrm.cloud.google.com/v1beta1\nkind: IAMPolicyMember\nmetadata: {name: m, namespace: c, annotations: {" + notes +
		"}}\nspec: {role: roles/anthosservicemesh.serviceAgent, member: '" + meshAgent + "', resourceRef: " + onProject + "}\n"
}

func serviceObject(notes string) string {
	return "apiVersion: serviceusage.cnrm.cloud.google.com/v1beta1\nkind: Service\nmetadata: {name: mesh.googleapis.com, namespace: c, " +
		"annotations: {" +
		notes + "}}\nspec: {projectRef: {external: projects/p-one}}\n"
}

func namespaceObject(labels string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {" + labels + "}}\n"
}

func revisionObject(channel string) string {
	return "apiVersion: mesh.cloud.google.com/v1beta1\nkind: ControlPlaneRevision\nmetadata: {name: asm-managed, namespace: " +
		"istio-system}\nspec: {type: managed_service, channel: " +
		channel + "}\n"
}

func clusterObject(spec string) string {
	return "apiVersion: container.cnrm.cloud.google.com/v1beta1\nkind: ContainerCluster\nmetadata: {name: k, namespace: p-one}\nspec: " +
		"{location: us-central1" + spec + "}\n"
}

func featureMembership(management string) string {
	return "apiVersion: gkehub.cnrm.cloud.google.com/v1beta1\nkind: GKEHubFeatureMembership\nmetadata: {name: fm, namespace: c}\nspec: " +
		"{projectRef: {external: p-fleet}, " +
		"featureRef: {external: servicemesh}, membershipRef: {external: k}, mesh: {management: " + management + "}}\n"
}

func TestManifests(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		want          guard.Verdict
		address       string
		before, after string
	}{
		"policy without the agent, no before": {guard.Breaks, "IAMPolicy/c/p", "", iamPolicy("'user:x@example.com'")},
		"policy drops the agent":              {guard.Breaks, "IAMPolicy/c/p", iamPolicy("'" + meshAgent + "'"), iamPolicy("")},
		"policy keeps the agent": {guard.Harmless, "", iamPolicy("'" + meshAgent + "'"), iamPolicy("'user:x@example.com', " +
			"'" + meshAgent + "'")},
		"member goes": {guard.Breaks, "IAMPolicyMember/c/m", iamMemberObject(""), configMap},
		"member is abandoned": {guard.Harmless, "", iamMemberObject("cnrm.cloud.google.com/deletion-policy: " +
			"abandon"), configMap},
		"member is not pruned": {guard.Harmless, "", iamMemberObject("argocd.argoproj.io/sync-options: 'Replace=true, " +
			"Prune=false'"), configMap},
		"member becomes a policy": {guard.Unknown, "IAMPolicyMember/c/m", iamMemberObject(""), iamPolicy("'" + meshAgent + "'")},
		"service goes":            {guard.Breaks, "Service/c/mesh.googleapis.com", serviceObject(""), configMap},
		"service goes and stays on": {guard.Harmless, "", serviceObject("cnrm.cloud.google.com/disable-on-destroy: " +
			"'false'"), configMap},
		"namespace loses its label": {guard.Breaks, "Namespace/shop", namespaceObject("istio.io/rev: " +
			"asm-managed"), namespaceObject("team: a")},
		"namespace changes its revision": {guard.Unknown, "Namespace/shop", namespaceObject("istio.io/rev: " +
			"asm-managed"), namespaceObject("istio.io/rev: asm-managed-rapid")},
		"namespace without a before": {guard.Harmless, "", "", namespaceObject("team: a")},
		"revision with another " +
			"channel": {guard.Breaks, "ControlPlaneRevision/istio-system/asm-managed", revisionObject("regular"), revisionObject("rapid")},
		"revision that cannot be, no before": {guard.Unknown, "ControlPlaneRevision/istio-system/asm-managed", "", revisionObject("rapid")},
		"revision " +
			"goes": {guard.Breaks, "ControlPlaneRevision/istio-system/asm-managed", revisionObject("regular"), configMap},
		"pool of another project": {guard.Breaks, "ContainerCluster/p-one/k", clusterObject(", workloadIdentityConfig: " +
			"{workloadPool: p-one.svc.id.goog}"), clusterObject(", workloadIdentityConfig: {workloadPool: p-two.svc.id.goog}")},
		"pool left out": {guard.Harmless, "", clusterObject(", workloadIdentityConfig: {workloadPool: " +
			"p-one.svc.id.goog}"), clusterObject("")},
		"management becomes " +
			"manual": {guard.Breaks, "GKEHubFeatureMembership/c/fm", featureMembership("MANAGEMENT_AUTOMATIC"), featureMembership("MANAGEMENT_MANUAL")},
		"management " +
			"stays": {guard.Harmless, "", featureMembership("MANAGEMENT_AUTOMATIC"), featureMembership("MANAGEMENT_AUTOMATIC")},
		"a Kubernetes Service is no API": {guard.Harmless, "", "apiVersion: v1\nkind: Service\nmetadata: {name: " +
			"mesh.googleapis.com}\n", configMap},
		"a list holds the same as a stream": {guard.Breaks, "Namespace/shop", namespaceObject("istio.io/rev: asm-managed"), "{apiVersion: " +
			"v1, kind: List, items: [{apiVersion: v1, kind: Namespace, metadata: {name: shop}}]}"},
		"injection is switched off by a label": {guard.Breaks, "Namespace/shop", namespaceObject("istio-injection: " +
			"enabled"), namespaceObject("istio-injection: disabled")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard.New(guard.Options{Fleets: []guard.Fleet{fleet, {Project: "p-fleet", Number: "100000000009"}}})
			g.AddManifests("deploy", manifests(t, tc.after), manifests(t, tc.before))
			r := g.Result()
			if r.Verdict != tc.want || strings.Join(addresses(r), ",") != tc.address {
				t.Errorf("%s of %v, want %s of %s: %+v", r.Verdict, addresses(r), tc.want, tc.address, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Source == "" || f.Instead == "" || strings.Contains(f.Instead, "removed {") {
					t.Errorf("it says what to write in Terraform: %+v", f)
				}
			}
		})
	}
}

func TestReadManifests(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, text, want string }{
		"kustomize":   {"kustomization.yaml", "resources: []", "kustomize build"},
		"helm":        {"Chart.yaml", "name: x", "helm template"},
		"template":    {"a.yaml", "apiVersion: v1\nkind: {{ .Kind }}\n", "a template must be rendered first"},
		"twice":       {"a.yaml", namespaceObject("") + "---\n" + namespaceObject(""), "Namespace/shop is there twice"},
		"values":      {"values.yaml", "image: x\nkind: []\n", ""},
		"other files": {"a.txt", "{{", ""},
	} {
		folder := t.TempDir()
		if err := os.MkdirAll(filepath.Join(folder, "in"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "in", tc.file), []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := guard.ReadManifests(folder)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if _, err := guard.ReadManifestStream(strings.NewReader("\n---\n")); err == nil {
		t.Error("nothing is taken for manifests")
	}
}

package shards_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// manifests are the objects of a file of the example, filled in as its README says.
func manifests(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../../examples/kubernetes", file))
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.NewReplacer(
		"FLEET_PROJECT", fleetProject, "PROJECT", fleetProject,
		"REGISTRY", "us-docker.pkg.dev/"+fleetProject+"/tools", "VERSION", "0.1.0",
	).Replace(string(text))
	var all []*unstructured.Unstructured
	for _, part := range strings.Split(filled, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(part), &object.Object); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, object)
	}
	return all
}

// apply makes the objects of a file of the example, each after the API server has
// said that it would take it as it is, with no field that it does not know.
func (c *cluster) apply(file string) {
	c.t.Helper()
	client, err := dynamic.NewForConfig(c.server.Config())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, object := range manifests(c.t, file) {
		gvk := object.GroupVersionKind()
		plural := strings.ToLower(gvk.Kind) + "s"
		var to dynamic.ResourceInterface = client.Resource(schema.GroupVersionResource{Group: gvk.Group, Version: gvk.Version, Resource: plural})
		if object.GetNamespace() != "" {
			to = to.(dynamic.NamespaceableResourceInterface).Namespace(object.GetNamespace())
		}
		for _, o := range []metav1.CreateOptions{{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict}, {}} {
			if _, err := to.Create(c.t.Context(), object, o); err != nil {
				c.t.Fatalf("%s: %s %s, dry run %v: %v", file, gvk.Kind, object.GetName(), o.DryRun != nil, err)
			}
		}
		if gvk.Kind == "Namespace" {
			c.t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // the test's has ended
				defer cancel()
				_ = to.Delete(ctx, object.GetName(), metav1.DeleteOptions{}) // the control plane goes with the test anyway
			})
		}
	}
}

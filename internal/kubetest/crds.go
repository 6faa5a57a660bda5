package kubetest

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// The custom resources of a cluster in a fleet with the mesh. Google does not publish all of them; each
// file says where its content is from.
//
//go:embed crds/*.yaml
var crdFiles embed.FS

var crdResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// installCRDs installs the custom resources and waits until they are served.
//
// The API server answers the first write to a resource that is younger than two seconds only after two
// seconds; that is on purpose there, and one more reason to share a control plane.
func (s *Server) installCRDs(ctx context.Context) error {
	client, err := dynamic.NewForConfig(s.Config())
	if err != nil {
		return err
	}
	files, err := crdFiles.ReadDir("crds")
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, file := range files {
		group.Go(func() error {
			if err := s.installCRD(ctx, client, file.Name()); err != nil {
				return fmt.Errorf("%s: %w", file.Name(), err)
			}
			return nil
		})
	}
	return group.Wait()
}

func (s *Server) installCRD(ctx context.Context, client dynamic.Interface, file string) error {
	text, err := crdFiles.ReadFile(path.Join("crds", file))
	if err != nil {
		return err
	}
	crd := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(text, &crd.Object); err != nil {
		return err
	}
	_, err = client.Resource(crdResource).Create(ctx, crd, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return s.until(ctx, crd.GetName()+" to be served", func(ctx context.Context) error {
		now, err := client.Resource(crdResource).Get(ctx, crd.GetName(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		return established(now)
	})
}

func established(crd *unstructured.Unstructured) error {
	conditions, _, err := unstructured.NestedSlice(crd.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, condition := range conditions {
		if c, ok := condition.(map[string]any); ok && c["type"] == "Established" && c["status"] == "True" {
			return nil
		}
	}
	return errors.New("it is not established yet")
}

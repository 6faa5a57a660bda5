package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// RevisionImage is a whole ControlPlaneRevision, as far as a person wrote it: enough
// to create it again. The zero value is one that is not there.
type RevisionImage struct {
	Revision mesh.ControlPlaneRevision
	// Object is its apiVersion, kind, name, namespace, labels, annotations and spec.
	Object map[string]any

	uid             types.UID
	resourceVersion string
}

// RevisionImage reads one ControlPlaneRevision of any namespace. One that is missing,
// and a cluster that does not know the kind, is a NotFound error.
func (c *Cluster) RevisionImage(ctx context.Context, namespace, name string) (RevisionImage, error) {
	var body json.RawMessage
	if _, err := c.getRevision(ctx, namespace, name, &body); err != nil {
		return RevisionImage{}, err
	}
	var raw controlPlaneRevision
	var whole struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Spec       map[string]any `json:"spec"`
	}
	if err := errors.Join(json.Unmarshal(body, &whole), json.Unmarshal(body, &raw)); err != nil {
		return RevisionImage{}, fmt.Errorf("ControlPlaneRevision %s/%s of %s has fields of a type that they do not have: %w", namespace, name, c,
			err)
	}
	meta := raw.Metadata
	metadata := map[string]any{"name": meta.Name, "namespace": meta.Namespace}
	for field, values := range map[string]map[string]string{"labels": meta.Labels, "annotations": meta.Annotations} {
		if len(values) > 0 {
			metadata[field] = anyMap(values)
		}
	}
	object := map[string]any{"apiVersion": whole.APIVersion, "kind": whole.Kind, "metadata": metadata}
	if whole.Spec != nil {
		object["spec"] = whole.Spec
	}
	return RevisionImage{Revision: raw.read(), Object: object, uid: meta.UID, resourceVersion: meta.ResourceVersion}, nil
}

func anyMap(values map[string]string) map[string]any {
	all := map[string]any{}
	for k, v := range values {
		all[k] = v
	}
	return all
}

// DeleteRevision deletes a ControlPlaneRevision if it is still the object that was
// read, unchanged; else it is a Conflict error.
func (c *Cluster) DeleteRevision(ctx context.Context, image RevisionImage) error {
	version, err := versionOf(image.Object)
	if err != nil {
		return err
	}
	r := image.Revision
	body, err := json.Marshal(metav1.DeleteOptions{
		TypeMeta:      metav1.TypeMeta{Kind: "DeleteOptions", APIVersion: "v1"},
		Preconditions: &metav1.Preconditions{UID: &image.uid, ResourceVersion: &image.resourceVersion},
	})
	if err != nil {
		return fmt.Errorf("cannot write the deletion of ControlPlaneRevision %s/%s: %w", r.Namespace, r.Name, err)
	}
	return c.do(ctx, request{
		doing: "delete ControlPlaneRevision " + r.Namespace + "/" + r.Name, verb: "delete",
		resource: version, namespace: r.Namespace, name: r.Name,
		contentType: "application/json", body: body,
	}, &struct{}{})
}

// CreateRevision creates a ControlPlaneRevision from the Object of an image, which
// may have been read back from JSON. One that is there is a Conflict error.
func (c *Cluster) CreateRevision(ctx context.Context, object map[string]any) error {
	version, err := versionOf(object)
	if err != nil {
		return err
	}
	body, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("cannot write a ControlPlaneRevision: %w", err)
	}
	metadata, _ := object["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	name, _ := metadata["name"].(string)
	return c.do(ctx, request{
		doing: "create ControlPlaneRevision " + namespace + "/" + name, verb: "create",
		resource: version, namespace: namespace, query: url.Values{"fieldManager": {FieldManager}},
		contentType: "application/json", body: body,
	}, &struct{}{})
}

// versionOf is the resource that an object of the kind is written by.
func versionOf(object map[string]any) (schema.GroupVersionResource, error) {
	text, _ := object["apiVersion"].(string)
	version, err := schema.ParseGroupVersion(text)
	if err != nil || version.Group != meshGroup || object["kind"] != "ControlPlaneRevision" {
		return schema.GroupVersionResource{}, fmt.Errorf("%v of %q is no ControlPlaneRevision", object["kind"], text)
	}
	return version.WithResource(revisionsBeta.Resource), nil
}

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/health"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// oneMetadata asks for the metadata of an object, and nothing else of it.
const oneMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

// CheckNamespace says what is wrong with a namespace's name, or returns nil.
func CheckNamespace(name string) error {
	if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
		return fmt.Errorf("%q cannot be a namespace: a name has 1 to 63 lower-case letters, digits and hyphens, starting and ending with a "+
			"letter or digit", name)
	}
	return nil
}

// Namespace reads one namespace's marks. One that is missing is a NotFound error.
func (c *Cluster) Namespace(ctx context.Context, name string) (health.Namespace, error) {
	if err := CheckNamespace(name); err != nil {
		return health.Namespace{}, err
	}
	var raw metav1.PartialObjectMetadata
	err := c.do(ctx, request{
		doing: "read namespace " + name, verb: "get", resource: namespaces, name: name,
		accept: oneMetadata,
	}, &raw)
	return health.Namespace{Name: name, Labels: raw.Labels, Annotations: raw.Annotations}, err
}

// MarkNamespace sets the labels and annotations that are given and removes those that are nil. The patch names these
// keys alone: what others put on the namespace stays theirs.
func (c *Cluster) MarkNamespace(ctx context.Context, name string, labels, annotations map[string]*string) (health.Namespace, error) {
	if err := CheckNamespace(name); err != nil {
		return health.Namespace{}, err
	}
	metadata := map[string]any{}
	if len(labels) > 0 {
		metadata["labels"] = labels
	}
	if len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	body, err := json.Marshal(map[string]any{"metadata": metadata})
	if err != nil {
		return health.Namespace{}, fmt.Errorf("cannot write the patch of namespace %s: %w", name, err)
	}
	var raw metav1.PartialObjectMetadata
	err = c.do(ctx, request{
		doing: "change the marks of namespace " + name, verb: "patch", resource: namespaces, name: name,
		query:       url.Values{"fieldManager": {FieldManager}},
		contentType: "application/merge-patch+json", body: body,
		accept: oneMetadata,
	}, &raw)
	return health.Namespace{Name: name, Labels: raw.Labels, Annotations: raw.Annotations}, err
}

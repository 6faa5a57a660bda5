package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/apierr"
	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// Annotated is an object with annotations: a ControlPlaneRevision of istio-system, or else a namespace.
type Annotated struct{ Namespace, Revision string }

func (a Annotated) String() string {
	if a.Revision != "" {
		return "ControlPlaneRevision " + a.Revision
	}
	return "namespace " + a.Namespace
}

// Annotation reads an annotation; the value of one that is not there is "". An object that is missing is a NotFound error.
func (c *Cluster) Annotation(ctx context.Context, of Annotated, key string) (string, error) {
	_, raw, err := c.annotated(ctx, of)
	return raw.Annotations[key], err
}

// annotated reads an object's marks; r is the request that read it.
func (c *Cluster) annotated(ctx context.Context, of Annotated) (r request, raw metav1.PartialObjectMetadata, err error) {
	r = request{doing: "read " + of.String(), verb: "get", resource: namespaces, name: of.Namespace, accept: oneMetadata}
	if of.Revision == "" {
		if err := CheckNamespace(of.Namespace); err != nil {
			return r, raw, err
		}
		err = c.do(ctx, r, &raw)
	} else {
		r.namespace, r.name = mesh.SystemNamespace, of.Revision
		r.resource, err = c.getRevision(ctx, r.namespace, r.name, &raw)
	}
	return r, raw, err
}

// SetAnnotation sets an annotation, or removes it when value is "", if it still is as it was read; else it is a Conflict error,
// because an annotation that holds several settings is written whole. The patch names this key alone.
func (c *Cluster) SetAnnotation(ctx context.Context, of Annotated, key string, was, value string) error {
	const attempts = 3 // other marks of the object may change meanwhile
	for attempt := 1; ; attempt++ {
		r, raw, err := c.annotated(ctx, of)
		if err != nil {
			return err
		}
		r.doing, r.verb = "annotate "+of.String(), "patch"
		if now := raw.Annotations[key]; now != was {
			e := &apierr.Error{
				Doing: r.doing, Cluster: c.String(), Via: c.Via(), Source: apierr.Kubernetes, Code: http.StatusConflict,
				Reason: string(metav1.StatusReasonConflict), Message: fmt.Sprintf("annotation %s was changed meanwhile to %q", key, now),
			}
			return e.Refused("")
		}
		var to *string
		if value != "" {
			to = &value
		}
		r.body, err = json.Marshal(map[string]any{"metadata": map[string]any{
			"resourceVersion": raw.ResourceVersion, "annotations": map[string]*string{key: to},
		}})
		if err != nil {
			return fmt.Errorf("cannot write the patch of %s: %w", of, err)
		}
		r.query, r.contentType = url.Values{"fieldManager": {FieldManager}}, "application/merge-patch+json"
		if err = c.do(ctx, r, &struct{}{}); !apierr.Conflict(err) || attempt == attempts {
			return err
		}
	}
}

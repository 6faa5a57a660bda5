package kube

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// labelSelector reads a metav1.LabelSelector. As in the API server, an empty
// one selects everything, and none at all selects nothing.
func labelSelector(v any) (*metav1.LabelSelector, error) {
	if v == nil {
		return nil, nil //nolint:nilnil // no selector is a selector, too
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("json: cannot unmarshal into Go value of type v1.LabelSelector")
	}
	var s metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(m, &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// compileSelector makes a metav1.LabelSelector ready to match. What cannot be read selects nothing.
func compileSelector(v any) labels.Selector {
	s, err := labelSelector(v)
	if err != nil {
		return labels.Nothing()
	}
	compiled, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return labels.Nothing()
	}
	return compiled
}

// selectable are the fields, besides a name and a namespace, that a field
// selector may name, with their paths in the object.
var selectable = map[string]map[string]string{
	resPods: paths("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
		"status.phase", "status.podIP", "status.nominatedNodeName"),
	resNamespaces: paths("status.phase"),
	resServices:   paths("spec.clusterIP", "spec.type"),
	resJobs:       {"status.successful": "status.succeeded"},
	resSecrets:    paths("type"),
	resEvents: paths("involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
		"involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath",
		"reason", "reportingComponent", "source:source.component", "type"),
}

func paths(names ...string) map[string]string {
	out := make(map[string]string, len(names))
	for _, n := range names {
		label, path, ok := strings.Cut(n, ":")
		if !ok {
			path = label
		}
		out[label] = path
	}
	return out
}

// parseFields reads a field selector of a URL. The errors are those of the
// conversions that the API server registers for each kind.
func parseFields(r *resource, s string) (fields.Selector, error) {
	own, listed := selectable[r.id()]
	return fields.ParseAndTransformSelector(s, func(label, value string) (string, string, error) {
		if path, ok := own[label]; ok {
			return path, value, nil
		}
		namespaced := r.namespaced || r.custom == nil && !listed
		if label == "metadata.name" || label == "metadata.namespace" && namespaced {
			return label, value, nil
		}
		if listed || r.custom != nil {
			return "", "", fmt.Errorf("field label not supported: %s", label)
		}
		_, _, err := runtime.DefaultMetaV1FieldSelectorConversion(label, value)
		return "", "", err
	})
}

// objectFields are an object's fields, by their paths.
type objectFields Object

// Has implements fields.Fields.
func (o objectFields) Has(path string) bool {
	return dig(Object(o), strings.Split(path, ".")...) != nil
}

// Get implements fields.Fields.
func (o objectFields) Get(path string) string {
	return sprint(dig(Object(o), strings.Split(path, ".")...))
}

package kube

import (
	"encoding/json"
	"slices"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
)

// validate checks the metadata of every object, the selectors of workloads,
// and the enumerations of custom resources. old is nil for a new object.
func (k *call) validate(old, o Object) *status {
	raw, err := json.Marshal(Object{"metadata": o["metadata"]})
	if err != nil {
		return errPlain(err)
	}
	var typed metav1.PartialObjectMetadata
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, &typed); err != nil {
		return errBadRequest("%s in version %q cannot be handled as a %s: %v", k.r.kind, k.version, k.r.kind, err)
	}
	validName := apivalidation.NameIsDNSSubdomain
	switch k.r.id() {
	case resNamespaces:
		validName = apivalidation.ValidateNamespaceName
	case resServices:
		validName = apivalidation.NameIsDNS1035Label
	}
	problems := apivalidation.ValidateObjectMeta(&typed.ObjectMeta, k.r.namespaced, validName, field.NewPath("metadata"))
	switch k.r.id() {
	case resDeployments, resReplicaSets, resStateful, resDaemonSets:
		problems = append(problems, validateWorkload(old, o)...)
	}
	if k.r.custom != nil {
		problems = append(problems, validateEnums(o, k.r.custom.schemas[k.version], nil)...)
	}
	if len(problems) > 0 {
		return errInvalid(k.r, name(o), problems...)
	}
	return nil
}

// validateWorkload checks that a workload's selector selects its own pods and does not change.
func validateWorkload(old, o Object) field.ErrorList {
	spec := field.NewPath("spec")
	selector, err := labelSelector(dig(o, "spec", "selector"))
	if err != nil {
		return field.ErrorList{field.Invalid(spec.Child("selector"), dig(o, "spec", "selector"), err.Error())}
	}
	var problems field.ErrorList
	if selector == nil {
		problems = append(problems, field.Required(spec.Child("selector"), ""))
	} else {
		problems = validation.ValidateLabelSelector(selector, validation.LabelSelectorValidationOptions{}, spec.Child("selector"))
		template := labelsOf(dig(o, "spec", "template"))
		if compiled, err := metav1.LabelSelectorAsSelector(selector); err == nil && !compiled.Matches(labels.Set(template)) {
			problems = append(problems, field.Invalid(spec.Child("template", "metadata", "labels"), template,
				"`selector` does not match template `labels`"))
		}
	}
	if len(items(o, "spec", "template", "spec", "containers")) == 0 {
		problems = append(problems, field.Required(spec.Child("template", "spec", "containers"), ""))
	}
	if before, err := labelSelector(dig(old, "spec", "selector")); err == nil && before != nil {
		problems = append(problems, apivalidation.ValidateImmutableField(selector, before, spec.Child("selector"))...)
	}
	return problems
}

// validateEnums checks the strings of a custom resource that its schema enumerates.
func validateEnums(v, schema any, path *field.Path) field.ErrorList {
	var problems field.ErrorList
	if enum := items(schema, "enum"); enum != nil && v != nil && !slices.Contains(enum, v) {
		var known []string
		for _, e := range enum {
			known = append(known, sprint(e))
		}
		problems = append(problems, field.NotSupported(path, v, known))
	}
	properties, _ := dig(schema, "properties").(map[string]any)
	for p, sub := range properties {
		if below := dig(v, p); below != nil {
			problems = append(problems, validateEnums(below, sub, path.Child(p))...)
		}
	}
	return problems
}

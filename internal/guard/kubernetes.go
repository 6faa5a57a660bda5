package guard

import (
	"encoding/json"

	"sigs.k8s.io/yaml"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh"
)

// The types of hashicorp/kubernetes spell the fields of an object in their own way: these translate them.

func both(c *change, of func(value) value) (before, after value) {
	if c.before.raw != nil {
		before = of(c.before)
	}
	if c.after.raw != nil || c.after.unknown != nil {
		after = of(c.after)
	}
	return before, after
}

// fields makes an object of values.
func fields(of map[string]value) value {
	raw, unknown, secret := map[string]any{}, map[string]any{}, map[string]any{}
	for name, v := range of {
		raw[name], unknown[name], secret[name] = v.raw, v.unknown, v.secret
	}
	return value{raw, unknown, secret}
}

func literal(s string) value { return value{raw: s} }

// typedNamespace judges kubernetes_namespace. Where it is replaced, what counts are the labels at the end.
func typedNamespace(j *judge, c *change, s step) {
	before, after := both(c, func(v value) value {
		return fields(map[string]value{"apiVersion": literal("v1"), "kind": literal("Namespace"), "metadata": v.get("metadata").first()})
	})
	j.object(before, after, s)
}

// typedLabels judges kubernetes_labels and kubernetes_annotations on a namespace: what they own is taken off on destroy.
func typedLabels(j *judge, c *change, s step) {
	v := c.before
	if s == creates {
		v = c.after
	}
	if v.get("kind").text() != "Namespace" {
		return
	}
	name := v.at("metadata", "name")
	before, after := c.before, c.after
	switch s {
	case deletes:
		after = value{}
	case creates:
		before = value{}
		if now := after.get("labels").labels(); now[mesh.LabelInjection] == "disabled" {
			before = fields(map[string]value{"labels": {raw: map[string]any{mesh.LabelRevision: "(what the namespace has)"}}})
			j.labels(before.get("labels").labels(), now, true, name, after.get("labels").sensitive())
			return
		}
	}
	labels, notes := after.get("labels"), after.get("annotations")
	j.labels(before.get("labels").labels(), labels.labels(), unknownLabel(labels) && s == updates, name,
		before.get("labels").sensitive() || labels.sensitive())
	if c.kind == "kubernetes_annotations" {
		j.proxyNote(before.get("annotations").labels(), notes.labels(), notes.get(proxyAnnotation).isUnknown() && s == updates, name)
	}
}

// typedWebhook judges kubernetes_mutating_webhook_configuration.
func typedWebhook(j *judge, c *change, s step) {
	before, after := both(c, func(v value) value {
		var hooks []any
		unknown := v.get("webhook").anyUnknown()
		for _, w := range v.get("webhook").items() {
			service := w.at("client_config", "service")
			config := map[string]any{"url": w.at("client_config", "url").raw}
			if name := service.get("name").text(); name != "" {
				config["service"] = map[string]any{"name": name, "namespace": service.get("namespace").raw}
			}
			hooks = append(hooks, map[string]any{"name": w.get("name").raw, "clientConfig": config})
		}
		return fields(map[string]value{
			"apiVersion": literal("admissionregistration.k8s.io/v1"), "kind": literal("MutatingWebhookConfiguration"),
			"metadata": v.get("metadata").first(), "webhooks": {raw: hooks, unknown: unknown},
		})
	})
	j.object(before, after, s)
}

// manifest judges kubernetes_manifest: the object as it is configured.
func manifest(j *judge, c *change, s step) {
	before, after := both(c, func(v value) value {
		if m := v.get("manifest"); m.raw != nil || m.unknown != nil {
			return m
		}
		return v.get("object") // of one that was imported
	})
	j.object(before, after, s)
}

// document judges a type whose attribute is an object as text: kubectl_manifest (yaml_body), kustomization_resource
// (manifest).
func document(attribute string) func(*judge, *change, step) {
	return func(j *judge, c *change, s step) {
		if s == deletes && c.before.get("apply_only").is() {
			return // it is never deleted
		}
		before, after := both(c, func(v value) value {
			text := v.get(attribute)
			if text.isUnknown() {
				return value{unknown: true}
			}
			var object any
			raw, err := yaml.YAMLToJSON([]byte(text.text()))
			if err != nil || json.Unmarshal(raw, &object) != nil {
				return value{unknown: true, secret: text.secret}
			}
			return value{raw: object, secret: text.sensitive()}
		})
		j.object(before, after, s)
	}
}

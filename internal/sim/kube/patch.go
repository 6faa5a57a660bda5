package kube

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	jsonPatchType      = "application/json-patch+json"
	mergePatchType     = "application/merge-patch+json"
	strategicPatchType = "application/strategic-merge-patch+json"
	applyPatchType     = "application/apply-patch+yaml"
)

// patch changes an object by one of the four kinds of patch.
func (k *call) patch() (Response, *status) {
	kind := mediaType(k.Header.Get("Content-Type"))
	known := []string{jsonPatchType, mergePatchType, strategicPatchType, applyPatchType}
	if k.r.custom != nil {
		known = []string{jsonPatchType, mergePatchType, applyPatchType}
	}
	if !slices.Contains(known, kind) {
		return Response{}, errMediaType(strings.Join(known, ", "))
	}
	if kind == applyPatchType {
		return k.apply()
	}
	old := k.c.get(k.r.id(), k.ns, k.name)
	if old == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	o := copyOf(old)
	o["apiVersion"] = k.r.groupVersion(k.version)
	var s *status
	switch kind {
	case jsonPatchType:
		o, s = k.jsonPatch(o)
	default:
		var p Object
		if err := decode(k.Body, &p); err != nil {
			return Response{}, errBadRequest("error decoding patch: %v", err)
		}
		if kind == mergePatchType {
			o, _ = mergePatch(o, p).(map[string]any)
		} else {
			o = strategicPatch(o, p)
		}
	}
	if s != nil {
		return Response{}, s
	}
	if s := k.identify(o); s != nil {
		return Response{}, s
	}
	if s := k.replace(old, o); s != nil {
		return Response{}, s
	}
	return k.show(http.StatusOK, o), nil
}

// mergePatch is RFC 7386.
func mergePatch(v, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	o, ok := v.(map[string]any)
	if !ok {
		o = Object{}
	}
	for key, change := range p {
		if change == nil {
			delete(o, key)
			continue
		}
		o[key] = mergePatch(o[key], change)
	}
	return o
}

// mergeKeys are the lists that a strategic merge patch merges by a key, by
// the name of their field.
var mergeKeys = map[string]string{
	"containers": "name", "initContainers": "name", "ephemeralContainers": "name", "volumes": "name", "env": "name", "webhooks": "name",
	"volumeMounts": "mountPath", "conditions": "type", "ownerReferences": "uid", "imagePullSecrets": "name", "hostAliases": "ip",
	"topologySpreadConstraints": "topologyKey",
}

func mergeKey(field string, list []any) string {
	if field != "ports" {
		return mergeKeys[field]
	}
	if len(list) > 0 && dig(list[0], "containerPort") != nil {
		return "containerPort"
	}
	return "port"
}

// strategicPatch merges maps by name and the lists above by their key; other
// lists are replaced, except finalizers, which are a set.
func strategicPatch(o, patch Object) Object {
	switch patch["$patch"] {
	case "replace":
		out := copyOf(patch)
		delete(out, "$patch")
		return out
	case "delete":
		return Object{}
	}
	if keep := items(patch, "$retainKeys"); keep != nil {
		for key := range o {
			if !slices.Contains(keep, any(key)) {
				delete(o, key)
			}
		}
	}
	for key, change := range patch {
		if field, ok := strings.CutPrefix(key, "$deleteFromPrimitiveList/"); ok {
			gone, _ := change.([]any)
			list := slices.DeleteFunc(slices.Clone(items(o, field)), func(v any) bool { return slices.Contains(gone, v) })
			o[field] = list
			continue
		}
		if strings.HasPrefix(key, "$") {
			continue // the order of lists is kept as it is
		}
		switch c := change.(type) {
		case nil:
			delete(o, key)
		case map[string]any:
			below, _ := o[key].(map[string]any)
			if below == nil {
				below = Object{}
			}
			o[key] = strategicPatch(below, c)
		case []any:
			o[key] = strategicList(key, items(o, key), c)
		default:
			o[key] = change
		}
	}
	return o
}

func strategicList(field string, list, patch []any) []any {
	if field == "finalizers" {
		for _, v := range patch {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		return list
	}
	by := mergeKey(field, append(slices.Clone(patch), list...))
	if by == "" || slices.ContainsFunc(patch, func(v any) bool { return dig(v, "$patch") == "replace" }) {
		return slices.DeleteFunc(slices.Clone(patch), func(v any) bool { return dig(v, "$patch") == "replace" })
	}
	out := slices.Clone(list)
	for _, p := range patch {
		change, ok := p.(map[string]any)
		if !ok {
			continue
		}
		i := slices.IndexFunc(out, func(v any) bool { return sprint(dig(v, by)) == sprint(change[by]) })
		switch {
		case change["$patch"] == "delete" && i >= 0:
			out = slices.Delete(out, i, i+1)
		case change["$patch"] == "delete":
		case i >= 0:
			have, _ := out[i].(map[string]any)
			out[i] = strategicPatch(copyOf(have), change)
		default:
			out = append(out, copyOf(change))
		}
	}
	return out
}

// jsonPatch is RFC 6902.
func (k *call) jsonPatch(o Object) (Object, *status) {
	var steps []patchStep
	if err := decode(k.Body, &steps); err != nil {
		return nil, errBadRequest("error decoding patch: %v", err)
	}
	var doc any = o
	for _, step := range steps {
		var err error
		if doc, err = step.do(doc); err != nil {
			return nil, &status{code: http.StatusUnprocessableEntity, reason: "Invalid", message: fmt.Sprintf("the server rejected our request due to an error in our request: %s", err)}
		}
	}
	out, ok := doc.(map[string]any)
	if !ok {
		return nil, errBadRequest("the patch left no object")
	}
	return out, nil
}

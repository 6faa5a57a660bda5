package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Server-side apply, with the owners of fields in metadata.managedFields. A field is a leaf of the object; a list is
// one leaf, which is coarser than in a real server, where lists with keys are merged.

// leaves are the fields of an object that a manager can own, as paths with "\x00" between the steps.
func leaves(o Object) map[string]any {
	out := map[string]any{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		m, ok := v.(map[string]any)
		if !ok || len(m) == 0 {
			out[path] = v
			return
		}
		for k, below := range m {
			walk(path+"\x00"+k, below)
		}
	}
	for k, v := range o {
		switch k {
		case "apiVersion", "kind", "status":
		case "metadata":
			for _, f := range []string{"labels", "annotations", "finalizers"} {
				if below := dig(v, f); below != nil {
					walk("metadata\x00"+f, below)
				}
			}
		default:
			walk(k, v)
		}
	}
	return out
}

// fieldsV1 writes paths as managedFields has them.
func fieldsV1(paths []string) Object {
	out := Object{}
	for _, p := range paths {
		at := out
		for step := range strings.SplitSeq(p, "\x00") {
			at = child(at, "f:"+step)
		}
	}
	return out
}

// ownedPaths reads them back.
func ownedPaths(fields any) []string {
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		m, _ := v.(map[string]any)
		if len(m) == 0 {
			out = append(out, strings.TrimPrefix(path, "\x00"))
			return
		}
		for k, below := range m {
			walk(path+"\x00"+strings.TrimPrefix(k, "f:"), below)
		}
	}
	if m, _ := fields.(map[string]any); len(m) > 0 {
		walk("", m)
	}
	slices.Sort(out)
	return out
}

// manager is who a write's fields belong to.
func (k *call) manager() string {
	if m := k.Query.Get("fieldManager"); m != "" {
		return m
	}
	m, _, _ := strings.Cut(k.Header.Get("User-Agent"), "/")
	if m == "" {
		return "unknown"
	}
	return m
}

// own gives the fields that a write changed to its manager.
func (k *call) own(old, o Object) {
	if k.sub == "status" || mediaType(k.Header.Get("Content-Type")) == applyPatchType {
		return
	}
	before, after := leaves(old), leaves(o)
	var changed []string
	for p, v := range after {
		if was, ok := before[p]; !ok || !equal(was, v) {
			changed = append(changed, p)
		}
	}
	entries := items(old, "metadata", "managedFields")
	entries = release(entries, func(manager, operation, p string) bool {
		_, there := after[p]
		return !there || slices.Contains(changed, p) && (manager != k.manager() || operation != "Update")
	})
	k.setManager(o, entries, "Update", changed)
}

// release takes fields from their owners.
func release(entries []any, gone func(manager, operation, path string) bool) []any {
	var out []any
	for _, e := range entries {
		var keep []string
		for _, p := range ownedPaths(dig(e, "fieldsV1")) {
			if !gone(text(e, "manager"), text(e, "operation"), p) {
				keep = append(keep, p)
			}
		}
		if have, ok := e.(map[string]any); ok && len(keep) > 0 {
			next := copyOf(have)
			next["fieldsV1"] = fieldsV1(keep)
			out = append(out, next)
		}
	}
	return out
}

// setManager adds fields to what a manager owns by an operation; an apply owns exactly what it applied.
func (k *call) setManager(o Object, entries []any, operation string, paths []string) {
	mine := slices.IndexFunc(entries, func(e any) bool { return text(e, "manager") == k.manager() && text(e, "operation") == operation })
	if mine >= 0 {
		had := ownedPaths(dig(entries[mine], "fieldsV1"))
		if operation == "Update" {
			paths = append(had, paths...)
		}
		if slices.Equal(had, slices.Compact(slices.Sorted(slices.Values(paths)))) {
			paths = nil // keeps its time
		} else {
			entries = slices.Delete(entries, mine, mine+1)
		}
	}
	if len(paths) > 0 {
		slices.Sort(paths)
		entries = append(entries, Object{
			"manager": k.manager(), "operation": operation, "apiVersion": k.r.groupVersion(k.version), "time": stamp(k.c.now),
			"fieldsType": "FieldsV1", "fieldsV1": fieldsV1(slices.Compact(paths)),
		})
	}
	if len(entries) > 0 {
		child(o, "metadata")["managedFields"] = entries
	} else {
		delete(child(o, "metadata"), "managedFields")
	}
}

// apply is server-side apply: fields of others with other values are conflicts unless forced; what this manager applied
// before and does not apply now goes.
func (k *call) apply() (Response, *status) {
	if k.Query.Get("fieldManager") == "" {
		return Response{}, errInvalid(&resource{kind: "PatchOptions", group: groupMeta}, "",
			field.Required(field.NewPath("fieldManager"), "is required for apply patch"))
	}
	var want Object
	if err := decode(k.Body, &want); err != nil {
		return Response{}, errBadRequest("error decoding YAML: %v (the simulator takes JSON, which is YAML)", err)
	}
	if dig(want, "metadata", "managedFields") != nil {
		return Response{}, errBadRequest("metadata.managedFields must be nil")
	}
	if text(want, "apiVersion") == "" || text(want, "kind") == "" {
		return Response{}, errBadRequest("invalid object type: Object 'Kind' is missing")
	}
	if n := name(want); n != "" && n != k.name {
		return Response{}, errBadRequest("the name of the object (%s) does not match the name on the URL (%s)", n, k.name)
	}
	if s := k.identify(want); s != nil {
		return Response{}, s
	}
	child(want, "metadata")["name"] = k.name
	fields := leaves(want)
	var paths []string
	for p := range fields {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	old := k.c.get(k.r.id(), k.ns, k.name)
	if old == nil {
		k.setManager(want, nil, "Apply", paths)
		if s := k.insert(want); s != nil {
			return Response{}, s
		}
		return k.show(http.StatusCreated, want), nil
	}
	entries := items(old, "metadata", "managedFields")
	if s := k.conflicts(entries, leaves(old), fields); s != nil {
		return Response{}, s
	}
	o := copyOf(old)
	for _, p := range appliedBefore(entries, k.manager()) {
		if _, still := fields[p]; !still && !ownedByOther(entries, k.manager(), p) {
			drop(o, strings.Split(p, "\x00"))
		}
	}
	raw, err := json.Marshal(want)
	if err != nil {
		return Response{}, errPlain(err)
	}
	o, s := mergePatch(o, raw)
	if s != nil {
		return Response{}, s
	}
	had := leaves(old)
	entries = release(entries, func(manager, operation, p string) bool {
		v, mine := fields[p]
		return mine && (manager != k.manager() || operation != "Apply") && !equal(had[p], v)
	})
	k.setManager(o, entries, "Apply", paths)
	if s := k.replace(old, o); s != nil {
		return Response{}, s
	}
	return k.show(http.StatusOK, o), nil
}

func appliedBefore(entries []any, manager string) []string {
	for _, e := range entries {
		if text(e, "manager") == manager && text(e, "operation") == "Apply" {
			return ownedPaths(dig(e, "fieldsV1"))
		}
	}
	return nil
}

func ownedByOther(entries []any, manager, path string) bool {
	return slices.ContainsFunc(entries, func(e any) bool {
		return (text(e, "manager") != manager || text(e, "operation") != "Apply") && slices.Contains(ownedPaths(dig(e, "fieldsV1")), path)
	})
}

// conflicts lists the fields that are of others and would change.
func (k *call) conflicts(entries []any, have, want map[string]any) *status {
	if force := k.Query.Get("force"); force == "true" || force == "1" {
		return nil
	}
	var causes []metav1.StatusCause
	var lines []string
	for _, e := range entries {
		if text(e, "manager") == k.manager() && text(e, "operation") == "Apply" {
			continue
		}
		for _, p := range ownedPaths(dig(e, "fieldsV1")) {
			v, mine := want[p]
			if !mine || equal(v, have[p]) {
				continue
			}
			by := fmt.Sprintf("conflict with %q", text(e, "manager"))
			if text(e, "operation") == "Update" {
				by += " using " + text(e, "apiVersion")
			}
			path := "." + strings.ReplaceAll(p, "\x00", ".")
			causes = append(causes, metav1.StatusCause{Type: metav1.CauseTypeFieldManagerConflict, Message: by, Field: path})
			lines = append(lines, by+": "+path)
		}
	}
	if len(causes) == 0 {
		return nil
	}
	message := fmt.Sprintf("Apply failed with %d conflicts: %s", len(lines), strings.Join(lines, "\n"))
	if len(lines) == 1 {
		message = "Apply failed with 1 conflict: " + lines[0]
	}
	return apierrors.NewApplyConflict(causes, message)
}

// drop deletes a field, and the maps that it leaves empty.
func drop(o Object, path []string) {
	if len(path) == 1 {
		delete(o, path[0])
		return
	}
	below, ok := o[path[0]].(map[string]any)
	if !ok {
		return
	}
	drop(below, path[1:])
	if len(below) == 0 && path[0] != "metadata" {
		delete(o, path[0])
	}
}

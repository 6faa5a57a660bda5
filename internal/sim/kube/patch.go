package kube

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4" // what the API server uses, so that its texts are the same
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/apimachinery/pkg/util/validation/field"
	kjson "sigs.k8s.io/json"
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
	o, s := k.patched(kind, k.outward(copyOf(old)))
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

// patched applies the request's patch to an object.
func (k *call) patched(kind string, o Object) (Object, *status) {
	switch {
	case kind == jsonPatchType:
		return k.jsonPatch(o)
	case kind == strategicPatchType && k.r.typed != nil:
		return k.strategicPatch(o)
	}
	// A CustomResourceDefinition gets a merge patch also where a strategic one was sent: k8s.io/api does not have its
	// type, and it has no lists that are merged by a key.
	var p Object
	if s := k.decodePatch(&p); s != nil {
		return nil, s
	}
	return mergePatch(o, k.Body)
}

// decodePatch reads the body as the API server does before it applies it.
// What it only warns of, fields that are unknown or there twice, is ignored.
func (k *call) decodePatch(into any) *status {
	if _, err := kjson.UnmarshalStrict(k.Body, into); err != nil {
		return errBadRequest("error decoding patch: %v", err)
	}
	return nil
}

// jsonPatch is RFC 6902.
func (k *call) jsonPatch(o Object) (Object, *status) {
	var steps []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		From  string `json:"from"`
		Value any    `json:"value"`
	}
	if s := k.decodePatch(&steps); s != nil {
		return nil, s
	}
	patch, err := jsonpatch.DecodePatch(k.Body)
	if err != nil {
		return nil, errBadRequest("%v", err)
	}
	before, err := json.Marshal(o)
	if err != nil {
		return nil, errPlain(err)
	}
	after, err := patch.Apply(before)
	if err != nil {
		return nil, errGeneric(http.StatusUnprocessableEntity)
	}
	return decodePatched(after)
}

// mergePatch is RFC 7386.
func mergePatch(o Object, patch []byte) (Object, *status) {
	before, err := json.Marshal(o)
	if err != nil {
		return nil, errPlain(err)
	}
	after, err := jsonpatch.MergePatch(before, patch)
	if errors.Is(err, jsonpatch.ErrBadJSONPatch) {
		return nil, errBadRequest("%v", err)
	}
	if err != nil {
		return nil, errPlain(err)
	}
	return decodePatched(after)
}

func decodePatched(raw []byte) (Object, *status) {
	var o Object
	err := decode(raw, &o)
	if err == nil && o == nil {
		err = errors.New("Object 'Kind' is missing in '" + string(raw) + "'")
	}
	if err != nil {
		return nil, errInvalid(&resource{}, "", field.Invalid(field.NewPath("patch"), string(raw), err.Error()))
	}
	return o, nil
}

// strategicPatch merges lists by the keys that the types of k8s.io/api have in their tags.
func (k *call) strategicPatch(o Object) (Object, *status) {
	var patch Object
	if _, err := kjson.UnmarshalStrict(k.Body, &patch); err != nil {
		return nil, errBadRequest("%v", err)
	}
	// Both sides get their numbers from the same decoder, or the values of a
	// key such as containerPort would never be equal.
	var before Object
	raw, err := json.Marshal(o)
	if err == nil {
		err = kjson.UnmarshalCaseSensitivePreserveInts(raw, &before)
	}
	if err != nil {
		return nil, errPlain(err)
	}
	after, err := strategicpatch.StrategicMergeMapPatch(before, patch, k.r.typed)
	switch {
	case err == nil:
		return Object(after), nil
	case slices.ContainsFunc(badPatch, func(bad error) bool { return errors.Is(err, bad) }):
		return nil, errBadRequest("%v", err)
	case errors.Is(err, mergepatch.ErrNoListOfLists), errors.Is(err, mergepatch.ErrPatchContentNotMatchRetainKeys):
		return nil, errGeneric(http.StatusUnprocessableEntity)
	}
	return nil, errPlain(err)
}

// badPatch are the errors of a strategic merge patch that the API server answers with 400.
var badPatch = []error{
	mergepatch.ErrBadJSONDoc, mergepatch.ErrBadPatchFormatForPrimitiveList, mergepatch.ErrBadPatchFormatForRetainKeys,
	mergepatch.ErrBadPatchFormatForSetElementOrderList, mergepatch.ErrUnsupportedStrategicMergePatchFormat,
}

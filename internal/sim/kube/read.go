package kube

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// The forms in which objects are asked for.
const (
	asObject = iota
	asTable
	asMetadata
)

// form reads the Accept header: the first form in it that there is.
func (k *call) form() int {
	for clause := range strings.SplitSeq(k.Header.Get("Accept"), ",") {
		kind := mediaType(clause)
		if kind != "application/json" && kind != "*/*" && kind != "application/*" {
			continue
		}
		switch {
		case strings.Contains(clause, "as=Table") && !strings.Contains(clause, "v1beta1"):
			return asTable
		case strings.Contains(clause, "as=PartialObjectMetadata"):
			return asMetadata
		case strings.Contains(clause, "as="):
			continue
		}
		return asObject
	}
	return asObject
}

// outward is an object as a version of the API shows it.
func (k *call) outward(o Object) Object {
	o["apiVersion"], o["kind"] = k.r.groupVersion(k.version), k.r.kind
	return o
}

func metadataOnly(o Object) Object {
	return Object{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": o["metadata"]}
}

// show answers with one object in the form that was asked for.
func (k *call) show(code int, o Object) Response {
	o = k.outward(o)
	switch k.form() {
	case asTable:
		return jsonAnswer(code, k.table([]Object{o}, Object{"resourceVersion": text(o, "metadata", "resourceVersion")}))
	case asMetadata:
		return jsonAnswer(code, metadataOnly(o))
	}
	return jsonAnswer(code, o)
}

// A selection is what the query of a list or watch selects.
type selection struct {
	labels labels.Selector
	fields fields.Selector
}

func (s selection) matches(o Object) bool {
	return o != nil && s.labels.Matches(labels.Set(labelsOf(o))) && s.fields.Matches(objectFields(o))
}

func (k *call) selection() (selection, *status) {
	var s selection
	var err error
	if s.labels, err = labels.Parse(k.Query.Get("labelSelector")); err != nil {
		return s, errBadRequest("%s", err)
	}
	if s.fields, err = parseFields(k.r, k.Query.Get("fieldSelector")); err != nil {
		return s, errBadRequest("%s", err)
	}
	return s, nil
}

// A position is where the next page of a list begins.
type position struct {
	Version uint64    `json:"rv"`
	Start   string    `json:"start"` // the last key of the page before
	Began   time.Time `json:"began"` // when the first page was read
}

// tokenLife is how long a continue token is good for: the API server compacts
// every five minutes, and keeps what is younger than five then.
const tokenLife = 10 * time.Minute

func (p position) token() string {
	raw, _ := json.Marshal(p) // a number, a string and a time
	return base64.RawURLEncoding.EncodeToString(raw)
}

func (k *call) list() (Response, *status) {
	sel, s := k.selection()
	if s != nil {
		return Response{}, s
	}
	var found []Object
	for _, o := range k.c.listWhere(k.r.id(), k.ns, sel.labels) {
		if sel.matches(o) {
			found = append(found, o)
		}
	}
	meta := Object{"resourceVersion": strconv.FormatUint(k.c.rv, 10)}
	found, s = k.page(found, meta, sel.labels.Empty() && sel.fields.Empty())
	if s != nil {
		return Response{}, s
	}
	form := k.form()
	list := make([]any, len(found))
	for i, o := range found {
		o = k.outward(o)
		list[i] = o
		if form == asMetadata {
			list[i] = metadataOnly(o)
		}
	}
	switch form {
	case asTable:
		return jsonAnswer(http.StatusOK, k.table(found, meta)), nil
	case asMetadata:
		return jsonAnswer(http.StatusOK,
			Object{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadataList", "metadata": meta, "items": list}), nil
	}
	return jsonAnswer(http.StatusOK,
		Object{"apiVersion": k.r.groupVersion(k.version), "kind": k.r.kind + "List", "metadata": meta, "items": list}), nil
}

// page cuts a page out of a list.
func (k *call) page(list []Object, meta Object, counted bool) ([]Object, *status) {
	limit := 0
	if v := k.Query.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return nil, errBadRequest("limit: %q is not a number", v)
		}
		limit = n
	}
	began := k.c.now
	if token := k.Query.Get("continue"); token != "" {
		var p position
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(raw, &p) != nil {
			return nil, errBadRequest("continue key is not valid: %s", token)
		}
		if k.c.now.Sub(p.Began) >= tokenLife {
			p.Version, p.Began = k.c.rv, k.c.now
			return nil, errExpired(p.token())
		}
		began = p.Began
		for len(list) > 0 && namespace(list[0])+"/"+name(list[0]) <= p.Start {
			list = list[1:]
		}
		meta["resourceVersion"] = strconv.FormatUint(p.Version, 10)
	}
	if limit == 0 || len(list) <= limit {
		return list, nil
	}
	last := list[limit-1]
	version, _ := strconv.ParseUint(text(meta, "resourceVersion"), 10, 64)
	meta["continue"] = position{Version: version, Start: namespace(last) + "/" + name(last), Began: began}.token()
	if counted {
		meta["remainingItemCount"] = len(list) - limit
	}
	return list[:limit], nil
}

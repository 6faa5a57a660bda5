package kube

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// identify checks that an object is of this resource and namespace.
func (k *call) identify(o Object) *status {
	if want := k.r.groupVersion(k.version); text(o, "apiVersion") != "" && text(o, "apiVersion") != want {
		return errBadRequest("the API version in the data (%s) does not match the expected API version (%s)", text(o, "apiVersion"), want)
	}
	if kind := text(o, "kind"); kind != "" && kind != k.r.kind {
		return errBadRequest("%s in version %q cannot be handled as a %s: no kind %q is registered", kind, k.version, k.r.kind, kind)
	}
	if ns := namespace(o); ns != "" && k.ns != "" && ns != k.ns {
		return errBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	m := child(o, "metadata")
	if k.r.namespaced {
		m["namespace"] = k.ns
	} else {
		delete(m, "namespace")
	}
	o["apiVersion"], o["kind"] = k.r.groupVersion(k.r.versions[0]), k.r.kind
	return nil
}

func (k *call) create() (Response, *status) {
	o, s := k.body()
	if s != nil {
		return Response{}, s
	}
	if s := k.identify(o); s != nil {
		return Response{}, s
	}
	m := child(o, "metadata")
	if g := text(m, "generateName"); g != "" && text(m, "name") == "" {
		k.c.serial++
		m["name"] = g + suffix(fmt.Sprint(k.c.seed.path(), k.c.serial), 5)
	}
	if name(o) == "" {
		return Response{}, errInvalid(k.r, "", field.Required(field.NewPath("metadata", "name"), "name or generateName is required"))
	}
	k.name = name(o)
	if s := k.insert(o); s != nil {
		return Response{}, s
	}
	return k.show(http.StatusCreated, o), nil
}

// insert stores an object that is not there yet.
func (k *call) insert(o Object) *status {
	if text(o, "metadata", "resourceVersion") != "" {
		return errBadRequest("resourceVersion should not be set on objects to be created")
	}
	if k.r.namespaced && k.c.get(resNamespaces, "", k.ns) == nil {
		return errNotFound(builtinByID[resNamespaces], k.ns)
	}
	if s := k.validate(nil, o); s != nil {
		return s
	}
	if k.c.get(k.r.id(), k.ns, name(o)) != nil {
		return apierrors.NewAlreadyExists(k.r.groupResource(), name(o))
	}
	if k.r.status {
		delete(o, "status")
	}
	m := child(o, "metadata")
	delete(m, "uid")
	delete(m, "creationTimestamp")
	if o["spec"] != nil && k.r.id() != resPods {
		m["generation"] = 1
	}
	k.defaults(o)
	k.own(nil, o)
	if k.r.id() == resPods {
		k.c.workshop().settlePod(o)
		if k.dryRun {
			return nil
		}
		return k.c.admitPod(o)
	}
	if !k.dryRun {
		k.c.create(k.r.id(), o)
	}
	return nil
}

// defaults are the few that controllers and readers rely on.
func (k *call) defaults(o Object) {
	spec := child(o, "spec")
	switch k.r.id() {
	case resNamespaces:
		child(o, "metadata", "labels")["kubernetes.io/metadata.name"] = name(o)
		spec["finalizers"] = []any{"kubernetes"}
		o["status"] = Object{"phase": "Active"}
	case resDeployments, resStateful, resReplicaSets:
		if spec["replicas"] == nil {
			spec["replicas"] = 1
		}
	case resJobs:
		if spec["completions"] == nil {
			spec["completions"] = 1
		}
	case resCRDs:
		names := dig(spec, "names")
		made := definition(text(spec, "group"), text(names, "kind"), text(names, "plural"), "", nil, false, nil, nil, "v1")
		o["status"] = made["status"]
	}
	if len(spec) == 0 {
		delete(o, "spec")
	}
}

func (k *call) update() (Response, *status) {
	o, s := k.body()
	if s != nil {
		return Response{}, s
	}
	if s := k.identify(o); s != nil {
		return Response{}, s
	}
	if name(o) != k.name {
		return Response{}, errBadRequest("the name of the object (%s) does not match the name on the URL (%s)", name(o), k.name)
	}
	old := k.c.get(k.r.id(), k.ns, k.name)
	if old == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	if s := k.replace(old, o); s != nil {
		return Response{}, s
	}
	return k.show(http.StatusOK, o), nil
}

// replace puts a new state of an object in the place of the old. What the
// server alone writes stays; without a difference nothing is written.
func (k *call) replace(old, o Object) *status {
	m, before := child(o, "metadata"), child(old, "metadata")
	if rv := text(m, "resourceVersion"); rv != "" && rv != text(before, "resourceVersion") {
		return errConflict(k.r, k.name)
	}
	if u := text(m, "uid"); u != "" && u != text(before, "uid") {
		return errPrecondition(k.r, k.name, u, text(before, "uid"))
	}
	if name(o) != k.name || namespace(o) != k.ns {
		return errBadRequest("the name of the object (%s) does not match the name on the URL (%s)", name(o), k.name)
	}
	for _, f := range []string{"uid", "creationTimestamp", "generation", "resourceVersion", "generateName"} {
		if v := before[f]; v != nil {
			m[f] = v
		} else {
			delete(m, f)
		}
	}
	keep := []string{"status"}
	if k.sub == "status" {
		keep = []string{"spec", "data", "webhooks"}
	}
	for _, f := range keep {
		if k.r.status || f != "status" {
			if v := old[f]; v != nil {
				o[f] = v
			} else {
				delete(o, f)
			}
		}
	}
	if s := k.validate(old, o); s != nil {
		return s
	}
	k.own(old, o)
	if equal(old, o) {
		return nil
	}
	if numberOr(0, before, "generation") > 0 && (!equal(old["spec"], o["spec"]) || !equal(old["webhooks"], o["webhooks"])) {
		bumpGeneration(o)
	}
	if !k.dryRun {
		k.c.put(k.r.id(), o)
	}
	return nil
}

func (k *call) delete() (Response, *status) {
	old := k.c.get(k.r.id(), k.ns, k.name)
	if old == nil {
		return Response{}, errNotFound(k.r, k.name)
	}
	if len(k.Body) > 0 {
		var options Object
		if err := decode(k.Body, &options); err != nil {
			return Response{}, errBadRequest("couldn't get version/kind; json parse error: %v", err)
		}
		if u := text(options, "preconditions", "uid"); u != "" && u != uid(old) {
			return Response{}, errPrecondition(k.r, k.name, u, uid(old))
		}
		if rv := text(options, "preconditions", "resourceVersion"); rv != "" && rv != text(old, "metadata", "resourceVersion") {
			return Response{}, errConflict(k.r, k.name)
		}
		k.dryRun = k.dryRun || slices.Contains(items(options, "dryRun"), any("All"))
	}
	if k.r.id() == resNamespaces && slices.Contains([]string{"default", "kube-system", "kube-public"}, k.name) {
		return Response{}, apierrors.NewForbidden(k.r.groupResource(), k.name, errors.New("this namespace may not be deleted"))
	}
	if !k.dryRun {
		k.c.remove(k.r.id(), k.ns, k.name)
	}
	return jsonAnswer(http.StatusOK, Object{
		"kind": "Status", "apiVersion": "v1", "metadata": Object{}, "status": "Success",
		"details": anyMap("name", k.name, "group", k.r.group, "kind", k.r.plural, "uid", uid(old)),
	}), nil
}

func (k *call) deleteAll() (Response, *status) {
	sel, s := k.selection()
	if s != nil {
		return Response{}, s
	}
	list := []any{}
	for _, o := range k.c.list(k.r.id(), k.ns) {
		if sel.matches(o) {
			if !k.dryRun {
				k.c.remove(k.r.id(), namespace(o), name(o))
			}
			list = append(list, k.outward(o))
		}
	}
	return jsonAnswer(http.StatusOK,
		Object{"apiVersion": k.r.groupVersion(k.version), "kind": k.r.kind + "List", "metadata": Object{}, "items": list}), nil
}

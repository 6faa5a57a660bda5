package kube

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
	table   = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
	cpr     = "/apis/mesh.cloud.google.com/v1alpha1/namespaces/istio-system/controlplanerevisions/asm-managed"
)

func names(body Object) []string {
	var out []string
	for _, o := range items(body, "items") {
		out = append(out, name(o.(Object)))
	}
	return out
}

func TestDiscovery(t *testing.T) {
	k := newTester(t)
	k.get("/version").want(200, `"minor":"33"`, "v1.33.5-gke.1080000")
	k.get("/api").want(200, "APIVersions")
	k.get("/apis").want(200, "admissionregistration.k8s.io/v1", "mesh.cloud.google.com/v1beta1", "coordination.k8s.io/v1")
	k.get("/apis/mesh.cloud.google.com").want(200, "APIGroup", `"preferredVersion":{"groupVersion":"mesh.cloud.google.com/v1beta1"`)
	k.get("/api/v1").want(200, `"name":"pods/eviction"`, `"name":"serviceaccounts/token"`, `"shortNames":["po"]`)
	k.get("/apis/mesh.cloud.google.com/v1beta1").want(200, `"name":"controlplanerevisions/status"`, `"cpr"`)
	for _, path := range []string{"/openapi/v3", "/apis/nowhere", "/apis/nowhere/v1", "/api/v1/things", "/apis/apps/v2/deployments",
		"/api/v1/namespaces/shop/namespaces"} {
		k.get(path).want(404, "404 page not found")
	}
	// Without its definition there is no such resource.
	k.send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/controlplanerevisions.mesh.cloud.google.com", "", "").want(200)
	k.get(cpr).want(404, "404 page not found")
}

func TestSelectorsPagesAndForms(t *testing.T) {
	k := newTester(t)
	for query, want := range map[string]int{
		"labelSelector=app%3Dbackend":                                      2,
		"labelSelector=app+in+(backend,frontend)":                          4,
		"labelSelector=app+notin+(backend),app":                            3, // frontend and mdp-controller
		"labelSelector=!app":                                               3, // istio-cni-node
		"labelSelector=app!%3Dbackend,security.istio.io/tlsMode":           2,
		"fieldSelector=metadata.namespace%3Dshop,status.phase%3DRunning":   4,
		"fieldSelector=metadata.namespace!%3Dshop":                         4,
		"labelSelector=app%3D%3Dbackend&fieldSelector=status.phase!%3DFoo": 2,
	} {
		if got := names(k.get("/api/v1/pods?" + query).want(200).body); len(got) != want {
			t.Errorf("%s: %v", query, got)
		}
	}
	k.get("/api/v1/pods?fieldSelector=spec.colour%3Dred").want(400, "field label not supported: spec.colour")
	k.get("/api/v1/pods?labelSelector=a%20b").want(400, "unable to parse requirement")

	var got []string
	token := ""
	for range 10 {
		page := k.get("/api/v1/pods?limit=3&continue=" + token).want(200).body
		got = append(got, names(page)...)
		if token = text(page, "metadata", "continue"); token == "" {
			break
		}
	}
	if all := names(k.get("/api/v1/pods").body); !slices.Equal(got, all) || len(all) != 8 {
		t.Errorf("by pages %v, at once %v", got, all)
	}
	k.get("/api/v1/pods?limit=3").want(200, `"remainingItemCount":5`)

	list := k.send("GET", "/api/v1/pods?limit=1", "", "", "Accept", partial).want(200, "PartialObjectMetadataList").body
	if o := items(list, "items")[0].(Object); o["spec"] != nil || text(o, "kind") != "PartialObjectMetadata" || uid(o) == "" {
		t.Errorf("the metadata is %v", o)
	}
	rows := k.send("GET", "/apis/mesh.cloud.google.com/v1beta1/controlplanerevisions", "", "", "Accept", table).
		want(200, "Reconciled", "Stalled").
		body
	if cells := items(items(rows, "rows")[0], "cells"); len(cells) != 4 || cells[0] != "asm-managed" || cells[1] != "True" ||
		cells[2] != "False" ||
		cells[3] != "30d" {
		t.Errorf("cells are %v", cells)
	}
}

func TestWritesAndConflicts(t *testing.T) {
	k := newTester(t)
	k.post(ns, `{"metadata":{"name":"Bad_Name"}}`).want(422, "a lowercase RFC 1123 label")
	k.post(ns, `{"metadata":{"name":"fresh"}}`).want(201, `"phase":"Active"`)
	k.post(ns, `{"metadata":{"name":"fresh"}}`).want(409, `namespaces \"fresh\" already exists`, "AlreadyExists")
	k.get(ns + "/fresh/serviceaccounts/default").want(200)
	for _, body := range []string{"null", "[]", "1", "", "{", `{"metadata":[]}`, `{"metadata":{"name":7}}`} {
		if got := k.post(ns, body); got.code != 400 && got.code != 422 {
			t.Errorf("%s answered %d %s", body, got.code, got.raw)
		}
		for _, kind := range []string{mergePatchType, strategicPatchType, jsonPatchType, applyPatchType} {
			k.send("PATCH", backend+"?fieldManager=m", kind, body) // must answer
		}
	}
	k.post(ns+"/missing/configmaps", `{"metadata":{"name":"x"}}`).want(404, `namespaces \"missing\" not found`)
	k.get(ns+"/missing").want(404, `namespaces \"missing\" not found`, "NotFound")

	old := k.post(ns+"/fresh/configmaps", `{"metadata":{"generateName":"x-"},"data":{"a":"b"}}`).want(201)
	path := ns + "/fresh/configmaps/" + name(old.body)
	k.send("PUT", path, "application/json", strings.Replace(old.raw, `"a":"b"`, `"a":"c"`, 1)).want(200, `"a":"c"`)
	k.send("PUT", path, "application/json", strings.Replace(old.raw, `"a":"b"`, `"a":"d"`, 1)).
		want(409, "the object has been modified", "Conflict")
	k.send("PATCH", path, mergePatchType, `{"metadata":{"resourceVersion":"1"},"data":{"a":"e"}}`).want(409)
	k.send("PATCH", path, jsonPatchType,
		`[{"op":"test","path":"/data/a","value":"c"},{"op":"add","path":"/data/b~1c","value":"1"},{"op":"remove","path":"/data/a"}]`).
		want(200, `"data":{"b/c":"1"}`)
	k.send("PATCH", path, jsonPatchType, `[{"op":"test","path":"/data/a","value":"c"}]`).want(422)
	k.send("PATCH", path, "text/plain", `{}`).want(415, "application/merge-patch+json")
	k.send("PATCH", path+"?dryRun=All", mergePatchType, `{"data":{"dry":"1"}}`).want(200, `"dry":"1"`)
	k.send("PATCH", path, mergePatchType, `{"metadata":{"labels":{"bad label":"x"}}}`).want(422)
	rv := text(k.get(path).body, "metadata", "resourceVersion")
	if same := k.send("PATCH", path, mergePatchType, `{"data":{"b/c":"1"}}`).want(200).body; text(same, "metadata", "resourceVersion") != rv {
		t.Error("a patch that changes nothing wrote")
	}
	k.send("DELETE", path, "application/json", `{"preconditions":{"uid":"other"}}`).want(409)
	k.send("DELETE", ns+"/fresh", "", "").want(200)
	k.get(path).want(404)
	k.send("PATCH", cpr, strategicPatchType, `{}`).want(415)
	k.send("PATCH", cpr, mergePatchType, `{"spec":{"channel":"fast"}}`).
		want(422, `spec.channel: Unsupported value: \"fast\": supported values: \"regular\", \"rapid\", \"stable\"`)
	k.send("PATCH", backend, strategicPatchType, `{"spec":{"template":{"spec":{"containers":[{"name":"backend","image":"new"}]}}}}`).
		want(200, `"image":"new"`, `"imagePullPolicy":"IfNotPresent"`)
	k.send("PATCH", backend, mergePatchType,
		`{"spec":{"selector":{"matchLabels":{"app":"other"}},"template":{"metadata":{"labels":{"app":"other"}}}}}`).
		want(422, "field is immutable")
}

func TestServerSideApply(t *testing.T) {
	k := newTester(t)
	apply := func(manager, query, labels string) result {
		return k.send("PATCH", shop+"?fieldManager="+manager+query, applyPatchType,
			`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","labels":{`+labels+`}}}`)
	}
	apply("a", "", `"x":"1","y":"1"`).want(200, `"x":"1"`, `"manager":"a"`, `"f:x":{}`, "kubernetes.io/metadata.name", "istio.io/rev")
	apply("b", "", `"x":"2"`).want(409, `Apply failed with 1 conflict: conflict with \"a\": .metadata.labels.x`, "FieldManagerConflict")
	apply("b", "", `"x":"1"`).want(200)
	apply("b", "&force=true", `"x":"2"`).want(200, `"x":"2"`)
	if l := labelsOf(apply("a", "", ``).want(200).body); l["x"] != "2" || l["y"] != "" || l[revLabel] != Revision {
		t.Errorf("after a gave its labels up: %v", l)
	}
	k.send("PATCH", shop+"?fieldManager=hand", mergePatchType, `{"metadata":{"labels":{"z":"1"}}}`).want(200)
	apply("a", "", `"z":"2"`).want(409, `conflict with \"hand\" using v1`)
	k.send("PATCH", shop, applyPatchType, `{"apiVersion":"v1","kind":"Namespace"}`).want(422, "fieldManager")
	k.send("PATCH", ns+"/made?fieldManager=a", applyPatchType, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"made"}}`).want(201)
}

func TestWatch(t *testing.T) {
	k := newTester(t)
	k.c.Settle(k.env, k.now)
	open := func(query string) *Watch {
		r := k.c.Serve(
			&Request{
				Method:  "GET",
				Path:    ns,
				Query:   map[string][]string{"watch": {"1"}, "resourceVersion": {query}, "labelSelector": {"on"}},
				Allowed: func(bool) bool { return true },
			},
		)
		if r.Watch == nil {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		return r.Watch
	}
	w := open("1000")
	defer w.Close()
	k.send("PATCH", shop, mergePatchType, `{"metadata":{"labels":{"on":"1"}}}`).want(200)
	k.send("PATCH", shop, mergePatchType, `{"metadata":{"labels":{"on":"2"}}}`).want(200)
	k.send("PATCH", shop, mergePatchType, `{"metadata":{"labels":{"on":null}}}`).want(200)
	events, more := w.Next()
	var kinds []string
	for _, e := range events {
		var o Object
		if err := decode(e, &o); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, text(o, "type"))
	}
	if !more || !slices.Equal(kinds, []string{"ADDED", "MODIFIED", "DELETED"}) {
		t.Errorf("events are %v, more %t", kinds, more)
	}
	for range 2 * logWatched {
		k.c.Edit(resNamespaces, "", "shop", func(o Object) { child(o, "metadata", "labels")["n"] = sprint(k.c.rv) })
	}
	if events, more := w.Next(); more || len(events) != 1 || !strings.Contains(string(events[0]), "too old resource version") {
		t.Errorf("a watch that fell behind got %s, more %t", events, more)
	}
}

// TestProvisioning follows a revision from its creation to its removal.
func TestProvisioning(t *testing.T) {
	k := newTester(t)
	k.c = New(
		Seed{
			Born:       born,
			ProjectID:  "p-1",
			Location:   "us-central1",
			Name:       "c-1",
			Fleet:      "fleet-1",
			Membership: "locations/us-central1/memberships/c-1",
			Pool:       "p-1.svc.id.goog",
		},
	)
	k.env.Managed = false
	k.get(cpr).want(404, "not found")
	k.get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations").want(200, `"items":[]`)
	k.env.Managed, k.env.ManagedSince = true, k.now
	k.get(cpr).want(200, `"reason":"Provisioning"`, `"status":"False","type":"Reconciled"`)
	k.now = k.now.Add(10 * time.Minute)
	k.get(cpr).want(200, "The provisioning process has completed successfully")
	k.get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/istiod-asm-managed").want(200, "ISTIO_META_CLOUDRUN_ADDR")
	k.env.Managed, k.env.Removed = false, true
	k.get(cpr).want(404)
	k.get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations").want(200, `"items":[]`)
}

// TestOtherWorkloads lets StatefulSets, DaemonSets and Jobs run and restart.
func TestOtherWorkloads(t *testing.T) {
	k := newTester(t)
	template := `"template":{"metadata":{"labels":{"app":"db"}},"spec":{"containers":[{"name":"db","image":"db"}]}}`
	k.post("/apis/apps/v1/namespaces/shop/statefulsets",
		`{"metadata":{"name":"db"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"db"}},`+template+`}}`).
		want(201)
	k.post("/apis/batch/v1/namespaces/default/jobs", `{"metadata":{"name":"once"},"spec":{`+template+`}}`).want(201)
	k.post("/apis/batch/v1/namespaces/shop/jobs", `{"metadata":{"name":"once"},"spec":{`+template+`}}`).want(201)
	for range 3 {
		k.now = k.now.Add(time.Second)
		k.get("/version").want(200)
	}
	k.get("/apis/apps/v1/namespaces/shop/statefulsets/db").want(200, `"readyReplicas":2`)
	k.get("/apis/batch/v1/namespaces/default/jobs/once").want(200, `"succeeded":1`, `"type":"Complete"`)
	k.get("/apis/batch/v1/namespaces/shop/jobs/once").want(200, `"active":1`) // its proxy goes on
	before := uid(k.get(shop+"/pods/db-0").want(200, "istio-proxy").body)
	again := `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`
	k.send("PATCH", "/apis/apps/v1/namespaces/shop/statefulsets/db", strategicPatchType, again).want(200)
	k.send("PATCH", "/apis/apps/v1/namespaces/kube-system/daemonsets/istio-cni-node", strategicPatchType, again).want(200)
	for range 10 {
		k.now = k.now.Add(time.Second)
		k.get("/version").want(200)
	}
	if after := uid(k.get(shop + "/pods/db-0").want(200).body); after == before {
		t.Error("the StatefulSet's pod was not replaced")
	}
	k.get("/apis/apps/v1/namespaces/shop/statefulsets/db").want(200, `"updatedReplicas":2`, `"readyReplicas":2`)
	k.get("/apis/apps/v1/namespaces/kube-system/daemonsets/istio-cni-node").want(200, `"updatedNumberScheduled":3`, `"numberReady":3`)
	k.send("DELETE", "/apis/apps/v1/namespaces/shop/statefulsets/db", "", "").want(200)
	k.get(shop + "/pods/db-0").want(404)
}

// TestContinueTokensExpire reads a second page in time, and too late.
func TestContinueTokensExpire(t *testing.T) {
	k := newTester(t)
	first := k.get("/api/v1/namespaces?limit=2").want(200)
	next := "/api/v1/namespaces?limit=2&continue=" + text(first.body, "metadata", "continue")
	k.now = k.now.Add(tokenLife - time.Second)
	third := "/api/v1/namespaces?limit=2&continue=" + text(k.get(next).want(200).body, "metadata", "continue")
	k.now = k.now.Add(time.Second)
	for _, path := range []string{next, third} { // a token is as old as the first page
		late := k.get(path).want(410, `"reason":"Expired"`, "The provided continue parameter is too old")
		k.get("/api/v1/namespaces?limit=2&continue=" + text(late.body, "metadata", "continue")).want(200)
	}
}

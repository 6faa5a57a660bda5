package kube

import "testing"

// TestPatchesAreThoseOfTheAPIServer sends what our own client does not send.
// The texts are those of kube-apiserver 1.36 (its endpoints/handlers/patch.go).
func TestPatchesAreThoseOfTheAPIServer(t *testing.T) {
	k := newTester(t)
	strategic := func(body string) result { return k.send("PATCH", backend, strategicPatchType, body) }
	container := func(fields string) string {
		return `{"spec":{"template":{"spec":{"containers":[` + fields + `]}}}}`
	}
	strategic(container(`{"name":"backend","ports":[{"containerPort":8080,"name":"web"}]}`)).want(200, `"name":"web"`)
	strategic(container(`{"name":"backend","ports":[{"containerPort":8080,"name":"http"},{"containerPort":9090}]}`)).
		want(200, `"ports":[{"containerPort":8080,"name":"http"},{"containerPort":9090}]`)
	strategic(container(`{"name":"side","image":"side"}`)).want(200, `"name":"backend"`, `"name":"side"`)
	strategic(container(`{"$patch":"delete","name":"side"}`)).want(200, `"name":"backend"`)
	for _, c := range items(k.get(backend).body, "spec", "template", "spec", "containers") {
		if text(c, "name") == "side" {
			t.Errorf("the patch did not delete %v", c)
		}
	}
	strategic(`{"spec":{"strategy":{"$retainKeys":"x"}}}`).want(400, "invalid patch format of retainKeys")
	strategic(`[]`).want(400, "cannot unmarshal array into Go value of type map[string]interface {}")

	const failed = `"message":"the server rejected our request due to an error in our request","reason":"Invalid"`
	jsonPatch := func(body string) result { return k.send("PATCH", shop, jsonPatchType, body) }
	jsonPatch(`[{"op":"remove","path":"/metadata/labels/none"}]`).want(422, failed)
	jsonPatch(`[{"op":"test","path":"/metadata/name","value":"other"}]`).want(422, failed)
	jsonPatch(`{"op":"remove"}`).want(400, "error decoding patch: json: cannot unmarshal object into Go value of type []")
	k.send("PATCH", shop, mergePatchType, `[]`).
		want(400, "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")
}

// TestNoSelectorSelectsNothing is what policy/v1 documents: a budget without a
// selector selects no pods, one with an empty selector all of its namespace.
func TestNoSelectorSelectsNothing(t *testing.T) {
	k := newTester(t)
	const budgets = "/apis/policy/v1/namespaces/shop/poddisruptionbudgets"
	k.post(budgets, `{"metadata":{"name":"none"},"spec":{"minAvailable":1}}`).want(201)
	k.post(budgets, `{"metadata":{"name":"all"},"spec":{"minAvailable":1,"selector":{}}}`).want(201)
	k.get(budgets+"/none").want(200, `"expectedPods":0`)
	k.get(budgets+"/all").want(200, `"expectedPods":4`)
}

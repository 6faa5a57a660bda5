package kube

import (
	"bytes"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

// What typed clients send, kubectl create namespace among them.
func TestObjectsInProtobuf(t *testing.T) {
	k := newTester(t)
	encode := func(o *corev1.Namespace) string {
		var b bytes.Buffer
		o.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}
		if err := protobuf.NewSerializer(builtinTypes, builtinTypes).Encode(o, &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "fresh", Labels: map[string]string{"a": "b"}}}
	if r := k.send("POST", "/api/v1/namespaces", protobufType, encode(ns)); r.code != 201 {
		t.Fatalf("%d %s", r.code, r.raw)
	}
	if o := k.c.get(resNamespaces, "", "fresh"); labelsOf(o)["a"] != "b" || text(o, "status", "phase") != "Active" || uid(o) == "" {
		t.Errorf("stored %v", o)
	}
	if r := k.send("POST", "/api/v1/namespaces", protobufType, "no protobuf"); r.code != 400 {
		t.Errorf("what is no protobuf: %d %s", r.code, r.raw)
	}
	if r := k.send("POST", "/apis/mesh.cloud.google.com/v1alpha1/namespaces/istio-system/controlplanerevisions", protobufType,
		encode(ns)); r.code != 415 {
		t.Errorf("a custom resource in protobuf: %d %s", r.code, r.raw)
	}
}

// A second channel beside the first becomes ready, and its pods are its own.
func TestASecondChannel(t *testing.T) {
	k := newTester(t)
	if r := k.send("POST", "/apis/mesh.cloud.google.com/v1alpha1/namespaces/istio-system/controlplanerevisions", "application/json",
		`{"metadata":{"name":"asm-managed-rapid"},"spec":{"type":"managed_service","channel":"rapid"}}`); r.code != 201 {
		t.Fatalf("%d %s", r.code, r.raw)
	}
	k.send("GET", "/version", "", "")
	k.now = k.now.Add(healthy.Provision + createAgain)
	k.c.Settle(k.env, k.now)
	for _, revision := range []string{Revision, "asm-managed-rapid"} {
		if r := k.c.get(resRevisions, meshNamespace, revision); conditionStatus(r, condReconciled) != "True" ||
			conditionStatus(r, condStalled) != "False" {
			t.Errorf("%s is %v", revision, r["status"])
		}
	}
	k.c.Edit(resNamespaces, "", demoNamespace, func(o Object) { child(o, "metadata", "labels")[revLabel] = "asm-managed-rapid" })
	for _, pod := range k.c.List(resPods, demoNamespace) {
		k.c.Delete(resPods, demoNamespace, name(pod))
	}
	k.c.Settle(k.env, k.now.Add(createAgain))
	pods := k.c.List(resPods, demoNamespace)
	if len(pods) != 4 {
		t.Fatalf("%d pods", len(pods))
	}
	for _, pod := range pods {
		if got := text(pod, "metadata", "annotations", revLabel); got != "asm-managed-rapid" {
			t.Errorf("%s is annotated with revision %q", name(pod), got)
		}
	}
}

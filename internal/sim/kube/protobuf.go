package kube

import (
	"encoding/json"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// protobufType is what typed clients send objects of the built-in kinds as: kubectl create namespace is one.
const protobufType = "application/vnd.kubernetes.protobuf"

// builtinTypes are the kinds that have a protobuf form; custom resources have none.
var builtinTypes = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, policyv1.AddToScheme, admissionv1.AddToScheme, coordinationv1.AddToScheme,
	} {
		utilruntime.Must(add(s))
	}
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	return s
}()

// fromProtobuf is the JSON of an object in protobuf.
func fromProtobuf(data []byte) ([]byte, error) {
	o, kind, err := protobuf.NewSerializer(builtinTypes, builtinTypes).Decode(data, nil, nil)
	if err != nil {
		return nil, err
	}
	o.GetObjectKind().SetGroupVersionKind(*kind)
	return json.Marshal(o)
}

// readJSON makes the body of a request JSON, where it is protobuf.
func (k *call) readJSON() *status {
	if mediaType(k.Header.Get("Content-Type")) != protobufType || len(k.Body) == 0 {
		return nil
	}
	if k.r.custom != nil {
		return errMediaType("application/json")
	}
	raw, err := fromProtobuf(k.Body)
	if err != nil {
		return errBadRequest("the object provided is unrecognized (must be of type %s): %v", k.r.kind, err)
	}
	request := *k.Request // the caller's stays as it came
	request.Body, request.Header = raw, k.Header.Clone()
	request.Header.Set("Content-Type", "application/json")
	k.Request = &request
	return nil
}

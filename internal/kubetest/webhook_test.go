package kubetest_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// injector adds a sidecar to every pod that it is asked about.
func injector(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
			http.Error(w, "no review", http.StatusBadRequest)
			return
		}
		review.Response = &admissionv1.AdmissionResponse{
			UID: review.Request.UID, Allowed: true, PatchType: ptr(admissionv1.PatchTypeJSONPatch),
			Patch: []byte(`[{"op":"add","path":"/spec/containers/-","value":{"name":"istio-proxy","image":"example.test/proxyv2:1"}}]`),
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(review); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func TestWebhookInjects(t *testing.T) {
	server := kubetest.Start(t)
	client := clientset(t, server.Config())
	namespace := server.Namespace(t)
	webhook := injector(t)
	webhooks := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err := webhooks.Create(t.Context(), &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{
			Name:   "istiod-asm-managed-" + namespace,
			Labels: map[string]string{"app": "sidecar-injector", "istio.io/rev": namespace},
		},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "rev.namespace.sidecar-injector.istio.io",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL:      ptr(webhook.URL + "/inject/ISTIO_META_CLOUDRUN_ADDR/asm.example.test:443"),
				CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: webhook.Certificate().Raw}),
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			NamespaceSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}},
			FailurePolicy:           ptr(admissionregistrationv1.Fail),
			SideEffects:             ptr(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := webhooks.List(t.Context(), metav1.ListOptions{LabelSelector: "istio.io/rev=" + namespace})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("by its revision, %d webhooks are found (%v), want 1", len(list.Items), err)
	}
	// The API server learns of a webhook a moment after it was made.
	eventually(t, "the injection", func() error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "web-"}, Spec: template().Spec}
		pod, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if n := len(pod.Spec.Containers); n != 2 {
			return fmt.Errorf("the pod has %d containers, want 2", n)
		}
		return nil
	})
	if err := webhooks.Delete(t.Context(), "istiod-asm-managed-"+namespace, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

package kubetest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

const gatewayBase = "/v1/projects/123/locations/global/gkeMemberships/"

func gateway(t *testing.T, server *kubetest.Server) *httptest.Server {
	t.Helper()
	handler := give[http.Handler](t)(server.Gateway("projects/123/locations/global/memberships/one"))
	front := httptest.NewServer(handler)
	t.Cleanup(front.Close)
	return front
}

func TestGatewaySpeaksForTheCaller(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	front := gateway(t, server)
	user := namespace + "@example.test"
	config := &rest.Config{Host: front.URL + gatewayBase + "one", BearerToken: kubetest.Token(user)}
	client := clientset(t, config)

	_, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `User "`+user+`" cannot list resource "pods"`) {
		t.Errorf("without a role the error is %v, want the cluster's own", err)
	}
	allowReading(t, clientset(t, server.Config()), namespace, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: "User", Name: user})
	mayReadOnly(t, client, namespace)

	// Who calls is not for the caller to say.
	config.Impersonate = rest.ImpersonationConfig{UserName: kubetest.Admin, Groups: []string{"system:masters"}}
	if _, err := clientset(t, config).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a caller who claims to be the admin gets %v, want that it is forbidden", err)
	}
}

func TestGatewayPassesWatches(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	config := &rest.Config{Host: gateway(t, server).URL + gatewayBase + "one", BearerToken: kubetest.Token(kubetest.Admin)}
	client := clientset(t, config)
	events := give[watch.Interface](t)(client.CoreV1().Pods(namespace).Watch(t.Context(), metav1.ListOptions{}))
	defer events.Stop()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "seen"}, Spec: template().Spec}
	if _, err := client.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	select {
	case event := <-events.ResultChan():
		if got, ok := event.Object.(*corev1.Pod); !ok || got.Name != "seen" {
			t.Errorf("the watch reports %v", event)
		}
	case <-time.After(time.Minute):
		t.Error("the watch through the gateway reports nothing")
	}
}

func TestGatewayRefusesInGooglesFormat(t *testing.T) {
	server := kubetest.Start(t)
	front := gateway(t, server)
	for name, test := range map[string]struct {
		path, token string
		code        int
		status      string
	}{
		"no token":              {gatewayBase + "one/version", "", http.StatusUnauthorized, "UNAUTHENTICATED"},
		"a token of no user":    {gatewayBase + "one/version", "ya29.real", http.StatusUnauthorized, "UNAUTHENTICATED"},
		"an unknown membership": {gatewayBase + "two/version", kubetest.Token("a@example.test"), http.StatusNotFound, "NOT_FOUND"},
		"a longer name":         {gatewayBase + "one-more/version", kubetest.Token("a@example.test"), http.StatusNotFound, "NOT_FOUND"},
		"another location": {strings.Replace(gatewayBase, "global", "us-east1", 1) + "one/version", kubetest.Token("a@example.test"),
			http.StatusNotFound, "NOT_FOUND"},
		"a path of no membership": {"/version", kubetest.Token("a@example.test"), http.StatusNotFound, "NOT_FOUND"},
		"a known membership":      {gatewayBase + "one/version", kubetest.Token("a@example.test"), http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			request := give[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, front.URL+test.path, nil))
			if test.token != "" {
				request.Header.Set("Authorization", "Bearer "+test.token)
			}
			response, err := front.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			var body struct {
				Error struct {
					Code   int
					Status string
				}
			}
			err = json.NewDecoder(response.Body).Decode(&body)
			if response.StatusCode != test.code || body.Error.Status != test.status || err != nil {
				t.Errorf("the answer is %d %+v (%v), want %d %s", response.StatusCode, body, err, test.code, test.status)
			}
			if test.status != "" && body.Error.Code != test.code {
				t.Errorf("the body says %d, the answer %d", body.Error.Code, test.code)
			}
		})
	}
}

package kubetest_test

import (
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// allowReading lets a subject read pods of the namespace.
func allowReading(t *testing.T, admin *kubernetes.Clientset, namespace string, subject rbacv1.Subject) {
	t.Helper()
	_, err := admin.RbacV1().Roles(namespace).Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch"}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = admin.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects:   []rbacv1.Subject{subject},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

// mayReadOnly checks that the client may list the pods of the namespace and may not delete them.
func mayReadOnly(t *testing.T, client *kubernetes.Clientset, namespace string) {
	t.Helper()
	pods := client.CoreV1().Pods(namespace)
	eventually(t, "the role is not in force", func() error {
		_, err := pods.List(t.Context(), metav1.ListOptions{})
		return err
	})
	if err := pods.Delete(t.Context(), "any", metav1.DeleteOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a reader who deletes gets %v, want that it is forbidden", err)
	}
	if _, err := client.CoreV1().Pods("kube-system").List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("a reader of another namespace gets %v, want that it is forbidden", err)
	}
}

func TestUserMayDoWhatRolesSay(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	user := namespace + "@example.test"
	allowReading(t, clientset(t, server.Config()), namespace, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: "User", Name: user})
	mayReadOnly(t, clientset(t, server.ConfigOf(user)), namespace)
}

func TestServiceAccountMayDoWhatRolesSay(t *testing.T) {
	server := kubetest.Start(t)
	namespace := server.Namespace(t)
	admin := clientset(t, server.Config())
	_, err := admin.CoreV1().ServiceAccounts(namespace).Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(audiences ...string) string {
		t.Helper()
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
		answer, err := admin.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), "robot", request, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status.Token
	}
	allowReading(t, admin, namespace, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "robot"})
	config := server.ConfigOf("nobody@example.test")
	config.BearerToken = ask()
	mayReadOnly(t, clientset(t, config), namespace)

	// A token for another audience is none for the API server.
	config.BearerToken = ask("istio-ca")
	if _, err := clientset(t, config).CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("with a token for the audience istio-ca the error is %v, want that it is unauthorized", err)
	}
}

func TestBadTokenIsRefused(t *testing.T) {
	server := kubetest.Start(t)
	for _, token := range []string{"nonsense", "ya29.real", "sim-token.not-an-address"} {
		config := server.Config()
		config.BearerToken = token
		_, err := clientset(t, config).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
		if !apierrors.IsUnauthorized(err) {
			t.Errorf("with the token %q the error is %v, want that it is unauthorized", token, err)
		}
	}
	config := server.Config()
	config.BearerToken = ""
	if _, err := clientset(t, config).CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("without a token the error is %v, want that it is forbidden", err)
	}
}

package kubetest

import (
	"context"
	"path/filepath"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// controllers are those that tests see the work of. Those of nodes are not among them: the node here is
// only an object, and they would find it dead.
var controllers = []string{
	"cronjob-controller",
	"daemonset-controller",
	"deployment-controller",
	"disruption-controller",
	"garbage-collector-controller",
	"job-controller",
	"namespace-controller",
	"replicaset-controller",
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
	"statefulset-controller",
}

// startControllers starts the controller manager, and does not wait for it.
func (s *Server) startControllers(bin string) error {
	file := filepath.Join(s.dir, "controllers.kubeconfig")
	if err := s.Kubeconfig(file); err != nil {
		return err
	}
	return s.run(bin, controllersBinary,
		"--kubeconfig="+file,
		"--controllers="+strings.Join(controllers, ","),
		"--service-account-private-key-file="+s.keys.accountKey,
		"--root-ca-file="+s.keys.serverCert,
		"--secure-port=0",
		"--leader-elect=false",
		"--kube-api-qps=500", "--kube-api-burst=500", // its own limits would slow down a roll-out
	)
}

// controllersReady waits for the first thing that the controllers do.
func (s *Server) controllersReady(ctx context.Context) error {
	return s.accountReady(ctx, metav1.NamespaceDefault)
}

// accountReady waits for the service account that pods of the namespace run as. Without it the API server refuses them.
func (s *Server) accountReady(ctx context.Context, namespace string) error {
	return s.until(ctx, "the default service account of "+namespace, func(ctx context.Context) error {
		_, err := s.client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

package kubetest

import (
	"context"
	"fmt"
	"path/filepath"

	"k8s.io/client-go/kubernetes"
)

// startAPIServer starts the API server and waits until it is ready.
func (s *Server) startAPIServer(ctx context.Context, bin, etcd string) error {
	users, err := newAuthenticator()
	if err != nil {
		return err
	}
	s.closers = append(s.closers, users.stop)
	usersFile := filepath.Join(s.dir, "users.kubeconfig")
	if err := users.file(usersFile); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	s.host = fmt.Sprintf("https://127.0.0.1:%d", port)
	if s.client, err = kubernetes.NewForConfig(s.Config()); err != nil {
		return err
	}
	err = s.run(bin, apiServerBinary,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1", // without a default route it finds no address of its own, and ends
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file="+s.keys.serverCert,
		"--tls-private-key-file="+s.keys.serverKey,
		"--cert-dir="+s.dir,
		"--etcd-servers="+etcd,
		"--authorization-mode=RBAC",
		"--authentication-token-webhook-config-file="+usersFile,
		"--authentication-token-webhook-version=v1",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+s.keys.accountKey,
		"--service-account-signing-key-file="+s.keys.accountKey,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--endpoint-reconciler-type=none", // there is one API server, which needs no list of them
		// With it a list is continued from memory for some time after a compaction, as late as 15 seconds; without
		// it, as up to 1.33, Compact works at once.
		"--feature-gates=ListFromCacheSnapshot=false",
		"--allow-privileged", // as on GKE; the mesh's init containers ask for capabilities
	)
	if err != nil {
		return err
	}
	return s.until(ctx, "the API server to be ready", func(ctx context.Context) error {
		return s.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

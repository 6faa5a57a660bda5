// Package kubetest runs a real Kubernetes control plane for tests: etcd, kube-apiserver and
// kube-controller-manager as make tools builds them, on loopback only, with the custom resources of a
// cluster that is in a fleet and has managed Anthos Service Mesh.
//
// A test package has one control plane, because starting it takes seconds:
//
//	func TestMain(m *testing.M) { os.Exit(kubetest.Main(m)) }
//
//	func TestSomething(t *testing.T) {
//		server := kubetest.Start(t)
//		namespace := server.Namespace(t)
//		...
//	}
//
// The token names the caller, as in the simulator: "sim-token.EMAIL" is the user EMAIL, who may do
// what RBAC says. Controllers are real, so Deployments roll, Jobs make pods and budgets stop evictions.
// There is one node and no kubelet: pods are marked as running and ready, and nothing runs in them.
//
// Where the servers were not built, a test is skipped.
package kubetest

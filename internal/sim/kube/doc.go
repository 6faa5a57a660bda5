// Package kube is the Kubernetes API server of one simulated cluster,
// together with what acts in the cluster: the controllers of workloads, the
// mesh's control plane and its data plane controller.
//
// It is made to be there ten thousand times in one process. What a cluster
// begins with is computed from its Seed whenever it is asked for and takes no
// memory; the store keeps what differs. No goroutine belongs to a cluster:
// every request first lets the controllers do what is due (settle.go).
//
// Objects are plain JSON maps. Nothing of k8s.io is imported: were the server
// built on the client's own types, one misunderstanding would sit on both
// sides of every test.
//
// What is simpler than in a real API server:
//
//   - bodies are JSON; YAML and protobuf are answered with 415;
//   - the schemas of built-in kinds are not checked, those of custom
//     resources only for enumerations;
//   - a list's later pages are of the present, not of the first page's
//     resourceVersion, and none after ten minutes;
//   - deletion is immediate: no grace period, finalizers are not waited for;
//   - who may do what comes from IAM alone (Request.Allowed);
//   - exec, attach, port-forward, logs and proxies are not served;
//   - a rolling update makes all its new pods at once, and a workload has at
//     most a hundred.
package kube

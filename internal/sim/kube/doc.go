// Package kube is the Kubernetes API server of one simulated cluster, together with what acts in the cluster: the
// controllers of workloads, the mesh's control plane and its data plane controller.
//
// One process can hold ten thousand clusters. The first objects of a cluster are computed from its Seed at each request
// and take no memory; the store holds only what differs. A cluster has no goroutine: every request first lets the
// controllers do the work that is due (settle.go).
//
// Objects are plain JSON maps. What the real API server does with a library, this one does with the same library, and
// so with the same texts: patches (json-patch, strategicpatch), selectors (labels, fields), validation of metadata, and
// statuses (api/errors). The types of k8s.io/api only say by which key a strategic merge patch merges a list; were
// objects built from them, the tests would share the client's misunderstandings.
//
// What is simpler than in a real API server:
//
//   - bodies are JSON; YAML and protobuf are answered with 415;
//   - the schemas of built-in kinds are not checked, those of custom
//     resources only for enumerations;
//   - a list's later pages show the present, not the resourceVersion of the
//     first page, and a continue token expires after ten minutes;
//   - deletion is immediate: no grace period, no waiting for finalizers;
//   - permissions come from IAM alone (Request.Allowed);
//   - exec, attach, port-forward, logs and proxies are not served;
//   - a rolling update makes all its new pods at once, and a workload has at
//     most a hundred.
package kube

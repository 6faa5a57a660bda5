// Package cluster is Kubernetes as managed mesh needs it: reaching a cluster, its ControlPlaneRevisions, what injects
// its pods, the proxies that could not be upgraded, and restarting the workloads that own them. It uses client-go with
// fixed resources and never asks a cluster what it serves.
package cluster

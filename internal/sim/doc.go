// Package sim is a simulated Google Cloud: projects with IAM policies and
// APIs, GKE clusters, a fleet with managed Anthos Service Mesh, and logs,
// served over HTTP(S) on loopback.
//
// It answers every client alike. Nothing in it knows this repository's
// provider, and it imports nothing of it: were it built on our own clients,
// one misunderstanding would sit on both sides of every test. Its shapes come
// from Google's discovery documents; its words come from recorded answers and
// from Google's troubleshooting page for managed mesh. What is not proven by
// either is marked "inferred" where it is written.
//
// How it is laid out:
//
//   - sim.go, door.go, proxy.go, ca.go, env.go: the server and its two doors;
//   - control.go, exchange.go: what is under /_sim/;
//   - router.go, call.go, strict.go, errors.go, auth.go, gate.go,
//     permissions.go, quota.go: what all APIs have in common;
//   - crm*.go, serviceusage*.go, container*.go, gkehub*.go, logging.go,
//     iamcredentials.go: one API each;
//   - world*.go, build.go, clock.go, operations.go, effects.go: the world and
//     how it moves in time;
//   - mesh*.go: what the mesh makes of the world;
//   - gateway.go, cluster_api.go, cluster_env.go, kubeconfig.go, kube/: the
//     ways into clusters, and what is in them;
//   - audit.go: who did what;
//   - fault*.go: what can be made to go wrong.
package sim

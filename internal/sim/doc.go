// Package sim is a simulated Google Cloud: projects with IAM policies and APIs, GKE clusters, a fleet with managed
// Anthos Service Mesh, and logs, served over HTTP(S) on loopback.
//
// It answers every client alike. Nothing in it knows this repository's provider, and it imports nothing of it: were it
// built on our own clients, one misunderstanding would sit on both sides of every test. Its shapes come from Google's
// discovery documents; its words come from recorded answers and from Google's troubleshooting page for managed mesh.
// What is not proven by either is marked "inferred" where it is written.
//
// This package is the server: its listeners, the forward proxy with its certificate authority, what is below /_sim/, and
// the files for clients. Below it, each importing only what follows it:
//
//   - api: the methods of Google's APIs, answered from a world;
//   - world: what there is, and how it moves in time;
//   - wire: errors, timestamps, enumerations and strict JSON.
//
// Beside them are kube, a cluster's API server, and logfilter, Cloud Logging's query language.
package sim

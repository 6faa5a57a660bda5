// Package world is the simulated world and how it moves in time: projects with their policies and services, clusters,
// fleets with their memberships and mesh, operations, audit entries and faults. It knows nothing of HTTP.
//
// A World is not safe for concurrent use; whoever serves it locks it.
package world

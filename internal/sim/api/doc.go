// Package api answers requests to the simulated Google APIs from a world: routing, authentication, quotas, and the methods
// of each API. The server above it listens and locks the world.
package api

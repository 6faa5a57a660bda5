// Package wire holds what all the simulated APIs write and read alike: timestamps, enumerations, the error envelope of
// google.rpc.Status, and JSON that refuses unknown fields. It knows nothing of the simulated world.
package wire

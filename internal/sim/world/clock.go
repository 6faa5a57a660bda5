package world

import (
	"time"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/wire"
)

// A Clock is simulated time: real time plus an offset that only moves forward. The document holds the offset and not the
// time, so that reading a world and writing it back changes nothing.
type Clock struct {
	Offset wire.Duration `json:"offset"`
}

// Timings say how long things take in simulated time.
type Timings struct {
	// Enable and Disable are a service's activation and deactivation.
	Enable  wire.Duration `json:"enable"`
	Disable wire.Duration `json:"disable"`
	// ClusterUpdate and NodePoolUpdate are GKE operations.
	ClusterUpdate  wire.Duration `json:"clusterUpdate"`
	NodePoolUpdate wire.Duration `json:"nodePoolUpdate"`
	// Membership and Feature are GKE Hub operations.
	Membership wire.Duration `json:"membership"`
	Feature    wire.Duration `json:"feature"`
	// Provision is from an automatically managed membership to a ready mesh: six to eight minutes in recorded runs.
	Provision wire.Duration `json:"provision"`
	// Deprovision is from MANAGEMENT_NOT_INSTALLED to DISABLED (inferred).
	Deprovision wire.Duration `json:"deprovision"`
	// DegradeAfter is from the loss of a prerequisite to a degraded state.
	DegradeAfter wire.Duration `json:"degradeAfter"`
	// RecoverAfter is from the repair to the recovered state.
	RecoverAfter wire.Duration `json:"recoverAfter"`
}

// defaultTimings keep operations short in real time, so that a test is quick, and the mesh's reactions at their real
// length, for which a test moves the clock.
func defaultTimings() Timings {
	return Timings{
		Enable:         wire.Duration(200 * time.Millisecond),
		Disable:        wire.Duration(200 * time.Millisecond),
		ClusterUpdate:  wire.Duration(500 * time.Millisecond),
		NodePoolUpdate: wire.Duration(500 * time.Millisecond),
		Membership:     wire.Duration(200 * time.Millisecond),
		Feature:        wire.Duration(200 * time.Millisecond),
		Provision:      wire.Duration(6 * time.Minute),
		Deprovision:    wire.Duration(3 * time.Minute),
		DegradeAfter:   wire.Duration(5 * time.Minute),
		RecoverAfter:   wire.Duration(2 * time.Minute),
	}
}

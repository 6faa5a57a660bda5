package sim

import "time"

// A Clock is simulated time: real time plus an offset that only moves
// forward. The document holds the offset and not the time, so that a world
// read and put back is the same world.
type Clock struct {
	Offset Duration `json:"offset"`
}

// Timings say how long things take in simulated time.
type Timings struct {
	// Enable and Disable are a service's activation and deactivation.
	Enable  Duration `json:"enable"`
	Disable Duration `json:"disable"`
	// ClusterUpdate and NodePoolUpdate are GKE operations.
	ClusterUpdate  Duration `json:"clusterUpdate"`
	NodePoolUpdate Duration `json:"nodePoolUpdate"`
	// Membership and Feature are GKE Hub operations.
	Membership Duration `json:"membership"`
	Feature    Duration `json:"feature"`
	// Provision is from an automatically managed membership to a ready mesh:
	// six to eight minutes in recorded runs.
	Provision Duration `json:"provision"`
	// Deprovision is from MANAGEMENT_NOT_INSTALLED to DISABLED (inferred).
	Deprovision Duration `json:"deprovision"`
	// DegradeAfter is from the loss of a prerequisite to a degraded state.
	DegradeAfter Duration `json:"degradeAfter"`
	// RecoverAfter is from the repair to the recovered state.
	RecoverAfter Duration `json:"recoverAfter"`
}

// defaultTimings keep operations short in real time, so that a test is
// quick, and the mesh's reactions at their real length, for which a test
// moves the clock.
func defaultTimings() Timings {
	return Timings{
		Enable:         Duration(200 * time.Millisecond),
		Disable:        Duration(200 * time.Millisecond),
		ClusterUpdate:  Duration(500 * time.Millisecond),
		NodePoolUpdate: Duration(500 * time.Millisecond),
		Membership:     Duration(200 * time.Millisecond),
		Feature:        Duration(200 * time.Millisecond),
		Provision:      Duration(6 * time.Minute),
		Deprovision:    Duration(3 * time.Minute),
		DegradeAfter:   Duration(5 * time.Minute),
		RecoverAfter:   Duration(2 * time.Minute),
	}
}

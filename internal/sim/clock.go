package sim

import (
	"encoding/json"
	"fmt"
	"time"
)

// A Timestamp is a point in simulated time. It is written as Google writes
// it: RFC 3339 in UTC with no, three or six decimals.
type Timestamp struct{ time.Time }

func at(t time.Time) Timestamp { return Timestamp{t.UTC().Truncate(time.Microsecond)} }

// String formats the timestamp for the wire.
func (t Timestamp) String() string {
	switch {
	case t.Nanosecond() == 0:
		return t.UTC().Format("2006-01-02T15:04:05Z")
	case t.Nanosecond()%int(time.Millisecond) == 0:
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	default:
		return t.UTC().Format("2006-01-02T15:04:05.000000Z")
	}
}

// MarshalJSON implements json.Marshaler.
func (t Timestamp) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return fmt.Errorf("%q is not an RFC 3339 time", s)
	}
	*t = at(v)
	return nil
}

// A Duration is a time span in the world document, written as Go writes
// durations: "5m0s", "200ms".
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 5m or 200ms", s)
	}
	*d = Duration(v)
	return nil
}

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
